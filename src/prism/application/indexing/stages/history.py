"""Stage ``history``: the newest commits, how often files change, and what changes together."""

from dataclasses import dataclass

from prism.application.indexing.index_run import IndexRun
from prism.domain.facts.files import FileStatus
from prism.domain.history import file_history

COMMITS_PER_BATCH = 100
#: Files whose changes say something about the project's own code.
_FOLLOWED = frozenset({FileStatus.INDEXED, FileStatus.LISTED, FileStatus.FAILED})


@dataclass(frozen=True, slots=True)
class ReadHistory:
    """Bounded by the setting ``history_limit``. Only files that are alive are counted."""

    name: str = "history"
    version: int = 1
    needs: tuple[str, ...] = ("files",)
    essential: bool = False

    def run(self, run: IndexRun) -> dict[str, int]:
        history = run.checkout.history(limit=run.settings.history_limit)
        alive = frozenset(path for path, file in run.files.items() if file.status in _FOLLOWED)
        found = file_history(history.commits, alive)
        run.write(run.writer.add_commits, history.commits, size=COMMITS_PER_BATCH)
        run.write(run.writer.add_cochanges, found.cochanges)
        run.history = found
        return {"commits": len(history.commits), "cochanges": len(found.cochanges)}
