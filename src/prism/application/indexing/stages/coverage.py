"""Stage ``coverage``: how much of the code all other facts rest on."""

from dataclasses import dataclass

from prism.application.indexing.index_run import IndexRun
from prism.domain.coverage import language_coverage, notices


@dataclass(frozen=True, slots=True)
class CountCoverage:
    """Needs no stage: where one failed, its counts are 0, and that is the coverage."""

    name: str = "coverage"
    version: int = 1
    needs: tuple[str, ...] = ()
    essential: bool = False

    def run(self, run: IndexRun) -> dict[str, int]:
        files = list(run.files.values())
        problems = run.problems()
        run.coverage = language_coverage(
            files, run.imports, problems=problems, extracted=run.extractors
        )
        run.notices = notices(files, problems=problems, extracted=run.extractors)
        return {
            "languages": len(run.coverage),
            "not_fully_indexed": len(run.notices),
        }
