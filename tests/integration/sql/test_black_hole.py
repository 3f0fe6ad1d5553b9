"""A peer that takes what is sent and never answers: every call to Postgres ends all the same."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Column, Connection, MetaData, Table, Text, create_engine, make_url, text
from tests.contracts.job_queue import a_claim, a_project, next_claim
from tests.support.postgres import PostgresServer
from tests.support.storage import postgres_storage
from tests.support.tcp_proxy import COMMIT, Mode, TcpProxy, tcp_proxy

from prism.adapters.sql.bulk import bulk_writing, insert_rows
from prism.adapters.sql.engine import Database, open_database, reading, writing, writing_for_long
from prism.adapters.sql.jobs_postgres import PostgresJobRepository
from prism.adapters.sql.moments import ServerMoments
from prism.adapters.sql.postgres_connection import AnsweredConnection, Habits, bind
from prism.domain.errors import Transient
from prism.domain.jobs import JobRequest, JobState

SILENT = pytest.mark.parametrize("mode", [Mode.SWALLOW, Mode.STALL])
#: Seconds. Nothing here takes that long on a server that answers, except where it says so.
PATIENCE = 1.0
#: More than the kernel's buffers of two sockets hold.
MANY_BYTES = 24_000_000


@pytest.fixture
def proxy(postgres_server: PostgresServer) -> Iterator[TcpProxy]:
    with tcp_proxy(postgres_server) as proxy:
        yield proxy


@pytest.fixture
def database(proxy: TcpProxy, postgres_database: str) -> Iterator[Database]:
    url = proxy.url(postgres_database)
    database = open_database(url=url, data_dir="", answer_seconds=PATIENCE)
    yield database
    database.close()


def _queue(database: Database) -> PostgresJobRepository:
    return PostgresJobRepository(database.jobs, ServerMoments())


def _ask(database: Database, statement: str = "SELECT 1") -> object:
    with reading(database.jobs) as connection:
        return connection.execute(text(statement)).scalar()


def _is_silence(error: Transient) -> bool:
    assert "\n" not in error.message
    assert "PRISM_DATABASE_URL" in error.hint
    return error.message.startswith("Postgres at 127.0.0.1:") and "does not answer" in error.message


@SILENT
def test_a_claim_ends_and_the_engine_works_again_when_the_hole_is_gone(
    database: Database, proxy: TcpProxy, postgres_database: str, mode: Mode
) -> None:
    with postgres_storage(postgres_database) as storage:
        storage.jobs.enqueue(JobRequest(project_id=a_project(storage), kind="index"))
    queue = _queue(database)
    assert queue.running_refs(1) == []
    proxy.mode = mode
    with pytest.raises(Transient) as caught:
        next_claim(queue)
    assert _is_silence(caught.value)
    proxy.mode = Mode.FORWARD
    assert _ask(database) == 1


def _delete_before_silence(proxy: TcpProxy, connection: Connection) -> None:
    connection.execute(text("DELETE FROM prism_jobs"))
    proxy.mode = Mode.SWALLOW


def test_a_commit_ends(database: Database, proxy: TcpProxy) -> None:
    with pytest.raises(Transient) as caught, writing(database.jobs) as connection:
        _delete_before_silence(proxy, connection)
    assert _is_silence(caught.value)


def test_rolling_back_ends_and_hides_no_error(database: Database, proxy: TcpProxy) -> None:
    def fail(connection: Connection) -> None:
        _delete_before_silence(proxy, connection)
        raise KeyError

    with pytest.raises(KeyError), writing(database.jobs) as connection:
        fail(connection)
    proxy.mode = Mode.FORWARD
    assert _ask(database) == 1


def test_connecting_ends(database: Database, proxy: TcpProxy) -> None:
    proxy.mode = Mode.SWALLOW
    with pytest.raises(Transient, match="cannot reach Postgres at 127"):
        _ask(database)


def test_a_claim_that_cannot_connect_is_transient(database: Database, proxy: TcpProxy) -> None:
    proxy.mode = Mode.CUT
    with pytest.raises(Transient, match="Postgres at 127"):
        next_claim(_queue(database))


def test_a_silent_host_is_passed_over_for_the_next(
    postgres_server: PostgresServer, proxy: TcpProxy, postgres_database: str
) -> None:
    with tcp_proxy(postgres_server) as hole:
        hole.mode = Mode.SWALLOW
        urls = [make_url(each.url(postgres_database)) for each in (hole, proxy)]
        hosts = {"host": [f"{url.host}:{url.port}" for url in urls]}
        both = urls[0].set(host=None, port=None).update_query_dict(hosts)
        url = both.render_as_string(hide_password=False)
        database = open_database(url=url, data_dir="", answer_seconds=PATIENCE)
        assert _ask(database) == 1
        database.close()


@SILENT
def test_a_copy_ends_and_leaves_nothing(
    database: Database, proxy: TcpProxy, postgres_database: str, mode: Mode
) -> None:
    table = Table("incoming_rows", MetaData(), Column("content", Text))
    with writing(database.facts) as connection:
        table.create(connection)

    def rows() -> Iterator[tuple[str]]:
        yield ("before",)
        proxy.mode = mode
        yield from [("x" * 100_000,)] * (MANY_BYTES // 100_000)

    with pytest.raises(Transient) as caught, bulk_writing(database) as connection:
        insert_rows(connection, table, rows())
    assert _is_silence(caught.value)
    with psycopg.connect(postgres_database) as straight:
        assert straight.execute("SELECT count(*) FROM incoming_rows").fetchone() == (0,)
    proxy.mode = Mode.FORWARD
    with bulk_writing(database) as connection:
        insert_rows(connection, table, [("a",), ("b",)])
    assert _ask(database, "SELECT count(*) FROM incoming_rows") == 2


def test_an_answer_that_keeps_coming_may_take_long(database: Database) -> None:
    """Each row fills a packet of its own; all together take longer than the patience."""
    rows = text("SELECT repeat('x', 20000), pg_sleep(0.2) FROM generate_series(1, 10)")
    with reading(database.jobs) as connection:
        assert len(connection.execute(rows).all()) == 10


def test_a_server_that_works_for_too_long_is_given_up(database: Database) -> None:
    with pytest.raises(Transient) as caught:
        _ask(database, "SELECT pg_sleep(60)")
    assert _is_silence(caught.value)


def test_a_migration_may_work_for_longer(database: Database) -> None:
    with writing_for_long(database.jobs) as connection:
        connection.execute(text(f"SELECT pg_sleep({PATIENCE * 1.5})"))
    with pytest.raises(Transient):
        _ask(database, "SELECT pg_sleep(60)")


def test_a_pooled_connection_that_fell_silent_is_replaced_unseen(
    proxy: TcpProxy, postgres_database: str
) -> None:
    url = make_url(proxy.url(postgres_database)).set(drivername="postgresql+psycopg")
    engine = create_engine(url)
    bind(engine, Habits(answer_seconds=PATIENCE, trusted_seconds=0.0))
    statement = text("SELECT pg_backend_pid()")
    with engine.connect() as connection:
        first = connection.execute(statement).scalar()
    proxy.mode = Mode.SWALLOW
    proxy.mode = Mode.FORWARD
    with engine.connect() as connection:
        assert connection.execute(statement).scalar() != first
    engine.dispose()


def test_waiting_for_notifications_has_its_own_end(postgres_database: str) -> None:
    with AnsweredConnection.connect(postgres_database, autocommit=True) as connection:
        connection.answer_seconds = 0.2
        connection.execute("LISTEN prism_test")
        assert list(connection.notifies(timeout=0.5)) == []
        assert not connection.closed


def test_a_completion_whose_answer_was_lost_can_be_repeated(
    database: Database, proxy: TcpProxy, postgres_database: str
) -> None:
    with postgres_storage(postgres_database) as storage:
        project = a_project(storage)
        enqueued = storage.jobs.enqueue(JobRequest(project_id=project, kind="index"))
        queue = _queue(database)
        claim = a_claim(queue)
        proxy.lose_answer_of(COMMIT)
        with pytest.raises(Transient, match="Postgres at"):
            queue.complete(claim, result={"files": 1})
        assert proxy.wait_until_lost()
        assert storage.jobs.get(enqueued.job_id).state is JobState.COMPLETED
        assert queue.complete(claim, result={"files": 2})
        assert storage.jobs.get(enqueued.job_id).result == {"files": 1}
