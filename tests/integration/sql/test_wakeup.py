"""Workers hear of new jobs from other connections and other processes."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from tests.contracts.job_queue import a_claim, a_project, next_claim
from tests.contracts.wakeup import LONG, WakeupContract
from tests.support.postgres import PostgresServer
from tests.support.storage import Storage, postgres_storage, sqlite_storage
from tests.support.tcp_proxy import Mode, tcp_proxy

from prism.adapters.sql import repositories
from prism.adapters.sql.engine import Database, open_database
from prism.adapters.sql.wakeup import PollingWakeup, PostgresWakeup, SilentWakeup
from prism.application.ports.jobs import Wakeup
from prism.domain.jobs import JobRequest


def enqueue_into(storage: Storage) -> Callable[[], None]:
    request = JobRequest(project_id=a_project(storage), kind="index")

    def enqueue() -> None:
        storage.jobs.enqueue(request)

    return enqueue


class TestPollingWakeup(WakeupContract):
    @pytest.fixture
    def wakeup(self, sqlite_directory: Path) -> Iterator[Wakeup]:
        database = open_database(url=None, data_dir=str(sqlite_directory))
        wakeup = PollingWakeup(database.jobs)
        yield wakeup
        wakeup.close()
        database.close()

    @pytest.fixture
    def enqueue(self, sqlite_directory: Path) -> Iterator[Callable[[], None]]:
        with sqlite_storage(sqlite_directory) as storage:
            yield enqueue_into(storage)


class TestSilentWakeup(WakeupContract):
    """Hears its own process only: who enqueues there may call ``set``."""

    @pytest.fixture
    def wakeup(self) -> Wakeup:
        return SilentWakeup()

    @pytest.fixture
    def enqueue(self, wakeup: Wakeup) -> Callable[[], None]:
        return wakeup.set

    def test_nothing_connects(self, postgres_database: str) -> None:
        database = open_database(url=postgres_database, data_dir="")
        wakeup = repositories.wakeup(database, listen=False)
        with postgres_storage(postgres_database) as storage:
            enqueue_into(storage)()
        assert not wakeup.wait(0.05)
        assert database.jobs.pool.status().startswith("Pool size: 5  Connections in pool: 0")
        wakeup.close()
        database.close()

    def test_embedded_files_are_watched_all_the_same(self, sqlite_directory: Path) -> None:
        database = open_database(url=None, data_dir=str(sqlite_directory))
        wakeup = repositories.wakeup(database, listen=False)
        wakeup.clear()
        with sqlite_storage(sqlite_directory) as storage:
            enqueue_into(storage)()
        assert wakeup.wait(LONG)
        wakeup.close()
        database.close()


class TestPostgresWakeup(WakeupContract):
    @pytest.fixture
    def database(self, postgres_database: str) -> Iterator[Database]:
        database = open_database(url=postgres_database, data_dir="")
        yield database
        database.close()

    @pytest.fixture
    def wakeup(self, database: Database) -> Iterator[Wakeup]:
        wakeup = PostgresWakeup(database.jobs)
        assert wakeup.wait(LONG), "never connected"
        yield wakeup
        wakeup.close()

    @pytest.fixture
    def storage(self, postgres_database: str) -> Iterator[Storage]:
        with postgres_storage(postgres_database) as storage:
            yield storage

    @pytest.fixture
    def enqueue(self, storage: Storage) -> Callable[[], None]:
        return enqueue_into(storage)

    def test_a_lost_connection_counts_as_a_signal_and_is_made_again(
        self, wakeup: Wakeup, enqueue: Callable[[], None], postgres_database: str
    ) -> None:
        wakeup.clear()
        _end_listeners(postgres_database)
        assert wakeup.wait(LONG), "what came meanwhile would be missed"
        wakeup.clear()
        enqueue()
        assert wakeup.wait(LONG)

    @pytest.mark.parametrize("event", ["release", "retry", "rerun", "cancel", "removal"])
    def test_every_way_of_becoming_due_is_told(
        self, wakeup: Wakeup, storage: Storage, enqueue: Callable[[], None], event: str
    ) -> None:
        jobs = storage.jobs
        enqueue()
        claim = a_claim(jobs)
        if event == "retry":
            jobs.request_cancel(claim.id)
            jobs.acknowledge_cancel(claim)
        if event == "rerun":
            enqueue()
        _settle(wakeup)
        actions: dict[str, Callable[[], object]] = {
            "release": lambda: jobs.release(claim),
            "retry": lambda: jobs.retry(claim.id),
            "rerun": lambda: jobs.complete(claim, result={}),
            "cancel": lambda: jobs.request_cancel(claim.id),
            "removal": lambda: storage.projects.mark_removed(claim.job.project_id),
        }
        actions[event]()
        assert wakeup.wait(LONG)

    def test_a_server_that_is_away_is_waited_for(self, tmp_path: Path) -> None:
        url = f"postgresql://nobody@/none?host={tmp_path}"
        database = open_database(url=url, data_dir="")
        wakeup = PostgresWakeup(database.jobs)
        assert not wakeup.wait(0.3)
        wakeup.set()
        assert wakeup.wait(LONG)
        wakeup.close()
        database.close()

    def test_a_server_that_takes_packets_but_gives_no_answer_is_left(
        self, postgres_server: PostgresServer, postgres_database: str
    ) -> None:
        with tcp_proxy(postgres_server) as proxy:
            database = open_database(url=proxy.url(postgres_database), data_dir="")
            wakeup = PostgresWakeup(database.jobs, ping_seconds=0.1, answer_seconds=0.1)
            assert wakeup.wait(LONG), "never connected"
            proxy.mode = Mode.SWALLOW
            wakeup.clear()
            proxy.mode = Mode.FORWARD
            assert wakeup.wait(LONG), "still trusts a connection that is dead"
            wakeup.close()
            database.close()

    def test_closing_ends_the_thread(self, wakeup: Wakeup) -> None:
        wakeup.close()
        assert "prism-listen" not in [thread.name for thread in threading.enumerate()]

    def test_no_job_waits_for_the_next_poll(
        self, wakeup: Wakeup, storage: Storage, postgres_database: str
    ) -> None:
        """The worker's loop: clear, claim, wait. Each wait has a signal as its end."""
        project = a_project(storage)
        rounds = 60
        missed: list[int] = []

        def work() -> None:
            done = 0
            while done < rounds:
                wakeup.clear()
                claim = next_claim(storage.jobs)
                if claim is not None:
                    storage.jobs.complete(claim, result={})
                    done += 1
                elif not wakeup.wait(LONG):
                    missed.append(done)

        worker = threading.Thread(target=work)
        worker.start()
        with postgres_storage(postgres_database) as other:
            for number in range(rounds):
                options = {"goal": str(number)}
                request = JobRequest(project_id=project, kind="blueprint", options=options)
                other.jobs.enqueue(request)
                threading.Event().wait(0.001 * (number % 4))
        worker.join()
        assert missed == []


def _settle(wakeup: Wakeup) -> None:
    """Until the notifications of what came before have arrived."""
    while wakeup.wait(0.2):
        wakeup.clear()


def _end_listeners(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query ILIKE 'LISTEN%' AND datname = current_database()"
        )
