"""Engines: pragmas, transactions, and driver errors that become Prism's own."""

import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import IntegrityError
from tests.support.database_sessions import sessions_of
from tests.support.postgres import PostgresServer

from prism.adapters.memory.clock import ManualClock
from prism.adapters.sql import driver_errors
from prism.adapters.sql.engine import (
    Database,
    open_database,
    reading,
    reading_for_long,
    to_json,
    writing,
)
from prism.adapters.sql.repositories import job_repository, moments
from prism.domain.errors import (
    InvalidInput,
    Permanent,
    PrismError,
    SchemaMismatch,
    Transient,
)

PASSWORD = "s3cret-word"


@pytest.fixture
def embedded(sqlite_directory: Path) -> Iterator[Database]:
    database = open_database(url=None, data_dir=str(sqlite_directory))
    yield database
    database.close()


@pytest.fixture
def postgres(postgres_database: str) -> Iterator[Database]:
    database = open_database(url=postgres_database, data_dir="")
    yield database
    database.close()


def _delete_and_fail(connection: Connection) -> None:
    connection.execute(text("DELETE FROM prism_jobs_version"))
    connection.execute(text("SELECT 1 FROM prism_nothing"))


def _ask(database: Database, statement: str) -> object:
    with reading(database.jobs) as connection:
        return connection.execute(text(statement)).scalar()


def _failure(database: Database, statement: str) -> PrismError:
    with pytest.raises(PrismError) as caught, writing(database.jobs) as connection:
        connection.execute(text(statement))
    return caught.value


def _assert_presentable(error: PrismError) -> None:
    assert "\n" not in error.message
    assert not error.message.endswith(".")
    assert error.hint
    assert PASSWORD not in str(error) + error.hint


def test_the_queue_survives_power_cuts_and_the_facts_are_quick(embedded: Database) -> None:
    found = {}
    for name, engine in (("jobs", embedded.jobs), ("facts", embedded.facts)):
        with reading(engine) as connection:
            found[name] = [
                connection.execute(text(f"PRAGMA {pragma}")).scalar()
                for pragma in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            ]
    assert found == {"jobs": ["wal", 2, 1, 10_000], "facts": ["wal", 1, 1, 10_000]}


def test_a_files_lock_is_waited_for_no_longer_than_for_an_answer(embedded: Database) -> None:
    hasty = open_database(url=None, data_dir=str(embedded.directory), answer_seconds=0.25)
    with reading(hasty.jobs) as connection:
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 250
    hasty.close()


def test_the_data_directory_is_private(tmp_path: Path) -> None:
    open_database(url=None, data_dir=str(tmp_path / "deep" / "data")).close()
    assert stat.S_IMODE((tmp_path / "deep" / "data").stat().st_mode) == 0o700


def test_a_writer_that_reads_first_does_not_fail_when_another_wrote(embedded: Database) -> None:
    """With a deferred transaction it would: SQLITE_BUSY at once, whatever the time-out."""
    other = sqlite3.connect(f"{embedded.directory}/jobs.db", timeout=0)
    with writing(embedded.jobs) as connection:
        connection.execute(text("SELECT count(*) FROM prism_jobs")).scalar()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("DELETE FROM prism_jobs")
        connection.execute(text("DELETE FROM prism_jobs"))
    other.close()


@pytest.mark.parametrize("kind", ["embedded", "postgres"])
def test_a_reader_sees_one_snapshot(kind: str, request: pytest.FixtureRequest) -> None:
    database: Database = request.getfixturevalue(kind)
    count = text("SELECT count(*) FROM prism_projects")
    with reading(database.jobs) as reader:
        before = reader.execute(count).scalar()
        with writing(database.jobs) as writer:
            writer.execute(
                text(
                    "INSERT INTO prism_credentials (id, name, provider, host, username,"
                    " encrypted_token, created_at) VALUES ('a', 'a', 'github', 'h', 'u', 't', "
                    + ("0)" if kind == "embedded" else "now())")
                )
            )
        credentials = text("SELECT count(*) FROM prism_credentials")
        assert (before, reader.execute(credentials).scalar()) == (0, 0)
    assert _ask(database, "SELECT count(*) FROM prism_credentials") == 1


@pytest.mark.parametrize("kind", ["embedded", "postgres"])
def test_an_error_rolls_the_transaction_back(kind: str, request: pytest.FixtureRequest) -> None:
    database: Database = request.getfixturevalue(kind)
    with pytest.raises(SchemaMismatch), writing(database.jobs) as connection:
        _delete_and_fail(connection)
    assert _ask(database, "SELECT count(*) FROM prism_jobs_version") == 1


@pytest.mark.parametrize("kind", ["embedded", "postgres"])
def test_missing_tables_ask_for_an_upgrade(kind: str, request: pytest.FixtureRequest) -> None:
    error = _failure(request.getfixturevalue(kind), "SELECT 1 FROM prism_nothing")
    assert isinstance(error, SchemaMismatch)
    assert "prism db upgrade" in error.hint
    _assert_presentable(error)


