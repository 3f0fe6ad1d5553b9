"""Edges from resolved imports."""

from prism.domain.edges import ImportingFile, import_edges
from prism.domain.facts.runs import Edge, ResolvedImport
from prism.domain.facts.structure import Binding, Export


def binding(local: str = "x", line: int = 1, **changes: str) -> Binding:
    made = Binding(local, "m", local, 0, line, line, "eager", "no", "import", "none", -1)
    return made._replace(**changes)


def importing(
    path: str,
    *imports: tuple[Binding, str],
    parents: tuple[str, ...] = (),
    language: str = "python",
    exports: tuple[Export, ...] = (),
    scope: str = "production",
) -> ImportingFile:
    rows = [
        ResolvedImport(
            path, number, each.line, each.module, each.imported, each.local,
            "internal" if target else "external", target, target, "", "", "",
        )
        for number, (each, target) in enumerate(imports)
    ]  # fmt: skip
    return ImportingFile(
        path, language, scope, [b for b, _ in imports], exports, rows, [parents for _ in imports]
    )


def test_names_of_one_statement_are_one_line_of_one_edge() -> None:
    (edge,) = import_edges([importing("a.py", (binding("x"), "b.py"), (binding("y"), "b.py"))])
    assert (edge.source, edge.target, edge.lines, edge.weight) == ("a.py", "b.py", (1,), 1)


def test_statements_with_equal_axes_share_an_edge() -> None:
    (edge,) = import_edges(
        [importing("a.py", (binding("x", 9), "b.py"), (binding("y", 3), "b.py"))]
    )
    assert edge.lines == (3, 9)


def test_each_axis_separates_edges() -> None:
    variants = [
        binding(),
        binding(timing="deferred"),
        binding(erased="syntax"),
        binding(form="dynamic"),
        binding(guard="try"),
    ]
    edges = import_edges([importing("a.py", *((each, "b.py") for each in variants))])
    assert len(edges) == 5


def test_scope_is_that_of_the_importing_file() -> None:
    (edge,) = import_edges([importing("tests/t.py", (binding(), "b.py"), scope="test")])
    assert edge.scope == "test"


def test_external_imports_and_imports_of_oneself_give_no_edge() -> None:
    assert import_edges([importing("a.py", (binding(), ""), (binding(), "a.py"))]) == []


def test_parents_are_edges_of_their_own_kind() -> None:
    edges = import_edges(
        [importing("p/a.py", (binding(), "q/r/b.py"), parents=("q/__init__.py", "p/a.py"))]
    )
    assert [(e.target, e.kind) for e in edges] == [
        ("q/__init__.py", "parent"),
        ("q/r/b.py", "import"),
    ]


def facades(*edges: Edge) -> list[bool]:
    return [edge.facade for edge in edges]


def test_a_package_that_reexports_its_own_module_has_a_facade_edge() -> None:
    edges = import_edges([importing("p/__init__.py", (binding("Name"), "p/core.py"))])
    assert facades(*edges) == [True]


def test_an_import_from_outside_the_package_is_no_facade() -> None:
    edges = import_edges([importing("p/__init__.py", (binding("Name"), "q/core.py"))])
    assert facades(*edges) == [False]


def test_a_private_name_makes_no_facade() -> None:
    edges = import_edges([importing("p/__init__.py", (binding("_x"), "p/core.py"))])
    assert facades(*edges) == [False]


def test_one_public_name_makes_the_whole_edge_a_facade() -> None:
    edges = import_edges(
        [importing("p/__init__.py", (binding("_x"), "p/c.py"), (binding("X", 2), "p/c.py"))]
    )
    assert facades(*edges) == [True]


def test_a_barrel_of_reexports_is_a_facade() -> None:
    edges = import_edges(
        [
            importing(
                "src/index.ts",
                (binding("X", form="re-export"), "src/x.ts"),
                (binding("used"), "src/y.ts"),
                language="typescript",
            )
        ]
    )
    assert [(e.target, e.facade) for e in edges] == [("src/x.ts", True), ("src/y.ts", False)]


def test_edges_come_in_their_natural_order_whatever_the_order_of_files() -> None:
    files = [importing("b.py", (binding(), "c.py")), importing("a.py", (binding(), "c.py"))]
    assert import_edges(files) == import_edges(files[::-1])
