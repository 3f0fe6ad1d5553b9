"""Delete all that is stored of a removed project."""

from dataclasses import dataclass

from prism.application.ports.blueprints import BlueprintStore
from prism.application.ports.index_store import IndexStore
from prism.application.ports.projects import ProjectRepository
from prism.domain.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepProject:
    """Facts first, the project's own rows last: whatever stops it halfway, the next attempt still
    finds what is left. Every step is idempotent."""

    projects: ProjectRepository
    index: IndexStore
    blueprints: BlueprintStore

    def __call__(self, project_id: int) -> None:
        """Raises Conflict when the project was not removed; one that is gone already is fine."""
        try:
            project = self.projects.get(project_id)
        except NotFound:
            project = None
        if project is not None and project.removed_at is None:
            raise Conflict(
                f"project {project.name!r} is not removed",
                hint=f"`prism project remove {project.name}` removes it",
            )
        self.index.purge(project_id)
        self.blueprints.purge(project_id)
        self.projects.purge(project_id)
