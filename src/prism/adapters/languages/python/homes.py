"""Names followed through re-exports to the file and symbol that define them."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from prism.adapters.languages.python.tree import PythonTree
from prism.application.ports.source import Outline
from prism.domain.facts.structure import NONE, Binding, Erased, SymbolFlag, SymbolKind

_FIRM = frozenset({SymbolKind.FUNCTION, SymbolKind.CLASS, SymbolKind.ENUM, SymbolKind.INTERFACE})


class Module(NamedTuple):
    """Where an import statement's module part leads: ``target`` file ('' for a namespace package),
    ``folder`` of its submodules (None for a plain module)."""

    target: str
    folder: str | None


class Home(NamedTuple):
    path: str
    symbol: str


class _Names(NamedTuple):
    """What a module's top level defines: symbols, bindings, modules it takes ``*`` from, and the
    names in ``__all__`` (None without one)."""

    symbols: Mapping[str, str]
    bindings: Mapping[str, Binding]
    stars: tuple[Binding, ...]
    public: frozenset[str] | None


class Homes:
    """Follows names; *module_of* says where the module part of a file's import leads, or None."""

    def __init__(
        self,
        tree: PythonTree,
        outlines: Mapping[str, Outline],
        module_of: Callable[[str, Binding], Module | None],
    ) -> None:
        self._tree = tree
        self._outlines = outlines
        self._module_of = module_of
        self._names: dict[str, _Names] = {}
        self._found: dict[tuple[str, str], Home | None] = {}

    def defines(self, path: str, name: str) -> bool:
        """Does the module at *path* bind *name* itself (not by ``*``)?"""
        names = self._names_of(path)
        return name in names.symbols or name in names.bindings

    def of(self, path: str, name: str) -> Home | None:
        """The home of *name* as an attribute of the module at *path*, None if it has none within
        the tree. Safe with modules that import from each other in a circle."""
        key = (path, name)
        if key not in self._found:
            self._found[key] = self._follow(path, name)
        return self._found[key]

    def _follow(self, path: str, name: str) -> Home | None:
        seen: set[tuple[str, str]] = set()
        stack = [(path, name)]
        while stack:
            here = stack.pop()
            if here in seen:
                continue
            seen.add(here)
            path, name = here
            names = self._names_of(path)
            if name in names.symbols:
                return Home(path, names.symbols[name])
            binding = names.bindings.get(name)
            if binding is not None:
                step = self._step(path, binding)
                if isinstance(step, Home):
                    return step
                if step is not None:
                    stack.append(step)
                continue
            stack.extend(reversed(self._through_stars(path, name, names)))
        return None

    def _step(self, path: str, binding: Binding) -> Home | tuple[str, str] | None:
        """One import on the way: a home, where to look next, or None outside the tree."""
        module = self._module_of(path, binding)
        if module is None:
            return None
        if not binding.imported:
            return Home(module.target, "") if module.target else None
        if module.target and self.defines(module.target, binding.imported):
            same = (module.target, binding.imported)
            if same != (path, binding.local):  # ``from . import x`` in the package's own __init__
                return same
        if module.folder is not None:
            submodule = self._tree.child(module.folder, binding.imported)
            if submodule:
                return Home(submodule, "")
        return (module.target, binding.imported) if module.target else None

    def _through_stars(self, path: str, name: str, names: _Names) -> list[tuple[str, str]]:
        found = []
        for star in names.stars:
            module = self._module_of(path, star)
            if module is None or not module.target:
                continue
            public = self._names_of(module.target).public
            if name in public if public is not None else not name.startswith("_"):
                found.append((module.target, name))
        return found

    def _names_of(self, path: str) -> _Names:
        names = self._names.get(path)
        if names is None:
            outline = self._outlines.get(path)
            names = self._names[path] = _EMPTY if outline is None else _top_level(outline)
        return names


_EMPTY = _Names({}, {}, (), None)


def _top_level(outline: Outline) -> _Names:
    """Definitions that stand for a name when the module has been executed.

    An unconditional function or class wins over an import of the same name; an import wins over a
    fallback (``except ImportError: x = None``).
    """
    firm: dict[str, str] = {}
    loose: dict[str, str] = {}
    for symbol in outline.symbols:
        if symbol.parent == NONE:
            sure = symbol.kind in _FIRM and not symbol.flags & SymbolFlag.CONDITIONAL
            (firm if sure else loose).setdefault(symbol.name, symbol.qualname)
    bindings: dict[str, Binding] = {}
    for binding in sorted(outline.bindings, key=lambda binding: binding.erased != Erased.NO):
        if binding.enclosing == NONE and binding.local and binding.local not in firm:
            bindings.setdefault(binding.local, binding)
    symbols = firm | {name: home for name, home in loose.items() if name not in bindings}
    stars = tuple(b for b in outline.bindings if b.imported == "*" and b.enclosing == NONE)
    public = frozenset(export.name for export in outline.exports) if outline.exports else None
    return _Names(symbols, bindings, stars, public)
