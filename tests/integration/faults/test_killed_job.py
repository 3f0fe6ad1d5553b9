"""Faults 2 and 3: the process of a job dies, once or in every attempt."""

import os
import signal

from tests.support.faults import FaultSite


def test_a_killed_job_is_charged_at_once_and_done_by_the_same_worker(site: FaultSite) -> None:
    project = site.project("tool")
    job_id = site.enqueue(project, "hold")
    with site.worker() as worker:
        os.kill(site.wait_until_held(job_id), signal.SIGKILL)
        job = site.wait_for(job_id, "pending", attempt=1)
        assert (job.failures, job.crashes) == (1, 0)
        assert job.error is not None
        assert job.error.message == "the job's process was killed by SIGKILL"
        site.hurry(job_id)
        job = site.wait_for(job_id, "completed")
        assert (job.attempt, job.failures, job.crashes) == (2, 1, 0)
        assert [e["worker"] for e in worker.events("job_claimed", job_id=job_id)] == 2 * [
            worker.events("worker_started")[0]["worker"]
        ]
    site.assert_nothing_left()
