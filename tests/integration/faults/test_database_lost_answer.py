"""Fault 17: a completion is written, but its worker never hears so; and one that comes too late."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.support.database_sessions import holding, sessions_of
from tests.support.faults import FaultSite, postgres_site
from tests.support.postgres import PostgresServer
from tests.support.tcp_proxy import TcpProxy, tcp_proxy

from prism.adapters.sql.engine import open_database
from prism.adapters.sql.moments import ServerMoments
from prism.adapters.sql.repositories import job_repository
from prism.application.ports.jobs import JobRepository
from prism.domain.jobs import Claim, JobRef, JobState, Publication

POINTERS = b"INSERT INTO prism_pointers"


@pytest.fixture
def site(postgres_database: str, tmp_path: Path) -> Iterator[FaultSite]:
    """Postgres only: an embedded file has no answer that could be lost."""
    with postgres_site(tmp_path / "data", postgres_database) as site:
        yield site


@pytest.fixture
def proxy(postgres_server: PostgresServer, site: FaultSite) -> Iterator[TcpProxy]:
    """Between the site's workers and Postgres; the test itself asks Postgres directly."""
    with tcp_proxy(postgres_server) as proxy:
        assert site.url is not None
        site.variables["PRISM_DATABASE_URL"] = proxy.url(site.url)
        yield proxy


def test_a_completion_whose_answer_is_lost_counts_once(site: FaultSite, proxy: TcpProxy) -> None:
    project = site.project("tool")
    job_id = site.enqueue(project, "hold_and_publish")
    with site.worker() as worker:
        site.wait_until_held(job_id)
        assert site.enqueue(project, "hold_and_publish") == job_id  # asked for while it runs
        proxy.lose_answer_of(b"COMMIT", after=POINTERS)
        site.release(job_id)
        assert proxy.wait_until_lost()
        written = site.job(job_id)
        assert (written.state, written.attempt) == (JobState.COMPLETED, 1)
        told = worker.wait_for_event("job_ended", job_id=job_id)
        assert (told["state"], told["attempt"]) == ("completed", 1)
        assert len(worker.events("settle_failed", job_id=job_id)) == 1
        # Asked again, it changed nothing: not the job, and no second follow-up.
        assert site.job(job_id) == written
        again = site.follow_up(job_id)
        site.release(again)
        assert site.wait_for(again, "completed").attempt == 1
    assert site.completions(job_id) == [1]
    assert site.held_attempts(job_id) == [1]
    assert {job.id for job in site.jobs.list()} == {job_id, again}
    assert site.published_by(project) == (101, JobRef(job_id=again, attempt=1))
    site.assert_nothing_left()


def test_an_index_whose_completion_was_not_heard_of_is_published_once(
    site: FaultSite, proxy: TcpProxy
) -> None:
    project = site.local_project("tool")
    proxy.lose_answer_of(b"COMMIT", after=POINTERS)
    with site.worker() as worker:
        job_id = site.enqueue(project)
        assert proxy.wait_until_lost()
        worker.wait_for_event("job_ended", job_id=job_id, state="completed")
    site.assert_one_effect(project, job_id, 1)
    assert site.finished_runs(project) == [JobRef(job_id=job_id, attempt=1)]
    assert [job.id for job in site.jobs.list()] == [job_id]
    site.assert_nothing_left()


@pytest.fixture
def queues(postgres_database: str) -> Iterator[tuple[JobRepository, JobRepository]]:
    """The queue as two workers see it."""
    databases = [open_database(url=postgres_database, data_dir="") for _ in range(2)]
    one, other = (job_repository(database, ServerMoments()) for database in databases)
    yield one, other
    for database in databases:
        database.close()


def test_a_late_completion_writes_nothing(
    site: FaultSite, queues: tuple[JobRepository, JobRepository]
) -> None:
    zombie, heir = queues
    project = site.project("tool")
    job_id = site.enqueue(project, "hold_and_publish")
    lost = _claimed(zombie, lease_seconds=0.0)
    assert [job.id for job in heir.reap()] == [job_id]
    site.hurry(job_id)
    held = _claimed(heir)
    assert (held.id, held.attempt) == (job_id, 2)
    before = site.job(job_id)
    late = Publication(run_id=101)
    assert not zombie.complete(lost, result={"by": "zombie"}, publish=late)
    assert site.job(job_id) == before
    assert site.published_by(project) == (None, None)
    assert heir.complete(held, result={"by": "heir"}, publish=Publication(run_id=102))
    assert not zombie.complete(lost, result={"by": "zombie"}, publish=late)
    assert site.job(job_id).result == {"by": "heir"}
    assert site.published_by(project) == (102, JobRef(job_id=job_id, attempt=2))


def test_a_completion_repeated_before_the_first_is_through_counts_once(
    site: FaultSite, postgres_database: str, queues: tuple[JobRepository, JobRepository]
) -> None:
    """A worker that hears nothing asks again, while the server still works on the first."""
    first, second = queues
    project = site.project("tool")
    job_id = site.enqueue(project, "hold_and_publish")
    claim = _claimed(first)
    assert site.enqueue(project, "hold_and_publish") == job_id
    publish = Publication(run_id=101)
    with ThreadPoolExecutor(2) as threads, sessions_of(postgres_database) as sessions:
        with holding(postgres_database, "prism_pointers"):
            one = threads.submit(first.complete, claim, result={"asked": 1}, publish=publish)
            sessions.wait_for_waiting()
            two = threads.submit(second.complete, claim, result={"asked": 2}, publish=publish)
            sessions.wait_for_waiting(2)
        assert one.result()
        assert two.result()
    assert site.job(job_id).result == {"asked": 1}
    assert {job.id for job in site.jobs.list()} == {job_id, site.follow_up(job_id)}


def _claimed(queue: JobRepository, *, lease_seconds: float = 60.0) -> Claim:
    claim = queue.claim(worker="a worker", host="here", lease_seconds=lease_seconds)
    assert claim is not None
    return claim
