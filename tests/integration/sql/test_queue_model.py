"""Whatever happens to a queue: the SQL repositories and the one in memory agree about every job.

The SQL repositories park whatever waits here, so this also shows that parking changes no order.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contracts.job_queue import BROKEN, HOST, LEASE, a_project
from tests.support.storage import (
    Storage,
    Tuning,
    memory_storage,
    postgres_storage,
    sqlite_storage,
)

from prism.adapters.memory.clock import ManualClock
from prism.domain.errors import Conflict
from prism.domain.jobs import Claim, Job, JobRequest
from prism.domain.projects import Source

_which = st.integers(0, 6)
operations = st.lists(
    st.one_of(
        st.tuples(st.just("enqueue"), st.integers(0, 2), st.integers(0, 3), st.integers(0, 1)),
        st.tuples(st.just("claim"), st.sampled_from([HOST, "there"])),
        st.tuples(st.just("claim"), st.sampled_from([HOST, "there"])),
        st.tuples(st.sampled_from(["complete", "release", "acknowledge", "renew"]), _which),
        st.tuples(st.just("fail"), _which, st.booleans()),
        st.tuples(st.sampled_from(["cancel", "retry"]), _which),
        st.tuples(st.just("reap")),
        st.tuples(st.just("advance"), st.sampled_from([7, 70, 700])),
    ),
    min_size=10,
    max_size=35,
)
Operation = tuple[Any, ...]


class Driver:
    """Applies operations to one storage and tells what it sees, by position instead of id."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._projects = [a_project(storage, f"p{number}") for number in range(2)]
        local = storage.projects.add(name="local", source=Source.local("there", "/srv/local"))
        self._projects.append(local.id)
        self._claims: list[Claim] = []

    def apply(self, operation: Operation) -> object:
        name, *arguments = operation
        method: Callable[..., object] = getattr(self, f"_{name}")
        try:
            return method(*arguments)
        except Conflict:
            return "conflict"

    def view(self) -> list[Job]:
        return [
            replace(
                job, id=position, project_id=self._projects.index(job.project_id), dedup_key=None
            )
            for position, job in enumerate(self._jobs())
        ]

    def _jobs(self) -> list[Job]:
        return sorted(self._storage.jobs.list(limit=1000), key=lambda job: job.id)

    def _position(self, job_id: int) -> int:
        return [job.id for job in self._jobs()].index(job_id)

    def _enqueue(self, project: int, goal: int, priority: int) -> object:
        # Goal 0 is for one host, which is the third project's own.
        request = JobRequest(
            project_id=self._projects[project],
            kind="blueprint" if goal else "index",
            options={"goal": goal} if goal else {"priority": priority},
            priority=priority,
            host=None if goal else "there",
        )
        enqueued = self._storage.jobs.enqueue(request)
        return self._position(enqueued.job_id), enqueued.created

    def _claim(self, host: str) -> object:
        claim = self._storage.jobs.claim(worker="w", host=host, lease_seconds=LEASE)
        if claim is None:
            return None
        self._claims.append(claim)
        return self._position(claim.id), claim.attempt

    def _of_claim(self, which: int, act: Callable[[Claim], object]) -> object:
        return act(self._claims[-1 - which]) if which < len(self._claims) else None

    def _complete(self, which: int) -> object:
        return self._of_claim(which, lambda c: self._storage.jobs.complete(c, result={}))

    def _release(self, which: int) -> object:
        return self._of_claim(which, self._storage.jobs.release)

    def _acknowledge(self, which: int) -> object:
        return self._of_claim(which, self._storage.jobs.acknowledge_cancel)

    def _renew(self, which: int) -> object:
        return self._of_claim(which, lambda c: self._storage.jobs.renew(c, lease_seconds=LEASE))

    def _fail(self, which: int, retry: bool) -> object:
        return self._of_claim(which, lambda c: self._storage.jobs.fail(c, BROKEN, retry=retry))

    def _cancel(self, which: int) -> object:
        jobs = self._jobs()
        return self._storage.jobs.request_cancel(jobs[-1 - which].id) if which < len(jobs) else None

    def _retry(self, which: int) -> object:
        jobs = self._jobs()
        return self._storage.jobs.retry(jobs[-1 - which].id).state if which < len(jobs) else None

    def _reap(self) -> object:
        return [self._position(job.id) for job in self._storage.jobs.reap()]

    def _advance(self, _seconds: int) -> None:
        """The clock is moved by whoever applies the script."""


class Real(NamedTuple):
    storage: Storage
    tuning: Tuning
    empty: Callable[[], None]


def tuned() -> Tuning:
    """One clock for both sides; whatever waits is parked."""
    return Tuning(jitter=lambda: 0.53, park_from=1, clock=ManualClock())


def agree(real: Real, script: list[Operation]) -> None:
    real.empty()
    with memory_storage(real.tuning) as model:
        expected, found = Driver(model), Driver(real.storage)
        for operation in script:
            real.storage.advance(operation[1] if operation[0] == "advance" else 1)
            assert found.apply(operation) == expected.apply(operation), operation
            assert found.view() == expected.view(), operation


#: One database for all examples, emptied before each: statements are compiled once that way.
same_database = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
EMPTY = ("DELETE FROM prism_jobs", "DELETE FROM prism_pointers", "DELETE FROM prism_projects")


@pytest.fixture
def sqlite(sqlite_directory: Path) -> Iterator[Real]:
    def empty() -> None:
        with contextlib.closing(sqlite3.connect(sqlite_directory / "jobs.db")) as connection:
            for statement in EMPTY:
                connection.execute(statement)
            connection.commit()

    tuning = tuned()
    with sqlite_storage(sqlite_directory, tuning) as storage:
        yield Real(storage, tuning, empty)


@pytest.fixture
def postgres(postgres_database: str) -> Iterator[Real]:
    def empty() -> None:
        with psycopg.connect(postgres_database) as connection:
            for statement in EMPTY:
                connection.execute(statement)

    tuning = tuned()
    with postgres_storage(postgres_database, tuning) as storage:
        yield Real(storage, tuning, empty)


@same_database
@given(script=operations)
def test_sqlite_agrees_with_memory(sqlite: Real, script: list[Operation]) -> None:
    agree(sqlite, script)


@same_database
@given(script=operations)
def test_postgres_agrees_with_memory(postgres: Real, script: list[Operation]) -> None:
    agree(postgres, script)
