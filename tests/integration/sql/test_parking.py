"""Jobs behind a running one are parked, and the order of claims is the same as without."""

import pytest
from tests.contracts.job_queue import BROKEN, LEASE, a_claim, next_claim
from tests.support.queue_rows import Queue, statements

from prism.adapters.sql.engine import reading
from prism.adapters.sql.parking import HEAD, WORTH_PARKING
from prism.adapters.sql.repositories import project_repository
from prism.domain.jobs import Claim, JobRequest, JobState
from prism.domain.projects import Source


@pytest.fixture
def blocked(queue: Queue) -> tuple[Queue, int, int]:
    """Many jobs of a project that runs one, and one of another project after them all."""
    busy, other = queue.projects(2)
    queue.insert(busy, count=1, priority=9)
    a_claim(queue.jobs)
    queue.insert(busy, count=WORTH_PARKING * 2, priority=1)
    queue.insert(other, count=1)
    return queue, busy, other


def test_jobs_behind_a_running_one_are_parked(blocked: tuple[Queue, int, int]) -> None:
    queue, _, other = blocked
    queue.jobs.reap()
    assert queue.parked() == WORTH_PARKING * 2
    assert a_claim(queue.jobs).job.project_id == other


def test_all_of_them_are_parked_however_many(queue: Queue) -> None:
    (busy,) = queue.projects(1)
    queue.insert(busy, count=HEAD + WORTH_PARKING + 1)
    a_claim(queue.jobs)
    queue.jobs.reap()
    assert queue.parked() == HEAD + WORTH_PARKING


def test_a_few_are_not_worth_parking(queue: Queue) -> None:
    (busy,) = queue.projects(1)
    queue.insert(busy, count=WORTH_PARKING)
    a_claim(queue.jobs)
    queue.jobs.reap()
    assert queue.parked() == 0


@pytest.mark.parametrize("end", ["complete", "fail", "release", "cancel", "reap"])
def test_however_the_running_one_ends_the_best_parked_one_follows(
    blocked: tuple[Queue, int, int], end: str
) -> None:
    queue, busy, _ = blocked
    jobs = queue.jobs
    (running,) = jobs.list(states=(JobState.RUNNING,))
    queue.insert(busy, count=1, priority=2)
    best = queue.scalar("SELECT max(id) FROM prism_jobs")
    jobs.reap()
    assert queue.parked() == WORTH_PARKING * 2 + 1
    # So that the ended one itself is not the next.
    queue.update("priority = 0 WHERE status = 'running'")
    _end(queue, running.id, end)
    assert a_claim(jobs).id == best


def test_parked_jobs_follow_one_another_in_order(blocked: tuple[Queue, int, int]) -> None:
    queue, _, _ = blocked
    jobs = queue.jobs
    jobs.reap()
    waiting = [job.id for job in jobs.list(states=(JobState.PENDING,), limit=10_000)][::-1][:-1]
    (running,) = jobs.list(states=(JobState.RUNNING,))
    _end(queue, running.id, "complete")
    for expected in waiting[:5]:
        claim = a_claim(jobs)
        assert claim.id == expected
        jobs.complete(claim, result={})
    jobs.request_cancel(waiting[5])
    assert a_claim(jobs).id == waiting[6]


@pytest.mark.parametrize("host", ["here", "there"])
def test_parked_jobs_of_one_host_do_not_hold_up_those_for_any(queue: Queue, host: str) -> None:
    """Also where the best of all is for a host that has no worker now."""
    source = Source.local("there", "/srv/shop")
    local = project_repository(queue.database, queue.moments).add(name="local", source=source).id
    queue.insert(local, count=1, priority=9)
    claim = a_claim(queue.jobs)
    queue.insert(local, count=WORTH_PARKING, priority=1)
    queue.update("host = 'there' WHERE status = 'pending'")
    queue.insert(local, count=WORTH_PARKING)
    queue.jobs.reap()
    assert queue.parked() == WORTH_PARKING * 2
    queue.jobs.complete(claim, result={})
    following = queue.jobs.claim(worker="w", host=host, lease_seconds=LEASE)
    assert following is not None
    assert following.job.host == ("there" if host == "there" else None)


