"""Make a finished run current, for who embeds the use cases without a queue."""

from dataclasses import dataclass

from prism.application.ports.index_store import IndexStore
from prism.application.ports.jobs import JobRepository
from prism.domain.errors import Conflict
from prism.domain.facts.runs import RunState
from prism.domain.jobs import Publication


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishRun:
    """With a queue this is part of a job's completion, in one fenced step."""

    jobs: JobRepository
    index: IndexStore

    def __call__(self, project_id: int, run_id: int) -> None:
        """Raises NotFound for project or run, Conflict while the run is not finished."""
        run = self.index.run(project_id, run_id)
        if run.state is not RunState.FINISHED:
            raise Conflict(
                f"run {run_id} of project {project_id} is not finished",
                hint="publish what IndexProject returned",
            )
        self.jobs.publish(project_id, Publication(run_id=run_id))
