"""Fault 12: sessions of a worker and of its job are ended by the server, at any moment."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.command_line import wait_until
from tests.support.database_sessions import DatabaseSessions, holding, listeners, sessions_of
from tests.support.faults import FaultSite, postgres_site

from prism.domain.jobs import Job, JobRef, JobState


@pytest.fixture
def site(postgres_database: str, tmp_path: Path) -> Iterator[FaultSite]:
    """Postgres only: an embedded file has no sessions."""
    with postgres_site(tmp_path / "data", postgres_database) as site:
        yield site


@pytest.fixture
def url(postgres_database: str) -> str:
    return postgres_database


def test_a_storm_of_ended_sessions_is_outlived(site: FaultSite, url: str) -> None:
    project = site.project("tool")
    jobs: list[Job] = []
    times = {"lease": 3.0, "poll": 0.2}
    with site.worker(times=times) as worker, _storm(site, url) as storm:
        while len(storm.ended) < 25:
            job_id = site.enqueue(project, "hold_and_publish", hold=0)
            job = site.wait_for(job_id, "completed")
            ref = JobRef(job_id=job_id, attempt=job.attempt)
            assert site.published_by(project) == (100 + job.attempt, ref)
            jobs.append(job)
    # Handed back uncharged, or lost with the answer to its claim: no failure of the jobs.
    assert {job.failures for job in jobs} == {0}
    assert {error.code for job in jobs for error in job.errors} <= {"worker_lost"}
    assert len(site.jobs.list()) == len(jobs)
    assert worker.events("worker_stopped") == []
    site.assert_nothing_left()


class _Storm:
    """Ends every session but the *spared* ones, some twenty times a second."""

    def __init__(self, sessions: DatabaseSessions, spared: frozenset[int]) -> None:
        self.ended: list[int] = []
        self._sessions = sessions
        self._spared = spared
        self._pause = random.Random(12)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._blow)

    def _blow(self) -> None:
        while not self._over.wait(self._pause.uniform(0.01, 0.1)):
            found = {each.pid for each in self._sessions.all()} - self._spared
            if found:
                self._sessions.terminate(*found)
                self.ended += sorted(found)

    def __enter__(self) -> "_Storm":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


@contextmanager
def _storm(site: FaultSite, url: str) -> Iterator[_Storm]:
    """Spares the session of the test itself."""
    site.jobs.list()  # so that it is there
    with sessions_of(url) as sessions:
        spared = frozenset(each.pid for each in sessions.all())
        with _Storm(sessions, spared) as storm:
            yield storm


def test_an_idle_listener_comes_back(site: FaultSite, url: str) -> None:
    project = site.project("tool")
    with site.worker(times={"poll": 3600.0}) as worker, sessions_of(url) as sessions:
        worker.wait_for_event("worker_started")
        for _ in range(3):
            wait_until(lambda: len(listeners(url)) == 1)
            [before] = listeners(url)
            sessions.terminate()
            wait_until(lambda before=before: listeners(url) not in ([], [before]))  # type: ignore[misc]
            job = site.wait_for(site.enqueue(project, "hold", hold=0), "completed")
            assert (job.attempt, job.failures) == (1, 0)
    site.assert_nothing_left()


def test_a_session_that_ends_inside_the_completion_costs_nothing(site: FaultSite, url: str) -> None:
    project = site.project("tool")
    job_id = site.enqueue(project, "hold_and_publish")
    with site.worker(times={"lease": 15.0}) as worker, sessions_of(url) as sessions:
        site.wait_until_held(job_id)
        assert site.enqueue(project, "hold_and_publish") == job_id
        with holding(url, "prism_pointers"):
            site.release(job_id)
            ended = sessions.wait_for_waiting()  # the row of the job is locked, nothing stored
            sessions.terminate(ended.pid)
            worker.wait_for_event("settle_failed")
            assert site.job(job_id).state is JobState.RUNNING
        job = site.wait_for(job_id, "completed")
        assert (job.attempt, job.failures, job.crashes) == (1, 0, 0)
        [again] = [each.id for each in site.jobs.list() if each.id != job_id]
        site.release(again)
        assert site.wait_for(again, "completed").attempt == 1
    assert site.completions(job_id) == [1]
    assert site.published_by(project) == (101, JobRef(job_id=again, attempt=1))
    site.assert_nothing_left()


def test_a_job_whose_own_session_ends_is_tried_again(site: FaultSite, url: str) -> None:
    project = site.local_project("tool")
    job_id = site.enqueue(project)
    with site.worker(), sessions_of(url) as sessions:
        with holding(url, "prism_run_files"):
            ended = sessions.wait_for_waiting()
            assert site.enqueue(project) == job_id  # while it runs
            sessions.terminate(ended.pid)
            site.wait_for(job_id, "pending", attempt=1)
        job = site.job(job_id)
        assert job.error is not None
        assert (job.error.code, job.failures) == ("transient_failure", 1)
        assert "ended our session" in job.error.message
        site.hurry(job_id)
        job = site.wait_for(job_id, "completed")
        assert (job.attempt, job.failures, job.crashes) == (2, 1, 0)
    site.assert_one_effect(project, job_id, 2)
    assert site.finished_runs(project) == [JobRef(job_id=job_id, attempt=2)]
    assert [each.id for each in site.jobs.list()] == [job_id]
    site.assert_nothing_left()
