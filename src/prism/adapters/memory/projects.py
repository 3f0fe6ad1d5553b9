"""Projects in memory."""

from collections.abc import Sequence
from dataclasses import replace

from prism.adapters.memory.database import MemoryDatabase
from prism.adapters.memory.jobs import MemoryJobRepository, no_project
from prism.application.ports.projects import ProjectRepository
from prism.domain import job_transitions as transitions
from prism.domain.errors import Conflict, NotFound
from prism.domain.jobs import Enqueued, JobKind, JobRequest
from prism.domain.projects import Project, Source


class MemoryProjectRepository(ProjectRepository):
    """Thread-safe; shares its database with the jobs."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    def add(self, *, name: str, source: Source, credential_id: str | None = None) -> Project:
        with self._database.lock:
            self._check_free(name, source)
            if credential_id is not None and credential_id not in self._database.credentials:
                raise NotFound(
                    f"there is no credential {credential_id}",
                    hint="`prism credential list` shows all",
                )
            project = Project(
                id=next(self._database.project_ids),
                name=name,
                source=source,
                credential_id=credential_id,
                created_at=self._database.clock.now(),
            )
            self._database.projects[project.id] = project
            return project

    def _check_free(self, name: str, source: Source) -> None:
        if self.by_name(name) is not None:
            raise Conflict(f"a project is called {name!r} already", hint="choose another name")
        same = self.by_source(source)
        if same is not None:
            raise Conflict(f"project {same.name!r} has that source already")

    def get(self, project_id: int) -> Project:
        with self._database.lock:
            project = self._database.projects.get(project_id)
        if project is None:
            raise no_project(project_id)
        return project

    def by_name(self, name: str) -> Project | None:
        return next((project for project in self.list() if project.name == name), None)

    def by_source(self, source: Source) -> Project | None:
        return next((p for p in self.list() if p.source.key == source.key), None)

    def list(self) -> Sequence[Project]:
        with self._database.lock:
            present = [p for p in self._database.projects.values() if p.removed_at is None]
        return sorted(present, key=lambda project: project.name)

    def mark_removed(self, project_id: int) -> Enqueued:
        with self._database.lock:
            project = self.get(project_id)
            if project.removed_at is not None:
                raise no_project(project_id)
            now = self._database.clock.now()
            self._database.projects[project_id] = replace(
                project, removed_at=now, credential_id=None
            )
            for job in tuple(self._database.jobs.values()):
                if job.project_id == project_id and not job.state.terminal:
                    asked = transitions.cancel_requested(job, now=now)
                    self._database.jobs[job.id] = asked
            sweep = JobRequest(project_id=project_id, kind=JobKind.SWEEP)
            return MemoryJobRepository(self._database).enqueue(sweep)

    def purge(self, project_id: int) -> None:
        with self._database.lock:
            project = self._database.projects.get(project_id)
            if project is not None and project.removed_at is None:
                raise Conflict(
                    f"project {project_id} is not removed", hint="remove it before purging it"
                )
            for job in tuple(self._database.jobs.values()):
                if job.project_id == project_id and job.state.terminal:
                    del self._database.jobs[job.id]
            self._database.pointers.pop(project_id, None)
            self._database.projects.pop(project_id, None)