def test_jobs_for_a_host_that_is_not_their_project_s_are_not_parked(queue: Queue) -> None:
    (busy,) = queue.projects(1)
    queue.insert(busy, count=1, priority=9)
    a_claim(queue.jobs)
    queue.insert(busy, count=WORTH_PARKING)
    queue.update("host = 'elsewhere' WHERE status = 'pending'")
    queue.jobs.reap()
    assert queue.parked() == 0


def test_a_request_that_joins_a_parked_job_brings_it_back(queue: Queue) -> None:
    (busy,) = queue.projects(1)
    claim = a_claim(queue.jobs, only=_enqueue(queue, busy, "first"))
    queue.insert(busy, count=WORTH_PARKING)
    wanted = _enqueue(queue, busy, "wanted")
    queue.jobs.reap()
    assert queue.parked() > WORTH_PARKING
    queue.jobs.complete(claim, result={})
    assert _enqueue(queue, busy, "wanted", priority=5) == wanted
    assert a_claim(queue.jobs).id == wanted
    assert queue.jobs.get(wanted).priority == 5


def test_the_end_of_a_job_reads_no_more_for_what_is_parked(postgres_queue: Queue) -> None:
    (busy,) = postgres_queue.projects(1)
    postgres_queue.insert(busy, count=4 * WORTH_PARKING)
    claim = a_claim(postgres_queue.jobs)
    postgres_queue.jobs.reap()
    postgres_queue.analyze()
    sent = statements(postgres_queue, lambda: postgres_queue.jobs.complete(claim, result={}))
    assert len(sent) == 3
    for statement, values in sent:
        with reading(postgres_queue.database.jobs) as connection:
            rows = connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars()
            plan = "\n".join(rows)
        assert "Seq Scan on prism_jobs" not in plan
        assert "Sort" not in plan


def test_a_parked_job_can_be_claimed_by_name(blocked: tuple[Queue, int, int]) -> None:
    queue, _, _ = blocked
    jobs = queue.jobs
    jobs.reap()
    (running,) = jobs.list(states=(JobState.RUNNING,))
    wanted = queue.scalar("SELECT max(id) FROM prism_jobs WHERE parked")
    assert next_claim(jobs, only=wanted) is None
    _end(queue, running.id, "complete")
    assert a_claim(jobs, only=wanted).id == wanted


def test_what_is_parked_for_no_reason_is_found_by_the_reaper(queue: Queue) -> None:
    (project,) = queue.projects(1)
    queue.insert(project, count=3)
    queue.update("parked = true")
    assert next_claim(queue.jobs) is None
    queue.jobs.reap()
    assert a_claim(queue.jobs).job.project_id == project


def test_removing_a_project_leaves_nothing_parked(blocked: tuple[Queue, int, int]) -> None:
    queue, busy, _ = blocked
    queue.jobs.reap()
    project_repository(queue.database, queue.moments).mark_removed(busy)
    assert queue.parked() == 0


def _enqueue(queue: Queue, project: int, goal: str, *, priority: int = 0) -> int:
    options = {"goal": goal}
    return queue.jobs.enqueue(
        JobRequest(project_id=project, kind="blueprint", options=options, priority=priority)
    ).job_id


def _end(queue: Queue, job_id: int, how: str) -> None:
    """End the running attempt, as its worker or the reaper does."""
    claim = Claim(job=queue.jobs.get(job_id))
    if how == "complete":
        queue.jobs.complete(claim, result={})
    elif how == "fail":
        queue.jobs.fail(claim, BROKEN, retry=True)
    elif how == "release":
        queue.jobs.release(claim)
    elif how == "cancel":
        queue.jobs.request_cancel(job_id)
        queue.jobs.acknowledge_cancel(claim)
    else:
        past = {"sqlite": "0", "postgresql": "now() - interval '1 hour'"}
        moment = past[queue.database.jobs.dialect.name]
        queue.update(f"lease_until = {moment} WHERE status = 'running'")
        queue.jobs.reap()
