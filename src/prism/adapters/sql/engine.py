"""Opening the database: two SQLite files in the data directory, or one Postgres by URL."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, QueuePool

from prism.adapters.sql.driver_errors import translate
from prism.domain.errors import InvalidInput, Permanent, Transient

BUSY_TIMEOUT_SECONDS = 10
#: A server may be silent for that long while it works on one large statement.
ANSWER_SECONDS = 300.0
POOL_SIZE = 5
_POOL_OVERFLOW = 5
_POOL_SECONDS_MAX = 30.0
#: The locks of a machine that is paused or out of reach must not outlive its lease, or the attempt
#: that takes over waits for them. In the middle of a COPY a transaction is not idle to Postgres and
#: no time-out of its own ends it: keepalives do, once the machine was silent for 25 s.
_AT_FIRST = (
    b"SET idle_in_transaction_session_timeout = '60s';"
    b"SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
)
#: For readers that think between two questions; they block nobody, but pin old row versions.
_LONG_READING = "SET LOCAL idle_in_transaction_session_timeout = '1h'"
#: Seconds in which a migration of large tables is done.
_LONG_WRITING = 3600.0
_BEGIN_OPTION = "prism_begin"
#: What people call the database: for who translates errors of its driver by himself.
PLACE_OPTION = "prism_place"


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


def open_database(
    *,
    url: str | None,
    data_dir: str,
    answer_seconds: float = ANSWER_SECONDS,
    pool_size: int = POOL_SIZE,
    pooler: bool = False,
) -> Database:
    """Engines for *url* (Postgres), or without one for the two files in *data_dir*.

    Every call ends: with Transient when Postgres was silent for *answer_seconds* in one wait (a
    rollback, or asking a pooled connection whether it lives: at most 10 s of them; connecting: 10 s
    for each address), when a file stayed locked for as long (at most 10 s), or when no connection
    came free (at most 30 s). Silence is counted from the last thing that arrived, so what makes
    progress is never cut. It includes the time that the server works, or waits for a lock, before
    it answers: a worker takes less than its lease, whoever runs large statements takes more. What
    was given up may still be carried out.

    *pool_size* connections are kept, and five more are made when all are in use: as many as threads
    that use the database at the same time. *pooler*: between us and Postgres stands a pooler that
    gives each transaction to another session (PgBouncer, ``pool_mode = transaction``), so nothing
    is left behind in a session: no prepared statement, no setting. Such a pooler does not carry
    LISTEN; see ``repositories.wakeup``.

    Connects to nothing yet. Raises InvalidInput for a URL that is none of Postgres, Permanent when
    the data directory cannot be made.
    """
    pool = {
        "poolclass": _Pool,
        "pool_size": pool_size,
        "max_overflow": _POOL_OVERFLOW,
        "pool_timeout": min(_POOL_SECONDS_MAX, answer_seconds),
    }
    if url is not None:
        return _open_postgres(_postgres_url(url), pool, answer_seconds, pooler)
    return _open_embedded(Path(data_dir), pool, min(BUSY_TIMEOUT_SECONDS, answer_seconds))


class _Pool(QueuePool):
    __module__ = QueuePool.__module__  # what a pool logs goes where SQLAlchemy's logs go

    def connect(self) -> PoolProxiedConnection:
        try:
            return super().connect()
        except PoolTimeout as error:
            raise Transient(
                "all connections to the database stayed in use", hint="do less at the same time"
            ) from error


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes: committed on leaving, rolled back on an error.

    On SQLite it holds the file's only write lock from the first moment (BEGIN IMMEDIATE): keep it
    short.
    """
    with engine.begin() as connection:
        yield connection


@contextmanager
def writing_for_long(engine: Engine) -> Iterator[Connection]:
    """``writing`` with statements that Postgres may work on for an hour, whatever the engine's
    patience: migrations."""
    with writing(engine) as connection, ExitStack() as stack:
        if engine.dialect.name == "postgresql":
            raw: Any = connection.connection.driver_connection
            stack.enter_context(raw.within(_LONG_WRITING))
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


@contextmanager
def reading_for_long(engine: Engine) -> Iterator[Connection]:
    """``reading`` for who computes between two questions: the server does not end it for that."""
    with reading(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(_LONG_READING)
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


def _open_embedded(directory: Path, pool: Mapping[str, Any], busy_seconds: float) -> Database:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Permanent(
            f"the data directory {directory} cannot be made ({error.strerror})",
            hint="choose another one with PRISM_DATA_DIR",
        ) from error
    return Database(
        # An acknowledged enqueue survives a power cut; facts can be computed again.
        jobs=_sqlite_engine(directory / "jobs.db", pool, busy_seconds, synchronous="FULL"),
        facts=_sqlite_engine(directory / "facts.db", pool, busy_seconds, synchronous="NORMAL"),
        directory=str(directory),
        place=str(directory),
    )


def _sqlite_engine(
    file: Path, pool: Mapping[str, Any], busy_seconds: float, *, synchronous: str
) -> Engine:
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(file)),
        connect_args={"timeout": busy_seconds},
        **pool,
        hide_parameters=True,
        json_serializer=to_json,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        assert isinstance(connection, sqlite3.Connection)
        # None: the driver begins nothing by itself, the listener below does.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout = {round(busy_seconds * 1000)}",
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


def _open_postgres(
    url: URL, pool: Mapping[str, Any], answer_seconds: float, pooler: bool
) -> Database:
    # The driver takes 80 ms to import.
    from prism.adapters.sql.postgres_connection import Habits, bind

    place = f"Postgres at {_host(url)}"
    parameters: dict[str, object] = {"fallback_application_name": "prism"}
    if pooler:
        parameters["prepare_threshold"] = None
    engine = create_engine(
        url,
        connect_args=parameters,
        hide_parameters=True,
        json_serializer=to_json,
        use_native_hstore=False,  # not used, and looked up by three questions
        **pool,
    )
    # By statement, not by the start-up packet: poolers refuse unknown start-up options.
    at_first = b"" if pooler else _AT_FIRST
    bind(engine, Habits(answer_seconds=answer_seconds, at_first=at_first))
    _translate_errors(engine, place)
    return Database(jobs=engine, facts=engine, directory=None, place=place)


def _host(url: URL) -> str:
    host = url.host or url.query.get("host") or "localhost"
    port = url.port or url.query.get("port") or 5432
    return f"{host if isinstance(host, str) else ','.join(host)}:{port}"


def _translate_errors(engine: Engine, place: str) -> None:
    engine.update_execution_options(**{PLACE_OPTION: place})

    @event.listens_for(engine, "handle_error")
    def handle(context: ExceptionContext) -> BaseException | None:
        return translate(context.original_exception, place)
