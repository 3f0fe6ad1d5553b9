"""Faults 2 and 3: the process of a job dies, once or in every attempt."""

import os
import signal

from tests.support.faults import FaultSite

from prism.domain.jobs import JobState


def test_a_killed_job_is_charged_at_once_and_done_by_the_same_worker(site: FaultSite) -> None:
    job_id = site.enqueue(site.project("tool"), "hold")
    with site.worker(times={"lease": 3600}) as worker:
        os.kill(site.wait_until_held(job_id), signal.SIGKILL)
        job = site.wait_for(job_id, JobState.PENDING, attempt=1)
        assert (job.failures, job.crashes) == (1, 0)
        assert job.error is not None
        assert job.error.message == "the job's process was killed by SIGKILL"
        site.hurry(job_id)
        job = site.wait_for(job_id, JobState.COMPLETED)
        assert (job.attempt, job.failures, job.crashes) == (2, 1, 0)
        assert [event["attempt"] for event in worker.events("job_claimed")] == [1, 2]
    site.assert_nothing_left()


def test_a_job_that_crashes_in_each_attempt_is_given_up_and_the_next_one_done(
    site: FaultSite,
) -> None:
    project = site.project("poison")
    job_id = site.enqueue(project, "poison", hold=3)
    with site.worker(times={"lease": 3600}) as worker:
        for attempt in (1, 2, 3):
            site.wait_until_held(job_id, attempt)
            if attempt == 3:  # a request that comes while it runs outlives its end
                site.enqueue(project, "poison", hold=0)
            site.release(job_id, attempt)
            if attempt < 3:
                site.wait_for(job_id, JobState.PENDING, attempt=attempt)
                site.hurry(job_id)
        job = site.wait_for(job_id, JobState.FAILED)
        assert (job.attempt, job.failures, job.crashes) == (3, 3, 0)
        assert [error.message for error in job.errors] == 3 * [
            "the job's process was killed by SIGSEGV"
        ]
        good = site.enqueue(site.project("good"), "hold", hold=0)
        site.wait_for(good, JobState.COMPLETED)
        site.wait_for(site.follow_up(job_id), JobState.COMPLETED)
        assert {event["worker"] for event in worker.events("job_claimed")} == {
            worker.events("worker_started")[0]["worker"]
        }
    site.assert_nothing_left()
