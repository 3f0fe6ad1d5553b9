"""Rule ``god-module``: a production file that much depends on and that does much itself."""

from collections.abc import Iterable, Sequence
from math import ceil
from typing import NamedTuple

from prism.domain.code_graph import CodeGraph, code_graph
from prism.domain.facts.runs import FileMetrics, Graph
from prism.domain.facts.structure import Symbol
from prism.domain.findings.basis import basis_of, counted
from prism.domain.findings.model import Evidence, Finding, Material, Severity, fingerprint
from prism.domain.values import Json

CODE = "god-module"

#: Below this many files a project has no distribution to be an outlier of.
_FILES_MIN = 20
_EVIDENCE_SYMBOLS_MAX = 5
_EVIDENCE_IMPORTERS_MAX = 3


class _Measured(NamedTuple):
    path: str
    fan_in: int
    fan_out: int
    lines: int
    complexity: int


class Fences(NamedTuple):
    """From which value on a measure is unusually high in this project."""

    fan_in: int
    fan_out: int
    lines: int
    complexity: int


#: A value below these is never called high, however small the rest of the project is.
FLOORS = Fences(fan_in=8, fan_out=8, lines=300, complexity=60)


def check(material: Material) -> list[Finding]:
    """One finding per file whose fan-in is high, and its fan-out, lines or complexity as well.

    High is judged by the project's own distribution (``fences``). Fan-out leaves out re-exports: a
    package file that only hands names on is a facade, not a god.
    """
    code = code_graph(material.files, material.edges, Graph.RUN)
    measured = _measure(code, material.metrics)
    if len(measured) < _FILES_MIN:
        return []
    limits = fences(measured)
    found = []
    for row in measured:
        high = [
            name
            for name in ("fan_out", "lines", "complexity")
            if getattr(row, name) >= getattr(limits, name)
        ]
        if row.fan_in >= limits.fan_in and high:
            found.append(_finding(material, code, row, limits, high))
    return found


def _measure(code: CodeGraph, metrics: Sequence[FileMetrics]) -> list[_Measured]:
    fan_in = [0] * len(code.paths)
    fan_out = [0] * len(code.paths)
    for arc in code.arcs:
        fan_in[arc.target] += 1
        fan_out[arc.source] += not arc.facade
    by_path = {row.path: row for row in metrics}
    return [
        _Measured(path, fan_in[node], fan_out[node], by_path[path].lines, by_path[path].complexity)
        for node, path in enumerate(code.paths)
        if path in by_path
    ]


def fences(measured: Sequence[_Measured]) -> Fences:
    """Q3 + 1.5 (Q3 - Q1) of each measure (Tukey 1977), at least its floor and the 95th percentile.

    The percentile is there because code is skewed: without it a tenth of the files of an ordinary
    project is an outlier.
    """
    return Fences(
        *(
            max(floor, _fence([getattr(row, name) for row in measured]))
            for name, floor in zip(Fences._fields, FLOORS, strict=True)
        )
    )


def _fence(values: Iterable[int]) -> int:
    ordered = sorted(values)
    low, high = _quantile(ordered, 25), _quantile(ordered, 75)
    return max(ceil(high + 1.5 * (high - low)), _quantile(ordered, 95))


def _quantile(ordered: Sequence[int], percentage: int) -> int:
    """The smallest value that at least *percentage* % of the values do not exceed."""
    return ordered[max(0, -(-percentage * len(ordered) // 100) - 1)]


def _finding(
    material: Material, code: CodeGraph, row: _Measured, limits: Fences, high: Sequence[str]
) -> Finding:
    basis = basis_of(material, [row.path])
    figures: dict[str, Json] = dict(row._asdict())
    del figures["path"]
    figures |= {f"{name}_high_from": limit for name, limit in limits._asdict().items()}
    figures["production_files"] = len(code.paths)
    parts = {
        "fan_out": f"imports {counted(row.fan_out, 'file')} itself (high from {limits.fan_out})",
        "lines": f"has {row.lines} lines (high from {limits.lines})",
        "complexity": f"has complexity {row.complexity} (high from {limits.complexity})",
    }
    return Finding(
        rule=CODE,
        fingerprint=fingerprint(CODE, row.path),
        severity=Severity.HIGH if len(high) > 1 else Severity.MEDIUM,
        confidence=round(0.7 * basis.share, 2),
        confidence_reason=(
            "the measures are exact for what was resolved, but an outlier is a question, not a "
            f"defect; {basis}"
        ),
        title=f"{row.path} is used by {row.fan_in} files and does much itself",
        why=(
            f"{counted(row.fan_in, 'production file')} of {len(code.paths)} import it (high from "
            f"{limits.fan_in}), and it {', it '.join(parts[name] for name in high)}: many reasons "
            "to change it meet many files that notice"
        ),
        graph=Graph.RUN,
        anchor=row.path,
        members=(row.path,),
        evidence=(
            *_largest_symbols(row.path, material.symbols.get(row.path, ())),
            *_importers(code, row.path),
        ),
        figures=figures,
    )


def _largest_symbols(path: str, symbols: Sequence[Symbol]) -> tuple[Evidence, ...]:
    """The longest top-level definitions; the file's first line where there are none."""
    top = [symbol for symbol in symbols if symbol.parent < 0 and symbol.kind != "module"]
    longest = sorted(
        top, key=lambda each: (each.start_line - each.end_line, each.start_line, each.qualname)
    )[:_EVIDENCE_SYMBOLS_MAX]
    if not longest:
        return (Evidence(path, 1, 1, "the file"),)
    return tuple(
        Evidence(
            path,
            symbol.start_line,
            symbol.end_line,
            f"{symbol.kind} {symbol.qualname}, "
            f"{counted(symbol.end_line - symbol.start_line + 1, 'line')}",
        )
        for symbol in longest
    )


def _importers(code: CodeGraph, path: str) -> tuple[Evidence, ...]:
    arcs = [arc for arc in code.arcs if code.paths[arc.target] == path]
    return tuple(
        Evidence(code.paths[arc.source], arc.lines[0], arc.lines[0], f"imports {path}")
        for arc in arcs[:_EVIDENCE_IMPORTERS_MAX]
    )