@pytest.mark.parametrize("kind", ["embedded", "postgres"])
def test_violated_constraints_are_left_to_the_adapter(
    kind: str, request: pytest.FixtureRequest
) -> None:
    database: Database = request.getfixturevalue(kind)
    version = "INSERT INTO prism_jobs_version SELECT version_num FROM prism_jobs_version"
    with pytest.raises(IntegrityError), writing(database.jobs) as connection:
        connection.execute(text(version))


def test_a_locked_file_is_transient(embedded: Database) -> None:
    holder = sqlite3.connect(f"{embedded.directory}/jobs.db", isolation_level=None)
    with with_pragma(embedded, "busy_timeout = 10"):
        holder.execute("BEGIN IMMEDIATE")
        error = _failure(embedded, "DELETE FROM prism_jobs")
    assert isinstance(error, Transient)
    assert "locked" in error.message
    _assert_presentable(error)
    holder.close()


def test_a_read_only_file_is_permanent(embedded: Database) -> None:
    with with_pragma(embedded, "query_only = ON"):
        error = _failure(embedded, "DELETE FROM prism_jobs")
    assert isinstance(error, Permanent)
    assert "read-only" in error.message
    _assert_presentable(error)


def test_a_full_disk_is_transient_and_says_so(embedded: Database) -> None:
    with with_pragma(embedded, "max_page_count = 1"):
        error = _failure(embedded, "CREATE TABLE big AS SELECT randomblob(100000) AS data")
    assert isinstance(error, Transient)
    assert "no space left" in error.message
    _assert_presentable(error)


def test_a_file_that_is_no_database_is_permanent(tmp_path: Path) -> None:
    (tmp_path / "jobs.db").write_bytes(b"not a database, but long enough to be looked at" * 100)
    database = open_database(url=None, data_dir=str(tmp_path))
    error = _failure(database, "SELECT 1 FROM prism_jobs")
    assert isinstance(error, Permanent)
    assert "damaged" in error.message
    _assert_presentable(error)
    database.close()


def test_a_directory_in_place_of_the_file_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "jobs.db").mkdir()
    database = open_database(url=None, data_dir=str(tmp_path))
    error = _failure(database, "SELECT 1")
    assert isinstance(error, Permanent)
    _assert_presentable(error)
    database.close()


def test_a_data_directory_that_cannot_be_made_is_permanent(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Permanent, match="cannot be made") as caught:
        open_database(url=None, data_dir=str(tmp_path / "file" / "data"))
    _assert_presentable(caught.value)


