"""The import graph between production files, on which cycles, cuts and plans are computed.

Nodes are numbered in the order of their paths, so whatever breaks ties by number breaks them by
name. Edges of equal ends but different axes (decisions 15) are one arc here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from prism.domain import graph
from prism.domain.facts.files import FileStatus, RunFile, Scope
from prism.domain.facts.runs import Edge, Graph, in_graph


class Arc(NamedTuple):
    """All imports of one file by another. ``lines``: the statements in the source, sorted.

    ``facade``: at least one of them is public API (``Edge.facade``). ``eager``: at least one runs
    as the source loads, so that the arc belongs to the load graph too.
    """

    source: int
    target: int
    lines: tuple[int, ...]
    facade: bool
    eager: bool

    @property
    def weight(self) -> int:
        return len(self.lines)


class Component(NamedTuple):
    """A strongly connected component of two or more files. ``number`` counts from 1, the largest
    first, then by first path. ``nodes`` are sorted; ``arcs`` run between them, sorted by ends."""

    number: int
    nodes: tuple[int, ...]
    arcs: tuple[Arc, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeGraph:
    """``paths[i]`` is node i; ``arcs`` are sorted by (source, target), without loops."""

    paths: tuple[str, ...]
    arcs: tuple[Arc, ...]

    def successors(self) -> list[list[int]]:
        rows: list[list[int]] = [[] for _ in self.paths]
        for arc in self.arcs:
            rows[arc.source].append(arc.target)
        return rows

    def components(self) -> list[Component]:
        """The cycles of the graph: its components of two or more files, in their numbering."""
        found = graph.cyclic_components(self.successors())
        number_of = {node: place for place, nodes in enumerate(found) for node in nodes}
        inside: list[list[Arc]] = [[] for _ in found]
        for arc in self.arcs:
            place = number_of.get(arc.source)
            if place is not None and number_of.get(arc.target) == place:
                inside[place].append(arc)
        return [
            Component(place + 1, tuple(nodes), tuple(inside[place]))
            for place, nodes in enumerate(found)
        ]


def code_graph(
    files: Sequence[RunFile], edges: Sequence[Edge], which: Graph = Graph.RUN
) -> CodeGraph:
    """The graph *which* between the production files that have code facts, isolated ones too."""
    paths = tuple(
        sorted(
            file.path
            for file in files
            if file.status == FileStatus.INDEXED and file.scope == Scope.PRODUCTION
        )
    )
    number = {path: place for place, path in enumerate(paths)}
    merged: dict[tuple[int, int], Arc] = {}
    for edge in edges:
        source, target = number.get(edge.source), number.get(edge.target)
        if source is None or target is None or source == target or not in_graph(edge, which):
            continue
        eager = edge.timing == "eager" and edge.erased == "no"
        arc = merged.get((source, target), Arc(source, target, (), False, False))
        merged[source, target] = Arc(
            source,
            target,
            tuple(sorted({*arc.lines, *edge.lines})),
            arc.facade or edge.facade,
            arc.eager or eager,
        )
    return CodeGraph(paths=paths, arcs=tuple(merged[ends] for ends in sorted(merged)))


def component_numbers(files: Sequence[RunFile], edges: Sequence[Edge]) -> dict[str, int]:
    """Path -> number of its component in the run graph between production files; others absent."""
    found = code_graph(files, edges)
    return {
        found.paths[node]: component.number
        for component in found.components()
        for node in component.nodes
    }
