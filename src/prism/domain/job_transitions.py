"""What each event makes of a job: the rules of the queue, the same for every database.

Each function takes the job as it is and returns it as it becomes. A repository holds the row's lock
meanwhile, so that what it read is what it replaces.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile

from prism.domain.errors import NoSpace
from prism.domain.jobs import (
    Job,
    JobError,
    JobRequest,
    JobState,
    retry_wait_seconds,
    space_wait_seconds,
    worker_lost,
)
from prism.domain.values import JsonObject

#: A job keeps its newest errors only; a retried one could collect them for ever.
ERRORS_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """The job to insert after one that was asked for again while it ran; due at once."""

    project_id: int
    kind: str
    dedup_key: str | None
    priority: int
    host: str | None
    options: JsonObject


def joined(job: Job, request: JobRequest, *, now: datetime) -> Job:
    """*request* has the key of the active *job*: one of them runs for both.

    A waiting one runs at the earlier time of both, also out of its backoff; a running one runs
    once more afterwards. Options are merged, the request's win.
    """
    priority = max(job.priority, request.priority)
    options = {**job.options, **request.options}
    if job.state is JobState.RUNNING:
        return replace(job, priority=priority, options=options, rerun=True)
    run_at = min(job.run_at, request.run_at or now)
    return replace(job, priority=priority, options=options, run_at=run_at)


def claimed(job: Job, *, worker: str, lease_seconds: float, now: datetime) -> Job:
    """A new attempt begins. What came before it, a wish to run again too, is served by it."""
    assert job.state is JobState.PENDING
    return replace(
        job,
        state=JobState.RUNNING,
        attempt=job.attempt + 1,
        worker=worker,
        lease_until=now + timedelta(seconds=lease_seconds),
        heartbeat_at=now,
        started_at=now,
        finished_at=None,
        cancel_requested_at=None,
        rerun=False,
        progress=None,
    )


def completed(job: Job, *, result: JsonObject, now: datetime) -> Job:
    return replace(_ended(job, JobState.COMPLETED, now), result=result)


def cancelled(job: Job, *, now: datetime) -> Job:
    """A pending job is cancelled, or a running one acknowledged that it stopped."""
    return _ended(job, JobState.CANCELLED, now)


def failed(job: Job, error: JobError, *, retry: bool, now: datetime, jitter: float) -> Job:
    """A failure is charged. Pending with backoff while *retry* and the budget allow.

    A full disk is not the job's fault: it is charged nothing, and waits longer the longer it lasts.
    """
    wait = retry_wait_seconds(job.failures, jitter=jitter)
    full_before = _full_disks(job)
    job = replace(job, errors=_with(job, replace(error, attempt=job.attempt)))
    if retry and error.code == NoSpace.code:
        return _waiting(job, space_wait_seconds(full_before, jitter=jitter), now)
    job = replace(job, failures=job.failures + 1)
    if not retry or job.failures >= job.failures_max:
        return _ended(job, JobState.FAILED, now)
    return _waiting(job, wait, now)


def lost(job: Job, *, now: datetime, jitter: float, died: bool = False) -> Job:
    """The lease ran out, or the worker is known to have *died*: a crash is charged, which is a
    budget of its own."""
    wait = retry_wait_seconds(job.crashes, jitter=jitter)
    crashes = job.crashes + 1
    spent = crashes >= job.crashes_max
    error = worker_lost(job.attempt, died=died, last_of=crashes if spent else None)
    job = replace(job, crashes=crashes, errors=_with(job, error))
    if job.cancel_requested_at is None and spent:
        return _ended(job, JobState.FAILED, now)
    return _waiting(job, wait, now)


def released(job: Job, *, now: datetime) -> Job:
    """Handed back unharmed: due at once, nothing charged."""
    return _waiting(job, 0.0, now)


def cancel_requested(job: Job, *, now: datetime) -> Job:
    """Cancelled at once while pending; while running it is asked, and nothing runs afterwards."""
    assert not job.state.terminal
    if job.state is JobState.PENDING:
        return replace(cancelled(job, now=now), cancel_requested_at=now, rerun=False)
    return replace(job, cancel_requested_at=now, rerun=False)


def retried(job: Job, *, now: datetime) -> Job:
    """A dead letter becomes pending with fresh budgets. ``attempt`` stays: it fences."""
    assert job.state in (JobState.FAILED, JobState.CANCELLED)
    return replace(
        job,
        state=JobState.PENDING,
        run_at=now,
        failures=0,
        crashes=0,
        cancel_requested_at=None,
        rerun=False,
        progress=None,
        finished_at=None,
    )


def follow_up(before: Job, after: Job) -> FollowUp | None:
    """What to insert in the transaction that makes *after* of *before*.

    Every end of a job that was asked for again has one; a job that merely waits serves the wish
    itself when it runs.
    """
    if not (before.rerun and before.state is JobState.RUNNING and after.state.terminal):
        return None
    return FollowUp(
        project_id=after.project_id,
        kind=after.kind,
        dedup_key=after.dedup_key,
        priority=after.priority,
        host=after.host,
        options=after.options,
    )


def _full_disks(job: Job) -> int:
    """How often in a row, until now, the disk was full."""
    earlier = reversed(job.errors)
    return sum(1 for _ in takewhile(lambda error: error.code == NoSpace.code, earlier))


def _with(job: Job, error: JobError) -> tuple[JobError, ...]:
    return (*job.errors, error)[-ERRORS_MAX:]


def _waiting(job: Job, seconds: float, now: datetime) -> Job:
    """Back to pending, unless somebody asked to cancel: then the end of the attempt is the end."""
    if job.cancel_requested_at is not None:
        return _ended(job, JobState.CANCELLED, now)
    return replace(
        _unheld(job), state=JobState.PENDING, run_at=now + timedelta(seconds=seconds), rerun=False
    )


def _ended(job: Job, state: JobState, now: datetime) -> Job:
    return replace(_unheld(job), state=state, finished_at=now, rerun=False)


def _unheld(job: Job) -> Job:
    """No attempt holds the job: no worker, no lease, and its clone is gone."""
    return replace(job, worker=None, lease_until=None, heartbeat_at=None, clone_path=None)
