"""Jobs: what a worker can be asked to do, and the rules of the queue that are not SQL.

The fence of a job is ``(id, attempt)``: ``attempt`` grows by one with every claim and is never
reset, so a worker that lost its lease can change nothing (decisions: a worker's name is no fence).
"""

import errno
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from prism.domain.errors import NoSpace, PrismError
from prism.domain.values import Json, JsonObject

FAILURES_MAX = 3
CRASHES_MAX = 3
LEASE_SECONDS = 60.0
RENEW_SECONDS = 15.0
RETRY_WAIT_SECONDS_MAX = 600.0
SPACE_WAIT_SECONDS_MAX = 3600.0
OUT_OF_MEMORY = "out_of_memory"
#: How far back an error's causes are looked at: longer chains are loops of handlers.
_CAUSES_MAX = 20
#: CPython's words when the system has no memory for another thread's stack.
_NO_THREAD = "can't start new thread"


class JobKind(StrEnum):
    """The kinds this version can run. A row may hold others: they fail, they do not crash."""

    INDEX = "index"
    BLUEPRINT = "blueprint"
    SWEEP = "sweep"


class JobState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        return self in (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a running job is. ``total`` is 0 where it is not known."""

    stage: str
    done: int = 0
    total: int = 0

    def as_json(self) -> JsonObject:
        return {"stage": self.stage, "done": self.done, "total": self.total}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    """Why an attempt ended badly, as stored on the job row. Free of secrets."""

    code: str
    message: str
    hint: str = ""
    exit_code: int = 1
    attempt: int = 0
    retryable: bool = False

    @staticmethod
    def of(error: BaseException, *, attempt: int = 0) -> "JobError":
        """Describe *error*. Of an unexpected one only the type is told: its text may hold
        secrets. A full disk and a lack of memory show in many places and are no bug of any."""
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            error = NoSpace("no space left on the device", hint="free some space")
        elif lacks_memory(error):
            return out_of_memory(attempt)
        if isinstance(error, PrismError):
            return JobError(
                code=error.code,
                message=error.message,
                hint=error.hint,
                exit_code=error.exit_code,
                attempt=attempt,
                retryable=error.retryable,
            )
        return JobError(
            code="bug",
            message=f"BUG: {type(error).__name__}",
            exit_code=70,
            attempt=attempt,
            retryable=True,
        )

    def as_json(self) -> dict[str, Json]:
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "exit_code": self.exit_code,
            "attempt": self.attempt,
            "retryable": self.retryable,
        }

    @staticmethod
    def from_json(row: Mapping[str, object]) -> "JobError":
        return JobError(
            code=str(row.get("code", "unknown")),
            message=str(row.get("message", "")),
            hint=str(row.get("hint", "")),
            exit_code=int(str(row.get("exit_code", 1))),
            attempt=int(str(row.get("attempt", 0))),
            retryable=bool(row.get("retryable", False)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row of ``prism_jobs``. All times are aware UTC, by the database's clock."""

    id: int
    project_id: int
    kind: str
    dedup_key: str | None
    state: JobState
    priority: int
    run_at: datetime
    #: Host on which a job for a local path must run; None: anywhere.
    host: str | None
    attempt: int
    failures: int
    failures_max: int
    crashes: int
    crashes_max: int
    worker: str | None
    lease_until: datetime | None
    heartbeat_at: datetime | None
    cancel_requested_at: datetime | None
    #: A request that came while the job ran: it runs once more afterwards.
    rerun: bool
    options: JsonObject
    progress: JsonObject | None
    #: Where the running attempt has its clone; None at every other time.
    clone_path: str | None
    result: JsonObject | None
    errors: tuple[JobError, ...]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def error(self) -> JobError | None:
        """The newest error, or None."""
        return self.errors[-1] if self.errors else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to work on a job, until somebody claims it again. ``job`` is as it was claimed."""

    job: Job

    @property
    def id(self) -> int:
        return self.job.id

    @property
    def attempt(self) -> int:
        return self.job.attempt

    @property
    def ref(self) -> "JobRef":
        return JobRef(job_id=self.job.id, attempt=self.job.attempt)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class JobRef:
    """Names one attempt of one job: the fencing token that results carry."""

    job_id: int
    attempt: int

    @property
    def session(self) -> str:
        """What the attempt's own sessions of a database server are called, so that whoever takes
        over can end them: like ``prism-job-12-3``."""
        return f"prism-job-{self.job_id}-{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """What to enqueue. ``run_at`` None: at once."""

    project_id: int
    kind: str
    options: JsonObject = field(default_factory=dict)
    priority: int = 0
    host: str | None = None
    run_at: datetime | None = None

    @property
    def dedup_key(self) -> str:
        return dedup_key(self.kind, self.project_id, self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueued:
    """``created`` is False when the request joined an active job with the same key."""

    job_id: int
    created: bool


class Renewal(StrEnum):
    """Answer to a heartbeat."""

    CONTINUE = "continue"
    CANCEL_REQUESTED = "cancel_requested"
    LEASE_LOST = "lease_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What becomes current together with a job's completion. None leaves a pointer as it is."""

    run_id: int | None = None
    blueprint_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A project's pointers. None: nothing was ever published."""

    run_id: int | None = None
    blueprint_id: int | None = None


def dedup_key(kind: str, project_id: int, options: JsonObject) -> str:
    """Key under which at most one job is pending or running.

    Blueprint requests with different options are different requests, so their key holds a hash of
    the options; every other kind has one active job per project.
    """
    if kind != JobKind.BLUEPRINT:
        return f"{kind}:{project_id}"
    canonical = json.dumps(options, sort_keys=True, separators=(",", ":"))
    return f"{kind}:{project_id}:{hashlib.sha256(canonical.encode()).hexdigest()[:16]}"


def retry_wait_seconds(failures: int, *, jitter: float) -> float:
    """Wait before the next try after *failures* earlier failures; *jitter* in [0, 1] gives ±20
    %."""
    return _wait(5.0, failures, RETRY_WAIT_SECONDS_MAX, jitter)


def space_wait_seconds(tries: int, *, jitter: float) -> float:
    """Wait for space on a disk that was full *tries* times before; *jitter* as above."""
    return _wait(60.0, tries, SPACE_WAIT_SECONDS_MAX, jitter)


def _wait(first: float, tries: int, longest: float, jitter: float) -> float:
    assert 0.0 <= jitter <= 1.0
    return min(longest, first * 3.0 ** min(tries, 10)) * (0.8 + 0.4 * jitter)


def worker_lost(attempt: int, *, died: bool, last_of: int | None) -> JobError:
    """The error of an attempt whose worker is gone; *last_of* so many, if there is no other."""
    if last_of is not None:
        message = f"the worker died in each of {last_of} attempts"
    elif died:
        message = "the worker died"
    else:
        message = "the worker stopped renewing its lease"
    hint = "see the worker's log; `prism job retry` tries again" if last_of is not None else ""
    return JobError(
        code="worker_lost",
        message=message,
        hint=hint,
        attempt=attempt,
        exit_code=6,
        retryable=True,
    )


def out_of_memory(attempt: int) -> JobError:
    return JobError(
        code=OUT_OF_MEMORY,
        message="out of memory",
        hint="give the worker more memory, or let fewer jobs run beside each other",
        exit_code=6,
        attempt=attempt,
        retryable=True,
    )


def lacks_memory(error: BaseException | None) -> bool:
    """Is *error* a lack of memory, or was it raised because of one?"""
    for _ in range(_CAUSES_MAX):
        if error is None:
            break
        if isinstance(error, MemoryError):
            return True
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            return True
        if isinstance(error, RuntimeError) and str(error) == _NO_THREAD:
            return True
        error = error.__cause__ or error.__context__
    return False
