"""Is the schema the one this program knows? By plain SQL; Alembic is imported only if it is not."""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from prism.adapters.sql.driver_errors import UPGRADE_HINT
from prism.adapters.sql.engine import Database, reading, writing_for_long
from prism.adapters.sql.migration_lines import FACTS, JOBS, Line
from prism.domain.errors import Permanent, SchemaMismatch

#: Key of the advisory lock under which one process at a time changes the schema ('prism').
_ADVISORY_LOCK = 0x707269736D


def versions(database: Database) -> Mapping[str, tuple[str, str]]:
    """By line: (the database's revision, '' for none; the one this program needs)."""
    return {line.name: (_version(engine, line), line.newest) for engine, line in _lines(database)}


def ensure_current(database: Database) -> None:
    """Make sure the schema fits; called once, at start.

    Embedded files are upgraded here, since nobody else would do it. Raises SchemaMismatch when a
    Postgres is too old, or when any database is newer than this program.
    """
    found = versions(database)
    if all(have == need for have, need in found.values()):
        return
    _refuse_newer(found, database)
    if database.embedded:
        upgrade(database)
        return
    have = max(have for have, _ in found.values())
    raise SchemaMismatch(
        f"the schema of {database.place} is older than this Prism"
        if have
        else f"{database.place} has no tables of Prism yet",
        hint=UPGRADE_HINT,
    )


def upgrade(database: Database) -> Sequence[str]:
    """Apply what is missing, one process at a time; returns the revisions, like 'jobs 0001'.

    Each line is one transaction: it is upgraded as a whole or not at all. Raises SchemaMismatch
    when the database is newer than this program.
    """
    applied: list[str] = []
    with _file_lock(database.directory):
        # Looked at again under the lock: whoever held it before may have done the work.
        _refuse_newer(versions(database), database)
        for engine, line in _lines(database):
            applied += _upgrade(engine, line)
    return applied


def _upgrade(engine: Engine, line: Line) -> Sequence[str]:
    if _version(engine, line) == line.newest:
        return []
    from prism.adapters.sql.upgrading import apply_missing

    with writing_for_long(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        return apply_missing(connection, line)


def _lines(database: Database) -> tuple[tuple[Engine, Line], ...]:
    return ((database.jobs, JOBS), (database.facts, FACTS))


def _version(engine: Engine, line: Line) -> str:
    with reading(engine) as connection:
        if not _has_table(connection, line.version_table):
            return ""
        found = connection.execute(text(f"SELECT max(version_num) FROM {line.version_table}"))  # noqa: S608 - our own constant
        return found.scalar() or ""


def _has_table(connection: Connection, name: str) -> bool:
    statement = (
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = :name"
        if connection.dialect.name == "sqlite"
        else "SELECT 1 WHERE to_regclass(:name) IS NOT NULL"
    )
    return connection.execute(text(statement), {"name": name}).scalar() is not None


def _refuse_newer(found: Mapping[str, tuple[str, str]], database: Database) -> None:
    if any(have > need for have, need in found.values()):
        raise SchemaMismatch(
            f"the schema of {database.place} is newer than this Prism", hint="upgrade Prism"
        )


@contextmanager
def _file_lock(directory: str | None) -> Iterator[None]:
    """Exclusive lock of the data directory; the kernel frees it when the process dies."""
    if directory is None:
        yield
        return
    try:
        handle = os.open(Path(directory) / "upgrade.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Permanent(
            f"the data directory {directory} cannot be written ({error.strerror})",
            hint="make it writable, or choose another one with PRISM_DATA_DIR",
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
