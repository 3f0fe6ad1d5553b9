"""Does a citation hold? Resolving it against the facts of the run that the plan was made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from prism.domain.blueprints.citations import citation_id, edge_ends, span_hash
from prism.domain.blueprints.figures import Figure, run_figures
from prism.domain.blueprints.model import Citation, CitationKind
from prism.domain.code_graph import code_graph
from prism.domain.facts.files import FileStatus, RunFile
from prism.domain.facts.runs import Edge, FileMetrics
from prism.domain.findings.model import Finding, Material


class Verdict(StrEnum):
    HOLDS = "holds"
    BROKEN = "broken"
    UNCHECKED = "unchecked"  # what it would be checked against is not stored (any more)


class Resolution(NamedTuple):
    """``reason`` says what is wrong or missing; '' for a citation that holds."""

    verdict: Verdict
    reason: str = ""


_HOLDS = Resolution(Verdict.HOLDS)


@dataclass(frozen=True, kw_only=True)
class Witness:
    """What is known of the run. ``facts`` None: its rows were swept, only findings and metrics and
    the run itself are left. ``sources`` are texts of the cited files, as far as they are kept."""

    facts: Material | None
    metrics: Sequence[FileMetrics]
    findings: Sequence[Finding]
    components: frozenset[int]
    sources: Mapping[str, bytes]

    @cached_property
    def files(self) -> Mapping[str, RunFile]:
        return {} if self.facts is None else {file.path: file for file in self.facts.files}

    @cached_property
    def edges(self) -> Mapping[tuple[str, str], Sequence[Edge]]:
        pairs: dict[tuple[str, str], list[Edge]] = {}
        for edge in () if self.facts is None else self.facts.edges:
            pairs.setdefault((edge.source, edge.target), []).append(edge)
        return pairs

    @cached_property
    def by_path(self) -> Mapping[str, FileMetrics]:
        return {row.path: row for row in self.metrics}

    @cached_property
    def fingerprints(self) -> frozenset[str]:
        return frozenset(finding.fingerprint for finding in self.findings)

    @cached_property
    def figures(self) -> Mapping[str, Figure]:
        if self.facts is None:
            return {}
        code = code_graph(self.facts.files, self.facts.edges)
        return run_figures(self.facts, self.findings, code)


def resolve(citation: Citation, witness: Witness) -> Resolution:
    """Check everything the citation says: its id, its place, its text, its figure."""
    named = citation_id(
        citation.kind, citation.path, citation.line, citation.end_line, citation.ref
    )
    if named != citation.id:
        return _broken("its id is not that of its content")
    check = {
        CitationKind.LINES: _lines,
        CitationKind.FILE: _file,
        CitationKind.FINDING: _finding,
        CitationKind.EDGE: _edge,
        CitationKind.CUT: _cut,
        CitationKind.RUN: _figure,
    }[citation.kind]
    return check(citation, witness)


def _broken(reason: str) -> Resolution:
    return Resolution(Verdict.BROKEN, reason)


def _thinned() -> Resolution:
    return Resolution(Verdict.UNCHECKED, "the run's rows were swept; index the commit again")


def _lines(citation: Citation, witness: Witness) -> Resolution:
    if witness.facts is None:
        return _thinned()
    file = witness.files.get(citation.path)
    if file is None:
        return _broken("the run has no such file")
    if not 1 <= citation.line <= citation.end_line <= max(1, file.lines):
        return _broken(f"the file has {file.lines} lines")
    source = witness.sources.get(citation.path)
    if source is None or not citation.span_hash:
        return Resolution(Verdict.UNCHECKED, "the index keeps no text of the file")
    if span_hash(source, citation.line, citation.end_line) != citation.span_hash:
        return _broken("the text of these lines is another one")
    return _HOLDS


def _file(citation: Citation, witness: Witness) -> Resolution:
    name, _, value = citation.ref.partition(" = ")
    if name:
        row = witness.by_path.get(citation.path)
        if row is None:
            return _broken("the run has no metrics of the file")
        if str(row._asdict().get(name)) != value:
            return _broken(f"{name} is {row._asdict().get(name)}")
    if witness.facts is None:
        return _HOLDS if citation.path in witness.by_path else _thinned()
    file = witness.files.get(citation.path)
    if file is None or file.status != FileStatus.INDEXED:
        return _broken("the run has no such file with code facts")
    return _HOLDS


def _finding(citation: Citation, witness: Witness) -> Resolution:
    found = citation.ref in witness.fingerprints
    return _HOLDS if found else _broken("the run has no such finding")


def _edge(citation: Citation, witness: Witness) -> Resolution:
    if witness.facts is None:
        return _thinned()
    edges = witness.edges.get(edge_ends(citation.ref, citation.path), ())
    if not edges:
        return _broken("the run has no such import")
    if not any(citation.line in edge.lines for edge in edges):
        return _broken(f"line {citation.line} holds no such import")
    return _lines(citation, witness)


def _cut(citation: Citation, witness: Witness) -> Resolution:
    found = citation.ref.isdecimal() and int(citation.ref) in witness.components
    return _HOLDS if found else _broken("the run has no cut of such a circle")


def _figure(citation: Citation, witness: Witness) -> Resolution:
    if witness.facts is None:
        return _thinned()
    name, _, value = citation.ref.partition(" = ")
    if name not in witness.figures:
        return _broken("the run has no such figure")
    actual = witness.figures[name]
    return _HOLDS if str(actual) == value else _broken(f"{name} is {actual}")
