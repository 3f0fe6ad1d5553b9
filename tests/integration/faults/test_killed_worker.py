"""Faults 1, 16 and 18: kill -9 of the worker, once or in every attempt, and what it leaves."""

import os
import signal
from pathlib import Path

import pytest
from tests.support.command_line import wait_until
from tests.support.faults import FaultSite
from tests.support.git_server import GitServer

from prism.domain.jobs import JobState
from prism.domain.projects import Source


def test_a_worker_killed_in_a_clone_takes_all_along_and_the_next_one_finishes_at_once(
    site: FaultSite, served: GitServer
) -> None:
    served.hold("tool")
    project = site.project("tool", Source.remote(served.url("tool")))
    job_id = site.enqueue(project)
    with site.worker(times={"lease": 3600}) as worker:
        wait_until(served.reached.is_set)
        assert len(worker.session()) >= 4  # worker, fork server, job, git
        assert site.enqueue(project) == job_id
        worker.kill()
    served.release()
    interrupted = site.job(job_id)
    assert interrupted.state is JobState.RUNNING
    with site.worker():
        site.wait_for(job_id, JobState.PENDING)
        site.hurry(job_id)
        job = site.wait_for(job_id, JobState.COMPLETED)
        assert (job.crashes, job.failures) == (1, 0)
        assert job.error is not None
        assert (job.error.code, job.error.message) == ("worker_lost", "the worker died")
        assert interrupted.lease_until is not None
        assert job.finished_at is not None
        assert job.finished_at < interrupted.lease_until
        site.assert_one_effect(project, job_id, attempt=2)
    site.assert_nothing_left()


@pytest.mark.parametrize("site", ["postgres"], indirect=True)
def test_another_host_takes_over_only_when_the_lease_is_over(
    site: FaultSite, tmp_path: Path
) -> None:
    with site.elsewhere(tmp_path / "elsewhere") as other, site.worker(times={"lease": 2}) as first:
        site.warm_up()
        job_id = site.enqueue(site.project("tool"), "hold")
        site.wait_until_held(job_id)
        with other.worker() as second:
            second.wait_for_event("worker_started")
            first.kill()
            interrupted = site.job(job_id)
            assert interrupted.lease_until is not None
            job = other.wait_for(job_id, JobState.PENDING)
            assert job.error is not None
            assert job.error.message == "the worker stopped renewing its lease"
            other.hurry(job_id)
            job = other.wait_for(job_id, JobState.COMPLETED)
            assert (job.attempt, job.crashes, job.failures) == (2, 1, 0)
            assert job.started_at is not None
            assert job.started_at >= interrupted.lease_until


def test_a_job_whose_worker_dies_each_time_is_given_up_until_somebody_retries_it(
    site: FaultSite,
) -> None:
    project = site.project("tool")
    job_id = site.enqueue(project, "hold", hold=3)
    for attempt in (1, 2, 3):
        with site.worker() as worker:
            if attempt > 1:
                site.wait_for(job_id, JobState.PENDING, attempt=attempt - 1)
                site.hurry(job_id)
            site.wait_until_held(job_id, attempt)
            if attempt == 3:  # a request that comes while it runs outlives its end
                site.enqueue(project, "hold", hold=0)
            worker.kill()
    with site.worker():
        job = site.wait_for(job_id, JobState.FAILED)
        assert (job.attempt, job.crashes, job.failures) == (3, 3, 0)
        assert job.error is not None
        assert job.error.message == "the worker died in each of 3 attempts"
        site.wait_for(site.follow_up(job_id), JobState.COMPLETED)
        site.prism("job", "retry", str(job_id)).expect(0)
        assert site.wait_for(job_id, JobState.COMPLETED).attempt == 4
    site.assert_nothing_left()


def test_the_next_worker_clears_up_after_a_killed_one_and_does_what_was_asked_of_it(
    site: FaultSite,
) -> None:
    live = site.enqueue(site.project("live"), "hold")
    with site.worker(times={"lease": 3600}):
        site.wait_until_held(live)
        project = site.project("orphaned")
        orphaned = site.enqueue(project, "hold")
        with site.worker(times={"lease": 3600}) as killed:
            site.wait_until_held(orphaned)
            assert site.enqueue(project, "hold", asked="meanwhile") == orphaned
            killed.stop()  # so that nobody is left but the job's lifeline
            os.kill(killed.server, signal.SIGKILL)
            killed.kill()
        assert site.scratch() == [f"{live}-1", f"{orphaned}-1"]
        with site.worker() as sweeping:
            assert sweeping.wait_for_event("scratch_swept")["directories"] == 1
            assert site.scratch() == [f"{live}-1"]
            site.wait_for(orphaned, JobState.PENDING)
            site.hurry(orphaned)
            job = site.wait_for(orphaned, JobState.COMPLETED, attempt=2)
        assert job.result is not None
        assert job.result["options"]["asked"] == "meanwhile"  # type: ignore[index,call-overload]
        site.release(live)
        site.wait_for(live, JobState.COMPLETED, attempt=1)
    wait_until(lambda: not site.scratch())
