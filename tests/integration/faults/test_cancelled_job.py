"""A running job is cancelled: nothing of it is left, and what is asked for later still runs."""

import signal

from tests.support.command_line import wait_until
from tests.support.faults import FaultSite, group
from tests.support.git_server import GitServer

from prism.domain.jobs import JobState
from prism.domain.projects import Source


def test_a_cancelled_clone_leaves_nothing(site: FaultSite, served: GitServer) -> None:
    served.hold("tool")
    project = site.project("tool", Source.remote(served.url("tool")))
    job_id = site.enqueue(project)
    with site.worker() as worker:
        wait_until(served.reached.is_set)
        assert site.enqueue(project) == job_id  # cancelled with the job
        site.prism("job", "cancel", str(job_id)).expect(0)
        job = site.wait_for(job_id, JobState.CANCELLED)
        assert (job.attempt, job.failures, job.crashes, job.clone_path) == (1, 0, 0, None)
        assert len(site.jobs.list(project_id=project.id)) == 1
        assert sorted(worker.session()) == sorted([worker.pid, worker.server])
        assert site.scratch() == []
        served.release()
        again = site.enqueue(project)
        site.wait_for(again, JobState.COMPLETED)
        site.assert_one_effect(project, again, attempt=1)
    site.assert_nothing_left()


def test_a_deaf_job_is_killed_and_a_request_after_the_cancel_runs(site: FaultSite) -> None:
    project = site.project("tool")
    job_id = site.enqueue(project, "hang", how="deaf")
    with site.worker(times={"kill": 1}) as worker:
        leader = site.wait_until_held(job_id)
        site.jobs.request_cancel(job_id)
        assert site.enqueue(project, "hang", how="asleep") == job_id
        site.wait_for(job_id, JobState.CANCELLED)
        assert group(leader) == []
        assert f"{job_id}-1" not in site.scratch()
        site.wait_until_held(site.follow_up(job_id))
        worker.signal(signal.SIGTERM)
        worker.signal(signal.SIGINT)
        assert worker.wait() == 130
    site.assert_nothing_left()
