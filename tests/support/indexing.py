"""Index repositories from literals, all in memory but for the real extractors and resolvers."""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from prism.adapters.languages.ecmascript.resolver import EcmaScriptImportResolver
from prism.adapters.languages.inline import InlineParser
from prism.adapters.languages.python.resolver import PythonImportResolver
from prism.adapters.memory.clock import ManualClock
from prism.adapters.memory.credentials import MemoryCredentialRepository
from prism.adapters.memory.database import MemoryDatabase
from prism.adapters.memory.git import MemoryGitCloner, MemoryRepository
from prism.adapters.memory.index_store import MemoryIndexStore
from prism.adapters.memory.projects import MemoryProjectRepository
from prism.adapters.memory.tokens import PlainTokens
from prism.adapters.solvers.heuristic import HeuristicCutSolver
from prism.application.indexing.index_project import IndexProject, IndexRequest
from prism.application.indexing.pipeline import STAGES, Stage
from prism.application.ports.index_store import IndexReader
from prism.application.ports.runner import JobReporter
from prism.application.ports.source import ImportResolver, Outline, ParsedBlob, SourceBlob
from prism.application.ports.source import SourceParser as SourceParserPort
from prism.application.queries.export_run import ExportRun
from prism.domain.errors import Cancelled
from prism.domain.facts.runs import Commit, Run
from prism.domain.jobs import Progress
from prism.domain.projects import Project, Source
from prism.domain.values import Json

Files = Mapping[str, str | bytes]
URL = "https://git.example.org/team/project"
SCRATCH = "/scratch"


class RecordingReporter(JobReporter):
    """Remembers what it was told; ``cancel_in`` names the stage in which it asks to stop."""

    def __init__(self, *, cancel_in: str | None = None) -> None:
        self.cancel_in = cancel_in
        self.told: list[Progress] = []
        self.clones: list[str] = []

    def progress(self, progress: Progress) -> None:
        self.told.append(progress)

    def cloned(self, path: str) -> None:
        self.clones.append(path)

    def check_cancelled(self) -> None:
        if self.told and self.told[-1].stage == self.cancel_in:
            raise Cancelled("somebody asked to stop")


class WatchedParser(SourceParserPort):
    """The real extractors, with a count of what they parsed, and with faults on demand.

    ``shuffle``: seed of the order in which answers come; ``lost``: text of the files whose parser
    process crashes; ``broken``: raised after the first answers.
    """

    def __init__(
        self,
        *,
        shuffle: int | None = None,
        lost: Sequence[bytes] = (),
        broken: Exception | None = None,
    ) -> None:
        self._inner = InlineParser()
        self._shuffle = shuffle
        self._lost = frozenset(lost)
        self._broken = broken
        self.parsed = 0

    def languages(self) -> Mapping[str, str]:
        return self._inner.languages()

    def parse(self, blobs: Iterable[SourceBlob]) -> Iterator[ParsedBlob]:
        answers = self._answers(blobs)
        if self._shuffle is not None:
            held = list(answers)
            random.Random(self._shuffle).shuffle(held)
            answers = iter(held)
        for number, answer in enumerate(answers):
            if self._broken is not None and number == 2:
                raise self._broken
            yield answer

    def _answers(self, blobs: Iterable[SourceBlob]) -> Iterator[ParsedBlob]:
        for blob in blobs:
            self.parsed += 1
            if blob.data in self._lost:
                yield ParsedBlob(blob.key, None, b"", b"", "crashed: signal 11")
            else:
                yield from self._inner.parse([blob])

    def outline(self, record: bytes) -> Outline:
        return self._inner.outline(record)

    def digest(self, record: bytes) -> str:
        return self._inner.digest(record)

    def detect(self, path: str, head: bytes) -> str:
        return self._inner.detect(path, head)


def repository(files: Files, *, commits: Sequence[Commit] = (), **more: object) -> MemoryRepository:
    contents = {
        path: text.encode() if isinstance(text, str) else text for path, text in files.items()
    }
    modes = more.pop("modes", {})
    assert isinstance(modes, Mapping)
    assert not more
    return MemoryRepository(files=contents, commits=commits, modes=modes)


def resolvers() -> tuple[ImportResolver, ...]:
    return PythonImportResolver(), EcmaScriptImportResolver()


@dataclass
class Bench:
    """``IndexProject`` over memory adapters and one project; change a field to change a port."""

    parser: WatchedParser = field(default_factory=WatchedParser)
    stages: Sequence[Stage] = STAGES
    reporter: RecordingReporter = field(default_factory=RecordingReporter)

    def __post_init__(self) -> None:
        self.clock = ManualClock()
        self.database = database = MemoryDatabase(self.clock)
        self.projects = MemoryProjectRepository(database)
        self.credentials = MemoryCredentialRepository(database)
        self.cloner = MemoryGitCloner()
        self.index = MemoryIndexStore(self.clock)
        self.tokens: PlainTokens | None = PlainTokens()

    def project(self, *, credential_id: str | None = None) -> Project:
        source = Source.remote(URL)
        found = self.projects.by_source(source)
        return found or self.projects.add(
            name="project", source=source, credential_id=credential_id
        )

    def use_case(self) -> IndexProject:
        return IndexProject(
            projects=self.projects,
            credentials=self.credentials,
            cloner=self.cloner,
            index=self.index,
            parser=self.parser,
            resolvers=resolvers(),
            solver=HeuristicCutSolver(),
            clock=self.clock,
            tokens=self.tokens,
            stages=self.stages,
        )

    def run(self, files: Files | MemoryRepository, **options: Json) -> Run:
        """Index *files* as the project's only commit."""
        made = files if isinstance(files, MemoryRepository) else repository(files)
        self.cloner.repositories[URL] = made
        request = IndexRequest(project_id=self.project().id, scratch=SCRATCH, options=options)
        return self.use_case()(request, self.reporter)

    def read(self, run: Run, question: Callable[[IndexReader], object]) -> object:
        with self.index.read(run.project_id, run.id) as reader:
            return question(reader)


def canonical(reader: IndexReader) -> str:
    """Every fact of a run as text, without what belongs to the run."""
    return "\n".join(ExportRun()(reader))
