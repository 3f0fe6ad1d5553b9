"""Coupling, instability and the hotspot rank."""

from prism.domain.facts.runs import Edge, FileMetrics
from prism.domain.history import Churn
from prism.domain.metrics import FileSize, hotspot_ranks, measure


def edge(source: str, target: str, **changes: str) -> Edge:
    made = Edge(
        source, target, "import", "eager", "no", "import", "none", "production", False, (1,)
    )
    return made._replace(**changes)


def size(path: str, lines: int = 10) -> FileSize:
    return FileSize(path, lines, lines, 1, 1)


def measured(*edges: Edge) -> dict[str, FileMetrics]:
    sizes = [size("a"), size("b"), size("c")]
    return {m.path: m for m in measure(sizes, edges, components={"a": 1}, churn=None)}


def test_fan_in_and_out_count_distinct_files() -> None:
    found = measured(edge("a", "b"), edge("a", "b", form="require"), edge("c", "b"))
    assert (found["b"].fan_in, found["b"].fan_out, found["a"].fan_out) == (2, 0, 1)


def test_erased_imports_and_parents_are_not_in_the_run_graph() -> None:
    found = measured(edge("a", "b", erased="use"), edge("a", "c", kind="parent"))
    assert found["a"].fan_out == 0


def test_instability_is_the_share_of_outgoing_dependencies() -> None:
    found = measured(edge("a", "b"), edge("b", "c", timing="deferred"))
    assert [found[p].instability for p in "abc"] == [1.0, 0.5, 0.0]


def test_an_isolated_file_has_instability_zero() -> None:
    assert measured()["a"].instability == 0.0


def test_components_are_taken_as_given() -> None:
    assert (measured()["a"].component, measured()["b"].component) == (1, 0)


def test_without_history_there_is_no_hotspot() -> None:
    assert {m.hotspot for m in measured().values()} == {0}


def test_the_hotspot_rank_is_the_product_of_two_ranks() -> None:
    sizes = [size("big", 100), size("busy", 50), size("small", 10), size("still", 90)]
    churn = {"big": Churn(2, 2.0), "busy": Churn(9, 9.0), "small": Churn(1, 0.5)}
    # churn ranks: busy 1, big 2, small 3, still 4; line ranks: big 1, still 2, busy 3, small 4
    assert hotspot_ranks(sizes, churn) == {"big": 1, "busy": 2, "still": 3, "small": 4}


def test_equal_products_are_ordered_by_lines_then_path() -> None:
    sizes = [size("b", 10), size("a", 10)]
    assert hotspot_ranks(sizes, {}) == {"a": 1, "b": 2}
