"""What is known of each project: its source, its current index, its newest jobs."""

from collections.abc import Sequence
from dataclasses import dataclass

from prism.application.ports.index_store import IndexStore
from prism.application.ports.jobs import JobRepository
from prism.application.ports.projects import ProjectRepository
from prism.domain.errors import NotFound
from prism.domain.facts.runs import Run
from prism.domain.jobs import Job, Published
from prism.domain.projects import Project

JOBS_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectStatus:
    """``run`` is the published one; ``jobs`` the newest few, newest first."""

    project: Project
    published: Published
    run: Run | None
    jobs: Sequence[Job]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowStatus:
    projects: ProjectRepository
    jobs: JobRepository
    index: IndexStore

    def __call__(self, project: Project | None = None) -> Sequence[ProjectStatus]:
        """One project's status, or that of all by name."""
        chosen = [project] if project is not None else self.projects.list()
        return [self._of(each) for each in chosen]

    def _of(self, project: Project) -> ProjectStatus:
        published = self.jobs.published(project.id)
        return ProjectStatus(
            project=project,
            published=published,
            run=self._run(project.id, published.run_id),
            jobs=self.jobs.list(project_id=project.id, limit=JOBS_SHOWN),
        )

    def _run(self, project_id: int, run_id: int | None) -> Run | None:
        if run_id is None:
            return None
        try:
            return self.index.run(project_id, run_id)
        except (
            NotFound
        ):  # the pointer moved on and the run was swept: the next look finds the new one
            return None
