"""Import edges of installed packages, equal to those that grimp finds."""

import importlib.util
from pathlib import Path

import grimp
import pytest

from prism.adapters.languages.inline import InlineParser
from prism.adapters.languages.python.resolver import PythonImportResolver
from prism.application.ports.source import ResolverFile, ResolverInput, SourceBlob
from prism.domain.facts.runs import Resolution
from prism.domain.facts.structure import ImportForm


def _root_of(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parents[1]


def _input(package: str) -> ResolverInput:
    root = _root_of(package)
    paths = sorted((root / package).rglob("*.py"))
    names = [path.relative_to(root).as_posix() for path in paths]
    blobs = (SourceBlob(at, "python", path.read_bytes()) for at, path in enumerate(paths))
    files = []
    for answer in InlineParser().parse(blobs):
        assert answer.outline is not None, (names[answer.key], answer.problem)
        files.append(
            ResolverFile(path=names[answer.key], language="python", outline=answer.outline)
        )
    return ResolverInput(paths=frozenset(names), files=files)


def _edges(package: str) -> set[tuple[str, str]]:
    given = _input(package)
    resolver = PythonImportResolver()
    names, answers = resolver.module_names(given), resolver.resolve(given)
    return {
        (names[file.path], names[answer.target])
        for file in given.files
        for binding, answer in zip(file.outline.bindings, answers[file.path], strict=True)
        if answer.status == Resolution.INTERNAL
        and binding.form != ImportForm.DYNAMIC  # grimp reads import statements only
        and answer.target not in ("", file.path)
    }


def _edges_by_grimp(package: str) -> set[tuple[str, str]]:
    graph = grimp.build_graph(package, cache_dir=None)
    return {
        (importer, imported)
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
        if imported != importer
    }


@pytest.mark.parametrize("package", ["grimp", "importlinter", "_pytest", "hypothesis"])
def test_import_edges_are_those_of_grimp(package: str) -> None:
    found, wanted = _edges(package), _edges_by_grimp(package)
    assert found == wanted
    assert len(wanted) > 20
