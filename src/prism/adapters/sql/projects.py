"""Projects in the jobs line's tables."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from prism.adapters.sql.driver_statements import DriverStatement
from prism.adapters.sql.engine import reading, writing
from prism.adapters.sql.job_rows import new_row
from prism.adapters.sql.jobs import no_project
from prism.adapters.sql.jobs_tables import credentials, jobs, pointers, projects
from prism.adapters.sql.moments import Moments
from prism.adapters.sql.parking import PENDING, RUNNING
from prism.adapters.sql.signals import waking
from prism.application.ports.projects import ProjectRepository
from prism.domain.errors import Conflict, NotFound
from prism.domain.jobs import Enqueued, JobKind, JobRequest, JobState
from prism.domain.projects import Project, Source, SourceKind

_PRESENT = projects.c.removed_at.is_(None)


class SqlProjectRepository(ProjectRepository):
    """On either database."""

    def __init__(self, engine: Engine, moments: Moments) -> None:
        self._engine = engine
        self._moments = moments
        # Each job of a worker asks for its project.
        one = select(projects).where(projects.c.id == bindparam("project"))
        self._project_statement = DriverStatement(one, engine.dialect)

    def add(self, *, name: str, source: Source, credential_id: str | None = None) -> Project:
        row = {
            "name": name,
            "source_kind": source.kind.value,
            "source_location": source.location,
            "source_host": source.host,
            "source_key": source.key,
            "credential_id": credential_id,
            "created_at": self._moments.now(),
        }
        try:
            with writing(self._engine) as connection:
                _check_free(connection, name, source)
                _check_credential(connection, credential_id)
                added = insert(projects).values(row).returning(projects)
                return _to_project(connection.execute(added).mappings().one())
        except IntegrityError as error:
            # Only where two processes add at the same moment: each saw the way free.
            raise Conflict(
                f"project {name!r}, or its source, was added by somebody else just now",
                hint="`prism project list` shows it",
            ) from error

    def get(self, project_id: int) -> Project:
        row = self._project_statement.alone(self._engine, project=project_id)
        if row is None:
            raise no_project(project_id)
        return _to_project(row)

    def by_name(self, name: str) -> Project | None:
        return self._find(projects.c.name == name, _PRESENT)

    def by_source(self, source: Source) -> Project | None:
        return self._find(projects.c.source_key == source.key, _PRESENT)

    def list(self) -> Sequence[Project]:
        with reading(self._engine) as connection:
            rows = connection.execute(select(projects).where(_PRESENT)).mappings()
            # Sorted here: databases differ in how they order text.
            return sorted(map(_to_project, rows), key=lambda project: project.name)

    def mark_removed(self, project_id: int) -> Enqueued:
        present = select(projects.c.id).where(projects.c.id == project_id, _PRESENT)
        now = self._moments.now()
        with writing(self._engine) as connection:
            # Waits for whoever enqueues for it right now; later ones find it removed.
            if connection.execute(present.with_for_update()).first() is None:
                raise no_project(project_id)
            removed = update(projects).where(projects.c.id == project_id)
            # A removed project keeps no credential from being removed.
            removed = removed.values(removed_at=now, credential_id=None)
            connection.execute(removed.returning(projects.c.id, *waking(connection)))
            _cancel_jobs(connection, project_id, now)
            sweep = new_row(JobRequest(project_id=project_id, kind=JobKind.SWEEP))
            row = {**sweep, "run_at": now, "created_at": now}
            queued = connection.execute(insert(jobs).values(row).returning(jobs.c.id))
            return Enqueued(job_id=queued.scalar_one(), created=True)

    def purge(self, project_id: int) -> None:
        with writing(self._engine) as connection:
            present = select(projects.c.id).where(projects.c.id == project_id, _PRESENT)
            if connection.execute(present.with_for_update()).first() is not None:
                raise Conflict(
                    f"project {project_id} is not removed", hint="remove it before purging it"
                )
            ended = delete(jobs).where(
                jobs.c.project_id == project_id, jobs.c.finished_at.is_not(None)
            )
            connection.execute(ended)
            connection.execute(delete(pointers).where(pointers.c.project_id == project_id))
            connection.execute(delete(projects).where(projects.c.id == project_id))

    def _find(self, *where: ColumnElement[bool]) -> Project | None:
        with reading(self._engine) as connection:
            row = connection.execute(select(projects).where(*where)).mappings().one_or_none()
        return None if row is None else _to_project(row)


def _check_free(connection: Connection, name: str, source: Source) -> None:
    taken = select(projects.c.name).where(
        _PRESENT, or_(projects.c.name == name, projects.c.source_key == source.key)
    )
    found = connection.execute(taken).scalars().all()
    if name in found:
        raise Conflict(f"a project is called {name!r} already", hint="choose another name")
    if found:
        raise Conflict(f"project {found[0]!r} has that source already")


def _check_credential(connection: Connection, credential_id: str | None) -> None:
    if credential_id is None:
        return
    known = select(credentials.c.id).where(credentials.c.id == credential_id)
    if connection.execute(known.with_for_update(read=True, key_share=True)).first() is None:
        raise NotFound(
            f"there is no credential {credential_id}", hint="`prism credential list` shows all"
        )


def _cancel_jobs(connection: Connection, project_id: int, now: ColumnElement[datetime]) -> None:
    """What ``job_transitions.cancel_requested`` says, for all active jobs of the project."""
    of_project = update(jobs).where(jobs.c.project_id == project_id)
    asked = {"cancel_requested_at": now, "rerun": False}
    cancelled = {"status": JobState.CANCELLED.value, "finished_at": now, "parked": False}
    connection.execute(of_project.where(RUNNING).values(asked))
    connection.execute(of_project.where(PENDING).values(**asked, **cancelled))


def _to_project(row: RowMapping | Mapping[str, Any]) -> Project:
    return Project(
        id=row["id"],
        name=row["name"],
        source=Source(
            kind=SourceKind(row["source_kind"]),
            location=row["source_location"],
            host=row["source_host"],
        ),
        credential_id=row["credential_id"],
        created_at=row["created_at"],
        removed_at=row["removed_at"],
    )
