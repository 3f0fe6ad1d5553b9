"""Is there anything to index? Not when the newest index says all that a new one would."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from prism.application.indexing.pipeline import STAGES, Stage
from prism.application.indexing.settings import IndexSettings, same_settings
from prism.application.ports.index_store import IndexStore
from prism.application.ports.jobs import JobRepository
from prism.application.ports.source import SourceParser
from prism.domain.errors import NotFound
from prism.domain.facts.runs import Run
from prism.domain.projects import Project
from prism.domain.values import JsonObject


def is_up_to_date(run: Run, *, commit: str, stages: Sequence[Stage], settings: JsonObject) -> bool:
    """Same commit, same stages in the same versions, same settings (extractors' versions among
    them), and complete (decisions 1)."""
    return (
        run.complete
        and not run.thinned
        and run.commit == commit
        and run.stage_versions() == {stage.name: stage.version for stage in stages}
        and same_settings(run.settings, settings)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FindUpToDateRun:
    """Look at the published run of a project, before a job is made of it and before one works."""

    jobs: JobRepository
    index: IndexStore
    parser: SourceParser
    settings: IndexSettings = field(default_factory=IndexSettings)
    stages: Sequence[Stage] = STAGES

    def __call__(
        self, project: Project, commit: str | None, *, settings: IndexSettings | None = None
    ) -> Run | None:
        """The published run if indexing *commit* would give the same again, else None.

        *commit* None: it is not known without a clone, so nothing can be said. *settings*: those of
        one job, instead of this object's.
        """
        published = self.jobs.published(project.id).run_id
        if commit is None or published is None:
            return None
        try:
            run = self.index.run(project.id, published)
        except NotFound:
            return None
        wanted = (settings or self.settings).as_json(self.parser.languages())
        same = is_up_to_date(run, commit=commit, stages=self.stages, settings=wanted)
        return run if same else None
