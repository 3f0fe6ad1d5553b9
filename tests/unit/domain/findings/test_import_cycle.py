"""Rule import-cycle: positive, negative and boundary cases."""

from dataclasses import replace

from tests.support.sketches import Sketch, sketch

from prism.adapters.solvers.heuristic import HeuristicCutSolver
from prism.domain.code_graph import code_graph
from prism.domain.cuts import cut_cycles
from prism.domain.findings.import_cycle import check
from prism.domain.findings.model import Finding, Material

PAIR = """
shop/
  cart.py
    3 imports shop/stock.py: Item
  stock.py
    2 imports shop/cart.py: Cart
  till.py
    1 imports shop/cart.py: Cart
"""


def with_cuts(drawn: Sketch) -> Material:
    edges, cuts = cut_cycles(code_graph(drawn.files, drawn.edges), HeuristicCutSolver().solve)
    return replace(drawn.material(), cut_edges=edges, cuts=cuts)


def only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1
    return findings[0]


def test_two_files_that_import_each_other_are_a_cycle() -> None:
    finding = only(check(with_cuts(sketch(PAIR))))
    assert finding.members == ("shop/cart.py", "shop/stock.py")


def test_the_evidence_is_the_import_to_cut() -> None:
    finding = only(check(with_cuts(sketch(PAIR))))
    assert [(each.path, each.line) for each in finding.evidence] in (
        [("shop/cart.py", 3)],
        [("shop/stock.py", 2)],
    )


def test_without_a_cut_the_evidence_is_a_shortest_cycle() -> None:
    finding = only(check(sketch(PAIR).material()))
    assert [(each.path, each.line) for each in finding.evidence] == [
        ("shop/cart.py", 3),
        ("shop/stock.py", 2),
    ]


def test_a_chain_is_no_cycle() -> None:
    drawn = sketch("""
a.py
  1 imports b.py
b.py
  1 imports c.py
c.py
""")
    assert check(with_cuts(drawn)) == []


def test_imports_of_types_only_close_no_circle() -> None:
    drawn = sketch("""
a.py
  1 imports b.py
b.py
  1 types a.py
""")
    assert check(with_cuts(drawn)) == []


def test_a_test_file_is_in_no_cycle() -> None:
    drawn = sketch("""
a.py
  1 imports test_a.py
test_a.py test
  1 imports a.py
""")
    assert check(with_cuts(drawn)) == []


def test_a_deferred_import_closes_a_circle_that_is_not_in_the_load_graph() -> None:
    drawn = sketch("""
a.py
  1 imports b.py
b.py
  9 defers a.py
""")
    finding = only(check(with_cuts(drawn)))
    assert finding.figures["files_in_load_cycles"] == 0
    assert finding.severity == "low"


def test_the_figures_say_how_much_must_go_and_that_it_is_proven() -> None:
    figures = only(check(with_cuts(sketch(PAIR)))).figures
    assert (figures["cut_statements"], figures["cut_status"]) == (1, "proven")


def test_separate_circles_are_separate_findings() -> None:
    drawn = sketch("""
a.py
  1 imports b.py
b.py
  1 imports a.py
c.py
  1 imports d.py
d.py
  1 imports c.py
  2 imports a.py
""")
    assert [finding.anchor for finding in check(with_cuts(drawn))] == ["a.py", "c.py"]


def test_the_fingerprint_does_not_depend_on_lines() -> None:
    moved = PAIR.replace("3 imports", "7 imports")
    before, after = (only(check(with_cuts(sketch(text)))) for text in (PAIR, moved))
    assert before.fingerprint == after.fingerprint


def test_unresolved_imports_lower_the_confidence_and_are_named() -> None:
    sure, unsure = (only(check(with_cuts(sketch(PAIR, unresolved=n)))) for n in (0, 9))
    assert unsure.confidence < sure.confidence
    assert "3 of 12 imports resolved" in unsure.confidence_reason


def test_ten_files_in_a_circle_are_severe() -> None:
    ring = "\n".join(f"f{n}.py\n  1 imports f{(n + 1) % 10}.py" for n in range(10))
    assert only(check(with_cuts(sketch(ring)))).severity == "high"
