"""Citations of a plan: ids from content, hashes of the cited lines, names made safe to print."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from prism.domain.blueprints.model import Citation, CitationKind
from prism.domain.findings.model import Finding

ReadSources = Callable[[Sequence[str]], Mapping[str, bytes]]


def citation_id(kind: CitationKind, path: str, line: int, end_line: int, ref: str) -> str:
    """'c' and 12 hex digits of everything that is cited."""
    text = "\0".join((kind, path, str(line), str(end_line), ref))
    return "c" + hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def span_hash(source: bytes, line: int, end_line: int) -> str | None:
    """16 hex digits of the lines *line* to *end_line* (from 1, inclusive) without the last line
    feed; None when the source has no such lines."""
    lines = source.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()  # what follows the final line feed is no line
    if not 1 <= line <= end_line <= max(1, len(lines)):
        return None
    span = b"\n".join(lines[line - 1 : end_line])
    return hashlib.sha256(span).hexdigest()[:16]


class Citations:
    """Collects what a plan cites. Every method returns the id to put into a statement."""

    def __init__(self) -> None:
        self._cited: dict[str, Citation] = {}

    def lines(self, path: str, line: int, end_line: int = 0) -> str:
        """A span of the indexed commit."""
        return self._add(CitationKind.LINES, "", path, line, max(line, end_line))

    def file(self, path: str, metric: str = "", value: int = 0) -> str:
        """A file as a whole; with *metric*, that number of it ('fan_in = 12')."""
        return self._add(CitationKind.FILE, f"{metric} = {value}" if metric else "", path)

    def finding(self, finding: Finding) -> str:
        return self._add(CitationKind.FINDING, finding.fingerprint)

    def edge(self, source: str, target: str, line: int) -> str:
        """An import statement between two files of the run."""
        return self._add(CitationKind.EDGE, f"{source} -> {target}", source, line, line)

    def cut(self, component: int) -> str:
        return self._add(CitationKind.CUT, str(component))

    def figure(self, name: str, value: float | str) -> str:
        """A figure of the run, as ``figures.run_figures`` computes it."""
        return self._add(CitationKind.RUN, f"{name} = {value}")

    def _add(
        self, kind: CitationKind, ref: str, path: str = "", line: int = 0, end_line: int = 0
    ) -> str:
        name = citation_id(kind, path, line, end_line, ref)
        self._cited.setdefault(
            name,
            Citation(id=name, kind=kind, ref=ref, path=path, line=line, end_line=end_line),
        )
        return name

    def resolved(self, used: set[str], read_sources: ReadSources) -> tuple[Citation, ...]:
        """Those of *used*, with the hashes of their lines, by path, lines, kind and ref.

        A citation of lines keeps no hash where the index keeps no text: it can't be checked then.
        """
        cited = [self._cited[name] for name in used]
        sources = read_sources(sorted({each.path for each in cited if each.line}))
        return tuple(
            sorted(
                (_hashed(each, sources.get(each.path)) for each in cited),
                key=lambda each: (each.path, each.line, each.end_line, each.kind, each.ref),
            )
        )


def _hashed(citation: Citation, source: bytes | None) -> Citation:
    if not citation.line or source is None:
        return citation
    found = span_hash(source, citation.line, citation.end_line)
    return citation if found is None else replace(citation, span_hash=found)


def edge_ends(ref: str, path: str) -> tuple[str, str]:
    """Source and target of a citation of an edge; *path* is its source."""
    return path, ref[len(path) + len(" -> ") :]


def visible(name: str) -> str:
    """*name* without anything that a terminal or Markdown would act on.

    Characters that cannot be printed (controls, bidi marks, bytes that are no UTF-8) and backticks
    become escapes; the citation beside it holds the exact name.
    """
    return "".join(each if each.isprintable() and each != "`" else _escaped(each) for each in name)


def _escaped(character: str) -> str:
    if character == "`":
        return "\\x60"
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def code(name: str) -> str:
    """*name* as a code span of a statement's text."""
    return f"`{visible(name)}`"
