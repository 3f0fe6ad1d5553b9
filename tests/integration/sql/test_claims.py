"""Claims at size: which index serves them, what they skip, and how processes share."""

import json
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, event, text
from tests.contracts.job_queue import BROKEN, a_claim, next_claim

from prism.adapters.memory.clock import ManualClock
from prism.adapters.sql.engine import Database, open_database, reading, writing
from prism.adapters.sql.moments import ClockMoments, Moments, ServerMoments
from prism.adapters.sql.parking import HEAD, WORTH_PARKING
from prism.adapters.sql.repositories import job_repository, project_repository
from prism.application.ports.jobs import JobRepository
from prism.domain.jobs import Claim, JobState
from prism.domain.projects import Source

#: The SQL of times and series, by dialect.
NOW = {"sqlite": "1000000", "postgresql": "now()"}
SERIES = {
    "sqlite": "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})"
    " SELECT i FROM n)",
    "postgresql": "generate_series(1, {}) AS n(i)",
}


@dataclass(frozen=True, slots=True)
class Queue:
    database: Database
    moments: Moments

    @property
    def jobs(self) -> JobRepository:
        return job_repository(self.database, self.moments)

    def projects(self, count: int) -> list[int]:
        repository = project_repository(self.database, self.moments)
        return [
            repository.add(name=f"p{n}", source=Source.remote(f"https://example.org/{n}")).id
            for n in range(count)
        ]

    def insert(
        self, project: int, *, count: int, status: str = "pending", priority: int = 0
    ) -> None:
        """Rows by the thousand, which enqueueing one by one would take too long for."""
        dialect = self.database.jobs.dialect.name
        now = NOW[dialect]
        finished = "NULL" if status == "pending" else now
        statement = (
            "INSERT INTO prism_jobs (project_id, kind, status, priority, run_at, failures_max,"
            " crashes_max, options, errors, created_at, finished_at)"
            f" SELECT {project}, 'blueprint', '{status}', {priority}, {now}, 3, 3, '{{}}', '[]',"
            f" {now}, {finished} FROM {SERIES[dialect].format(count)}"
        )
        with writing(self.database.jobs) as connection:
            connection.execute(text(statement.replace(":", r"\:")))

    def analyze(self) -> None:
        with self.database.jobs.connect() as connection:
            connection.execute(text("ANALYZE"))
            connection.commit()

    def parked(self) -> int:
        return self.scalar("SELECT count(*) FROM prism_jobs WHERE parked")

    def scalar(self, statement: str) -> Any:
        with reading(self.database.jobs) as connection:
            return connection.execute(text(statement)).scalar()


@pytest.fixture
def sqlite(sqlite_directory: Path) -> Iterator[Queue]:
    database = open_database(url=None, data_dir=str(sqlite_directory))
    yield Queue(database, ClockMoments(ManualClock()))
    database.close()


@pytest.fixture
def postgres(postgres_database: str) -> Iterator[Queue]:
    database = open_database(url=postgres_database, data_dir="")
    yield Queue(database, ServerMoments())
    database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def queue(request: pytest.FixtureRequest) -> Queue:
    found: Queue = request.getfixturevalue(request.param)
    return found


