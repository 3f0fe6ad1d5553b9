"""Remove a project: hide it at once, let a sweep job delete what is stored."""

from dataclasses import dataclass

from prism.application.ports.jobs import JobRepository
from prism.application.ports.projects import ProjectRepository
from prism.domain.jobs import Enqueued, JobKind, JobRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveProject:
    """Two transactions: cascades cannot cross the two embedded files, so a job does the rest."""

    projects: ProjectRepository
    jobs: JobRepository

    def __call__(self, project_id: int) -> Enqueued:
        """Cancel the project's jobs, hide it, queue the sweep. Raises NotFound."""
        self.projects.mark_removed(project_id)
        return self.jobs.enqueue(JobRequest(project_id=project_id, kind=JobKind.SWEEP))
