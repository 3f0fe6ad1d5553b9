"""Cycles of a graph as rows of its cuttable edges, found as they are needed."""

from collections.abc import Collection, Sequence

from prism.adapters.solvers.ordering import Edge
from prism.adapters.solvers.relaxation import Row
from prism.domain import graph


class CycleRows:
    """The rows found so far, in the order found. ``visits`` counts entries looked at."""

    def __init__(self, nodes: int, edges: Sequence[Edge], fixed: Collection[int]) -> None:
        self._nodes = nodes
        self._edges = edges
        self._fixed = fixed
        self._number = {edge[:2]: number for number, edge in enumerate(edges)}
        self._rows: dict[Row, None] = {}
        self.visits = 0

    @property
    def rows(self) -> Collection[Row]:
        return self._rows.keys()

    def add_shortest(self, visits_max: int) -> None:
        """Make a row of a shortest cycle over every edge, as far as the budget goes."""
        rows = self._successors(())
        for source, target, _ in self._edges:
            if self.visits > visits_max:
                return
            self._add(rows, source, target)

    def add_missed(self, chosen: Collection[int], visits_max: int) -> int | None:
        """Make rows of shortest cycles that the edges *chosen* leave, few edges in common.

        None when no cycle is left; else how many rows are new.
        """
        self.visits += len(self._edges)
        rows = self._successors(chosen)
        components = graph.cyclic_components(rows)
        if not components:
            return None
        before = len(self._rows)
        for component in components:
            inside = set(component)
            seen: set[int] = set()
            for source in component:
                rows[source] = [target for target in rows[source] if target in inside]
            for source in component:
                for target in rows[source]:
                    if self._number[source, target] not in seen and self.visits <= visits_max:
                        seen.update(self._add(rows, source, target))
        return len(self._rows) - before

    def _successors(self, removed: Collection[int]) -> list[list[int]]:
        rows: list[list[int]] = [[] for _ in range(self._nodes)]
        for number, (source, target, _) in enumerate(self._edges):
            if number not in removed:
                rows[source].append(target)
        return rows

    def _add(self, rows: graph.Successors, source: int, target: int) -> set[int]:
        """The edges of a shortest cycle over this edge; its cuttable ones are a row from now on."""
        self.visits += 1 + len(self._edges) // 3  # a breadth first search sees a part of them
        cycle = graph.shortest_cycle_through(rows, source, target)
        if cycle is None:
            return set()
        numbers = {self._number[ends] for ends in zip(cycle, [*cycle[1:], cycle[0]], strict=True)}
        self._rows[tuple(sorted(numbers.difference(self._fixed)))] = None
        return numbers
