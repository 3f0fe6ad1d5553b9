"""Delete the runs of a project that nothing needs any more."""

from dataclasses import dataclass

from prism.application.ports.blueprints import BlueprintStore
from prism.application.ports.index_store import IndexStore
from prism.application.ports.jobs import JobRepository
from prism.domain.facts.retention import KEEP_RUNS, kept_runs
from prism.domain.jobs import JobRef


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRuns:
    """Called by a project's job while it holds the project's only running slot.

    It may have lost that slot without knowing, when its machine stood still in the middle of this:
    so only runs are touched that were there at first, and of those none that may be another
    attempt's or may have become current since.
    """

    jobs: JobRepository
    index: IndexStore
    blueprints: BlueprintStore
    keep: int = KEEP_RUNS

    def __call__(self, project_id: int) -> int:
        """The number of runs removed, or thinned to their findings and metrics."""
        runs = self.index.runs(project_id)
        running = [
            JobRef(job_id=job_id, attempt=attempt)
            for job_id, attempt in self.jobs.running_refs(project_id)
        ]
        published = self.jobs.published(project_id)
        named = [stored.blueprint.run_id for stored in self.blueprints.list(project_id)]
        keep = kept_runs(runs, published=published.run_id, named=named, last=self.keep)
        newest = max((run.id for run in runs), default=0)
        return self.index.sweep(project_id, keep=keep, running=running, newest=newest)
