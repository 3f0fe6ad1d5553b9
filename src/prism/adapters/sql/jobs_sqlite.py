"""The queue in an embedded file: one writer at a time, so a few statements do what one must."""

from sqlalchemy import Connection, insert, select

from prism.adapters.sql.engine import writing
from prism.adapters.sql.job_rows import new_row, to_job
from prism.adapters.sql.jobs import SqlJobRepository, no_project
from prism.adapters.sql.jobs_tables import jobs, projects
from prism.domain import job_transitions as transitions
from prism.domain.jobs import Enqueued, JobKind, JobRequest, JobState

_ACTIVE = (JobState.PENDING.value, JobState.RUNNING.value)


class SqliteJobRepository(SqlJobRepository):
    """For one host, whose clock is injected."""

    def enqueue(self, request: JobRequest) -> Enqueued:
        active = select(jobs, self._moments.now().label("now")).where(
            jobs.c.dedup_key == request.dedup_key, jobs.c.status.in_(_ACTIVE)
        )
        with writing(self._engine) as connection:
            _check_project(connection, request)
            row = connection.execute(active).mappings().one_or_none()
            if row is not None:
                self._store(connection, transitions.joined(to_job(row), request, now=row["now"]))
                return Enqueued(job_id=row["id"], created=False)
            now = self._moments.now()
            new = {
                **new_row(request),
                "run_at": now if request.run_at is None else request.run_at,
                "created_at": now,
            }
            job_id = connection.execute(insert(jobs).values(new).returning(jobs.c.id)).scalar_one()
            return Enqueued(job_id=job_id, created=True)


def _check_project(connection: Connection, request: JobRequest) -> None:
    known = select(projects.c.id).where(projects.c.id == request.project_id)
    if request.kind != JobKind.SWEEP:  # deletes what a removed project left
        known = known.where(projects.c.removed_at.is_(None))
    if connection.execute(known).first() is None:
        raise no_project(request.project_id)
