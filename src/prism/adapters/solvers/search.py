"""Local search for a light feedback arc set: sifting, restarts from kicked orders, minimality."""

from collections.abc import Sequence

from prism.adapters.solvers.ordering import (
    Edge,
    LinkedOrder,
    Neighbours,
    backward_edges,
    eades_lin_smyth,
    respecting,
    sift,
)
from prism.domain import graph

#: Work in visited edges, a few CPU seconds; it bounds what is done whatever the size.
_VISITS_MAX = 3_000_000
_KICKS_MAX = 2_000
_KICKS_PER_NODE = 20
#: Visited edges of the searches that show which edges of a cut are superfluous.
_MINIMAL_VISITS_MAX = 10_000_000


class Shuffler:
    """A linear congruential generator (constants of Knuth's MMIX): the same sequence everywhere."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def below(self, bound: int) -> int:
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        return (self._state >> 33) % bound


def light_cut(
    nodes: int, edges: Sequence[Edge], fixed: Sequence[bool], known: Sequence[int] = ()
) -> list[int]:
    """Indexes of edges without which the graph is acyclic: no fixed one, none superfluous.

    The fixed edges must be acyclic. *known*: a cut to improve, else the search starts anew. Of two
    cuts of equal weight the one of fewer edges is lighter here. Orders of equal cuts follow each
    other: a walk over them leaves plateaus behind.
    """
    scale = len(edges) + 1
    barrier = scale * (1 + sum(weight for _, _, weight in edges))
    neighbours = Neighbours(
        nodes,
        (
            (source, target, barrier if held else weight * scale + 1)
            for (source, target, weight), held in zip(edges, fixed, strict=True)
        ),
    )
    held_ends = [edge[:2] for edge, held in zip(edges, fixed, strict=True) if held]
    start = (
        _order_of_cut(nodes, edges, known)
        if known
        else respecting(eades_lin_smyth(neighbours), held_ends)
    )
    order = _kicked_until_spent(start, neighbours, Shuffler(nodes))
    return minimal(nodes, edges, backward_edges(order, edges))


def _order_of_cut(nodes: int, edges: Sequence[Edge], cut: Sequence[int]) -> list[int]:
    removed = set(cut)
    ends = (edge[:2] for number, edge in enumerate(edges) if number not in removed)
    return graph.topological_order(graph.from_edges(nodes, ends))


def _kicked_until_spent(
    start: Sequence[int], neighbours: Neighbours, shuffler: Shuffler
) -> list[int]:
    """Iterated local search: shuffle a stretch, sift what that touched, keep it if not worse."""
    linked = LinkedOrder(start)
    visits = len(start) + sift(linked, neighbours, start, visits_max=_VISITS_MAX).visits
    order = linked.as_list()
    for _ in range(min(_KICKS_MAX, _KICKS_PER_NODE * len(start))):
        if visits > _VISITS_MAX:
            break
        low, stretch = _shuffled_stretch(order, shuffler)
        kicked = [*order[:low], *stretch, *order[low + len(stretch) :]]
        cost = _inner_cost(stretch, neighbours) - _inner_cost(
            order[low : low + len(stretch)], neighbours
        )
        linked = LinkedOrder(kicked)
        sifted = sift(linked, neighbours, stretch, visits_max=_VISITS_MAX)
        visits += len(order) // 2 + sifted.visits
        if cost <= sifted.gain:
            order = linked.as_list()
    return order


def _inner_cost(stretch: Sequence[int], neighbours: Neighbours) -> int:
    """Weight of the edges inside *stretch* that point from right to left."""
    place = {node: at for at, node in enumerate(stretch)}
    return sum(
        weight
        for at, node in enumerate(stretch)
        for other, weight in neighbours.out[node]
        if place.get(other, at) < at
    )


def _shuffled_stretch(order: Sequence[int], shuffler: Shuffler) -> tuple[int, list[int]]:
    """Where a stretch begins, and its nodes shuffled: short ones mostly, now and then a third."""
    longest = max(2, len(order) // 3)
    length = min(longest, (6, 12, 24, longest)[shuffler.below(4)])
    low = shuffler.below(len(order) - length + 1)
    stretch = list(order[low : low + length])
    for at in range(length - 1, 0, -1):
        other = shuffler.below(at + 1)
        stretch[at], stretch[other] = stretch[other], stretch[at]
    return low, stretch


def minimal(nodes: int, edges: Sequence[Edge], cut: Sequence[int]) -> list[int]:
    """Give back the edges of *cut* that close no cycle, the heaviest first, then by number.

    On graphs where that takes too many visits the last ones stay cut, superfluous or not.
    """
    removed = set(cut)
    after: list[list[int]] = [[] for _ in range(nodes)]
    for number, (source, target, _) in enumerate(edges):
        if number not in removed:
            after[source].append(target)
    visits = 0
    for number in sorted(cut, key=lambda number: (-edges[number][2], number)):
        if visits > _MINIMAL_VISITS_MAX:
            break
        source, target, _ = edges[number]
        reached, more = _reaches(after, target, source)
        visits += more
        if not reached:
            after[source].append(target)
            removed.discard(number)
    return sorted(removed)


def _reaches(after: Sequence[Sequence[int]], start: int, goal: int) -> tuple[bool, int]:
    """Is there a path, and how many edges were visited to know."""
    seen = {start}
    waiting = [start]
    visits = 0
    while waiting:
        node = waiting.pop()
        if node == goal:
            return True, visits
        visits += len(after[node])
        for child in after[node]:
            if child not in seen:
                seen.add(child)
                waiting.append(child)
    return False, visits
