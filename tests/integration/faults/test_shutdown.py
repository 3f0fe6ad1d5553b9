"""Fault 9: the worker is told to end, with and without a job."""

import ctypes
import os
import signal
from pathlib import Path

import pytest
from tests.support.command_line import wait_until
from tests.support.faults import FaultSite, FaultWorker
from tests.support.git_server import GitServer

from prism.domain.jobs import Job, JobState
from prism.domain.projects import Project, Source


def assert_handed_back(job: Job, worker: FaultWorker, site: FaultSite) -> None:
    """It costs the job nothing, it can run again at once, and nothing of it is left."""
    assert (job.state, job.attempt) == (JobState.PENDING, 1)
    assert (job.failures, job.crashes, job.errors) == (0, 0, ())
    [ended] = worker.events("job_ended")
    assert (ended["ending"], ended["state"]) == ("handed back", "pending")
    assert job.clone_path is None
    assert not worker.session()
    site.assert_nothing_left()


def test_an_idle_worker_exits_at_once(site: FaultSite) -> None:
    with site.worker(times={"poll": 3600}) as worker:
        worker.wait_for_event("worker_started")
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
        assert not worker.session()


def test_without_a_grace_limit_the_worker_waits_for_its_job(site: FaultSite) -> None:
    project = site.project("tool")
    job_id = site.enqueue(project, "hold")
    with site.worker(times={"grace": None}) as worker:
        site.wait_until_held(job_id)
        later = site.enqueue(site.project("later"), "hold", hold=0)
        worker.signal(signal.SIGTERM)
        site.release(job_id)
        assert worker.wait() == 0
    assert site.job(job_id).state is JobState.COMPLETED
    assert site.job(later).state is JobState.PENDING
    site.assert_nothing_left()


def test_a_job_that_outlives_the_grace_is_handed_back_and_runs_again(site: FaultSite) -> None:
    project = site.project("tool")
    job_id = site.enqueue(project, "hold")
    with site.worker(times={"grace": 0.5}) as worker:
        site.wait_until_held(job_id)
        assert site.enqueue(project, "hold", asked="meanwhile") == job_id
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
        assert_handed_back(site.job(job_id), worker, site)
    with site.worker(once=True) as next_one:
        assert next_one.wait() == 0
    job = site.job(job_id)
    assert (job.state, job.attempt) == (JobState.COMPLETED, 2)
    assert job.options["asked"] == "meanwhile"


def test_a_second_signal_in_a_clone_hands_the_job_back_and_exits_130(
    site: FaultSite, served: GitServer
) -> None:
    job_id = start_clone(site, served)[1]
    with site.worker(times={"grace": None}) as worker:
        wait_until(served.reached.is_set)
        worker.signal(signal.SIGTERM)
        worker.signal(signal.SIGINT)  # another one than before, or the kernel may make one of both
        assert worker.wait() == 130
        assert_handed_back(site.job(job_id), worker, site)


def test_a_service_manager_that_signals_every_process_does_not_harm_the_clone(
    site: FaultSite, served: GitServer
) -> None:
    project, job_id = start_clone(site, served)
    with site.worker(times={"grace": None}) as worker:
        wait_until(served.reached.is_set)
        for pid in worker.session():
            os.kill(pid, signal.SIGTERM)
        served.release()
        assert worker.wait() == 0
    site.assert_one_effect(project, job_id, attempt=1)
    site.assert_nothing_left()


def start_clone(site: FaultSite, served: GitServer) -> tuple[Project, int]:
    """A job that will stay in its clone until the server is released."""
    served.hold("tool")
    project = site.project("tool", Source.remote(served.url("tool")))
    return project, site.enqueue(project)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "tgkill"), reason="needs tgkill(2)")
@pytest.mark.parametrize("loops", [1, 3])
def test_a_signal_is_obeyed_whichever_thread_the_kernel_gives_it_to(
    site: FaultSite, loops: int
) -> None:
    """As it does with one that came while the process was stopped, for one; Python's handlers run
    in the main thread only, and that may be asleep."""
    with site.worker(concurrency=loops, times={"poll": 3600}) as worker:
        worker.wait_for_event("worker_started")
        threads = [int(task.name) for task in Path(f"/proc/{worker.pid}/task").iterdir()]
        other = max(thread for thread in threads if thread != worker.pid)
        assert ctypes.CDLL(None).tgkill(worker.pid, other, int(signal.SIGTERM)) == 0
        assert worker.wait() == 0


@pytest.mark.parametrize("loops", [1, 3])
def test_signals_that_came_while_the_worker_was_stopped_are_obeyed(
    site: FaultSite, loops: int
) -> None:
    job_id = site.enqueue(site.project("tool"), "hold")
    with site.worker(concurrency=loops, times={"grace": None, "poll": 3600}) as worker:
        site.wait_until_held(job_id)
        worker.stop()
        worker.signal(signal.SIGTERM)
        worker.signal(signal.SIGINT)
        worker.resume()
        assert worker.wait() == 130
    job = site.job(job_id)
    assert (job.state, job.failures, job.crashes) == (JobState.PENDING, 0, 0)
