"""Claims at size: which index serves them, what they skip, and how processes share."""

import subprocess
import sys
import threading
from collections import Counter

import psycopg
import pytest
from sqlalchemy import text
from tests.contracts.job_queue import a_claim, next_claim
from tests.support.query_plans import generic_plan, indexes, node_types, sqlite_plan
from tests.support.queue_rows import Queue, statements

from prism.adapters.sql.engine import open_database, writing
from prism.adapters.sql.moments import ServerMoments
from prism.adapters.sql.repositories import job_repository
from prism.domain.jobs import Claim, JobState


def test_a_claim_is_one_statement_on_postgres(postgres_queue: Queue) -> None:
    postgres_queue.insert(*postgres_queue.projects(1), count=2)
    assert len(statements(postgres_queue, lambda: a_claim(postgres_queue.jobs))) == 1


def test_the_partial_index_serves_the_claim_on_postgres(
    postgres_queue: Queue, postgres_database: str
) -> None:
    """Also under a generic plan, where only a literal status lets the planner use it."""
    for project in postgres_queue.projects(20):
        postgres_queue.insert(project, count=500, status="completed")
        postgres_queue.insert(project, count=50)
    postgres_queue.analyze()
    _assert_served_by_the_index(postgres_queue, postgres_database)


def test_the_partial_index_serves_the_claim_when_all_wait_behind_one_running_job_on_postgres(
    postgres_queue: Queue, postgres_database: str
) -> None:
    """Before and after they are parked."""
    _fill_behind_one_running(postgres_queue)
    postgres_queue.analyze()
    _assert_served_by_the_index(postgres_queue, postgres_database)
    postgres_queue.jobs.reap()
    assert postgres_queue.parked() > 1000
    _assert_served_by_the_index(postgres_queue, postgres_database)
    postgres_queue.analyze()
    _assert_served_by_the_index(postgres_queue, postgres_database)


def test_the_partial_index_serves_the_claim_on_sqlite(sqlite_queue: Queue) -> None:
    for project in sqlite_queue.projects(5):
        sqlite_queue.insert(project, count=500, status="completed")
        sqlite_queue.insert(project, count=50)
    _assert_searched_by_the_index(sqlite_queue)


def test_the_partial_index_serves_the_claim_when_all_wait_behind_one_running_job_on_sqlite(
    sqlite_queue: Queue,
) -> None:
    _fill_behind_one_running(sqlite_queue)
    sqlite_queue.analyze()
    _assert_searched_by_the_index(sqlite_queue)
    sqlite_queue.jobs.reap()
    assert sqlite_queue.parked() > 1000
    _assert_searched_by_the_index(sqlite_queue)


def test_the_claim_s_index_holds_pending_jobs_only(postgres_queue: Queue) -> None:
    (project,) = postgres_queue.projects(1)
    empty = postgres_queue.scalar("SELECT pg_relation_size('prism_jobs_claim')")
    postgres_queue.insert(project, count=5000, status="completed")
    assert postgres_queue.scalar("SELECT pg_relation_size('prism_jobs_claim')") == empty


def test_a_row_that_somebody_locks_is_skipped_and_not_waited_for(
    postgres_queue: Queue, postgres_database: str
) -> None:
    for project in postgres_queue.projects(2):
        postgres_queue.insert(project, count=1)
    with psycopg.connect(postgres_database) as other:
        first = "SELECT id FROM prism_jobs ORDER BY id LIMIT 1 FOR UPDATE"
        (locked,) = other.execute(first).fetchone() or (None,)
        impatient = open_database(url=_with_lock_timeout(postgres_database), data_dir="")
        claim = a_claim(job_repository(impatient, ServerMoments()))
        assert claim.id != locked
        impatient.close()


def test_a_claim_that_loses_a_project_to_another_takes_the_next_one(
    postgres_queue: Queue, postgres_database: str
) -> None:
    busy, other = postgres_queue.projects(2)
    postgres_queue.insert(busy, count=2, priority=1)
    postgres_queue.insert(other, count=1)
    begin = (
        "UPDATE prism_jobs SET status = 'running', attempt = 1, lease_until = now()"
        " WHERE id = (SELECT min(id) FROM prism_jobs)"
    )
    claims: list[Claim | None] = []
    late = threading.Thread(target=lambda: claims.append(next_claim(postgres_queue.jobs)))
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


def _fill_behind_one_running(queue: Queue) -> None:
    """Many finished jobs, many that wait for their project, and a few that do not."""
    busy, *others = queue.projects(5)
    queue.insert(busy, count=1500, priority=1)
    assert a_claim(queue.jobs).job.project_id == busy
    for project in others:
        queue.insert(project, count=2000, status="completed")
        queue.insert(project, count=10)


def _assert_served_by_the_index(queue: Queue, url: str) -> None:
    (sent,) = statements(queue, lambda: a_claim(queue.jobs))
    plan = generic_plan(url, sent)
    # Either of the two indexes of running jobs: they are as few as there are workers.
    of_running = {"prism_jobs_one_running", "prism_jobs_lease"}
    assert indexes(plan) - of_running == {"prism_jobs_claim", "prism_jobs_pkey"}
    assert not {"Seq Scan", "Sort"} & node_types(plan)


def _assert_searched_by_the_index(queue: Queue) -> None:
    (sent,) = statements(queue, lambda: a_claim(queue.jobs))
    plan = "\n".join(sqlite_plan(queue.database.jobs, sent))
    assert "prism_jobs USING INDEX prism_jobs_claim" in plan
    assert "running USING INDEX prism_jobs_one_running" in plan
    assert "TEMP B-TREE" not in plan


def _wait_until_somebody_waits(url: str) -> None:
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(waiting).fetchone() == (0,):
            threading.Event().wait(0.01)


def _with_lock_timeout(url: str) -> str:
    return url + ("&" if "?" in url else "?") + "options=-c%20lock_timeout%3D3000"


def test_who_takes_over_ends_the_sessions_that_the_attempt_left(postgres_queue: Queue) -> None:
    (project,) = postgres_queue.projects(1)
    postgres_queue.insert(project, count=2)
    claim = a_claim(postgres_queue.jobs)
    url = postgres_queue.database.jobs.url.render_as_string(hide_password=False)
    left = psycopg.connect(
        url.replace("+psycopg", ""), application_name=claim.ref.session, autocommit=False
    )
    left.execute("SELECT 1")  # idle in a transaction, as if its process were stopped
    other = psycopg.connect(url.replace("+psycopg", ""), application_name="prism-job-99-1")
    assert [job.id for job in postgres_queue.jobs.reap(dead=["w1"])] == [claim.id]
    with pytest.raises(psycopg.errors.AdminShutdown):
        left.execute("SELECT 1")
    other.execute("SELECT 1")
    left.close()
    other.close()
