"""Parking: keeps a claim flat when thousands of jobs wait behind one running job of their project.

A claim reads the index of due jobs in order and skips those whose project has a running job; with
100,000 of them that took 18 ms. So the reaper *parks* them: out of the claim's index, until the
project is free again. The marker is an optimisation only, kept by these rules:

* only ``park`` sets it, for due jobs of a project whose running job it holds locked meanwhile;
* every end of an attempt and every cancelled pending job unparks the project's best parked jobs in
  a later statement of the same transaction, which therefore sees all that was parked before;
* every other change of a job clears it.

So a project without a running job has an unparked job at least as good as each parked one, and the
order of claims is the same as without parking. Should one be ``stranded`` all the same, the reaper
unparks it. Parked jobs are due and stay so; they wait for no host, or for that of their project.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    ScalarSelect,
    Select,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)

from prism.adapters.sql.jobs_tables import jobs, projects
from prism.adapters.sql.metadata import Id

#: How far into the order of due jobs ``park`` looks: more than a claim skips in a millisecond.
HEAD = 2000
#: Fewer blocked jobs than this among them are cheaper to skip than to park.
WORTH_PARKING = 200

#: Status literals, not parameters: a partial index serves only what the planner can prove.
CLAIMABLE: ColumnElement[bool] = literal_column(
    "prism_jobs.status = 'pending' AND NOT prism_jobs.parked"
)
PENDING: ColumnElement[bool] = literal_column("prism_jobs.status = 'pending'")
RUNNING: ColumnElement[bool] = literal_column("prism_jobs.status = 'running'")
#: A LIMIT that a prepared statement's planner can see.
ONE: ColumnElement[int] = literal_column("1")
PARKED: ColumnElement[bool] = literal_column("prism_jobs.parked")
ORDER = (jobs.c.priority.desc(), jobs.c.run_at, jobs.c.id)

_any_parked = jobs.alias("any_parked")


def park(connection: Connection, now: ColumnElement[datetime]) -> None:
    """Park the blocked jobs at the head of the order."""
    held = (
        select(jobs.c.project_id)
        .where(RUNNING)
        .with_for_update(read=True, skip_locked=True)
        .cte("held")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    head = _head(now).cte("head").prefix_with("MATERIALIZED", dialect="postgresql")
    blocked = (
        select(jobs.c.id)
        .join(head, head.c.id == jobs.c.id)
        .where(PENDING, head.c.project_id.in_(select(held.c.project_id)), _waits_for_known_host())
        .with_for_update(of=jobs, skip_locked=True)
        .cte("blocked")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    parked = update(jobs).where(jobs.c.id.in_(select(blocked.c.id))).values(parked=True)
    connection.execute(parked)


def count_blocked(connection: Connection, now: ColumnElement[datetime]) -> int:
    """How many of the jobs at the head of the order wait behind a running job."""
    head = _head(now).subquery("head")
    busy = select(jobs.c.project_id).where(RUNNING)
    blocked = select(func.count()).select_from(head).where(head.c.project_id.in_(busy))
    return connection.execute(blocked).scalar_one()


def unpark_best(connection: Connection, project_id: int) -> None:
    """Let the project's best parked job take part again: the one for anywhere, and its host's."""
    best = (
        _best_parked(project_id, jobs.c.host.is_(None)),
        _best_parked(project_id, jobs.c.host == _host_of(project_id)),
    )
    chosen = or_(*(jobs.c.id == job for job in best))
    connection.execute(update(jobs).where(chosen).values(parked=False))


def has_parked() -> ColumnElement[bool]:
    """Whether the job's project has any: mostly not, and then there is nothing to unpark."""
    return first_parked(jobs.c.project_id).scalar_subquery().is_not(None)


def first_parked(project: ColumnElement[int]) -> Select[int]:
    """Ordered, so that it is looked up: an EXISTS may be answered by reading the whole table."""
    of_project = select(_any_parked.c.id).where(
        _any_parked.c.project_id == project, literal_column("any_parked.parked")
    )
    return of_project.order_by(*_parked_order(_any_parked)).limit(ONE)


def stranded(connection: Connection) -> Sequence[int]:
    """Projects with parked jobs and no running one.

    One of theirs is unparked already, unless a rule was broken: one more does no harm.
    """
    return connection.execute(_STRANDED).scalars().all()


#: Distinct projects by jumping from one to the next in the index of parked jobs: they are few, the
#: jobs may be many.
_STRANDED = text("""
    WITH RECURSIVE seen AS (
        SELECT min(project_id) AS project_id FROM prism_jobs WHERE parked
        UNION ALL
        SELECT (SELECT min(j.project_id) FROM prism_jobs j
                WHERE j.parked AND j.project_id > seen.project_id)
        FROM seen WHERE seen.project_id IS NOT NULL
    )
    SELECT project_id FROM seen
    WHERE project_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM prism_jobs r WHERE r.project_id = seen.project_id AND r.status = 'running'
    )
""").columns(project_id=Id)


def _head(now: ColumnElement[datetime]) -> Select[int, int]:
    due = select(jobs.c.id, jobs.c.project_id).where(CLAIMABLE, jobs.c.run_at <= now)
    return due.order_by(*ORDER).limit(literal_column(str(HEAD)))


def _waits_for_known_host() -> ColumnElement[bool]:
    own = select(projects.c.source_host).where(projects.c.id == jobs.c.project_id)
    return or_(jobs.c.host.is_(None), jobs.c.host == own.scalar_subquery())


def _host_of(project_id: int) -> ScalarSelect[str | None]:
    return select(projects.c.source_host).where(projects.c.id == project_id).scalar_subquery()


def _best_parked(project_id: int, where: ColumnElement[bool]) -> ScalarSelect[int]:
    parked = select(jobs.c.id).where(PARKED, jobs.c.project_id == project_id, where)
    best = parked.order_by(*_parked_order(jobs)).limit(ONE)
    locked = best.with_for_update(skip_locked=True)
    return locked.correlate(None).scalar_subquery()


def _parked_order(table: FromClause) -> tuple[ColumnElement[Any], ...]:
    """All columns of the index of parked jobs, or Postgres sorts those of a project."""
    c = table.c
    return (c.project_id, c.host, c.priority.desc(), c.run_at, c.id)
