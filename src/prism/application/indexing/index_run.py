"""What the stages of one run share: the ports they read and write, and what each hands on."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from prism.application.indexing.settings import IndexSettings
from prism.application.ports.cuts import CutSolver
from prism.application.ports.git import Checkout
from prism.application.ports.index_store import IndexStore, IndexWriter
from prism.application.ports.runner import JobReporter
from prism.application.ports.source import ImportResolver, Outline, SourceParser
from prism.domain.facts.files import FileStatus, RunFile
from prism.domain.facts.runs import (
    CutEdge,
    CutSummary,
    Edge,
    FileMetrics,
    LanguageCoverage,
    Notice,
    ResolvedImport,
)
from prism.domain.history import FileHistory
from prism.domain.jobs import Progress

Row = TypeVar("Row")

#: Rows that are written at once: a short transaction (decisions 2), and a chance to cancel.
ROWS_PER_BATCH = 2000


@dataclass(slots=True, kw_only=True)
class IndexRun:
    """One run in the making. A stage reads what earlier ones left and sets what is its own, at its
    end: a stage that fails leaves nothing half done for others to build upon.

    ``files`` are all files of the tree by path; ``outlines`` hold the INDEXED ones of them.
    ``history`` is None where there is none to be had. ``failed`` names stages that failed or were
    skipped, so far.
    """

    project_id: int
    checkout: Checkout
    store: IndexStore
    writer: IndexWriter
    parser: SourceParser
    resolvers: Sequence[ImportResolver]
    solver: CutSolver
    settings: IndexSettings
    reporter: JobReporter
    #: Language -> version of its extractor, for the languages with code facts.
    extractors: Mapping[str, str]

    files: dict[str, RunFile] = field(default_factory=dict)
    #: Files that the repository marks as handwritten, whatever their header says.
    handwritten: frozenset[str] = frozenset()
    outlines: dict[str, Outline] = field(default_factory=dict)
    imports: list[ResolvedImport] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    history: FileHistory | None = None
    metrics: list[FileMetrics] = field(default_factory=list)
    cut_edges: list[CutEdge] = field(default_factory=list)
    cuts: list[CutSummary] = field(default_factory=list)
    coverage: list[LanguageCoverage] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    #: Set when the store itself failed: no other stage can help then.
    store_failure: Exception | None = None

    stage: str = ""

    def tell(self, done: int, total: int = 0) -> None:
        """Report progress of the running stage. Raises Cancelled when the job should stop."""
        self.reporter.progress(Progress(stage=self.stage, done=done, total=total))
        self.reporter.check_cancelled()

    def write(
        self,
        add: Callable[[Sequence[Row]], None],
        rows: Sequence[Row],
        *,
        size: int = ROWS_PER_BATCH,
    ) -> None:
        """Write *rows* by a method of the writer, in batches, with a look for a cancel before
        each. What the store raises ends the run, not just the stage."""
        for start in range(0, len(rows), size):
            self.reporter.check_cancelled()
            self.ask_store(partial(add, rows[start : start + size]))

    def ask_store(self, question: Callable[[], Row]) -> Row:
        """Call the store; remember when it fails."""
        try:
            return question()
        except Exception as error:
            self.store_failure = error
            raise

    def indexed(self) -> Iterable[RunFile]:
        """The files with code facts, by path."""
        return (file for file in self.files.values() if file.status == FileStatus.INDEXED)

    def problems(self) -> dict[str, int]:
        """Path -> number of places that the grammar could not follow, for files that have some."""
        return {path: each.problems for path, each in self.outlines.items() if each.problems}
