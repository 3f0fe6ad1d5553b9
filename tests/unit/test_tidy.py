"""Habits of the code base, checked like everything else."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "prism"
TESTS = ROOT / "tests"
FUNCTION_LINES_MAX = 70
MODULE_LINES_MAX = 400
POSITIONAL_MAX = 5
BANNED_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}

MODULES = sorted(SOURCE.rglob("*.py"))
TEST_MODULES = sorted(p for p in TESTS.rglob("*.py") if "fixtures" not in p.parts)


def _trees(paths: list[Path]) -> Iterator[tuple[Path, ast.Module]]:
    for path in paths:
        if path.relative_to(ROOT).parts[:2] == ("tests", "languages") and path.name == "input.py":
            continue
        yield path, _parsed(path)


@functools.cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _positional(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    names = [argument.arg for argument in [*node.args.posonlyargs, *node.args.args]]
    return [name for name in names if name not in ("self", "cls")]


def _calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name:
            yield node


def test_functions_are_short() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path, tree in _trees(MODULES)
        for node in _functions(tree)
        if (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_modules_are_short() -> None:
    lengths = {p: p.read_text("utf-8").count("\n") for p in MODULES}
    assert [str(p.relative_to(ROOT)) for p, n in lengths.items() if n > MODULE_LINES_MAX] == []


def test_functions_take_few_positional_arguments() -> None:
    wide = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path, tree in _trees(MODULES)
        for node in _functions(tree)
        if len(_positional(node)) > POSITIONAL_MAX
        and "commands_" not in path.name  # there, positions are options of the command line
    ]
    assert wide == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [str(p.relative_to(ROOT)) for p, t in _trees(MODULES) if not ast.get_docstring(t)]
    assert silent == []


def test_module_names_say_something() -> None:
    assert [str(p) for p in MODULES if p.stem in BANNED_NAMES] == []


def test_nothing_is_printed_outside_the_command_line() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in _trees(MODULES)
        if "cli" not in path.parts
        for node in _calls(tree, "print")
    ]
    assert found == []


def test_only_the_settings_read_the_environment() -> None:
    allowed = {SOURCE / "entrypoints" / "settings.py", SOURCE / "entrypoints" / "cli" / "main.py"}
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in _trees(MODULES)
        if path not in allowed
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ("environ", "getenv")
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        and id(node) not in _written(tree)
    ]
    assert found == []


def _written(tree: ast.AST) -> set[int]:
    """Objects one of whose items is assigned: telling a library something is no reading."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
    }


@pytest.mark.parametrize("banned", ["time.sleep", "unittest.mock", "MagicMock"])
def test_tests_neither_sleep_nor_mock(banned: str) -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in TEST_MODULES
        if path != Path(__file__) and banned in path.read_text("utf-8")
    ]
    assert found == []


def test_git_is_never_given_options_that_run_code() -> None:
    banned = ("multi_options", "allow_unsafe_", "shell=True", "os.system", ".sexp(")
    found = [
        f"{path.relative_to(ROOT)} {word}"
        for path in MODULES
        for word in banned
        if word in path.read_text("utf-8")
    ]
    assert found == []


PORTS_WITH_TWO_ADAPTERS = {
    "JobRepository", "ProjectRepository", "CredentialRepository", "IndexStore", "BlueprintStore",
    "SourceParser", "JobRunner", "GitCloner", "Wakeup", "RepositoryLocator", "ImportResolver",
    "CutSolver", "JobMetrics", "WorkerPresence",
}  # fmt: skip


def test_every_port_has_a_contract_that_two_adapters_pass() -> None:
    bases = {
        node.name: {getattr(base, "id", "") for base in node.bases}
        for _, tree in _trees(TEST_MODULES)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    contracts = {name for name in bases if name.endswith("Contract")}

    def holders(contract: str) -> int:
        """Test classes that inherit it, directly or by a contract it is a part of."""
        heirs = [name for name, its in bases.items() if contract in its]
        return sum(holders(heir) if heir in contracts else 1 for heir in heirs)

    missing = {port for port in PORTS_WITH_TWO_ADAPTERS if f"{port}Contract" not in contracts}
    assert missing == set()
    assert {name: holders(name) for name in contracts if holders(name) < 2} == {}
