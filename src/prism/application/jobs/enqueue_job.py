"""Queue a job for a project."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from prism.application.ports.jobs import JobRepository
from prism.domain.jobs import Enqueued, JobKind, JobRequest
from prism.domain.projects import Project
from prism.domain.values import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class EnqueueJob:
    """One transaction. A request like one that waits already joins it; one like a running job makes
    that job run once more afterwards."""

    jobs: JobRepository
    #: Kinds that read the repository itself: for a local path they run on its host only.
    source_kinds: frozenset[str] = field(default=frozenset({JobKind.INDEX}))

    def __call__(
        self,
        project: Project,
        kind: str,
        *,
        options: Mapping[str, Json] | None = None,
        priority: int = 0,
    ) -> Enqueued:
        """Raises NotFound when the project was removed meanwhile."""
        host = project.source.host if kind in self.source_kinds else None
        return self.jobs.enqueue(
            JobRequest(
                project_id=project.id,
                kind=kind,
                options=options or {},
                priority=priority,
                host=host,
            )
        )
