"""From resolved imports to the edges of the import graph, one per pair of files and axes."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from prism.domain.cuts import is_facade, reexported
from prism.domain.facts.runs import Edge, ResolvedImport
from prism.domain.facts.structure import Binding, Export

IMPORT, PARENT = "import", "parent"


class ImportingFile(NamedTuple):
    """One file's imports. ``rows[i]`` and ``parents[i]`` (packages that the import loads on its
    way, as paths) belong to ``bindings[i]``."""

    path: str
    language: str
    scope: str
    bindings: Sequence[Binding]
    exports: Sequence[Export]
    rows: Sequence[ResolvedImport]
    parents: Sequence[Sequence[str]]


class _Axes(NamedTuple):
    source: str
    target: str
    kind: str
    timing: str
    erased: str
    form: str
    guard: str
    scope: str


def import_edges(files: Iterable[ImportingFile]) -> list[Edge]:
    """Edges in their natural order: ends, kind, axes. A file that imports itself gives none.

    An edge is a facade edge as soon as one of its names is re-exported: cutting it would take that
    name away. The load of parent packages is an edge of its own kind and in no graph.
    """
    lines: dict[_Axes, set[int]] = {}
    facades: set[_Axes] = set()
    for file in files:
        public = reexported(file.path, file.language, file.bindings, file.exports)
        rows = zip(file.bindings, file.rows, file.parents, strict=True)
        for number, (binding, row, parents) in enumerate(rows):
            if row.target and row.target != file.path:
                axes = _axes(file, row.target, IMPORT, binding)
                lines.setdefault(axes, set()).add(binding.line)
                if is_facade(file.path, row.target, reexports=number in public):
                    facades.add(axes)
            for parent in parents:
                if parent not in (file.path, row.target):
                    axes = _axes(file, parent, PARENT, binding)
                    lines.setdefault(axes, set()).add(binding.line)
    return [Edge(*axes, axes in facades, tuple(sorted(lines[axes]))) for axes in sorted(lines)]


def _axes(file: ImportingFile, target: str, kind: str, binding: Binding) -> _Axes:
    return _Axes(
        file.path,
        target,
        kind,
        binding.timing,
        binding.erased,
        binding.form,
        binding.guard,
        file.scope,
    )
