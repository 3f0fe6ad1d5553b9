"""Linear orders of a graph's nodes in which little weight points backwards: start and improvement.

A feedback arc set is the set of backward edges of an order. Start: Eades, Lin, Smyth 1993.
Improvement: sifting, each node in turn moves to its best place (Matuszewski, Schönfeld, Molitor
1999). Everything is a function of the input; nothing is random and no step count depends on time.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple

Edge = tuple[int, int, int]
#: Distance between neighbouring places, so that many nodes fit between two before renumbering.
_GAP = 1 << 32


class Neighbours:
    """``out[i]`` and ``into[i]`` list (other node, weight) of the edges at node i.

    ``pull[i]`` lists (other node, weight out minus weight in), each other node once.
    """

    def __init__(self, nodes: int, edges: Iterable[Edge]) -> None:
        self.out: list[list[tuple[int, int]]] = [[] for _ in range(nodes)]
        self.into: list[list[tuple[int, int]]] = [[] for _ in range(nodes)]
        pull: list[dict[int, int]] = [{} for _ in range(nodes)]
        for source, target, weight in edges:
            self.out[source].append((target, weight))
            self.into[target].append((source, weight))
            pull[source][target] = pull[source].get(target, 0) + weight
            pull[target][source] = pull[target].get(source, 0) - weight
        self.pull = [list(row.items()) for row in pull]


def eades_lin_smyth(neighbours: Neighbours) -> list[int]:
    """Sinks to the right, sources to the left, else the node with most outgoing minus incoming
    weight to the left; ties by number. O(edges log nodes)."""
    nodes = len(neighbours.out)
    outgoing = [sum(weight for _, weight in row) for row in neighbours.out]
    incoming = [sum(weight for _, weight in row) for row in neighbours.into]
    placed = bytearray(nodes)
    left: list[int] = []
    right: list[int] = []
    heap = [(_rank(outgoing[node], incoming[node]), node) for node in range(nodes)]
    heapify(heap)
    while heap:
        rank, node = heappop(heap)
        if placed[node] or rank != _rank(outgoing[node], incoming[node]):
            continue
        placed[node] = 1
        (right if outgoing[node] == 0 else left).append(node)
        for other, weight in neighbours.out[node]:
            if not placed[other]:
                incoming[other] -= weight
                heappush(heap, (_rank(outgoing[other], incoming[other]), other))
        for other, weight in neighbours.into[node]:
            if not placed[other]:
                outgoing[other] -= weight
                heappush(heap, (_rank(outgoing[other], incoming[other]), other))
    return left + right[::-1]


def _rank(outgoing: int, incoming: int) -> tuple[int, int]:
    """Sinks first, then sources, then by the weight a place at the left end saves."""
    if outgoing == 0:
        return (0, 0)
    if incoming == 0:
        return (1, 0)
    return (2, incoming - outgoing)


def respecting(order: Sequence[int], fixed: Iterable[tuple[int, int]]) -> list[int]:
    """The topological order of the acyclic edges *fixed* that stays closest to *order*."""
    place = {node: number for number, node in enumerate(order)}
    after: list[list[int]] = [[] for _ in order]
    waiting = [0] * len(order)
    for source, target in fixed:
        after[source].append(target)
        waiting[target] += 1
    free = [place[node] for node in order if waiting[node] == 0]
    heapify(free)
    result: list[int] = []
    while free:
        node = order[heappop(free)]
        result.append(node)
        for other in after[node]:
            waiting[other] -= 1
            if waiting[other] == 0:
                heappush(free, place[other])
    return result


class LinkedOrder:
    """An order as a linked list with labels: a node moves in O(1), the labels say who is left.

    The list is a ring around the end marker, number ``len(order)``.
    """

    def __init__(self, order: Sequence[int]) -> None:
        self._end = len(order)
        self.label = [0] * (self._end + 1)
        self._next = [0] * (self._end + 1)
        self._previous = [0] * (self._end + 1)
        previous = self._end
        for node in order:
            self._next[previous] = node
            self._previous[node] = previous
            previous = node
        self._next[previous] = self._end
        self._previous[self._end] = previous
        self._renumber()

    def _renumber(self) -> None:
        node, label = self._next[self._end], _GAP
        while node != self._end:
            self.label[node] = label
            label += _GAP
            node = self._next[node]

    def move(self, node: int, *, after: int) -> None:
        """Put *node* directly behind *after*; behind ``first`` is in front of everything."""
        if after == node:
            return
        before, behind = self._previous[node], self._next[node]
        self._next[before], self._previous[behind] = behind, before
        follower = self._next[after]
        self._next[after] = self._previous[follower] = node
        self._previous[node], self._next[node] = after, follower
        low = 0 if after == self._end else self.label[after]
        high = low + 2 * _GAP if follower == self._end else self.label[follower]
        self.label[node] = (low + high) // 2
        if self.label[node] in (low, high):
            self._renumber()

    def before(self, node: int) -> int:
        return self._previous[node]

    def as_list(self) -> list[int]:
        nodes: list[int] = []
        node = self._next[self._end]
        while node != self._end:
            nodes.append(node)
            node = self._next[node]
        return nodes


class Sifted(NamedTuple):
    """``gain``: by how much the backward weight fell. ``visits``: edges looked at."""

    gain: int
    visits: int


def sift(
    order: LinkedOrder, neighbours: Neighbours, nodes: Iterable[int], *, visits_max: int
) -> Sifted:
    """Move each of *nodes* to its best place, then the neighbours of those that moved, and so on.

    Ends when no node moves or after *visits_max* visits.
    """
    waiting = deque(nodes)
    listed = set(waiting)
    gain = visits = 0
    while waiting and visits <= visits_max:
        node = waiting.popleft()
        listed.discard(node)
        visits += len(neighbours.pull[node])
        gained = _sift_one(order, neighbours, node)
        if gained:
            gain += gained
            for other, _ in neighbours.pull[node]:
                if other not in listed:
                    listed.add(other)
                    waiting.append(other)
    return Sifted(gain, visits)


def _sift_one(order: LinkedOrder, neighbours: Neighbours, node: int) -> int:
    """Only places next to a neighbour matter: in between nothing changes.

    Seen from the left end: passing an out-neighbour makes that edge backward (+), passing an
    in-neighbour makes that edge forward (-). Best is the lowest running sum; the current place
    wins ties, then the leftmost.
    """
    label = order.label
    here = label[node]
    places = sorted((label[other], weight, other) for other, weight in neighbours.pull[node])
    cost = best = current = 0
    best_after = -1
    for place, weight, other in places:
        cost += weight
        if place < here:
            current = cost
        if cost < best:
            best, best_after = cost, other
    if best >= current:
        return 0
    if best_after < 0:
        order.move(node, after=order.before(places[0][2]))
    else:
        order.move(node, after=best_after)
    return current - best


def backward_edges(order: Sequence[int], edges: Sequence[Edge]) -> list[int]:
    """Indexes of the edges that point from right to left."""
    place = [0] * len(order)
    for number, node in enumerate(order):
        place[node] = number
    return [
        number for number, (source, target, _) in enumerate(edges) if place[source] > place[target]
    ]
