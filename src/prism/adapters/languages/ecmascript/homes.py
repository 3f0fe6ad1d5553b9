"""From an imported name through re-exports to the file and symbol that define it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from prism.application.ports.source import ResolverFile
from prism.domain.facts.structure import NONE, Binding, Export, ImportForm

#: What ``export =`` and ``module.exports =`` export: an Export's name, and no name in the language.
WHOLE = "export="


class Home(NamedTuple):
    """The file and the qualified name; both '' where unknown or outside the tree."""

    path: str
    symbol: str


UNKNOWN = Home("", "")


class _Surface(NamedTuple):
    """What a file offers: its exports by name, and the files of its ``export * from``."""

    exports: Mapping[str, Export]
    stars: tuple[int, ...]


class Homes:
    """Answers for the files of one tree. ``targets``: path -> the file each binding leads to, ''
    where it leads to none; filled by the caller before the first question."""

    def __init__(self, files: Sequence[ResolverFile]) -> None:
        self.targets: dict[str, list[str]] = {}
        self._files = {file.path: file for file in files}
        self._surfaces: dict[str, _Surface] = {}
        self._known: dict[tuple[str, str], Home] = {}

    def of_binding(self, binding: Binding, target: str) -> Home:
        """What *binding*, which leads to file *target*, stands for."""
        name = binding.imported
        if not target:
            return UNKNOWN
        if name == "":  # what module.exports was set to, or the module itself
            found = self.of_name(target, WHOLE)
            return Home(target, "") if found is UNKNOWN else found
        return Home(target, "") if name == "*" else self.of_name(target, name)

    def of_name(self, path: str, name: str) -> Home:
        """Where what *path* exports as *name* is defined. Cycles of re-exports end in UNKNOWN."""
        key = (path, name)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._search(path, name)
        return found

    def _search(self, path: str, name: str) -> Home:
        """Depth first in the order of the source, as ``export *`` is looked through."""
        seen: set[tuple[str, str]] = set()
        stack = [(path, name)]
        while stack:
            here = stack.pop()
            if here in seen:
                continue
            seen.add(here)
            found = self._known.get(here) or self._step(*here, stack)
            if found is not None and found is not UNKNOWN:
                return found
        return UNKNOWN

    def _step(self, path: str, name: str, stack: list[tuple[str, str]]) -> Home | None:
        """The home if *path* itself has it; else None, with what to look at next on *stack*."""
        file = self._files.get(path)
        if file is None:
            return Home(path, "") if name == "default" else None  # an asset, JSON
        surface = self._surface(file)
        export = surface.exports.get(name)
        if export is None and name == "default":
            export = surface.exports.get(WHOLE)
        if export is None:
            if name not in ("default", WHOLE):
                targets = self.targets[path]
                stack.extend((targets[b], name) for b in reversed(surface.stars) if targets[b])
            return None
        if export.symbol != NONE:
            return Home(path, file.outline.symbols[export.symbol].qualname)
        if export.binding == NONE:
            return Home(path, "")
        target = self.targets[path][export.binding]
        imported = file.outline.bindings[export.binding].imported
        if target and (imported == "*" or (imported == "" and not self._has_whole(target))):
            return Home(target, "")
        if target:
            stack.append((target, imported or WHOLE))
        return None

    def _has_whole(self, path: str) -> bool:
        file = self._files.get(path)
        return file is not None and WHOLE in self._surface(file).exports

    def _surface(self, file: ResolverFile) -> _Surface:
        found = self._surfaces.get(file.path)
        if found is None:
            outline = file.outline
            exports: dict[str, Export] = {}
            for export in outline.exports:
                exports.setdefault(export.name, export)
            # module.exports = require("m") hands on all that m has, as a star does
            named = {e.binding for e in outline.exports if e.name != WHOLE}
            stars = tuple(
                index
                for index, binding in enumerate(outline.bindings)
                if binding.form == ImportForm.REEXPORT
                and binding.imported in ("*", "")
                and index not in named
            )
            found = self._surfaces[file.path] = _Surface(exports, stars)
        return found
