"""Where a claimed job runs: in this process, or in a child process of its own."""

from abc import abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from prism.domain.credentials import Secret
from prism.domain.jobs import Claim, JobError, Progress, Publication
from prism.domain.values import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutcome:
    """How an attempt ended. Exactly one of ``result`` and ``error`` is set, unless ``cancelled``.

    ``publish`` names the unpublished run or blueprint that should become current.
    """

    result: JsonObject | None = None
    publish: Publication | None = None
    error: JobError | None = None
    cancelled: bool = False


class JobReporter(Protocol):
    """What a job tells while it runs. Called from the job; must not block for long."""

    @abstractmethod
    def progress(self, progress: Progress) -> None: ...

    @abstractmethod
    def cloned(self, path: str) -> None:
        """The clone is at *path* (shown as the project's path while the job runs)."""

    @abstractmethod
    def check_cancelled(self) -> None:
        """Raises Cancelled when the job should stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext:
    """All a handler gets. ``scratch`` exists and is empty; ``token`` is already decrypted."""

    claim: Claim
    token: Secret | None
    scratch: str
    reporter: JobReporter


#: Runs one kind of job and returns how it ended; errors of the tree are raised, not returned.
JobHandler = Callable[[JobContext], JobOutcome]


class RunningJob(Protocol):
    """A started job. The context that started it ends it: nothing outlives ``close``."""

    @abstractmethod
    def wait(self, seconds: float) -> JobOutcome | None:
        """The outcome, or None when it still runs after *seconds*. Keeps returning the outcome.

        A child that died without one gives a retryable error naming how ('killed by SIGKILL')."""

    @property
    @abstractmethod
    def progress(self) -> Progress | None:
        """The newest progress reported."""

    @property
    @abstractmethod
    def clone_path(self) -> str | None: ...

    @abstractmethod
    def keep_alive(self, seconds: float) -> None:
        """Let it run for at most *seconds* more unless told again: the lease allows no longer.

        Whoever holds the job enforces that without its caller (in this process: nobody can), so
        that a caller that hangs or is stopped does not leave a job running that another worker has
        taken over. A job that was never told has no such limit.
        """

    @abstractmethod
    def cancel(self) -> None:
        """Ask it to stop at its next check."""

    @abstractmethod
    def kill(self) -> None:
        """Stop it now, with all its processes (in this process: the same as ``cancel``)."""

    @abstractmethod
    def close(self) -> None:
        """Make sure nothing of it runs any more. Idempotent."""


class JobRunner(Protocol):
    @abstractmethod
    def start(self, claim: Claim, *, token: Secret | None, scratch: str) -> RunningJob:
        """Start the handler of the claim's kind. Raises InvalidInput for an unknown kind, and
        ExternalFailure when nothing at all can be started here."""

    @abstractmethod
    def close(self) -> None:
        """Free what is shared between jobs (a fork server). Idempotent."""


class ScratchSpace(Protocol):
    @abstractmethod
    def open(self, name: str) -> AbstractContextManager[str]:
        """An empty private directory of that name, removed on exit in any case, locked meanwhile.

        Raises ExternalFailure when it cannot be made (no space, read-only)."""

    @abstractmethod
    def sweep(self) -> int:
        """Remove directories whose owner is gone (their lock is free); returns how many."""
