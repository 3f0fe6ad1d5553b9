"""What waits, counted in one pass over the pending jobs.

The two partial indexes of pending jobs serve it, each its own part of them, so that finished jobs,
which may be a million, are not looked at.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    and_,
    bindparam,
    case,
    func,
    select,
    type_coerce,
    union_all,
)

from prism.adapters.sql.jobs_tables import jobs
from prism.adapters.sql.metadata import UtcTime
from prism.adapters.sql.moments import Moments
from prism.adapters.sql.parking import CLAIMABLE, PARKED, PENDING, RUNNING
from prism.domain.backlog import Backlog, Waiting, sorted_waiting


def read_backlog(connection: Connection, moments: Moments) -> Backlog:
    """Within one snapshot."""
    now: datetime = connection.execute(select(moments.now())).scalar_one()
    rows = connection.execute(_WAITING, {"now": now}).mappings()
    return Backlog(at=now, waiting=sorted_waiting([_waiting(row) for row in rows]))


def _waiting(row: RowMapping) -> Waiting:
    return Waiting(
        kind=row["kind"],
        host=row["host"],
        jobs=row["jobs"],
        due=row["due"],
        blocked=row["blocked"],
        due_since=row["due_since"],
    )


def _statement() -> Select[*tuple[Any, ...]]:
    columns = (jobs.c.kind, jobs.c.host, jobs.c.project_id, jobs.c.run_at, jobs.c.created_at)
    open_ = select(*columns).where(CLAIMABLE)
    # Parked ones are pending: saying it lets Postgres see how few they are among all jobs.
    parked = select(*columns).where(PENDING, PARKED)
    pending = union_all(open_, parked).subquery("pending")
    busy = pending.c.project_id.in_(select(jobs.c.project_id).where(RUNNING))
    due = pending.c.run_at <= bindparam("now", type_=UtcTime)
    # A time in the past may have been asked for: nobody waited then.
    since = case(
        (pending.c.run_at > pending.c.created_at, pending.c.run_at), else_=pending.c.created_at
    )
    return select(
        pending.c.kind,
        pending.c.host,
        func.count().label("jobs"),
        func.count().filter(due).label("due"),
        func.count().filter(and_(due, busy)).label("blocked"),
        type_coerce(func.min(since).filter(due), UtcTime).label("due_since"),
    ).group_by(pending.c.kind, pending.c.host)


_WAITING = _statement()
