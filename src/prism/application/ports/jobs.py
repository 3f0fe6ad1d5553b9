"""The queue: jobs and, in the same consistency boundary, the pointers that they publish."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from prism.domain.backlog import Backlog
from prism.domain.jobs import (
    Claim,
    Enqueued,
    Job,
    JobError,
    JobRequest,
    JobState,
    Progress,
    Publication,
    Published,
    Renewal,
)
from prism.domain.values import JsonObject


class JobRepository(Protocol):
    """Jobs, one row each. Every method is one transaction; time is the database's own.

    Contract (``tests/contracts/job_repository.py``, run on every adapter):

    * a job is claimed by at most one worker at a time, at most one job of a project runs at a time,
      and the claimable job with the highest priority, then the earliest ``run_at``, then the
      lowest id goes first;
    * whatever takes a ``Claim`` is fenced by (id, attempt) and the state ``running``: it changes
      nothing once another attempt began or the job ended;
    * every terminal transition of a job whose ``rerun`` is set inserts the follow-up in the same
      transaction, and every end of an attempt sets ``clone_path`` to null.
    """

    @abstractmethod
    def enqueue(self, request: JobRequest) -> Enqueued:
        """Insert a job, or join the active one with the same ``dedup_key`` and wake a worker.

        Joining a pending job merges the options, raises the priority to the higher one and brings
        ``run_at`` forward to the earlier one; joining a running job sets its ``rerun``, and options
        and priority count for the follow-up.
        Raises NotFound when the project does not exist or was removed (a sweep is taken then too).
        """

    @abstractmethod
    def claim(
        self, *, worker: str, host: str, lease_seconds: float, only: int | None = None
    ) -> Claim | None:
        """Give the next due job to *worker*, or None. ``only``: that job or nothing.

        Takes jobs whose ``host`` is null or *host*. Sets state running, attempt + 1, worker, lease,
        heartbeat and started_at; resets rerun, cancel request, progress and finished_at.
        """

    @abstractmethod
    def renew(
        self,
        claim: Claim,
        *,
        lease_seconds: float,
        progress: Progress | None = None,
        clone_path: str | None = None,
    ) -> Renewal:
        """Heartbeat, progress and cancel poll in one statement. None leaves a column as it is."""

    @abstractmethod
    def complete(
        self, claim: Claim, *, result: JsonObject, publish: Publication | None = None
    ) -> bool:
        """Complete the job and move the project's pointers, in one fenced transaction.

        Returns False when the lease is lost. Completing again what (id, attempt) has already
        completed returns True and changes nothing: a commit whose answer was lost can be repeated.
        """

    @abstractmethod
    def fail(self, claim: Claim, error: JobError, *, retry: bool) -> JobState | None:
        """Charge a failure: pending with backoff while ``retry`` and the budget allow, else failed.
        A full disk (``no_space``) is charged nothing, and waited for longer.

        Returns the new state, None when the lease is lost. A job that somebody asked to cancel ends
        as cancelled instead of pending.
        """

    @abstractmethod
    def release(self, claim: Claim) -> bool:
        """Give a job back (shutdown): pending and due at once, nothing charged; cancelled when
        somebody asked for that. False: lease lost."""

    @abstractmethod
    def release_all(self, *, worker: str) -> Sequence[Job]:
        """Give back what runs under the name of a worker that runs nothing: a claim whose answer
        was lost, or an end that could not be written. As ``release``; returns the jobs as they are
        now.

        Not fenced by an attempt: only for *worker* itself, whose name no other ever had.
        """

    @abstractmethod
    def acknowledge_cancel(self, claim: Claim) -> bool:
        """End a running job as cancelled. False: lease lost."""

    @abstractmethod
    def reap(
        self, *, limit: int = 50, dead: Collection[str] = (), spare: Collection[str] = ()
    ) -> Sequence[Job]:
        """End attempts whose lease ran out; returns the jobs as they are now.

        Charges a crash: pending with backoff, failed when the budget of crashes is spent, or
        cancelled when that was requested. Never touches a live lease, but for those of the *dead*:
        workers that are known to run no more. Attempts of *spare* are left as they are.
        """

    @abstractmethod
    def expired(self, *, limit: int = 50) -> Sequence[Job]:
        """Running jobs whose lease ran out, longest first. Reads only: it needs no lock that a
        stopped process could hold."""

    @abstractmethod
    def request_cancel(self, job_id: int) -> JobState:
        """Cancel a pending job at once; ask a running one to stop (clearing ``rerun``).

        Returns the state afterwards (RUNNING: asked). Raises NotFound, or Conflict when it ended.
        """

    @abstractmethod
    def retry(self, job_id: int) -> Job:
        """Make a failed or cancelled job pending again with fresh budgets; ``attempt`` stays.

        Raises NotFound; Conflict when it is not failed or cancelled, or when another job with its
        key is active.
        """

    @abstractmethod
    def get(self, job_id: int) -> Job:
        """Raises NotFound."""

    @abstractmethod
    def list(
        self,
        *,
        project_id: int | None = None,
        states: Sequence[JobState] = (),
        limit: int = 50,
    ) -> Sequence[Job]:
        """Newest first. Empty *states*: all of them."""

    @abstractmethod
    def counts(self) -> Mapping[JobState, int]:
        """Number of jobs by state; every state is a key."""

    @abstractmethod
    def backlog(self) -> Backlog:
        """The pending jobs, counted. Costs what they cost to read (not what all jobs do): for a
        look each few seconds, not for each claim."""

    @abstractmethod
    def prune(self, *, older_than_seconds: float, keep_per_project: int, limit: int = 5000) -> int:
        """Delete up to *limit* ended jobs older than that; the newest of a project always stay."""

    @abstractmethod
    def published(self, project_id: int) -> Published:
        """The project's pointers; both None for a project that never published."""

    @abstractmethod
    def publish(self, project_id: int, publication: Publication) -> None:
        """Move pointers without a job: for embedding without a queue. Raises NotFound."""

    @abstractmethod
    def running_refs(self, project_id: int) -> Sequence[tuple[int, int]]:
        """(job id, attempt) of the project's running jobs: their runs must not be swept."""


class Wakeup(Protocol):
    """Tells an idle worker that something may be due. A missed signal costs one poll interval."""

    @abstractmethod
    def clear(self) -> None:
        """Forget earlier signals. Call it before the claim, or a signal in between is lost."""

    @abstractmethod
    def wait(self, seconds: float) -> bool:
        """Block until a signal, ``set`` or the time-out; True when signalled."""

    @abstractmethod
    def set(self) -> None:
        """Wake the waiter; safe from a signal handler and from any thread."""

    @abstractmethod
    def close(self) -> None:
        """Stop listening."""
