"""The import graph after a plan: what its cuts and rewrites change, milestone by milestone."""

from collections.abc import Sequence
from typing import NamedTuple

from prism.domain import graph
from prism.domain.code_graph import CodeGraph
from prism.domain.facts.runs import CutEdge

#: Propagation cost after each milestone is computed for so many files times milestones only.
_STEPS_MAX = 400_000

Change = tuple[CutEdge, tuple[tuple[str, str], ...]]


class Simulated(NamedTuple):
    """``propagation_costs[i]`` is that after i milestones; only first and last where computing all
    would take too long."""

    propagation_costs: tuple[float, ...]
    circles: int
    files_in_circles: int

    def half_way(self) -> int:
        """After how many milestones half of the gain is reached; 0 when there is none."""
        first, last = self.propagation_costs[0], self.propagation_costs[-1]
        if last >= first or len(self.propagation_costs) < 3:
            return 0
        return next(
            at
            for at, cost in enumerate(self.propagation_costs)
            if first - cost >= (first - last) / 2
        )


def simulate(code: CodeGraph, milestones: Sequence[Sequence[Change]]) -> Simulated:
    """Carry out the changes of each milestone in turn."""
    place = {path: at for at, path in enumerate(code.paths)}
    edges = {(arc.source, arc.target) for arc in code.arcs}
    every = len(code.paths) * len(milestones) <= _STEPS_MAX
    costs = [_cost(code, edges)]
    for at, changes in enumerate(milestones, start=1):
        for cut, adds in changes:
            edges.discard((place[cut.source], place[cut.target]))
            edges |= {(place[source], place[target]) for source, target in adds}
        if every or at == len(milestones):
            costs.append(_cost(code, edges))
    circles = graph.cyclic_components(graph.from_edges(len(code.paths), sorted(edges)))
    return Simulated(tuple(costs), len(circles), sum(map(len, circles)))


def _cost(code: CodeGraph, edges: set[tuple[int, int]]) -> float:
    rows = graph.from_edges(len(code.paths), sorted(edges))
    return round(graph.propagation_cost(rows), 4)
