"""The import graph between production files, and the cuts made on it."""

from tests.support.sketches import Sketch, sketch

from prism.adapters.solvers.heuristic import HeuristicCutSolver
from prism.domain import graph
from prism.domain.code_graph import code_graph, component_numbers
from prism.domain.cuts import cut_cycles, is_facade, reexported
from prism.domain.facts.runs import Graph
from prism.domain.facts.structure import Binding, Export

DRAWN = sketch("""
pkg/
  __init__.py
    1 reexports pkg/core.py: run
  core.py
    2 imports pkg/io.py: read
    5 imports pkg/io.py: write
  io.py
    8 defers pkg/__init__.py: run = pkg/core.py
    9 types pkg/core.py: Core
  test_io.py test
    1 imports pkg/io.py
notes.md note
""")


def a_binding(local: str, **others: object) -> Binding:
    plain = Binding(local, ".core", local, 0, 1, 1, "eager", "no", "import", "none", -1)
    return plain._replace(**others)  # type: ignore[arg-type]  # fields by keyword


def cut_of(drawn: Sketch) -> set[tuple[str, str]]:
    edges, _ = cut_cycles(code_graph(drawn.files, drawn.edges), HeuristicCutSolver().solve)
    return {(edge.source, edge.target) for edge in edges}


def test_only_production_files_with_code_facts_are_nodes() -> None:
    assert code_graph(DRAWN.files, DRAWN.edges).paths == (
        "pkg/__init__.py",
        "pkg/core.py",
        "pkg/io.py",
    )


def test_the_run_graph_has_deferred_imports_and_no_erased_ones() -> None:
    code = code_graph(DRAWN.files, DRAWN.edges)
    assert [(arc.source, arc.target) for arc in code.arcs] == [(0, 1), (1, 2), (2, 0)]


def test_the_load_graph_has_no_deferred_imports() -> None:
    code = code_graph(DRAWN.files, DRAWN.edges, Graph.LOAD)
    assert [(arc.source, arc.target) for arc in code.arcs] == [(0, 1), (1, 2)]


def test_the_weight_is_the_number_of_statements() -> None:
    assert [arc.weight for arc in code_graph(DRAWN.files, DRAWN.edges).arcs] == [1, 2, 1]


def test_components_are_numbered_by_size_then_by_first_path() -> None:
    drawn = sketch("""
a.py
  1 imports b.py
b.py
  1 imports a.py
c.py
  1 imports d.py
d.py
  1 imports e.py
e.py
  1 imports c.py
f.py
""")
    assert component_numbers(drawn.files, drawn.edges) == {
        "a.py": 2, "b.py": 2, "c.py": 1, "d.py": 1, "e.py": 1,
    }  # fmt: skip


def test_a_public_reexport_is_never_cut() -> None:
    # The facade edge is as light as the deferred import, and first by name.
    assert cut_of(DRAWN) == {("pkg/io.py", "pkg/__init__.py")}


def test_what_is_left_after_the_cut_is_acyclic() -> None:
    code = code_graph(DRAWN.files, DRAWN.edges)
    gone = cut_of(DRAWN)
    left = [
        (arc.source, arc.target)
        for arc in code.arcs
        if (code.paths[arc.source], code.paths[arc.target]) not in gone
    ]
    assert graph.is_acyclic(graph.from_edges(len(code.paths), left))


def test_the_summary_counts_edges_and_statements() -> None:
    _, summaries = cut_cycles(code_graph(DRAWN.files, DRAWN.edges), HeuristicCutSolver().solve)
    assert [(each.size, each.edges, each.weight, each.status) for each in summaries] == [
        (3, 1, 1, "proven")
    ]


def test_a_facade_edge_leads_below_its_own_folder() -> None:
    assert is_facade("pkg/__init__.py", "pkg/sub/core.py", reexports=True)
    assert is_facade("index.ts", "src/core.ts", reexports=True)
    assert not is_facade("pkg/__init__.py", "other/core.py", reexports=True)
    assert not is_facade("pkg/__init__.py", "pkg2/core.py", reexports=True)
    assert not is_facade("pkg/__init__.py", "pkg/core.py", reexports=False)


def test_a_python_package_offers_the_public_names_it_binds_as_it_loads() -> None:
    bindings = [
        a_binding("run"),
        a_binding("_hidden"),
        a_binding("late", timing="deferred"),
        a_binding("Kind", erased="use"),
        a_binding("*", imported="*"),
    ]
    assert reexported("pkg/__init__.py", "python", bindings, []) == {0, 4}
    assert reexported("pkg/core.py", "python", bindings, []) == set()


def test_a_listed_name_is_offered_wherever_it_is_bound() -> None:
    bindings = [a_binding("_hidden"), a_binding("run")]
    exports = [Export("_hidden", "", -1, -1)]
    assert reexported("pkg/core.py", "python", bindings, exports) == {0}


def test_ecmascript_offers_what_it_exports_and_what_an_index_requires() -> None:
    bindings = [
        a_binding("a"),
        a_binding("", form="re-export", imported="*"),
        a_binding("b"),
        a_binding("c", form="require"),
    ]
    exports = [Export("b", "b", -1, 2)]
    assert reexported("src/index.ts", "typescript", bindings, exports) == {1, 2, 3}
    assert reexported("src/core.ts", "typescript", bindings, exports) == {1, 2}
