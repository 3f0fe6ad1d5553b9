"""The pure Python solver: the contract of its port, and what is its own."""

import itertools

from hypothesis import given, settings
from tests.contracts.cut_solver import CutSolverContract, cut_problems, least_weight

from prism.adapters.solvers.heuristic import HeuristicCutSolver, disjoint_cycles
from prism.adapters.solvers.relaxation import SCALE, ascend, greedy, whole, without_implied
from prism.application.ports.cuts import CutAnswer, CutProblem, CutSolver
from prism.domain import graph
from prism.domain.cuts import FACADE_BOUND, HEURISTIC, PROVEN


def tangle(nodes: int, edges: int, seed: int) -> CutProblem:
    """A strongly tangled random graph from a fixed sequence of numbers."""
    state, ends = seed, set[tuple[int, int]]()
    while len(ends) < edges:
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        pair = ((state >> 33) % nodes, (state >> 48) % nodes)
        if pair[0] != pair[1]:
            ends.add(pair)
    return CutProblem(nodes, [(*pair, 1) for pair in sorted(ends)], [False] * edges)


class EveryOrder(CutSolver):
    """The oracle: the least cut by trying every order of the nodes. For a handful of nodes only."""

    def solve(self, problem: CutProblem) -> CutAnswer:
        held = [number for number, fixed in enumerate(problem.fixed) if fixed]
        rows = graph.from_edges(problem.nodes, (problem.edges[number][:2] for number in held))
        member_of = graph.condense(rows).member_of
        ends = [member_of[source] == member_of[target] for source, target, _ in problem.edges]
        knotted = {number for number in held if ends[number]}
        cuts = (
            [
                number
                for number, (source, target, _) in enumerate(problem.edges)
                if number not in knotted and order.index(source) > order.index(target)
            ]
            for order in itertools.permutations(range(problem.nodes))
        )
        weigh = {number: edge[2] for number, edge in enumerate(problem.edges)}
        cut = min(
            (cut for cut in cuts if not any(problem.fixed[number] for number in cut)),
            key=lambda cut: (sum(weigh[number] for number in cut), len(cut), cut),
        )
        weight = sum(weigh[number] for number in cut)
        status = FACADE_BOUND if knotted else PROVEN
        return CutAnswer(tuple(cut), weight, weight, status, bool(knotted))


class TestEveryOrder(CutSolverContract):
    def solver(self) -> CutSolver:
        return EveryOrder()


class TestHeuristicCutSolver(CutSolverContract):
    def solver(self) -> CutSolver:
        return HeuristicCutSolver()


@given(problem=cut_problems())
@settings(max_examples=80, deadline=None)
def test_small_problems_are_solved_and_proven(problem: CutProblem) -> None:
    answer = HeuristicCutSolver().solve(problem)
    if not answer.left_cyclic:
        assert (answer.weight, answer.status) == (least_weight(problem), PROVEN)


def test_a_tangle_of_fifty_files_is_proven() -> None:
    assert HeuristicCutSolver().solve(tangle(50, 150, 7)).status == PROVEN


def test_a_spent_budget_leaves_a_valid_cut_and_a_valid_bound() -> None:
    problem = tangle(120, 480, 3)
    answer = HeuristicCutSolver(exact_visits_max=1_000).solve(problem)
    left = (edge[:2] for n, edge in enumerate(problem.edges) if n not in set(answer.cut))
    assert answer.status == HEURISTIC
    assert graph.is_acyclic(graph.from_edges(problem.nodes, left))
    assert answer.lower_bound <= answer.weight


def test_of_two_least_cuts_the_one_of_fewer_edges_is_taken() -> None:
    # Both ways around weigh 2: one edge of two statements, or two edges of one.
    edges = [(0, 1, 2), (1, 2, 1), (1, 3, 1), (2, 0, 1), (3, 0, 1)]
    assert HeuristicCutSolver().solve(CutProblem(4, edges, [False] * 5)).cut == (0,)


@given(problem=cut_problems())
@settings(max_examples=80, deadline=None)
def test_cycles_without_common_edges_bound_the_cut_from_below(problem: CutProblem) -> None:
    fixed_only = [edge[:2] for edge, held in zip(problem.edges, problem.fixed, strict=True) if held]
    if graph.is_acyclic(graph.from_edges(problem.nodes, fixed_only)):
        bound = disjoint_cycles(problem.nodes, problem.edges, problem.fixed)
        assert bound <= least_weight(problem)
        acyclic = graph.is_acyclic(
            graph.from_edges(problem.nodes, (edge[:2] for edge in problem.edges))
        )
        assert (bound > 0) is not acyclic


def test_a_relaxation_never_exceeds_the_optimum() -> None:
    rows = [(0, 1), (1, 2), (0, 2)]  # the linear optimum is 1.5, the whole one 2
    bound = ascend(rows, {0: 1, 1: 1, 2: 1}, [0, 0, 0], upper=2, steps=200)
    assert bound.value <= 3 * SCALE // 2
    assert whole(bound.value) == 2


def test_a_greedy_hitting_set_hits_every_row_and_has_no_superfluous_column() -> None:
    rows = [(0, 1), (1, 2), (3,), (1, 3)]
    weights = {0: 1, 1: 1, 2: 1, 3: 1}
    chosen = greedy(rows, weights, dict.fromkeys(weights, SCALE))
    assert chosen == {1, 3}


def test_rows_that_contain_another_row_are_implied_by_it() -> None:
    assert without_implied({(1, 2, 3): 5, (2, 3): 1, (4,): 0, (3, 4): 2}) == {(4,): 2, (2, 3): 6}