@pytest.mark.parametrize("url", ["mysql://root:s3cret-word@h/db", "sqlite:///x.db", "s3cret-word"])
def test_only_postgres_urls_are_taken(url: str) -> None:
    with pytest.raises(InvalidInput, match="PRISM_DATABASE_URL") as caught:
        open_database(url=url, data_dir="")
    _assert_presentable(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_refused_connection_names_host_and_port_only(scheme: str) -> None:
    database = open_database(url=f"{scheme}://me:{PASSWORD}@127.0.0.1:1/db", data_dir="")
    error = _failure(database, "SELECT 1")
    assert isinstance(error, Transient)
    assert error.message == "cannot reach Postgres at 127.0.0.1:1"
    _assert_presentable(error)
    assert PASSWORD not in repr(database)


def test_a_database_that_does_not_exist_is_permanent(postgres_server: PostgresServer) -> None:
    database = open_database(url=postgres_server.url("prism_nowhere"), data_dir="")
    error = _failure(database, "SELECT 1")
    assert isinstance(error, Permanent)
    assert "no such database" in error.message
    _assert_presentable(error)


def test_a_user_that_does_not_exist_is_permanent(postgres_server: PostgresServer) -> None:
    url = postgres_server.url("postgres").replace("://postgres", "://nobody-i-know")
    if "nobody-i-know" not in url:
        pytest.skip("the given server's URL names no user postgres")
    error = _failure(open_database(url=url, data_dir=""), "SELECT 1")
    assert isinstance(error, Permanent)
    _assert_presentable(error)


def test_a_read_only_server_is_permanent(postgres: Database) -> None:
    statements = "SET TRANSACTION READ ONLY; DELETE FROM prism_jobs"
    error = _failure(postgres, statements)
    assert isinstance(error, Permanent)
    assert "read-only" in error.message
    _assert_presentable(error)


def test_an_ended_session_is_transient_and_the_next_one_works(postgres: Database) -> None:
    error = _failure(postgres, "SELECT pg_terminate_backend(pg_backend_pid())")
    assert isinstance(error, Transient)
    _assert_presentable(error)
    assert _ask(postgres, "SELECT 1") == 1


def test_a_session_that_ended_while_idle_is_replaced_unseen(
    postgres: Database, postgres_database: str
) -> None:
    assert _ask(postgres, "SELECT 1") == 1
    with psycopg.connect(postgres_database, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'prism' AND datname = current_database()"
        )
        ended = (
            "SELECT count(*) = 0 FROM pg_stat_activity"
            " WHERE application_name = 'prism' AND datname = current_database()"
        )
        while connection.execute(ended).fetchone() != (True,):
            threading.Event().wait(0.02)
    assert _ask(postgres, "SELECT 1") == 1


def test_a_session_that_ends_before_its_first_use_is_transient(
    postgres: Database, postgres_database: str
) -> None:
    """In a rollback, say, where nobody is told."""

    @event.listens_for(postgres.jobs, "connect")
    def lose(connection: "psycopg.Connection[object]", _entry: object) -> None:
        connection.execute("SELECT 1")
        with sessions_of(postgres_database) as sessions:
            sessions.terminate(connection.info.backend_pid)
        connection.rollback()

    def read() -> None:
        with reading(postgres.jobs):
            pass

    jobs = job_repository(postgres, moments(postgres, ManualClock()))
    for use in (read, lambda: jobs.claim(worker="w", host="h", lease_seconds=60)):
        with pytest.raises(Transient):
            use()


def test_sessions_are_named_and_never_idle_in_a_transaction_for_long(postgres: Database) -> None:
    assert _ask(postgres, "SHOW application_name") == "prism"
    assert _ask(postgres, "SHOW idle_in_transaction_session_timeout") == "1min"


def test_a_job_names_its_sessions_by_its_environment(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGAPPNAME", "prism-job-1-1")
    database = open_database(url=postgres_database, data_dir="")
    try:
        assert _ask(database, "SHOW application_name") == "prism-job-1-1"
    finally:
        database.close()


def test_who_reads_an_index_may_think_for_longer(postgres: Database) -> None:
    with reading_for_long(postgres.facts) as connection:
        limit = connection.execute(text("SHOW idle_in_transaction_session_timeout")).scalar()
    assert (limit, _ask(postgres, "SHOW idle_in_transaction_session_timeout")) == ("1h", "1min")


def test_behind_a_pooler_nothing_is_left_in_a_session(postgres_database: str) -> None:
    with closing(open_database(url=postgres_database, data_dir="", pooler=True)) as database:
        for _ in range(10):
            assert _ask(database, "SELECT 1") == 1
        assert _ask(database, "SELECT count(*) FROM pg_prepared_statements") == 0
        assert _ask(database, "SHOW idle_in_transaction_session_timeout") == "0"


def test_a_pooler_that_nobody_told_of_is_permanent_and_says_so(postgres: Database) -> None:
    """Another session, which never saw what was prepared, is simulated by forgetting it."""

    def repeat() -> None:
        with postgres.jobs.connect() as connection:
            for _ in range(10):
                connection.execute(text("SELECT 1"))
            connection.execute(text("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$"))
            connection.execute(text("SELECT 1"))

    with pytest.raises(Permanent, match="prepared") as caught:
        repeat()
    assert "pooler" in caught.value.hint
    _assert_presentable(caught.value)


@pytest.mark.parametrize("kind", ["embedded", "postgres"])
def test_waiting_for_a_free_connection_has_an_end(
    kind: str, sqlite_directory: Path, request: pytest.FixtureRequest
) -> None:
    url = None if kind == "embedded" else request.getfixturevalue("postgres_database")
    database = open_database(
        url=url, data_dir=str(sqlite_directory), answer_seconds=1.0, pool_size=1
    )
    with ExitStack() as others:
        for _ in range(6):
            others.enter_context(reading(database.jobs))
        with pytest.raises(Transient, match="stayed in use") as caught:
            _ask(database, "SELECT 1")
    _assert_presentable(caught.value)
    assert _ask(database, "SELECT 1") == 1
    database.close()


def test_a_driver_s_own_connection_gives_the_same_errors(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "x.db")
    with pytest.raises(SchemaMismatch), driver_errors.driver_errors("x.db"):
        connection.execute("SELECT 1 FROM prism_none")
    with pytest.raises(sqlite3.OperationalError), driver_errors.driver_errors("x.db"):
        connection.execute("SELEC 1")
    connection.close()


def test_what_a_database_cannot_hold_is_replaced_in_json() -> None:
    document = {"nul\0": ["a\0b", {"half": "\udc80"}], "kept": "\\u0000 🎯 é", "n": 1.5}
    assert to_json(document) == (
        '{"nul\ufffd":["a\ufffdb",{"half":"?"}],"kept":"\\\\u0000 🎯 é","n":1.5}'
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_without_permission_is_permanent(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(Permanent):
        open_database(url=None, data_dir=str(tmp_path / "data"))


@contextmanager
def with_pragma(database: Database, pragma: str) -> Iterator[None]:
    """The connection that the next transaction takes from the pool has this setting."""
    pooled = database.jobs.raw_connection()
    pooled.cursor().execute(f"PRAGMA {pragma}")
    pooled.close()
    yield
    database.jobs.dispose()
