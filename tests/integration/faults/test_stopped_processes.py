"""Faults 7 and 8: processes stop for longer than the lease, as a paused machine's do, and go on."""

import signal

import pytest
from tests.support.command_line import wait_until
from tests.support.faults import FaultSite, FaultWorker, alive, group, wait_until_gone

from prism.domain.jobs import Job, JobState

#: On an embedded file a stopped process may hold the only write lock: there it is ended instead.
only_on_a_server = pytest.mark.parametrize("site", ["postgres"], indirect=True)
only_embedded = pytest.mark.parametrize("site", ["sqlite"], indirect=True)
SHORT = {"lease": 2}
#: Of a worker that takes over on an embedded file. It gives an overdue one a third of that to come
#: back; its own first job has to last while its fork server loads.
TAKES_OVER = {"lease": 6}


def take_over(site: FaultSite, job_id: int, worker: FaultWorker) -> Job:
    """Wait until another worker has found the lease of attempt 1 over and done the job."""
    job = site.wait_for(job_id, JobState.PENDING, attempt=1)
    assert (job.crashes, job.failures) == (1, 0)
    assert job.error is not None
    assert job.error.message == "the worker stopped renewing its lease"
    site.hurry(job_id)
    job = site.wait_for(job_id, JobState.COMPLETED, attempt=2)
    worker.wait_for_event("job_ended", job_id=job_id, attempt=2)
    return job


def assert_it_wrote_nothing_and_goes_on(site: FaultSite, worker: FaultWorker, job_id: int) -> None:
    """The worker of attempt 1, resumed, loses its job and takes others."""
    ended = worker.wait_for_event("job_ended", job_id=job_id)
    assert (ended["state"], ended["code"]) == ("none", "lease_lost")
    later = site.enqueue(site.project("later"), "hold", hold=0)
    site.wait_for(later, JobState.COMPLETED)
    worker.wait_for_event("job_ended", job_id=later, state="completed")


@only_on_a_server
@pytest.mark.parametrize("job_ends", [False, True], ids=["job runs", "job ends meanwhile"])
def test_a_stopped_worker_loses_its_job_and_nothing_else(site: FaultSite, job_ends: bool) -> None:
    project = site.local_project("tool")
    with site.worker(times=SHORT) as worker:
        site.warm_up()
        job_id = site.enqueue(project, "late_index")
        leader = site.wait_until_held(job_id)
        worker.stop()
        if job_ends:
            site.release(job_id)  # its run is finished and waits to be published
        wait_until_gone(leader)  # or is ended while nobody renews
        assert group(leader) == []
        with site.worker() as other:
            take_over(site, job_id, other)
        worker.resume()
        assert_it_wrote_nothing_and_goes_on(site, worker, job_id)
        site.assert_one_effect(project, job_id, attempt=2)
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
    site.assert_nothing_left()


@only_on_a_server
@pytest.mark.parametrize("job_first", [False, True], ids=["together", "job first"])
def test_a_stopped_machine_loses_its_job_and_nothing_else(site: FaultSite, job_first: bool) -> None:
    project = site.local_project("tool")
    with site.worker(times=SHORT) as worker:
        site.warm_up()
        job_id = site.enqueue(project, "late_index")
        leader = site.wait_until_held(job_id)
        everything = (worker.pid, worker.server, leader)
        worker.stop(*everything)
        with site.worker() as other:
            take_over(site, job_id, other)
        site.release(job_id)
        if job_first:
            worker.resume(leader)
            wait_until_gone(leader)  # it has told its result
        worker.resume(*reversed(everything))
        assert_it_wrote_nothing_and_goes_on(site, worker, job_id)
        assert not alive(leader)
        site.assert_one_effect(project, job_id, attempt=2)
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
    site.assert_nothing_left()


@only_embedded
@pytest.mark.parametrize("all_stop", [False, True], ids=["worker", "machine"])
def test_what_is_stopped_beyond_its_lease_is_ended_before_the_job_runs_again(
    site: FaultSite, all_stop: bool
) -> None:
    project = site.local_project("tool")
    with site.worker(times=SHORT) as stopped:
        site.warm_up()
        job_id = site.enqueue(project, "late_index")
        leader = site.wait_until_held(job_id)
        stopped.stop(*((leader, stopped.server, stopped.pid) if all_stop else (stopped.pid,)))
        with site.worker(times=TAKES_OVER) as worker:
            take_over(site, job_id, worker)
            assert worker.events("worker_evicted", job_id=job_id)
        assert stopped.wait() == -signal.SIGKILL
        wait_until(lambda: not stopped.session())
        site.assert_one_effect(project, job_id, attempt=2)


@only_embedded
def test_a_worker_stopped_while_it_writes_to_the_queue_does_not_keep_others_from_it(
    site: FaultSite,
) -> None:
    project = site.local_project("tool")
    job_id = site.enqueue(project)
    with site.frozen_worker(**SHORT) as frozen:
        wait_until(lambda: bool(site.jobs.expired()))
        with site.worker(times=TAKES_OVER) as other:
            take_over(site, job_id, other)
        assert frozen.wait() == -signal.SIGKILL
    site.assert_one_effect(project, job_id, attempt=2)


@only_on_a_server
def test_a_worker_stopped_while_it_writes_to_the_queue_keeps_its_own_job_for_a_while(
    site: FaultSite,
) -> None:
    project = site.local_project("tool")
    job_id = site.enqueue(project)
    with site.frozen_worker(**SHORT) as frozen, site.worker() as other:
        unrelated = site.enqueue(site.project("unrelated"), "hold", hold=0)
        site.wait_for(unrelated, JobState.COMPLETED)
        take_over(site, job_id, other)  # when the server has ended the transaction
        frozen.resume()
        assert frozen.wait() == 1
    site.assert_one_effect(project, job_id, attempt=2)


def test_a_machine_stopped_while_a_job_writes_facts_does_not_keep_others_from_them(
    site: FaultSite,
) -> None:
    project = site.local_project("tool")
    with site.worker(times=SHORT) as stopped:
        site.warm_up()
        job_id = site.enqueue(project, "frozen_index")
        leader = site.wait_until_held(job_id)
        stopped.stop(leader, stopped.server, stopped.pid)
        with site.worker(times=TAKES_OVER) as other:
            take_over(site, job_id, other)
        stopped.resume(*stopped.session())
        if not site.embedded:
            assert_it_wrote_nothing_and_goes_on(site, stopped, job_id)
        site.assert_one_effect(project, job_id, attempt=2)
        assert not alive(leader)
