"""Reads one run of the index in memory."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from prism.application.ports.index_store import BlobFacts, IndexReader, SymbolRow
from prism.domain.facts.files import BlobKey, RunFile
from prism.domain.facts.runs import (
    CoChange,
    Commit,
    CutEdge,
    DocBlock,
    Edge,
    FileMetrics,
    ResolvedImport,
    Run,
)
from prism.domain.facts.structure import is_named, place_in_file
from prism.domain.findings.model import Finding


@dataclass(slots=True)
class RunRows:
    """What was written for one run, in the order in which it came. ``commits`` are ids."""

    run: Run
    files: list[RunFile] = field(default_factory=list)
    imports: list[ResolvedImport] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    metrics: list[FileMetrics] = field(default_factory=list)
    cut_edges: list[CutEdge] = field(default_factory=list)
    docs: list[DocBlock] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)
    cochanges: list[CoChange] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def thinned(self) -> "RunRows":
        """What stays of a run that is not kept in full."""
        run = replace(self.run, thinned=True)
        return RunRows(run, metrics=self.metrics, findings=self.findings)


class MemoryIndexReader(IndexReader):
    """Over rows that nobody changes, with the project's shared facts as they were."""

    def __init__(
        self, rows: RunRows, blobs: Mapping[BlobKey, BlobFacts], commits: Mapping[str, Commit]
    ) -> None:
        self._rows = rows
        self._blobs = blobs
        self._commits = commits

    @property
    def run(self) -> Run:
        return self._rows.run

    def files(self) -> Sequence[RunFile]:
        return sorted(self._rows.files)

    def symbols(self, *, name: str | None = None, path: str | None = None) -> Iterator[SymbolRow]:
        for file, facts in self._facts(() if path is None else (path,)):
            for symbol in sorted(facts.symbols, key=place_in_file):
                if name is None or is_named(symbol, name):
                    yield SymbolRow(file.path, file.module, symbol)

    def imports(self, *, path: str | None = None) -> Sequence[ResolvedImport]:
        return sorted(each for each in self._rows.imports if path in (None, each.path))

    def edges(self, *, path: str | None = None) -> Sequence[Edge]:
        return sorted(
            edge for edge in self._rows.edges if path is None or path in (edge.source, edge.target)
        )

    def metrics(self) -> Sequence[FileMetrics]:
        return sorted(self._rows.metrics)

    def cut_edges(self) -> Sequence[CutEdge]:
        return sorted(self._rows.cut_edges)

    def docs(self) -> Sequence[DocBlock]:
        return sorted(self._rows.docs)

    def commits(self) -> Sequence[Commit]:
        return [self._commits[oid] for oid in self._rows.commits]

    def cochanges(self) -> Sequence[CoChange]:
        return sorted(self._rows.cochanges)

    def findings(self) -> Sequence[Finding]:
        return sorted(
            self._rows.findings, key=lambda each: (each.rule, each.anchor, each.fingerprint)
        )

    def sources(self, paths: Sequence[str]) -> Mapping[str, bytes]:
        if not paths:
            return {}
        found = self._facts(paths)
        return {file.path: facts.source for file, facts in found if facts.source is not None}

    def records(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        return ((file.path, facts.record) for file, facts in self._facts(paths))

    def _facts(self, paths: Sequence[str]) -> Iterator[tuple[RunFile, BlobFacts]]:
        """The files among *paths* that have facts, by path; all of them if empty."""
        wanted = set(paths)
        for file in self.files():
            key = file.key(self.run.algorithm)
            if key is not None and key in self._blobs and (not wanted or file.path in wanted):
                yield file, self._blobs[key]
