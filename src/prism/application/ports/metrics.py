"""What a worker counts, for who looks after it. Nothing here decides anything."""

from abc import abstractmethod
from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from prism.domain.backlog import Backlog
from prism.domain.jobs import Job, JobState


class AttemptEnd(StrEnum):
    """How an attempt of this worker ended, as somebody who counts would tell it."""

    COMPLETED = "completed"
    #: For good: the job is a dead letter.
    FAILED = "failed"
    #: It failed, and the job waits for its next attempt.
    RETRIED = "retried"
    CANCELLED = "cancelled"
    #: The worker was stopped: the job is due again, and nothing was charged.
    HANDED_BACK = "handed_back"
    #: Another worker has it, or it was removed: nothing was written.
    LEASE_LOST = "lease_lost"
    #: The database was away for too long for this worker to go on with the job.
    OUT_OF_REACH = "out_of_reach"


class JobMetrics(Protocol):
    """Told by the workers of one process, from any thread. Raises nothing and waits for nothing.

    Contract (``tests/contracts/job_metrics.py``): every ``claimed`` is followed by one ``ended`` of
    the same job.
    """

    @abstractmethod
    def working(self, worker: str) -> None:
        """*worker* of this process began to work."""

    @abstractmethod
    def stopped(self, worker: str) -> None:
        """*worker* works no more. Idempotent."""

    @abstractmethod
    def heard(self, worker: str) -> None:
        """The database answered *worker* just now: its loop goes round, or its lease is seen to."""

    @abstractmethod
    def claimed(self, job: Job) -> None:
        """An attempt began; *job* is as it was claimed."""

    @abstractmethod
    def ended(self, job: Job, end: AttemptEnd, *, seconds: float) -> None:
        """That attempt ended, *seconds* after its claim."""

    @abstractmethod
    def reaped(self, job: Job) -> None:
        """The attempt of a worker that is gone was ended; *job* is as it became."""

    @abstractmethod
    def failed(self, code: str) -> None:
        """A question to the database failed with an error of that code; it is asked again later."""

    @abstractmethod
    def sampled(self, counts: Mapping[JobState, int], backlog: Backlog) -> None:
        """How many jobs there are in all, and what waits: of the whole queue, all workers'."""


class Unmeasured(JobMetrics):
    """Counts nothing: for who embeds the use cases, and for commands."""

    def working(self, worker: str) -> None: ...

    def stopped(self, worker: str) -> None: ...

    def heard(self, worker: str) -> None: ...

    def claimed(self, job: Job) -> None: ...

    def ended(self, job: Job, end: AttemptEnd, *, seconds: float) -> None: ...

    def reaped(self, job: Job) -> None: ...

    def failed(self, code: str) -> None: ...

    def sampled(self, counts: Mapping[JobState, int], backlog: Backlog) -> None: ...


UNMEASURED = Unmeasured()


def pickup_seconds(job: Job) -> float:
    """How long *job*, as it was claimed, had been due; by the database's clock alone."""
    assert job.started_at is not None
    return max(0.0, (job.started_at - max(job.run_at, job.created_at)).total_seconds())
