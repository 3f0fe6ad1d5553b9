"""Fault 11: Postgres is away for longer than the lease, or when a worker starts."""

import signal
from collections.abc import Iterator

import pytest
from tests.support.command_line import wait_until
from tests.support.faults import FaultSite, alive, wait_until_gone
from tests.support.postgres import PrivateServer, create_database, drop_database

from prism.domain.jobs import JobRef

LEASE_SECONDS = 3.0


def test_a_job_whose_database_stays_away_is_killed_and_runs_again(
    postgres: PrivateServer, stoppable: FaultSite
) -> None:
    project = stoppable.project("tool")
    job_id = stoppable.enqueue(project, "hold_and_publish")
    with stoppable.worker(times={"lease": LEASE_SECONDS}) as worker:
        held = stoppable.wait_until_held(job_id)
        assert stoppable.enqueue(project, "hold_and_publish") == job_id
        postgres.stop()
        # Nobody can tell the worker that another one has the job: it ends the job by itself.
        wait_until_gone(held)
        worker.wait_for_event("worker_backoff", code="out_of_reach")
        assert stoppable.scratch() == []
        assert not postgres.running
        assert alive(worker.pid)
        postgres.start()
        stoppable.wait_for(job_id, "pending", attempt=1)
        stoppable.hurry(job_id)
        job = stoppable.wait_for(job_id, "completed")
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
    assert (job.attempt, job.failures, job.crashes) == (2, 0, 1)
    assert [error.message for error in job.errors] == ["the worker stopped renewing its lease"]
    assert stoppable.held_attempts(job_id) == [1, 2]
    assert stoppable.completions(job_id) == [2]
    assert stoppable.published_by(project) == (102, JobRef(job_id=job_id, attempt=2))
    # The second attempt began after the second request: it serves both, and nothing is left to do.
    assert [each.id for each in stoppable.jobs.list()] == [job_id]
    stoppable.assert_nothing_left()


def test_a_worker_that_starts_before_its_database_waits_for_it(
    postgres: PrivateServer, stoppable: FaultSite
) -> None:
    project = stoppable.project("tool")
    job_id = stoppable.enqueue(project, "hold", hold=0)
    postgres.stop()
    with stoppable.worker() as worker:
        worker.wait_for_event("worker_waits", code="transient_failure")
        postgres.start()
        assert stoppable.wait_for(job_id, "completed").attempt == 1
    stoppable.assert_nothing_left()


def test_a_worker_that_waits_for_its_database_stops_when_told(
    postgres: PrivateServer, stoppable: FaultSite
) -> None:
    postgres.stop()
    with stoppable.worker() as worker:
        worker.wait_for_event("worker_waits")
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0


def test_one_round_of_work_does_not_wait(postgres: PrivateServer, stoppable: FaultSite) -> None:
    postgres.stop()
    answer = stoppable.prism("worker", "--once").expect(6)
    assert "error: cannot reach Postgres" in answer.err
    assert "Traceback" not in answer.err


@pytest.fixture
def without_tables(postgres: PrivateServer) -> Iterator[str]:
    name = create_database(postgres, template="template1")
    yield postgres.url(name)
    drop_database(postgres, name)


def test_what_waiting_cannot_mend_ends_the_worker_at_once(
    postgres: PrivateServer, stoppable: FaultSite, without_tables: str
) -> None:
    stoppable.variables["PRISM_DATABASE_URL"] = postgres.url("no_such_database")
    missing = stoppable.prism("worker").expect(6)
    assert "has no such database" in missing.err
    stoppable.variables["PRISM_DATABASE_URL"] = without_tables
    empty = stoppable.prism("worker").expect(4)
    assert "`prism db upgrade`" in empty.err


def test_a_worker_outlives_its_database_while_idle(
    postgres: PrivateServer, stoppable: FaultSite
) -> None:
    project = stoppable.project("tool")
    with stoppable.worker(times={"lease": LEASE_SECONDS}) as worker:
        stoppable.wait_for(stoppable.enqueue(project, "hold", hold=0), "completed")
        postgres.stop()
        wait_until(lambda: len(worker.events("worker_backoff")) >= 2)
        postgres.start()
        stoppable.wait_for(stoppable.enqueue(project, "hold", hold=0), "completed")
    stoppable.assert_nothing_left()
