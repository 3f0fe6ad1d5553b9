"""The queue on Postgres: a request is stored and workers are woken in one statement."""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import cached_property, lru_cache, partial
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert

from prism.adapters.sql.driver_statements import DriverStatement
from prism.adapters.sql.engine import writing
from prism.adapters.sql.job_rows import new_row
from prism.adapters.sql.jobs import SqlJobRepository, no_project
from prism.adapters.sql.jobs_tables import jobs, projects
from prism.adapters.sql.moments import Moments
from prism.adapters.sql.signals import NOTIFY
from prism.domain.errors import PrismError
from prism.domain.jobs import Enqueued, Job, JobKind, JobRef, JobRequest

_ACTIVE = text("status IN ('pending', 'running')")
#: What ``job_rows.new_row`` gives.
_GIVEN = (
    "kind",
    "dedup_key",
    "status",
    "priority",
    "host",
    "failures_max",
    "crashes_max",
    "options",
    "errors",
)
#: Without the superuser's: only those of one's own role may be ended, and others would be refused.
_END_SESSIONS = text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = ANY(:names)
        AND datname = current_database() AND usename = current_user
""")


class PostgresJobRepository(SqlJobRepository):
    """Shared by any number of hosts; the server's clock is the only one."""

    def enqueue(self, request: JobRequest) -> Enqueued:
        values = {f"new_{name}": value for name, value in new_row(request).items()}
        if request.run_at is not None:
            values["new_run_at"] = request.run_at
        statement = self._enqueue_statement(request.run_at is None, request.kind == JobKind.SWEEP)
        row = statement.alone(self._engine, **values)
        if row is None:
            raise no_project(request.project_id)
        return Enqueued(job_id=row["id"], created=row["created"])

    def reap(
        self, *, limit: int = 50, dead: Collection[str] = (), spare: Collection[str] = ()
    ) -> Sequence[Job]:
        reaped = super().reap(limit=limit, dead=dead, spare=spare)
        if reaped:
            self._end_sessions([JobRef(job_id=job.id, attempt=job.attempt) for job in reaped])
        return reaped

    def _end_sessions(self, attempts: Sequence[JobRef]) -> None:
        """End what the processes of these attempts left open on the server.

        They may be stopped, or on a machine that is, in the middle of a statement whose locks the
        next attempt would wait for: no time-out of the server ends a COPY whose client is silent.
        """
        names = [attempt.session for attempt in attempts]
        with suppress(PrismError), writing(self._engine) as connection:
            connection.execute(_END_SESSIONS, {"names": names})

    @cached_property
    def _enqueue_statement(self) -> Callable[[bool, bool], DriverStatement]:
        return lru_cache(maxsize=4)(self._compiled(partial(_enqueue_statement, self._moments)))


def _enqueue_statement(moments: Moments, at_once: bool, sweep: bool) -> Select[*tuple[Any, ...]]:
    """Inserts a job, or joins the active one, and notifies. Returns its id and whether it is new.

    Parameters: ``new_`` and the name of each column; without *at_once* ``new_run_at`` too.
    """
    project = _project(sweep)
    row = {name: bindparam(f"new_{name}", type_=jobs.c[name].type) for name in _GIVEN}
    columns: dict[str, Any] = {
        **row,
        "project_id": project.c.id,
        "created_at": moments.now(),
        "run_at": moments.now() if at_once else bindparam("new_run_at", type_=jobs.c.run_at.type),
    }
    new = insert(jobs).from_select(list(columns), select(*columns.values()))
    pending = jobs.c.status == literal_column("'pending'")
    joined = new.on_conflict_do_update(
        index_elements=[jobs.c.dedup_key],
        index_where=_ACTIVE,
        # The same as ``job_transitions.joined``; the contract suite holds them together.
        set_={
            "priority": func.greatest(jobs.c.priority, new.excluded.priority),
            "options": jobs.c.options.op("||")(new.excluded.options),
            "run_at": case(
                (pending, func.least(jobs.c.run_at, new.excluded.run_at)),
                else_=jobs.c.run_at,
            ),
            "rerun": or_(jobs.c.rerun, jobs.c.status == literal_column("'running'")),
            "parked": False,
        },
    )
    # xmax is 0 in a row that this very statement inserted.
    created: ColumnElement[bool] = literal_column("(xmax = 0)")
    job = joined.returning(jobs.c.id, created.label("created")).cte("job")
    return select(job.c.id, job.c.created, NOTIFY)


def _project(sweep: bool) -> CTE:
    """The request's project, locked against ``mark_removed``, which cancels what is pending."""
    known = select(projects.c.id).where(projects.c.id == bindparam("new_project_id"))
    if not sweep:  # which deletes what a removed project left
        known = known.where(projects.c.removed_at.is_(None))
    return known.with_for_update(read=True, key_share=True).cte("project")
