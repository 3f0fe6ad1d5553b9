"""Least feedback arc sets by hitting sets: cycles become rows only when a candidate misses them.

After Baharev et al., "An exact method for the minimum feedback arc set problem" (ACM JEA 2021),
with a Lagrangian bound in place of the linear solver, reduced-cost fixing, and best-first search
under a budget of visited entries. What it cannot finish, it still bounds from below.
"""

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from prism.adapters.solvers.cycles import CycleRows
from prism.adapters.solvers.ordering import Edge
from prism.adapters.solvers.relaxation import (
    SCALE,
    Bound,
    Row,
    ascend,
    greedy,
    whole,
    without_implied,
)
from prism.adapters.solvers.search import minimal

_ROOT_ROUNDS_MAX = 30
_ROOT_STEPS = 100
_NODE_STEPS = 40
#: Where two rounds raise the root's bound by less, splitting helps more.
_SLOW = SCALE >> 3
#: Columns that the relaxed problems chose more often than this are tried as a candidate.
_SHARES = (0.9, 0.7, 0.5, 0.35, 0.25, 0.15)


class Proof(NamedTuple):
    """The best cut found (indexes of edges, sorted), and a proven lower bound on every cut."""

    cut: list[int]
    weight: int
    lower_bound: int


class _Node(NamedTuple):
    """A part of the search: every cut that holds all ``taken`` edges and none of ``banned``.

    ``bound``: no cut of this part weighs less. ``multipliers``: where its relaxation starts.
    """

    bound: int
    serial: int
    taken: frozenset[int]
    banned: frozenset[int]
    multipliers: Mapping[Row, int]


class _Relaxed(NamedTuple):
    """``rows`` still to hit (without banned columns), a bound on hitting them, and the candidate
    cut that the relaxation suggests; ``multipliers`` by row of the whole problem."""

    rows: list[Row]
    bound: Bound
    candidate: set[int]
    multipliers: dict[Row, int]


