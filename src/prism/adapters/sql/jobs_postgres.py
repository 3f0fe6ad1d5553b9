"""The queue on Postgres: a request is stored and workers are woken in one statement."""

from datetime import datetime

from sqlalchemy import (
    CTE,
    ColumnElement,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert

from prism.adapters.sql.engine import one_statement
from prism.adapters.sql.job_rows import new_row
from prism.adapters.sql.jobs import SqlJobRepository, no_project
from prism.adapters.sql.jobs_tables import jobs, projects
from prism.adapters.sql.metadata import UtcTime
from prism.adapters.sql.signals import NOTIFY
from prism.domain.jobs import Enqueued, JobKind, JobRequest

_ACTIVE = text("status IN ('pending', 'running')")


class PostgresJobRepository(SqlJobRepository):
    """Shared by any number of hosts; the server's clock is the only one."""

    def enqueue(self, request: JobRequest) -> Enqueued:
        job = self._insert_or_join(request).cte("job")
        # Beside the row, so that the statement which stores it also wakes the workers.
        statement = select(job.c.id, job.c.created, NOTIFY)
        with one_statement(self._engine) as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            raise no_project(request.project_id)
        return Enqueued(job_id=row.id, created=row.created)

    def _insert_or_join(self, request: JobRequest) -> ReturningInsert[int, bool]:
        project = _project(request)
        run_at = self._run_at(request)
        row = {
            "run_at": run_at,
            "created_at": self._moments.now(),
            **{name: literal(value, jobs.c[name].type) for name, value in new_row(request).items()},
            "project_id": project.c.id,
        }
        new = insert(jobs).from_select(list(row), select(*row.values()))
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
        return joined.returning(jobs.c.id, literal_column("(xmax = 0)").label("created"))

    def _run_at(self, request: JobRequest) -> ColumnElement[datetime]:
        if request.run_at is None:
            return self._moments.now()
        return literal(request.run_at, UtcTime)


def _project(request: JobRequest) -> CTE:
    """The request's project, locked against ``mark_removed``, which cancels what is pending."""
    known = select(projects.c.id).where(projects.c.id == request.project_id)
    if request.kind != JobKind.SWEEP:  # deletes what a removed project left
        known = known.where(projects.c.removed_at.is_(None))
    return known.with_for_update(read=True, key_share=True).cte("project")
