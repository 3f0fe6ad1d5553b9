"""What every solver of cuts keeps to, whatever it knows: run on each adapter of the port."""

import itertools
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from prism.application.ports.cuts import CutProblem, CutSolver
from prism.domain import graph
from prism.domain.cuts import FACADE_BOUND, PROVEN


@st.composite
def cut_problems(draw: st.DrawFn) -> CutProblem:
    """Small graphs, strongly connected or not, with weights and now and then a fixed edge."""
    nodes = draw(st.integers(min_value=2, max_value=6))
    node = st.integers(min_value=0, max_value=nodes - 1)
    ends = draw(st.sets(st.tuples(node, node).filter(lambda e: e[0] != e[1]), max_size=16))
    weight = st.integers(min_value=1, max_value=4)
    edges = tuple((source, target, draw(weight)) for source, target in sorted(ends))
    fixed = tuple(draw(st.integers(min_value=0, max_value=5)) == 0 for _ in edges)
    return CutProblem(nodes, edges, fixed)


def least_weight(problem: CutProblem) -> int:
    """By trying every order of the nodes."""
    barrier = 1_000_000
    return min(
        sum(
            barrier if fixed else weight
            for (source, target, weight), fixed in zip(problem.edges, problem.fixed, strict=True)
            if order[source] > order[target]
        )
        for order in itertools.permutations(range(problem.nodes))
    )


def rest(problem: CutProblem, without: set[int]) -> list[list[int]]:
    return graph.from_edges(
        problem.nodes,
        (edge[:2] for number, edge in enumerate(problem.edges) if number not in without),
    )


def ring(nodes: int) -> CutProblem:
    edges = sorted((node, (node + 1) % nodes, 1) for node in range(nodes))
    return CutProblem(nodes, edges, [False] * nodes)


def on_any_problem(check: Callable[[CutProblem], None]) -> None:
    """Within the test, so that each adapter's class is an executor of its own for hypothesis."""
    settings(max_examples=60, deadline=None)(given(problem=cut_problems())(check))()


class CutSolverContract:
    def solver(self) -> CutSolver:
        raise NotImplementedError

    def test_without_the_cut_no_cycle_is_left(self) -> None:
        def check(problem: CutProblem) -> None:
            answer = self.solver().solve(problem)
            if not answer.left_cyclic:
                assert graph.is_acyclic(rest(problem, set(answer.cut)))

        on_any_problem(check)

    def test_a_fixed_edge_is_never_cut(self) -> None:
        def check(problem: CutProblem) -> None:
            assert not any(problem.fixed[number] for number in self.solver().solve(problem).cut)

        on_any_problem(check)

    def test_no_edge_of_the_cut_is_superfluous(self) -> None:
        def check(problem: CutProblem) -> None:
            answer = self.solver().solve(problem)
            if not answer.left_cyclic:
                for number in answer.cut:
                    assert not graph.is_acyclic(rest(problem, set(answer.cut) - {number}))

        on_any_problem(check)

    def test_bound_and_weight_enclose_the_optimum(self) -> None:
        def check(problem: CutProblem) -> None:
            answer = self.solver().solve(problem)
            assert answer.weight == sum(problem.edges[number][2] for number in answer.cut)
            if not answer.left_cyclic:
                assert answer.lower_bound <= least_weight(problem) <= answer.weight

        on_any_problem(check)

    def test_proven_means_that_bound_and_weight_meet(self) -> None:
        def check(problem: CutProblem) -> None:
            answer = self.solver().solve(problem)
            if not answer.left_cyclic:
                assert (answer.status == PROVEN) is (answer.weight == answer.lower_bound)

        on_any_problem(check)

    def test_the_same_problem_has_the_same_answer(self) -> None:
        def check(problem: CutProblem) -> None:
            again = CutProblem(problem.nodes, list(problem.edges), list(problem.fixed))
            assert self.solver().solve(problem) == self.solver().solve(again)

        on_any_problem(check)

    def test_a_ring_is_cut_once(self) -> None:
        answer = self.solver().solve(ring(5))
        assert (len(answer.cut), answer.weight, answer.status) == (1, 1, PROVEN)

    def test_the_lighter_direction_of_a_pair_is_cut(self) -> None:
        answer = self.solver().solve(CutProblem(2, [(0, 1, 3), (1, 0, 2)], [False, False]))
        assert answer.cut == (1,)

    def test_a_lighter_edge_that_is_fixed_stays(self) -> None:
        answer = self.solver().solve(CutProblem(2, [(0, 1, 1), (1, 0, 7)], [True, False]))
        assert answer.cut == (1,)

    def test_fixed_edges_that_alone_form_a_cycle_are_reported(self) -> None:
        edges = [(0, 1, 1), (1, 0, 1), (1, 2, 1), (2, 1, 1)]
        answer = self.solver().solve(CutProblem(3, edges, [True, True, False, False]))
        assert (answer.left_cyclic, answer.status) == (True, FACADE_BOUND)
        assert len(answer.cut) == 1

    def test_an_acyclic_graph_needs_no_cut(self) -> None:
        answer = self.solver().solve(CutProblem(3, [(0, 1, 1), (0, 2, 1), (1, 2, 1)], [False] * 3))
        assert (answer.cut, answer.lower_bound, answer.status) == ((), 0, PROVEN)

    def test_two_cycles_over_one_edge_are_cut_there(self) -> None:
        edges = [(0, 1, 1), (1, 2, 1), (1, 3, 1), (2, 0, 1), (3, 0, 1)]
        assert self.solver().solve(CutProblem(4, edges, [False] * 5)).cut == (0,)