class ExactSearch:
    """One search. The ``fixed`` edges must be acyclic; *cut* is a known cut to start from."""

    def __init__(
        self, nodes: int, edges: Sequence[Edge], fixed: Sequence[bool], cut: Sequence[int]
    ) -> None:
        self._nodes = nodes
        self._edges = edges
        self._weights = {number: edge[2] for number, edge in enumerate(edges)}
        held = frozenset(number for number, is_fixed in enumerate(fixed) if is_fixed)
        self._cycles = CycleRows(nodes, edges, held)
        self._cut = sorted(cut)
        self._weight = self._weigh(cut)
        self._serial = 0
        self._visits_max = 0

    def run(self, visits_max: int) -> Proof:
        """Search until the cut is proven least or *visits_max* entries were visited."""
        self._visits_max = visits_max
        self._cycles.add_shortest(visits_max // 4)
        for number in self._cut:
            self._cycles.add_missed({*self._cut} - {number}, visits_max // 4)
        lower = self._search(self._root())
        return Proof(self._cut, self._weight, min(lower, self._weight))

    def _weigh(self, chosen: Sequence[int] | frozenset[int]) -> int:
        return sum(self._weights[number] for number in chosen)

    @property
    def _spent(self) -> bool:
        return self._cycles.visits > self._visits_max

    def _root(self) -> _Node:
        """The whole problem, bounded as well as its rounds allow."""
        node = _Node(0, 0, frozenset(), frozenset(), {})
        values = [0]
        for _ in range(_ROOT_ROUNDS_MAX):
            relaxed = self._relax(node, _ROOT_STEPS)
            assert relaxed is not None, "a cycle of fixed edges was let through"
            values.append(relaxed.bound.value)
            node = node._replace(
                bound=max(node.bound, whole(relaxed.bound.value)), multipliers=relaxed.multipliers
            )
            fresh = self._try(relaxed.candidate)
            for share in _SHARES:
                often = {column for column, part in relaxed.bound.share.items() if part > share}
                fresh += self._cycles.add_missed(often, self._visits_max) or 0
            slow = len(values) > 3 and values[-1] - values[-3] < _SLOW
            if fresh == 0 or slow or node.bound >= self._weight or self._spent:
                break
        return node

    def _search(self, root: _Node) -> int:
        """Best-first; returns a lower bound on the weight of every cut."""
        waiting = [root]
        while waiting and waiting[0].bound < self._weight:
            if self._spent:
                return waiting[0].bound
            for child in self._split(heappop(waiting)):
                if child.bound < self._weight:
                    heappush(waiting, child)
        return self._weight

    def _split(self, node: _Node) -> list[_Node]:
        """Solve a part, or split it in two. Empty: nothing in it beats the known cut."""
        while True:
            relaxed = self._relax(node, _NODE_STEPS)
            if relaxed is None:
                return []
            bound = self._weigh(node.taken) + whole(relaxed.bound.value)
            node = node._replace(bound=max(node.bound, bound), multipliers=relaxed.multipliers)
            if node.bound >= self._weight:
                return []
            fresh = self._try(relaxed.candidate | node.taken)
            if node.bound >= self._weight:
                return []
            if relaxed.rows or fresh == 0:
                break
            if self._spent:
                return [node]
        return self._children(node, relaxed)

    def _children(self, node: _Node, relaxed: _Relaxed) -> list[_Node]:
        """One part with the edge that decides most, one without it; reduced costs settle others."""
        taken, banned = set(node.taken), set(node.banned)
        # Anything better than the known cut weighs at most its weight - 1.
        slack = (self._weight - 1 - self._weigh(node.taken)) * SCALE - relaxed.bound.value
        for column, cost in sorted(relaxed.bound.reduced.items()):
            if cost > slack:
                banned.add(column)
            elif -cost > slack:
                taken.add(column)
        row = min(relaxed.rows, key=lambda row: (self._open(row, taken, banned), row), default=())
        free = [column for column in row if column not in banned and column not in taken]
        settled = node._replace(taken=frozenset(taken), banned=frozenset(banned))
        if not free:  # only rows that were settled or cannot be hit: look at them again
            return [self._numbered(settled)] if settled != node else []
        column = min(free, key=lambda column: (relaxed.bound.reduced[column], column))
        return [
            self._numbered(settled._replace(taken=settled.taken | {column})),
            self._numbered(settled._replace(banned=settled.banned | {column})),
        ]

    @staticmethod
    def _open(row: Row, taken: set[int], banned: set[int]) -> int:
        """How many ways are left to hit the row; those that are hit already come last."""
        if not taken.isdisjoint(row):
            return 1 << 30
        return sum(column not in banned for column in row)

    def _numbered(self, node: _Node) -> _Node:
        self._serial += 1
        return node._replace(serial=self._serial)

    def _try(self, candidate: set[int]) -> int:
        """Keep the candidate if it is a lighter cut; else make rows of what it misses.

        Returns the number of new rows.
        """
        fresh = self._cycles.add_missed(candidate, self._visits_max)
        if fresh is not None:
            return fresh
        cut = minimal(self._nodes, self._edges, sorted(candidate))
        if self._weigh(cut) < self._weight:
            self._cut, self._weight = cut, self._weigh(cut)
        return 0

    def _relax(self, node: _Node, steps: int) -> _Relaxed | None:
        """None when a row of the part cannot be hit."""
        origin: dict[Row, Row] = {}
        start: dict[Row, int] = {}
        for row in self._cycles.rows:
            if not node.taken.isdisjoint(row):
                continue
            rest = tuple(column for column in row if column not in node.banned)
            if not rest:
                return None
            origin.setdefault(rest, row)
            start[rest] = start.get(rest, 0) + node.multipliers.get(row, 0)
        kept = without_implied(start)
        rows = list(kept)
        upper = self._weight - self._weigh(node.taken)
        bound = ascend(rows, self._weights, list(kept.values()), upper=upper, steps=steps)
        self._cycles.visits += steps * sum(map(len, rows)) + 4 * len(start)
        multipliers = {
            origin[row]: multiplier
            for row, multiplier in zip(rows, bound.multipliers, strict=True)
            if multiplier
        }
        return _Relaxed(rows, bound, greedy(rows, self._weights, bound.reduced), multipliers)
