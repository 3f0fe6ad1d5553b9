"""Counting what waits reads the pending jobs and no others, parked or not."""

from tests.contracts.job_queue import a_claim
from tests.support.queue_rows import Queue, statements

from prism.adapters.sql.engine import reading
from prism.adapters.sql.parking import WORTH_PARKING


def test_parked_jobs_are_due_and_blocked(queue: Queue) -> None:
    busy, other = queue.projects(2)
    queue.insert(busy, count=1, priority=9)
    a_claim(queue.jobs)
    queue.insert(busy, count=WORTH_PARKING)
    queue.insert(other, count=3)
    queue.jobs.reap()
    assert queue.parked() == WORTH_PARKING
    backlog = queue.jobs.backlog()
    assert (backlog.due, backlog.blocked) == (WORTH_PARKING + 3, WORTH_PARKING)


def _filled(queue: Queue) -> list[str]:
    """The plan of each statement, of a queue whose jobs have mostly ended."""
    busy, other = queue.projects(2)
    queue.insert(other, count=20_000, status="completed")
    queue.insert(busy, count=1 + WORTH_PARKING, priority=1)
    queue.insert(other, count=500)
    a_claim(queue.jobs)
    queue.jobs.reap()
    explain = "EXPLAIN"
    if queue.database.directory is None:
        queue.analyze()
    else:
        explain = "EXPLAIN QUERY PLAN"
    plans = []
    for statement, values in statements(queue, queue.jobs.backlog):
        with reading(queue.database.jobs) as connection:
            rows = connection.exec_driver_sql(f"{explain} {statement}", values).all()
        plans.append("\n".join(str(row[-1]) for row in rows))
    return plans


def test_finished_jobs_are_not_read_on_postgres(postgres_queue: Queue) -> None:
    (plan,) = _filled(postgres_queue)
    assert "Seq Scan on prism_jobs" not in plan
    assert "prism_jobs_claim" in plan
    assert "prism_jobs_parked" in plan


def test_finished_jobs_are_not_read_on_sqlite(sqlite_queue: Queue) -> None:
    (plan,) = _filled(sqlite_queue)
    assert "SCAN prism_jobs USING INDEX prism_jobs_claim" in plan
    assert "SCAN prism_jobs USING INDEX prism_jobs_parked" in plan