def statements(queue: Queue, act: Callable[[], object]) -> list[tuple[str, Any]]:
    """What *act* sends to the database."""
    sent: list[tuple[str, Any]] = []

    def note(_c: Connection, _k: object, statement: str, values: Any, *_: object) -> None:
        sent.append((statement, values))

    event.listen(queue.database.jobs, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(queue.database.jobs, "before_cursor_execute", note)
    return [one for one in sent if "prism_jobs" in one[0]]


def test_a_claim_is_one_statement_on_postgres(postgres: Queue) -> None:
    postgres.insert(*postgres.projects(1), count=2)
    assert len(statements(postgres, lambda: a_claim(postgres.jobs))) == 1


def test_the_partial_index_serves_the_claim_on_postgres(
    postgres: Queue, postgres_database: str
) -> None:
    """Also under a generic plan, where only a literal status lets the planner use it."""
    for project in postgres.projects(20):
        postgres.insert(project, count=500, status="completed")
        postgres.insert(project, count=50)
    postgres.analyze()
    ((statement, values),) = statements(postgres, lambda: a_claim(postgres.jobs))
    plan = _generic_plan(postgres_database, statement, values)
    assert {"prism_jobs_claim", "prism_jobs_one_running", "prism_jobs_pkey"} == _indexes(plan)
    assert "Seq Scan" not in json.dumps(plan)
    assert '"Node Type": "Sort"' not in json.dumps(plan)


def test_the_partial_index_serves_the_claim_on_sqlite(sqlite: Queue) -> None:
    for project in sqlite.projects(5):
        sqlite.insert(project, count=500, status="completed")
        sqlite.insert(project, count=50)
    ((statement, values),) = statements(sqlite, lambda: a_claim(sqlite.jobs))
    with reading(sqlite.database.jobs) as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    plan = "\n".join(row[-1] for row in rows)
    assert "prism_jobs USING INDEX prism_jobs_claim" in plan
    assert "running USING INDEX prism_jobs_one_running" in plan
    assert "TEMP B-TREE" not in plan


def test_the_claim_s_index_holds_pending_jobs_only(postgres: Queue) -> None:
    (project,) = postgres.projects(1)
    empty = postgres.scalar("SELECT pg_relation_size('prism_jobs_claim')")
    postgres.insert(project, count=5000, status="completed")
    assert postgres.scalar("SELECT pg_relation_size('prism_jobs_claim')") == empty


def test_a_row_that_somebody_locks_is_skipped_and_not_waited_for(
    postgres: Queue, postgres_database: str
) -> None:
    for project in postgres.projects(2):
        postgres.insert(project, count=1)
    with psycopg.connect(postgres_database) as other:
        first = "SELECT id FROM prism_jobs ORDER BY id LIMIT 1 FOR UPDATE"
        (locked,) = other.execute(first).fetchone() or (None,)
        impatient = open_database(url=_with_lock_timeout(postgres_database), data_dir="")
        claim = a_claim(job_repository(impatient, ServerMoments()))
        assert claim.id != locked
        impatient.close()


def test_a_claim_that_loses_a_project_to_another_takes_the_next_one(
    postgres: Queue, postgres_database: str
) -> None:
    busy, other = postgres.projects(2)
    postgres.insert(busy, count=2, priority=1)
    postgres.insert(other, count=1)
    begin = (
        "UPDATE prism_jobs SET status = 'running', attempt = 1, lease_until = now()"
        " WHERE id = (SELECT min(id) FROM prism_jobs)"
    )
    claims: list[Claim | None] = []
    late = threading.Thread(target=lambda: claims.append(next_claim(postgres.jobs)))
    with psycopg.connect(postgres_database) as winner:
        winner.execute(begin)
        late.start()
        _wait_until_somebody_waits(postgres_database)
        winner.commit()
    late.join()
    assert [claim and claim.job.project_id for claim in claims] == [other]


def test_the_order_does_not_hang_on_the_index(queue: Queue) -> None:
    low, high = queue.projects(2)
    queue.insert(low, count=1)
    queue.insert(high, count=1, priority=1)
    with writing(queue.database.jobs) as connection:
        connection.execute(text("DROP INDEX prism_jobs_claim"))
    assert a_claim(queue.jobs).job.project_id == high


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
    with writing(queue.database.jobs) as connection:
        # So that the ended one itself is not the next: it waits for its time, or is gone.
        connection.execute(text("UPDATE prism_jobs SET priority = 0 WHERE status = 'running'"))
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
    with writing(queue.database.jobs) as connection:
        connection.execute(text("UPDATE prism_jobs SET parked = true"))
    assert next_claim(queue.jobs) is None
    queue.jobs.reap()
    assert a_claim(queue.jobs).job.project_id == project


def test_removing_a_project_leaves_nothing_parked(blocked: tuple[Queue, int, int]) -> None:
    queue, busy, _ = blocked
    queue.jobs.reap()
    project_repository(queue.database, queue.moments).mark_removed(busy)
    assert queue.parked() == 0


WORKER = """
import sys
from prism.adapters.sql.engine import open_database
from prism.adapters.sql.repositories import job_repository, moments
from prism.adapters.system import SystemClock

url, directory = sys.argv[1] or None, sys.argv[2]
database = open_database(url=url, data_dir=directory)
jobs = job_repository(database, moments(database, SystemClock()))
idle = 0
while idle < 100:
    claim = jobs.claim(worker="w", host="here", lease_seconds=600.0)
    if claim is None:
        idle += 1
        continue
    idle = 0
    assert jobs.complete(claim, result={})
    print(claim.id, claim.attempt, flush=True)
"""


def test_processes_share_forty_jobs_without_overlap(
    queue: Queue, request: pytest.FixtureRequest
) -> None:
    for project in queue.projects(8):
        queue.insert(project, count=5)
    embedded = queue.database.directory
    url = "" if embedded else request.getfixturevalue("postgres_database")
    command = [sys.executable, "-c", WORKER, url, embedded or ""]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    ended = [process.communicate() for process in running]
    assert [error for _, error in ended] == [""] * 3
    taken = Counter(line for output, _ in ended for line in output.splitlines())
    assert len(taken) == 40
    assert set(taken.values()) == {1}
    assert {line.split()[1] for line in taken} == {"1"}
    assert queue.jobs.counts()[JobState.COMPLETED] == 40


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
        with writing(queue.database.jobs) as connection:
            moment = past[queue.database.jobs.dialect.name]
            connection.execute(
                text(f"UPDATE prism_jobs SET lease_until = {moment} WHERE status = 'running'")
            )
        queue.jobs.reap()


def _wait_until_somebody_waits(url: str) -> None:
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(waiting).fetchone() == (0,):
            threading.Event().wait(0.01)


def _generic_plan(url: str, statement: str, values: dict[str, Any]) -> Any:
    """The plan that a prepared statement gets which does not look at its parameters."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        names.append(match[1])
        return f"${len(names)}"

    numbered = re.sub(r"%\((\w+)\)s", number, statement)
    with psycopg.connect(url) as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        connection.execute(f"PREPARE claim AS {numbered}".encode())
        arguments = ", ".join(["%s"] * len(names))
        explain = f"EXPLAIN (FORMAT JSON) EXECUTE claim({arguments})".encode()
        cursor = psycopg.ClientCursor(connection)
        row = cursor.execute(explain, [values[name] for name in names]).fetchone()
    assert row is not None
    return row[0]


def _indexes(plan: Any) -> set[str]:
    return set(re.findall(r'"Index Name": "(\w+)"', json.dumps(plan)))


def _with_lock_timeout(url: str) -> str:
    return url + ("&" if "?" in url else "?") + "options=-c%20lock_timeout%3D3000"
