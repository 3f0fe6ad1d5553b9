"""Faults 5 and 6: a job that never comes back, and one that does not let anybody else run."""

from tests.support.faults import FaultSite, group, wait_until_gone

from prism.domain.jobs import JobState

WAYS = ("asleep", "stopped", "deaf")


def test_a_job_that_hangs_is_ended_by_the_time_limit_with_all_its_processes(
    site: FaultSite,
) -> None:
    with site.worker(concurrency=len(WAYS), times={"limit": 1, "kill": 0.5}) as worker:
        jobs = [site.enqueue(site.project(how), "hang", how=how) for how in WAYS]
        leaders = [site.wait_until_held(job_id) for job_id in jobs]
        assert all(len(group(leader)) == 2 for leader in leaders)
        for job_id, leader in zip(jobs, leaders, strict=True):
            job = site.wait_for(job_id, JobState.PENDING, attempt=1)
            assert (job.failures, job.crashes) == (1, 0)
            assert job.error is not None
            assert job.error.code == "time_limit"
            assert "longer than its time limit" in job.error.message
            assert group(leader) == []
            assert f"{job_id}-1" not in site.scratch()
        good = site.enqueue(site.project("good"), "hold", hold=0)
        site.wait_for(good, JobState.COMPLETED)
        assert worker.process.poll() is None
    site.assert_nothing_left()


def test_native_code_that_keeps_the_interpreter_longer_than_the_lease_costs_nothing(
    site: FaultSite,
) -> None:
    lease = 3
    with site.worker(times={"lease": lease}):
        site.warm_up()
        job_id = site.enqueue(site.project("tool"), "hold_the_interpreter", seconds=lease + 1)
        wait_until_gone(site.wait_until_held(job_id))
        job = site.wait_for(job_id, JobState.COMPLETED)
        assert (job.attempt, job.failures, job.crashes) == (1, 0, 0)
        assert job.finished_at is not None
        assert job.started_at is not None
        assert (job.finished_at - job.started_at).total_seconds() > lease
    site.assert_nothing_left()
