"""The statements of a worker's every round, built once: building costs more than running them.

Values are parameters by name; what the planner of a prepared statement must know (status, LIMIT)
is written out, or it plans for a tenth of all jobs.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    exists,
    false,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from prism.adapters.sql.jobs_tables import jobs
from prism.adapters.sql.moments import Moments
from prism.adapters.sql.parking import (
    CLAIMABLE,
    ONE,
    ORDER,
    PENDING,
    RUNNING,
    first_parked,
    has_parked,
)
from prism.domain.jobs import JobState

_running = jobs.alias("running")
_BUSY = exists().where(
    _running.c.project_id == jobs.c.project_id, literal_column("running.status = 'running'")
)
#: Written out: each parameter less is one less to convert, send and parse.
_CLAIMED = {
    "status": literal_column(f"'{JobState.RUNNING.value}'"),
    "finished_at": null(),
    "cancel_requested_at": null(),
    "rerun": false(),
    "parked": false(),
    "progress": null(),
}
#: Of these a claim need not be told; a waiting job has no clone.
_KNOWN = (*_CLAIMED, "worker", "heartbeat_at", "clone_path")


def claim_statement(
    moments: Moments, lease_seconds: float, only: bool
) -> ReturningUpdate[*tuple[Any, ...]]:
    """Takes the next due job and returns it, without what ``claimed_row`` knows.

    Parameters: claimant, on_host and, with *only*, job. The materialised part runs once; rows that
    others lock are skipped there, not waited for.
    """
    now = moments.now()
    next_job = _next_job(now, only).cte("next_job")
    next_job = next_job.prefix_with("MATERIALIZED", dialect="postgresql")
    taken = update(jobs).where(jobs.c.id == select(next_job.c.id).scalar_subquery())
    times = {
        "lease_until": moments.after(lease_seconds),
        "heartbeat_at": now,
        "started_at": now,
    }
    attempt = jobs.c.attempt + literal_column("1")
    taken = taken.values(**_CLAIMED, **times, attempt=attempt, worker=bindparam("claimant"))
    return taken.returning(*(column for column in jobs.c if column.name not in _KNOWN))


def claimed_row(row: Mapping[str, Any], *, worker: str) -> Mapping[str, Any]:
    """The whole row of a job that *worker* has just claimed."""
    return {
        **row,
        "status": JobState.RUNNING.value,
        "worker": worker,
        "heartbeat_at": row["started_at"],
        "cancel_requested_at": None,
        "rerun": False,
        "progress": None,
        "clone_path": None,
        "finished_at": None,
    }


def _next_job(now: ColumnElement[datetime], only: bool) -> Select[int]:
    here = or_(jobs.c.host.is_(None), jobs.c.host == bindparam("on_host"))
    due = select(jobs.c.id).where(
        PENDING if only else CLAIMABLE, jobs.c.run_at <= now, here, ~_BUSY
    )
    if only:
        due = due.where(jobs.c.id == bindparam("job"))
    return due.order_by(*ORDER).limit(ONE).with_for_update(skip_locked=True, of=jobs)


def renew_statement(
    moments: Moments, lease_seconds: float, columns: frozenset[str]
) -> ReturningUpdate[datetime | None]:
    """Heartbeat and cancel poll; returns a row unless the lease is lost.

    Parameters: job, in_attempt, and a new value for each of *columns* (``new_progress`` …).
    """
    values: dict[str, Any] = {
        "lease_until": moments.after(lease_seconds),
        "heartbeat_at": moments.now(),
        **{name: bindparam(f"new_{name}", type_=jobs.c[name].type) for name in columns},
    }
    held = update(jobs).where(*held_by())
    return held.values(values).returning(jobs.c.cancel_requested_at)


def job_statement() -> Select[*tuple[Any, ...]]:
    """Any job. Parameter: job."""
    return select(jobs).where(jobs.c.id == bindparam("job"))


def held_statement(moments: Moments) -> Select[*tuple[Any, ...]]:
    """The job of a claim and the time, its row locked. Parameters: job, in_attempt."""
    return select(jobs, moments.now().label("now")).where(*held_by()).with_for_update()


def complete_statement(
    moments: Moments, waking: Sequence[ColumnElement[object]]
) -> ReturningUpdate[*tuple[Any, ...]]:
    """``job_transitions.completed``, fenced; the contract suite holds them together. Returns a row
    unless the lease is lost. ``rerun`` stays as it is: it says whether a follow-up is wanted.

    Parameters: job, in_attempt, result. Wakes workers.
    """
    ended = update(jobs).where(*held_by())
    ended = ended.values(
        status=literal_column(f"'{JobState.COMPLETED.value}'"),
        result=bindparam("result", type_=jobs.c.result.type),
        finished_at=moments.now(),
        worker=null(),
        lease_until=null(),
        heartbeat_at=null(),
        clone_path=null(),
    )
    c = jobs.c
    return ended.returning(
        c.project_id, c.kind, c.dedup_key, c.priority, c.host, c.options, c.rerun, c.finished_at,
        *waking,
    )  # fmt: skip


def first_parked_statement() -> Select[int]:
    """A parked job of a project, if it has any. Parameter: project."""
    return first_parked(bindparam("project", type_=jobs.c.project_id.type))


def store_statement(
    columns: frozenset[str], waking: Sequence[ColumnElement[object]]
) -> ReturningUpdate[*tuple[Any, ...]]:
    """Stores a changed job, wakes workers, and tells whether its project has parked jobs.

    Parameters: job, and ``new_`` with the name of each column.
    """
    values = {name: bindparam(f"new_{name}", type_=jobs.c[name].type) for name in columns}
    stored = update(jobs).where(jobs.c.id == bindparam("job")).values(values)
    return stored.returning(has_parked().label("has_parked"), *waking)


def held_by() -> tuple[ColumnElement[bool], ...]:
    """The fence: this attempt, still running."""
    return (jobs.c.id == bindparam("job"), jobs.c.attempt == bindparam("in_attempt"), RUNNING)
