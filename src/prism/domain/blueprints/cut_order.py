"""In which order to carry out the cuts of one component: the most gain first, found backwards.

From the finished graph the edge comes back that costs least; it is cut last (blueprint order by
propagation cost; better than choosing the best cut forwards, because one cut inside a large
component often gains nothing by itself). Costs are reachable pairs inside the component.
"""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

from prism.domain import graph

Arc = tuple[int, int, int]
#: Pairs of an edge and a node looked at; beyond it, costs of earlier rounds are trusted.
_VISITS_MAX = 20_000_000


class Closure:
    """Reachability of a graph that grows by edges: rows of bits, node itself included."""

    def __init__(self, successors: graph.Successors) -> None:
        condensed = graph.condense(successors)
        masks = [sum(1 << node for node in nodes) for nodes in condensed.components]
        reach: list[int] = []
        for mask, row in zip(masks, condensed.successors, strict=True):
            for child in row:
                mask |= reach[child]
            reach.append(mask)
        self._reach = [reach[component] for component in condensed.member_of]

    def reaches(self, source: int, target: int) -> bool:
        return bool(self._reach[source] >> target & 1)

    def pairs_gained(self, source: int, target: int) -> int:
        """How many pairs more were reachable with the edge *source* -> *target*."""
        added = self._reach[target]
        if self.reaches(source, target):
            return 0
        return sum((added & ~row).bit_count() for row in self._reach if row >> source & 1)

    def add(self, source: int, target: int) -> None:
        added = self._reach[target]
        self._reach = [row | added if row >> source & 1 else row for row in self._reach]


def cut_order(nodes: int, kept: Sequence[tuple[int, int]], cuts: Sequence[Arc]) -> list[int]:
    """Places in *cuts* (source, target, statements) in the order to cut them.

    *kept* are the edges that stay. Gain counts per statement; ties by place, the earlier cut first.
    """
    closure = Closure(graph.from_edges(nodes, kept))
    backwards: list[int] = []
    waiting = [(_cost(closure, cuts[at]), -at) for at in range(len(cuts))]
    visits = len(cuts) * nodes
    heapify(waiting)
    while waiting:
        if visits <= _VISITS_MAX:
            visits += len(waiting) * nodes
            waiting = [(_cost(closure, cuts[-place]), place) for _, place in waiting]
            heapify(waiting)
        _, place = heappop(waiting)
        if visits > _VISITS_MAX and waiting:
            cost = _cost(closure, cuts[-place])
            if cost > waiting[0][0]:  # it became dearer meanwhile: another one may come back first
                heappush(waiting, (cost, place))
                visits += nodes
                _, place = heappop(waiting)
        source, target, _ = cuts[-place]
        closure.add(source, target)
        backwards.append(-place)
    return backwards[::-1]


def _cost(closure: Closure, cut: Arc) -> float:
    source, target, statements = cut
    return closure.pairs_gained(source, target) / max(1, statements)
