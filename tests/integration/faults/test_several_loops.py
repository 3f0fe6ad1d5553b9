"""``prism worker --concurrency``: several single-job workers in one process."""

import signal

from tests.support.command_line import wait_until
from tests.support.faults import FaultSite

from prism.domain.jobs import JobState


def test_jobs_of_several_projects_run_at_once_and_those_of_one_do_not(site: FaultSite) -> None:
    one, other = site.project("one"), site.project("other")
    first, second = site.enqueue(one, "hold"), site.enqueue(one, "hold", more=True)
    elsewhere = site.enqueue(other, "hold")
    with site.worker(concurrency=3) as worker:
        site.wait_until_held(first)
        site.wait_until_held(elsewhere)
        assert site.job(second).state in (JobState.PENDING, JobState.RUNNING)
        assert first == second or site.job(second).state is JobState.PENDING
        names = {site.job(job).worker for job in (first, elsewhere)}
        assert len(names) == 2
        for job in (first, second, elsewhere):
            site.release(job)
        for job in (first, second, elsewhere):
            site.wait_for(job, JobState.COMPLETED)
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
    site.assert_nothing_left()


def test_signals_reach_every_loop(site: FaultSite) -> None:
    jobs = [site.enqueue(site.project(name), "hold") for name in ("one", "other")]
    with site.worker(concurrency=3, times={"grace": None, "poll": 3600}) as worker:
        for job in jobs:
            site.wait_until_held(job)
        worker.signal(signal.SIGTERM)
        site.release(jobs[0])
        site.wait_for(jobs[0], JobState.COMPLETED)
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 130
    job = site.job(jobs[1])
    assert (job.state, job.failures, job.crashes) == (JobState.PENDING, 0, 0)
    site.assert_nothing_left()


def test_a_killed_process_loses_all_its_jobs_and_another_takes_them_over(site: FaultSite) -> None:
    jobs = [site.enqueue(site.project(name), "hold") for name in ("one", "other")]
    with site.worker(concurrency=2, times={"lease": 3600}) as worker:
        for job in jobs:
            site.wait_until_held(job)
        worker.kill()
    with site.worker(concurrency=2) as worker:
        for job in jobs:
            site.release(job)
            assert site.wait_for(job, JobState.COMPLETED).attempt == 2
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
    site.assert_nothing_left()


def test_once_with_several_loops_ends_when_nothing_is_due(site: FaultSite) -> None:
    jobs = [site.enqueue(site.project(f"p{number}"), "work") for number in range(7)]
    with site.worker(concurrency=3, once=True) as worker:
        assert worker.wait() == 0
    assert {site.job(job).state for job in jobs} == {JobState.COMPLETED}
    wait_until(lambda: not site.processes())
