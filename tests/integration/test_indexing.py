"""Small repositories indexed as in production: real git, real parser processes."""

from pathlib import Path

import pytest
from tests.support.indexing import RecordingReporter, resolvers
from tests.support.repositories import CommitSpec, make_repository

from prism.adapters.git.cloner import GitPythonCloner
from prism.adapters.languages.pool import TreeSitterParser
from prism.adapters.memory.clock import ManualClock
from prism.adapters.memory.credentials import MemoryCredentialRepository
from prism.adapters.memory.database import MemoryDatabase
from prism.adapters.memory.index_store import MemoryIndexStore
from prism.adapters.memory.projects import MemoryProjectRepository
from prism.adapters.solvers.heuristic import HeuristicCutSolver
from prism.application.indexing.index_project import IndexProject, IndexRequest
from prism.application.ports.index_store import IndexReader
from prism.application.queries.export_run import ExportRun
from prism.domain.errors import InvalidInput
from prism.domain.facts.runs import Edge
from prism.domain.projects import Source

FIXTURES = Path(__file__).parents[1] / "fixtures"


def fixture_files(name: str) -> dict[str, bytes]:
    root = FIXTURES / name
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def index(path: Path, scratch: Path) -> IndexReader:
    clock = ManualClock()
    database = MemoryDatabase(clock)
    projects = MemoryProjectRepository(database)
    project = projects.add(name="it", source=Source.local("here", str(path)))
    store = MemoryIndexStore(clock)
    run = IndexProject(
        projects=projects,
        credentials=MemoryCredentialRepository(database),
        cloner=GitPythonCloner(),
        index=store,
        parser=TreeSitterParser(processes=2),
        resolvers=resolvers(),
        solver=HeuristicCutSolver(),
        clock=clock,
    )(IndexRequest(project_id=project.id, scratch=str(scratch)), RecordingReporter())
    return store.read(project.id, run.id).__enter__()


def indexed(name: str, tmp_path: Path, *more: CommitSpec) -> IndexReader:
    make_repository(tmp_path / "repository", fixture_files(name), *more)
    return index(tmp_path / "repository", tmp_path)


def imports_between(reader: IndexReader) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in reader.edges() if edge.kind == "import"}


def edge(reader: IndexReader, source: str, target: str) -> Edge:
    (found,) = [
        e for e in reader.edges() if (e.source, e.target, e.kind) == (source, target, "import")
    ]
    return found


@pytest.fixture
def shop(tmp_path: Path) -> IndexReader:
    return indexed("python_shop", tmp_path)


def test_a_src_layout_gives_module_names_without_src(shop: IndexReader) -> None:
    modules = {file.path: file.module for file in shop.files() if file.status == "indexed"}
    assert modules["src/shop/cart.py"] == "shop.cart"
    assert modules["src/shop/__init__.py"] == "shop"


def test_imports_of_a_python_package_become_edges(shop: IndexReader) -> None:
    assert imports_between(shop) == {
        ("src/shop/__init__.py", "src/shop/cart.py"),
        ("src/shop/__init__.py", "src/shop/prices.py"),
        ("src/shop/cart.py", "src/shop/prices.py"),
        ("src/shop/prices.py", "src/shop/discounts.py"),
        ("src/shop/discounts.py", "src/shop/cart.py"),
        ("src/shop/discounts.py", "src/shop/report.py"),
        ("src/shop/report.py", "src/shop/cart.py"),
        ("tests/test_cart.py", "src/shop/__init__.py"),
    }


def test_axes_and_facades_are_told(shop: IndexReader) -> None:
    package = "src/shop/"
    assert edge(shop, package + "__init__.py", package + "cart.py").facade
    assert edge(shop, package + "discounts.py", package + "cart.py").timing == "deferred"
    assert edge(shop, package + "discounts.py", package + "report.py").erased == "syntax"
    assert edge(shop, "tests/test_cart.py", package + "__init__.py").scope == "test"


def test_the_cycle_is_found_and_a_cut_leaves_public_names_alone(shop: IndexReader) -> None:
    inside = [row.path for row in shop.metrics() if row.component == 1]
    assert inside == ["src/shop/cart.py", "src/shop/discounts.py", "src/shop/prices.py"]
    assert [cut.source for cut in shop.cut_edges()] != ["src/shop/__init__.py"]
    assert [cut.size for cut in shop.run.cuts] == [3]
    cycles = [finding for finding in shop.findings() if finding.rule == "import-cycle"]
    assert [sorted(finding.members) for finding in cycles] == [inside]


def test_every_import_is_told_where_it_goes(shop: IndexReader) -> None:
    found = {(row.module, row.status) for row in shop.imports(path="src/shop/report.py")}
    assert found == {
        ("json", "stdlib"),
        ("requests", "external"),
        (".cart", "internal"),
        (".missing", "unresolved"),
    }
    assert shop.run.coverage[0].unresolved == 1


