"""One component of the run graph while its cuts are carried out, one after the other."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from prism.domain import graph
from prism.domain.blueprints.cut_order import cut_order
from prism.domain.code_graph import CodeGraph, Component
from prism.domain.facts.runs import CutEdge


class CircleState(NamedTuple):
    """``edges``: imports between files that are in a circle together. ``files``: files in circles.
    ``largest``: files of the largest circle. ``pairs``: (i, j) with a path from i to j."""

    edges: int
    files: frozenset[str]
    largest: int
    pairs: int


class Circle:
    """Nodes are the component's files and what the plan's rewrites import besides."""

    def __init__(self, code: CodeGraph, component: Component, cuts: Sequence[CutEdge]) -> None:
        self.number = component.number
        self.members = tuple(code.paths[node] for node in component.nodes)
        self._paths = list(self.members)
        self._place = {path: at for at, path in enumerate(self._paths)}
        self._edges = {
            (self._place[code.paths[arc.source]], self._place[code.paths[arc.target]])
            for arc in component.arcs
        }
        self._cuts = list(cuts)

    def ordered(self) -> list[CutEdge]:
        """The cuts in the order to carry them out, the most gain per statement first."""
        ends = [(self._place[cut.source], self._place[cut.target]) for cut in self._cuts]
        kept = sorted(self._edges - set(ends))
        arcs = [
            (source, target, cut.weight)
            for (source, target), cut in zip(ends, self._cuts, strict=True)
        ]
        return [self._cuts[at] for at in cut_order(len(self._paths), kept, arcs)]

    def cut(self, cut: CutEdge, adds: Iterable[tuple[str, str]]) -> None:
        """Take the import out, put in what its rewrites import instead."""
        self._edges.discard((self._place[cut.source], self._place[cut.target]))
        for source, target in adds:
            for path in (source, target):
                if path not in self._place:
                    self._place[path] = len(self._paths)
                    self._paths.append(path)
            self._edges.add((self._place[source], self._place[target]))

    def state(self) -> CircleState:
        rows = graph.from_edges(len(self._paths), sorted(self._edges))
        circles = graph.cyclic_components(rows)
        circle_of = {node: at for at, nodes in enumerate(circles) for node in nodes}
        inside = sum(
            source in circle_of and circle_of[source] == circle_of.get(target)
            for source, target in self._edges
        )
        return CircleState(
            edges=inside,
            files=frozenset(self._paths[node] for node in circle_of),
            largest=max(map(len, circles), default=0),
            pairs=graph.reachable_pairs(rows),
        )
