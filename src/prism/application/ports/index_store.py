"""The index: packed facts of blobs shared by a project's runs, and the rows of each run."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from prism.domain.facts.files import BlobKey, RunFile
from prism.domain.facts.runs import (
    CoChange,
    Commit,
    CutEdge,
    CutSummary,
    DocBlock,
    Edge,
    FileMetrics,
    LanguageCoverage,
    Notice,
    ResolvedImport,
    Run,
    StageReport,
)
from prism.domain.facts.structure import Symbol
from prism.domain.findings.model import Finding
from prism.domain.jobs import JobRef
from prism.domain.values import JsonObject


class BlobFacts(NamedTuple):
    """What is stored for one blob. ``source`` is its text as it is (the store compresses it), or
    None (store_source off). Of ``symbols``, all but ``windows`` become rows."""

    key: BlobKey
    outline_record: bytes
    record: bytes
    source: bytes | None
    symbols: tuple[Symbol, ...]


class SymbolRow(NamedTuple):
    """A symbol with the file of the run that holds it; ``qualname`` is qualified within the
    file. ``windows`` is empty: nobody looks symbols up by them, they stay in the packed record."""

    path: str
    module: str
    symbol: Symbol


class IndexWriter(Protocol):
    """Writes one unpublished run. Every ``add_*`` takes a batch and commits short transactions
    (<= ~100 ms on SQLite); no statement per row. Order of the calls does not matter, nor does the
    order of the rows: readers sort by natural keys."""

    @property
    @abstractmethod
    def run_id(self) -> int: ...

    @abstractmethod
    def add_blobs(self, batch: Sequence[BlobFacts]) -> None:
        """Store facts of blobs; a key that is there already is left as it is."""

    @abstractmethod
    def add_files(self, batch: Sequence[RunFile]) -> None:
        """A file finds its facts by the run's algorithm and its blob, language and ``extractor``,
        whether this run stored them or an earlier one."""

    @abstractmethod
    def add_imports(self, batch: Sequence[ResolvedImport]) -> None: ...

    @abstractmethod
    def add_edges(self, batch: Sequence[Edge]) -> None: ...

    @abstractmethod
    def add_metrics(self, batch: Sequence[FileMetrics]) -> None: ...

    @abstractmethod
    def add_cut_edges(self, batch: Sequence[CutEdge]) -> None: ...

    @abstractmethod
    def add_docs(self, batch: Sequence[DocBlock]) -> None: ...

    @abstractmethod
    def add_commits(self, batch: Sequence[Commit]) -> None:
        """Commits belong to the project: one that is there already is left as it is. The run keeps
        the list of those it saw, in the order given over all batches."""

    @abstractmethod
    def add_cochanges(self, batch: Sequence[CoChange]) -> None: ...

    @abstractmethod
    def add_findings(self, batch: Sequence[Finding]) -> None: ...

    @abstractmethod
    def finish(
        self,
        *,
        stages: Sequence[StageReport],
        coverage: Sequence[LanguageCoverage],
        notices: Sequence[Notice],
        cuts: Sequence[CutSummary],
        complete: bool,
    ) -> Run:
        """Mark the run finished (still unpublished). Called once, last.

        Raises Transient when facts that a file names by its ``extractor`` are not stored: they
        were swept while the run was written, and a new run parses them again."""


class IndexReader(Protocol):
    """One finished run, read from one snapshot. All sequences are in the order of natural keys:
    path, then line or index; never of a surrogate id."""

    @property
    @abstractmethod
    def run(self) -> Run: ...

    @abstractmethod
    def files(self) -> Sequence[RunFile]: ...

    @abstractmethod
    def symbols(self, *, name: str | None = None, path: str | None = None) -> Iterator[SymbolRow]:
        """By path, then start. ``name``: only those that ``facts.structure.is_named`` calls so,
        looked up by index, not by scanning."""

    @abstractmethod
    def imports(self, *, path: str | None = None) -> Sequence[ResolvedImport]: ...

    @abstractmethod
    def edges(self, *, path: str | None = None) -> Sequence[Edge]:
        """``path``: those from it or to it."""

    @abstractmethod
    def metrics(self) -> Sequence[FileMetrics]: ...

    @abstractmethod
    def cut_edges(self) -> Sequence[CutEdge]: ...

    @abstractmethod
    def docs(self) -> Sequence[DocBlock]: ...

    @abstractmethod
    def commits(self) -> Sequence[Commit]:
        """Newest first, in the order they were added."""

    @abstractmethod
    def cochanges(self) -> Sequence[CoChange]: ...

    @abstractmethod
    def findings(self) -> Sequence[Finding]:
        """By rule, then anchor, then fingerprint."""

    @abstractmethod
    def sources(self, paths: Sequence[str]) -> Mapping[str, bytes]:
        """Text of the INDEXED files among *paths*; those without a stored source are left out."""

    @abstractmethod
    def records(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """(path, packed record) of the INDEXED files among *paths*, by path; all of them if
        empty."""


class IndexStore(Protocol):
    """Runs of projects. Nothing here joins across projects."""

    @abstractmethod
    def begin(
        self,
        project_id: int,
        *,
        commit: str,
        algorithm: str,
        settings: JsonObject,
        job: JobRef | None = None,
    ) -> AbstractContextManager[IndexWriter]:
        """A new run in state building. Leaving the context without ``finish`` deletes its rows."""

    @abstractmethod
    def outlines(self, project_id: int, keys: Sequence[BlobKey]) -> Mapping[BlobKey, bytes]:
        """Outline records of the keys that are stored already (those are not parsed again)."""

    @abstractmethod
    def run(self, project_id: int, run_id: int) -> Run:
        """Raises NotFound."""

    @abstractmethod
    def runs(self, project_id: int) -> Sequence[Run]:
        """Newest first, unfinished ones included."""

    @abstractmethod
    def read(self, project_id: int, run_id: int) -> AbstractContextManager[IndexReader]:
        """Raises NotFound, also for a run that is not finished. Of a thinned run, metrics and
        findings are there, everything else is empty."""

    @abstractmethod
    def sweep(
        self,
        project_id: int,
        *,
        keep: Sequence[int],
        running: Sequence[JobRef],
        newest: int | None = None,
    ) -> int:
        """Delete, in batches, runs that are neither in *keep* nor written by a *running* attempt,
        and blobs and commits that no remaining run lists. Of a finished run that goes, the row
        itself with its metrics and findings stays. Returns the number of runs removed or thinned.

        *newest*: of runs begun after that one the caller knows nothing, so they stay (None: it
        knows all).

        Blobs and commits stay while any run is being written: it may rely on facts that it found
        and whose files it has not listed yet. The next sweep takes them."""

    @abstractmethod
    def purge(self, project_id: int) -> None:
        """Delete all that is stored for a project, in batches. Idempotent. Ids of runs that the
        project had are not given again, should it be written once more."""