def test_generated_code_is_listed_with_its_reason(shop: IndexReader) -> None:
    assert [(n.path, n.status) for n in shop.run.notices] == [("src/shop/wire_pb2.py", "generated")]


def test_equal_empty_files_keep_their_own_rows(shop: IndexReader) -> None:
    empty = [f.path for f in shop.files() if f.status == "indexed" and f.lines == 0]
    assert empty == ["src/shop/also_empty.py", "src/shop/empty.py"]


def test_a_workspace_of_typescript_packages_hangs_together(tmp_path: Path) -> None:
    reader = indexed("typescript_workspaces", tmp_path)
    assert imports_between(reader) == {
        ("packages/core/src/index.ts", "packages/core/src/store.ts"),
        ("packages/core/src/index.ts", "packages/core/src/model.ts"),
        ("packages/core/src/index.ts", "packages/core/src/clock.ts"),
        ("packages/core/src/model.ts", "packages/core/src/store.ts"),
        ("packages/core/src/store.ts", "packages/core/src/model.ts"),
        ("packages/web/src/app.tsx", "packages/core/src/index.ts"),
        ("packages/web/src/app.tsx", "packages/web/src/format.ts"),
        ("packages/web/src/format.ts", "packages/web/src/app.tsx"),
        ("packages/web/src/app.test.tsx", "packages/web/src/app.tsx"),
    }
    core = "packages/core/src/"
    assert edge(reader, core + "index.ts", core + "store.ts").facade
    assert edge(reader, core + "model.ts", core + "store.ts").erased == "syntax"
    assert edge(reader, "packages/web/src/format.ts", "packages/web/src/app.tsx").form == "dynamic"


def test_a_type_only_import_makes_no_cycle_but_a_dynamic_one_does(tmp_path: Path) -> None:
    reader = indexed("typescript_workspaces", tmp_path)
    assert [row.path for row in reader.metrics() if row.component] == [
        "packages/web/src/app.tsx",
        "packages/web/src/format.ts",
    ]


def test_a_mixed_repository_tells_each_language(tmp_path: Path) -> None:
    reader = indexed("mixed", tmp_path)
    rows = {row.language: row for row in reader.run.coverage}
    assert {name: (row.files, row.parsed, row.with_problems) for name, row in rows.items()} == {
        "go": (1, 0, 0),
        "javascript": (3, 3, 0),
        "python": (6, 6, 1),
    }
    assert [(n.path, n.status) for n in reader.run.notices] == [
        ("schema.py", "generated"),
        ("server/broken.py", "parse-problems"),
        ("third_party/theirs.py", "vendored"),
    ]
    assert reader.run.complete


def test_a_script_without_an_ending_is_code(tmp_path: Path) -> None:
    assert ("bin/serve", "server/app.py") in imports_between(indexed("mixed", tmp_path))


def test_what_stands_behind_a_syntax_error_is_found(tmp_path: Path) -> None:
    reader = indexed("mixed", tmp_path)
    assert "whole" in [row.symbol.name for row in reader.symbols(path="server/broken.py")]


def test_history_gives_churn_through_renames(tmp_path: Path) -> None:
    cart = fixture_files("python_shop")["src/shop/cart.py"]
    reader = indexed(
        "python_shop",
        tmp_path,
        CommitSpec({"src/shop/cart.py": cart + b"# more\n"}),
        CommitSpec({"src/shop/cart.py": None, "src/shop/basket.py": cart + b"# more\n"}),
        CommitSpec({"src/shop/basket.py": cart + b"# even more\n"}),
    )
    commits = {row.path: row.commits for row in reader.metrics()}
    assert (commits["src/shop/basket.py"], commits["src/shop/prices.py"]) == (4, 1)


def test_two_runs_of_one_commit_are_equal_byte_for_byte(tmp_path: Path) -> None:
    make_repository(tmp_path / "repository", fixture_files("mixed"))
    one, other = ("\n".join(ExportRun()(index(tmp_path / "repository", tmp_path))) for _ in "12")
    assert one == other


def test_a_parser_that_crashes_costs_one_file(tmp_path: Path) -> None:
    """The grammar's scanner overruns its buffer on this file and takes its process with it."""
    evil = "".join("\n" + " " * depth + "```\n\n" for depth in range(500)).encode()
    make_repository(tmp_path / "repository", {"evil.py": evil, "good.py": "def f():\n    pass\n"})
    reader = index(tmp_path / "repository", tmp_path)
    assert [row.symbol.name for row in reader.symbols(path="good.py")] == ["f"]
    assert [notice.path for notice in reader.run.notices] == ["evil.py"]
    assert reader.run.complete


def test_an_empty_repository_is_refused_with_a_hint(tmp_path: Path) -> None:
    make_repository(tmp_path / "repository")
    with pytest.raises(InvalidInput) as caught:
        index(tmp_path / "repository", tmp_path)
    assert caught.value.hint
