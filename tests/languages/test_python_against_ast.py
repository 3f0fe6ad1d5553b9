"""Symbols and imports of real code, equal to what CPython's own parser finds."""

import importlib.util
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.languages.ast_oracle import by_ast, by_prism

from prism.adapters.languages.registry import load_engine
from prism.domain.facts.structure import FILE_BYTES_MAX

#: Packages that are here anyway: plain, heavily typed, and old-fashioned code.
_INSTALLED = ("typer", "git", "alembic")
_STANDARD = ("asyncio", "email", "logging", "json", "collections", "importlib")


def _files(package: str) -> Iterator[Path]:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    yield from sorted(Path(spec.origin).parent.rglob("*.py"))


def _standard_modules() -> list[Path]:
    """Every third one: a sample that takes a second."""
    return sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))[::3]


def _sources(package: str) -> Iterator[tuple[Path, bytes]]:
    for path in _standard_modules() if package == "the modules" else _files(package):
        source = path.read_bytes()
        if len(source) <= FILE_BYTES_MAX:
            yield path, source


@pytest.mark.parametrize("package", [*_INSTALLED, *_STANDARD, "the modules"])
def test_symbols_and_imports_are_those_of_ast(package: str) -> None:
    engine = load_engine("python")
    count = 0
    for path, source in _sources(package):
        found, wanted = by_prism(source, engine.extract(source)), by_ast(source)
        assert found.definitions == wanted.definitions, path
        assert found.imports == wanted.imports, path
        count += wanted.definitions.total() + wanted.imports.total()
    assert count > 20
