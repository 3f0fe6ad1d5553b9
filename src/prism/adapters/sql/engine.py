"""Opening the database: two SQLite files in the data directory, or one Postgres by URL."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from prism.adapters.sql.driver_errors import translate
from prism.domain.errors import InvalidInput, Permanent

BUSY_TIMEOUT_SECONDS = 10
_CONNECT_TIMEOUT_SECONDS = 10
#: A forgotten transaction pins old row versions of every table (bloat): the server ends it.
_IDLE_IN_TRANSACTION = "300s"
_BEGIN_OPTION = "prism_begin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Where the two lines of tables live; on Postgres both engines are one.

    Use ``writing``/``reading`` for transactions. Driver errors leave the engines translated.
    Processes never share an engine: a child opens its own.
    """

    jobs: Engine
    facts: Engine
    #: The data directory with the two files; None on Postgres.
    directory: str | None
    #: What people call it: the directory, or host and port. Never holds a password.
    place: str

    @property
    def embedded(self) -> bool:
        return self.directory is not None

    def close(self) -> None:
        self.jobs.dispose()
        self.facts.dispose()


def open_database(*, url: str | None, data_dir: str) -> Database:
    """Engines for *url* (Postgres), or without one for the two files in *data_dir*.

    Connects to nothing yet. Raises InvalidInput for a URL that is none of Postgres, Permanent when
    the data directory cannot be made.
    """
    if url is not None:
        return _open_postgres(_postgres_url(url))
    return _open_embedded(Path(data_dir))


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes: committed on leaving, rolled back on an error.

    On SQLite it holds the file's only write lock from the first moment (BEGIN IMMEDIATE): keep it
    short.
    """
    with engine.begin() as connection:
        yield connection


@contextmanager
def one_statement(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes by a single statement: Postgres begins and ends it by itself, which
    saves two round trips."""
    if engine.dialect.name == "sqlite":
        with writing(engine) as connection:
            yield connection
    else:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One snapshot, whatever others commit meanwhile; nothing may be written in it."""
    options: dict[str, object] = (
        {_BEGIN_OPTION: "DEFERRED"}
        if engine.dialect.name == "sqlite"
        else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    )
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def to_json(document: object) -> str:
    """How JSON columns are written: what Postgres cannot hold is replaced, on both databases.

    That is NUL and halves of surrogate pairs; the latter stand for bytes of odd file names.
    """
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    if "\\u0000" in text:
        text = json.dumps(_without_nul(document), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode("utf-8")


def _without_nul(document: object) -> object:
    if isinstance(document, str):
        return document.replace("\0", "\ufffd")
    if isinstance(document, dict):
        return {_without_nul(name): _without_nul(value) for name, value in document.items()}
    if isinstance(document, list | tuple):
        return [_without_nul(value) for value in document]
    return document


def _open_embedded(directory: Path) -> Database:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Permanent(
            f"the data directory {directory} cannot be made ({error.strerror})",
            hint="choose another one with PRISM_DATA_DIR",
        ) from error
    return Database(
        # An acknowledged enqueue survives a power cut; facts can be computed again.
        jobs=_sqlite_engine(directory / "jobs.db", synchronous="FULL"),
        facts=_sqlite_engine(directory / "facts.db", synchronous="NORMAL"),
        directory=str(directory),
        place=str(directory),
    )


def _sqlite_engine(file: Path, *, synchronous: str) -> Engine:
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(file)),
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS},
        hide_parameters=True,
        json_serializer=to_json,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        assert isinstance(connection, sqlite3.Connection)
        # None: the driver begins nothing by itself, the listener below does.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}",
            "journal_mode = WAL",
            f"synchronous = {synchronous}",
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that reads first cannot become a writer once somebody else wrote:
        # SQLITE_BUSY at once, whatever the time-out. So writers lock first.
        mode = connection.get_execution_options().get(_BEGIN_OPTION, "IMMEDIATE")
        connection.exec_driver_sql(f"BEGIN {mode}")

    _translate_errors(engine, str(file))
    return engine


def _postgres_url(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        # Without the cause: its text could hold the password.
        raise InvalidInput(
            "PRISM_DATABASE_URL is not a URL", hint="write postgresql://user@host:5432/database"
        ) from None
    if url.drivername not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise InvalidInput(
            f"PRISM_DATABASE_URL names {url.drivername!r}, but Prism speaks Postgres only",
            hint="write postgresql://user@host:5432/database, or unset it to use embedded files",
        )
    return url.set(drivername="postgresql+psycopg")


def _open_postgres(url: URL) -> Database:
    place = f"Postgres at {_host(url)}"
    engine = create_engine(
        url,
        pool_size=5,
        max_overflow=5,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": _CONNECT_TIMEOUT_SECONDS,
            "application_name": "prism",
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        },
        hide_parameters=True,
        json_serializer=to_json,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        # By statement, not by the start-up packet: poolers refuse unknown start-up options.
        cursor = connection.cursor()
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{_IDLE_IN_TRANSACTION}'")
        cursor.close()
        connection.commit()

    _translate_errors(engine, place)
    return Database(jobs=engine, facts=engine, directory=None, place=place)


def _host(url: URL) -> str:
    host = url.host or url.query.get("host") or "localhost"
    port = url.port or url.query.get("port") or 5432
    return f"{host if isinstance(host, str) else ','.join(host)}:{port}"


def _translate_errors(engine: Engine, place: str) -> None:
    @event.listens_for(engine, "handle_error")
    def handle(context: ExceptionContext) -> BaseException | None:
        if context.is_pre_ping:
            return None  # the pool reconnects by itself
        return translate(context.original_exception, place)
