"""Metrics that only count: for tests, and for services that show them in a way of their own."""

import threading
from collections import Counter
from collections.abc import Mapping

from prism.application.ports.metrics import AttemptEnd, JobMetrics, pickup_seconds
from prism.domain.backlog import Backlog
from prism.domain.jobs import Job, JobState


class MemoryJobMetrics(JobMetrics):
    """Everything it was told, to be read as it is. Keeps each duration: not for a long life."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: Workers at work, by how often the database answered them.
        self.workers: Counter[str] = Counter()
        self.running = 0
        self.attempts: Counter[tuple[str, AttemptEnd]] = Counter()
        #: Seconds, by kind.
        self.durations: dict[str, list[float]] = {}
        self.pickups: dict[str, list[float]] = {}
        #: Reaped jobs by what became of them.
        self.reaped_to: Counter[JobState] = Counter()
        #: Failed questions to the database by the error's code.
        self.failures: Counter[str] = Counter()
        self.counts: Mapping[JobState, int] = {}
        self.backlog: Backlog | None = None

    def working(self, worker: str) -> None:
        with self._lock:
            self.workers[worker] += 0

    def stopped(self, worker: str) -> None:
        with self._lock:
            self.workers.pop(worker, None)

    def heard(self, worker: str) -> None:
        with self._lock:
            self.workers[worker] += 1

    def claimed(self, job: Job) -> None:
        with self._lock:
            self.running += 1
            self.pickups.setdefault(job.kind, []).append(pickup_seconds(job))

    def ended(self, job: Job, end: AttemptEnd, *, seconds: float) -> None:
        with self._lock:
            self.running -= 1
            self.attempts[job.kind, end] += 1
            self.durations.setdefault(job.kind, []).append(seconds)

    def reaped(self, job: Job) -> None:
        with self._lock:
            self.reaped_to[job.state] += 1

    def failed(self, code: str) -> None:
        with self._lock:
            self.failures[code] += 1

    def sampled(self, counts: Mapping[JobState, int], backlog: Backlog) -> None:
        with self._lock:
            self.counts, self.backlog = dict(counts), backlog
