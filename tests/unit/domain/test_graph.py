"""Graph algorithms against brute force on small graphs, and on graphs too deep for recursion."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism.domain import graph

Adjacency = list[list[int]]


@st.composite
def graphs(draw: st.DrawFn, nodes_max: int = 9) -> Adjacency:
    count = draw(st.integers(min_value=1, max_value=nodes_max))
    node = st.integers(min_value=0, max_value=count - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=3 * count))
    return graph.from_edges(count, edges)


def reach(successors: Adjacency, start: int) -> set[int]:
    seen = {start}
    waiting = [start]
    while waiting:
        for child in successors[waiting.pop()]:
            if child not in seen:
                seen.add(child)
                waiting.append(child)
    return seen


def chain(length: int, *, closed: bool) -> Adjacency:
    rows = [[i + 1] for i in range(length - 1)]
    return [*rows, [0] if closed else []]


@given(graphs())
@settings(max_examples=150)
def test_components_are_the_classes_of_mutual_reachability(successors: Adjacency) -> None:
    reached = [reach(successors, node) for node in range(len(successors))]
    expected = {
        tuple(j for j in range(len(successors)) if j in reached[i] and i in reached[j])
        for i in range(len(successors))
    }
    assert {tuple(component) for component in graph.strongly_connected(successors)} == expected


@given(graphs())
@settings(max_examples=100)
def test_the_condensation_points_only_at_smaller_numbers(successors: Adjacency) -> None:
    condensed = graph.condense(successors)
    assert all(child < number for number, row in enumerate(condensed.successors) for child in row)
    between = {
        (condensed.member_of[i], condensed.member_of[j])
        for i, row in enumerate(successors)
        for j in row
        if condensed.member_of[i] != condensed.member_of[j]
    }
    assert {(c, d) for c, row in enumerate(condensed.successors) for d in row} == between


@given(graphs())
@settings(max_examples=150)
def test_propagation_cost_counts_reachable_pairs(successors: Adjacency) -> None:
    pairs = sum(len(reach(successors, node)) for node in range(len(successors)))
    assert graph.propagation_cost(successors) == pairs / len(successors) ** 2


def test_propagation_cost_of_isolated_nodes_is_one_by_n() -> None:
    assert graph.propagation_cost([[], [], [], []]) == 0.25


def test_propagation_cost_of_an_empty_graph_is_zero() -> None:
    assert graph.propagation_cost([]) == 0.0


def test_propagation_cost_is_the_same_over_several_column_blocks() -> None:
    count = 20_000  # three blocks of columns
    assert graph.reachable_pairs(chain(count, closed=False)) == count * (count + 1) // 2


@given(graphs())
@settings(max_examples=100)
def test_an_order_exists_exactly_without_cycles(successors: Adjacency) -> None:
    loops = any(node in successors[node] for node in range(len(successors)))
    cyclic = loops or bool(graph.cyclic_components(successors))
    assert graph.is_acyclic(successors) is not cyclic
    if not cyclic:
        place = {node: i for i, node in enumerate(graph.topological_order(successors))}
        assert all(place[i] < place[j] for i, row in enumerate(successors) for j in row)


def test_a_cycle_has_no_topological_order() -> None:
    with pytest.raises(ValueError, match="cycle"):
        graph.topological_order([[1], [2], [0]])


def test_the_order_takes_the_smallest_free_number_first() -> None:
    assert graph.topological_order([[], [0], [], [0]]) == [1, 2, 3, 0]


@given(graphs(), st.data())
@settings(max_examples=150)
def test_a_cycle_through_an_edge_is_closed_and_shortest(
    successors: Adjacency, data: st.DataObject
) -> None:
    edges = [(i, j) for i, row in enumerate(successors) for j in row]
    if not edges:
        return
    source, target = data.draw(st.sampled_from(edges))
    cycle = graph.shortest_cycle_through(successors, source, target)
    assert (cycle is None) is (source not in reach(successors, target))
    if cycle is not None:
        assert cycle[0] == source
        assert cycle[1 % len(cycle)] == target
        assert len(set(cycle)) == len(cycle)
        ends = zip(cycle, [*cycle[1:], cycle[0]], strict=True)
        assert all(j in successors[i] for i, j in ends)
        assert len(cycle) == _distance(successors, target, source) + 1


def _distance(successors: Adjacency, start: int, goal: int) -> int:
    level, seen, steps = {start}, {start}, 0
    while goal not in level:
        level = {child for node in level for child in successors[node]} - seen
        seen |= level
        steps += 1
    return steps


@pytest.mark.parametrize("closed", [False, True])
def test_a_chain_of_a_hundred_thousand_nodes_needs_no_recursion(closed: bool) -> None:
    components = graph.strongly_connected(chain(100_000, closed=closed))
    assert len(components) == (1 if closed else 100_000)


def test_cyclic_components_come_by_size_then_by_first_node() -> None:
    successors = graph.from_edges(
        9, [(7, 8), (8, 7), (0, 1), (1, 0), (2, 3), (3, 4), (4, 2), (4, 0), (5, 6)]
    )
    assert graph.cyclic_components(successors) == [[2, 3, 4], [0, 1], [7, 8]]
