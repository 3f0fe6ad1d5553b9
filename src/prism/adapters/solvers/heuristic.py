"""The cut solver that needs nothing but Python: local search, then a bounded exact search."""

from collections.abc import Sequence

from prism.adapters.solvers.exact_search import ExactSearch, Proof
from prism.adapters.solvers.ordering import Edge
from prism.adapters.solvers.search import light_cut
from prism.application.ports.cuts import CutAnswer, CutProblem, CutSolver
from prism.domain import graph
from prism.domain.cuts import FACADE_BOUND, HEURISTIC, PROVEN

#: About five CPU seconds for one component, spent only where the proof is hard.
_EXACT_VISITS_MAX = 40_000_000
#: Above this many edges only local search runs: the bound would not come near the cut anyway.
_EXACT_EDGES_MAX = 20_000


class HeuristicCutSolver(CutSolver):
    """Proves the least cut of most components of real code, and bounds the others from below.

    Of two cuts of equal weight the one of fewer edges is better; further ties are settled by the
    order of nodes and edges, that is by name.
    """

    def __init__(self, *, exact_visits_max: int = _EXACT_VISITS_MAX) -> None:
        self._exact_visits_max = exact_visits_max

    def solve(self, problem: CutProblem) -> CutAnswer:
        knotted = _in_fixed_cycles(problem)
        kept = [number for number in range(len(problem.edges)) if number not in knotted]
        cut: list[int] = []
        lower = 0
        for numbers in _parts(problem, kept):
            proof = self._solve_part(problem, numbers)
            cut.extend(numbers[place] for place in proof.cut)
            lower += proof.lower_bound
        weight = sum(problem.edges[number][2] for number in cut)
        status = FACADE_BOUND if knotted else PROVEN if weight == lower else HEURISTIC
        return CutAnswer(tuple(sorted(cut)), weight, lower, status, bool(knotted))

    def _solve_part(self, problem: CutProblem, numbers: Sequence[int]) -> Proof:
        """Solve the graph of these edges alone; the proof's cut are places in *numbers*."""
        ends = sorted({end for number in numbers for end in problem.edges[number][:2]})
        place = {node: at for at, node in enumerate(ends)}
        edges: list[Edge] = [
            (place[source], place[target], weight)
            for source, target, weight in (problem.edges[number] for number in numbers)
        ]
        fixed = [problem.fixed[number] for number in numbers]
        cut = light_cut(len(ends), edges, fixed)
        weight = sum(edges[at][2] for at in cut)
        if len(edges) > _EXACT_EDGES_MAX:
            return Proof(cut, weight, min(weight, disjoint_cycles(len(ends), edges, fixed)))
        proof = ExactSearch(len(ends), edges, fixed, cut).run(self._exact_visits_max)
        fewer = light_cut(len(ends), edges, fixed, proof.cut)
        weight = sum(edges[at][2] for at in fewer)
        if (weight, len(fewer)) < (proof.weight, len(proof.cut)):
            return Proof(fewer, weight, proof.lower_bound)
        return proof


def _in_fixed_cycles(problem: CutProblem) -> frozenset[int]:
    """Fixed edges that lie on a cycle of fixed edges: no cut can help there."""
    held = [number for number, is_fixed in enumerate(problem.fixed) if is_fixed]
    rows = graph.from_edges(problem.nodes, (problem.edges[number][:2] for number in held))
    member_of = graph.condense(rows).member_of
    return frozenset(
        number
        for number in held
        if member_of[problem.edges[number][0]] == member_of[problem.edges[number][1]]
    )


def _parts(problem: CutProblem, kept: Sequence[int]) -> list[list[int]]:
    """The edges inside each component of the graph of *kept* edges: cycles never leave one."""
    rows = graph.from_edges(problem.nodes, (problem.edges[number][:2] for number in kept))
    member_of = {
        node: at for at, component in enumerate(graph.cyclic_components(rows)) for node in component
    }
    parts: dict[int, list[int]] = {}
    for number in kept:
        source, target, _ = problem.edges[number]
        at = member_of.get(source)
        if at is not None and member_of.get(target) == at:
            parts.setdefault(at, []).append(number)
    return [parts[at] for at in sorted(parts)]


def disjoint_cycles(nodes: int, edges: Sequence[Edge], fixed: Sequence[bool]) -> int:
    """A lower bound: the lightest cuttable edge of each of many cycles with no edge in common.

    Cycles are those that a walk from every node closes, each edge followed once; O(edges).
    """
    after: list[list[int]] = [[] for _ in range(nodes)]
    for number, (source, _, _) in enumerate(edges):
        after[source].append(number)
    total = 0
    on_path = bytearray(nodes)
    for root in range(nodes):
        node, path = root, list[int]()  # path: numbers of the edges from root to node
        on_path[root] = 1
        while after[node] or path:
            if not after[node]:
                on_path[node] = 0
                node = edges[path.pop()][0]
                continue
            path.append(after[node].pop())
            node = edges[path[-1]][1]
            if on_path[node]:
                total += _close(path, node, edges, fixed, on_path)
            on_path[node] = 1
        on_path[root] = 0
    return total


def _close(
    path: list[int],
    node: int,
    edges: Sequence[Edge],
    fixed: Sequence[bool],
    on_path: bytearray,
) -> int:
    """Take the cycle that ends *path* at *node* off it; returns its lightest cuttable weight."""
    lightest = 0
    while True:
        number = path.pop()
        source, _, weight = edges[number]
        if not fixed[number] and (lightest == 0 or weight < lightest):
            lightest = weight
        if source == node:
            return lightest
        on_path[source] = 0
