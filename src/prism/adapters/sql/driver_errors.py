"""Errors of the database drivers, translated at the border into Prism's own.

Constraint violations are left as they are (an adapter says what they mean), and so are mistakes in
our own SQL. No text of a driver is passed on: it could hold values or a URL.
"""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeGuard

from prism.domain.errors import NoSpace, Permanent, PrismError, SchemaMismatch, Transient

if TYPE_CHECKING:
    import psycopg

UPGRADE_HINT = "run `prism db upgrade`"
_SPACE_HINT = "free some space and try again"
_URL_HINT = "check PRISM_DATABASE_URL and that the server runs"
_POOLER_HINT = "behind a pooler use pool_mode = session, or tell Prism that there is one"
#: Of our own, among the lost connections (subclasses from I to Z are free for that in SQL).
NO_ANSWER = "08X01"


@contextmanager
def driver_errors(place: str) -> Iterator[None]:
    """For code that uses a driver's own connection: raises Prism's errors for the driver's.

    *place* names the database to people: a file, or host and port.
    """
    try:
        yield
    except Exception as error:
        translated = translate(error, place)
        if translated is None:
            raise
        raise translated from error


def translate(error: BaseException, place: str) -> PrismError | None:
    """What *error* of a driver means, or None when it is left as it is."""
    if isinstance(error, sqlite3.Error):
        return _sqlite(error, place)
    if _is_postgres(error):
        return _postgres(error, place)
    return None


def _is_postgres(error: BaseException) -> "TypeGuard[psycopg.Error]":
    """Its driver takes 80 ms to import: who uses embedded files only does not pay for it, and what
    was never imported has raised nothing."""
    psycopg = sys.modules.get("psycopg")
    return psycopg is not None and isinstance(error, psycopg.Error)


def _sqlite(error: sqlite3.Error, place: str) -> PrismError | None:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Transient(
            f"database {place} is locked by another process",
            hint="another Prism is writing: try again in a moment",
        )
    if name.startswith("SQLITE_READONLY"):
        return Permanent(
            f"database {place} is read-only", hint="make the file and its folder writable"
        )
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")):
        return NoSpace(f"no space left for database {place}", hint=_SPACE_HINT)
    if name.startswith("SQLITE_IOERR"):
        return Transient(
            f"database {place} cannot be read or written ({name})",
            hint="check the disk: it may be full or failing",
        )
    if name.startswith("SQLITE_CANTOPEN"):
        return Permanent(
            f"database {place} cannot be opened", hint="check that its folder exists and is yours"
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return Permanent(
            f"database {place} is damaged or no database of Prism",
            hint="move the file away and index again",
        )
    if "no such table" in str(error):
        return _without_tables(place)
    return None


def _without_tables(place: str) -> SchemaMismatch:
    return SchemaMismatch(f"database {place} lacks tables of this version", hint=UPGRADE_HINT)


#: SQLSTATE (whole, or its class of two characters) -> (try again?, what happened, hint).
#: https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRES = {
    NO_ANSWER: (True, "{} does not answer", _URL_HINT),
    "08": (True, "lost the connection to {}", _URL_HINT),
    "25006": (False, "{} is read-only", "connect to the primary server"),
    "25P03": (True, "{} closed a transaction that stood idle", "try again"),
    "26": (False, "{} lost what this session had prepared", _POOLER_HINT),
    "28": (False, "{} refused the login", "check user and password in PRISM_DATABASE_URL"),
    "3D000": (False, "{} has no such database", "create it, or check PRISM_DATABASE_URL"),
    "40": (True, "{} gave up a transaction that met another", "try again"),
    "42P05": (False, "{} has prepared statements of another session", _POOLER_HINT),
    "42501": (False, "{} does not permit this user to do that", "grant the privileges"),
    "53": (True, "{} is out of resources", "raise max_connections, or run fewer workers"),
    "55P03": (True, "{} holds a lock that we waited for", "try again"),
    "57": (True, "{} is stopping, starting or ended our session", "try again in a moment"),
    "58": (True, "{} has trouble with its disk", "look at the server's log"),
}
_DISK_FULL = "53100"
#: A refused connection has no SQLSTATE, only a text (untranslated by libpq where it matters).
_REFUSALS = (
    ("password authentication failed", "28"),
    ("no password supplied", "28"),
    ("no pg_hba.conf entry", "28"),
    ('role "', "28"),
    ('database "', "3D000"),
    ("too many clients", "53"),
    ("remaining connection slots", "53"),
    ("the database system is", "57"),  # starting up, shutting down, in recovery mode …
)


def _postgres(error: "psycopg.Error", place: str) -> PrismError | None:
    state = error.sqlstate
    if state is None and any(kind.__name__ == "OperationalError" for kind in type(error).mro()):
        state = _refusal(str(error))
        if state is None:
            return Transient(f"cannot reach {place}", hint=_URL_HINT)
    if state == "42P01":
        return _without_tables(place)
    if state == _DISK_FULL:
        return NoSpace(f"no space left at {place}", hint=_SPACE_HINT)
    known = _POSTGRES.get(state or "") or _POSTGRES.get((state or "")[:2])
    if known is None:
        return None
    transient, message, hint = known
    return (Transient if transient else Permanent)(message.format(place), hint=hint)


def _refusal(text: str) -> str | None:
    if "FATAL" not in text:
        return None
    fatal = text.split("FATAL:", 1)[-1]
    return next((state for sign, state in _REFUSALS if sign in fatal), None)
