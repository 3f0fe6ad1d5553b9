"""The import graph as it will be when all cuts are made: what may be imported from where then."""

from collections.abc import Collection

from prism.domain import graph
from prism.domain.code_graph import CodeGraph


class FinishedGraph:
    """Run graph of the production files without the cut imports, plus what the plan adds."""

    def __init__(self, code: CodeGraph, cut: Collection[tuple[str, str]]) -> None:
        self.paths = code.paths
        self.place = {path: at for at, path in enumerate(code.paths)}
        self.arcs = {
            (arc.source, arc.target): arc
            for arc in code.arcs
            if (code.paths[arc.source], code.paths[arc.target]) not in cut
        }
        self._after = graph.from_edges(len(code.paths), self.arcs)

    def admits(self, source: str, target: str) -> bool:
        """May *source* import *target* without closing a circle? Both must be production files."""
        return source != target and self.route(target, source) is None and target in self.place

    def add(self, source: str, target: str) -> None:
        row = self._after[self.place[source]]
        if self.place[target] not in row:
            row.append(self.place[target])

    def route(self, source: str, target: str) -> list[str] | None:
        """Files of a shortest chain of imports, both ends included; None: there is none."""
        start, goal = self.place.get(source), self.place.get(target)
        if start is None or goal is None:
            return None
        found = graph.shortest_path(self._after, start, goal)
        return None if found is None else [self.paths[node] for node in found]

    def line(self, source: str, target: str) -> int:
        """The first line of an import that stays; 0 for one that the plan adds."""
        arc = self.arcs.get((self.place[source], self.place[target]))
        return arc.lines[0] if arc is not None else 0
