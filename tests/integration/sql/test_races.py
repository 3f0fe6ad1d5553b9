"""Steps of different connections at the same moment: whoever wins, nothing is lost or stranded."""

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from tests.contracts.job_queue import next_claim
from tests.support.queue_rows import Queue

from prism.adapters.sql.engine import reading
from prism.adapters.sql.jobs_postgres import PostgresJobRepository
from prism.adapters.sql.jobs_sqlite import SqliteJobRepository
from prism.adapters.sql.parking import stranded
from prism.adapters.sql.repositories import project_repository
from prism.domain.errors import Conflict, NotFound
from prism.domain.jobs import JobKind, JobRequest, JobState
from prism.domain.projects import Source

ROUNDS = 40


def together(steps: Sequence[Callable[[], None]]) -> None:
    """Run the *steps* at the same time; raises what one of them raised."""
    start = threading.Barrier(len(steps))

    def run(step: Callable[[], None]) -> None:
        start.wait()
        step()

    with ThreadPoolExecutor(len(steps)) as threads:
        for done in [threads.submit(run, step) for step in steps]:
            done.result()


def test_a_request_during_the_removal_of_its_project_is_refused_or_cancelled(queue: Queue) -> None:
    projects = project_repository(queue.database, queue.moments)
    for number in range(ROUNDS):
        project = projects.add(name=f"p{number}", source=Source.remote(f"https://x.org/{number}"))

        def enqueue(project_id: int = project.id) -> None:
            with suppress(NotFound):
                queue.jobs.enqueue(JobRequest(project_id=project_id, kind="index"))

        def remove(project_id: int = project.id) -> None:
            projects.mark_removed(project_id)

        together([enqueue, remove, enqueue])
        active = queue.jobs.list(project_id=project.id, states=(JobState.PENDING,))
        assert [job.kind for job in active] == [JobKind.SWEEP]


def test_no_job_is_stranded_when_parking_meets_ends_requests_and_cancels(queue: Queue) -> None:
    embedded = queue.database.embedded
    adapter = SqliteJobRepository if embedded else PostgresJobRepository
    jobs = adapter(queue.database.jobs, queue.moments, park_from=1)
    projects = queue.projects(3)
    ended = threading.Event()
    guard = threading.Lock()
    completed: list[int] = []

    def work(name: str) -> None:
        while (claim := next_claim(jobs, worker=name)) is not None or not ended.is_set():
            if claim is not None and jobs.complete(claim, result={}):
                with guard:
                    completed.append(claim.id)

    def enqueue(seed: int) -> None:
        chance = random.Random(seed)
        for number in range(ROUNDS * 2):
            options = {"goal": f"{seed}-{number}"}
            project = chance.choice(projects)
            request = JobRequest(
                project_id=project, kind="blueprint", options=options, priority=chance.randint(0, 3)
            )
            job_id = jobs.enqueue(request).job_id
            if chance.random() < 0.2:
                with suppress(Conflict):  # it had ended
                    jobs.request_cancel(job_id)

    def park() -> None:
        while not ended.is_set():
            jobs.reap()

    def enqueue_all() -> None:
        try:
            together([lambda: enqueue(1), lambda: enqueue(2)])
        finally:
            ended.set()

    together([lambda: work("a"), lambda: work("b"), lambda: work("c"), park, enqueue_all])
    # Without another reap, which would mend it: what was parked comes back by itself.
    with reading(queue.database.jobs) as connection:
        assert list(stranded(connection)) == []
    work("last")
    found = jobs.list(limit=10_000)
    assert len(found) == ROUNDS * 4
    assert {job.state for job in found} <= {JobState.COMPLETED, JobState.CANCELLED}
    assert len(completed) == len(set(completed))
