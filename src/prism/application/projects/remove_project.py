"""Remove a project: hide it at once, let a sweep job delete what is stored."""

from dataclasses import dataclass

from prism.application.ports.projects import ProjectRepository
from prism.domain.jobs import Enqueued


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveProject:
    """Cascades cannot cross the two embedded files, so a job does the rest. It is queued in the
    transaction that hides the project: whoever dies afterwards leaves nothing behind."""

    projects: ProjectRepository

    def __call__(self, project_id: int) -> Enqueued:
        """Cancel the project's jobs, hide it, queue the sweep. Raises NotFound."""
        return self.projects.mark_removed(project_id)
