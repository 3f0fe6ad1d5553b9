"""Python's imports to files of the same tree (Python Language Reference 5; PEP 328, PEP 420)."""

from collections.abc import Mapping, Sequence

from prism.adapters.languages.python.distributions import STDLIB, Distributions
from prism.adapters.languages.python.homes import Home, Homes, Module
from prism.adapters.languages.python.manifests import wanted
from prism.adapters.languages.python.roots import Roots, module_name
from prism.adapters.languages.python.tree import Located, PythonTree, folder_of
from prism.application.ports.source import ImportResolver, Resolved, ResolverFile, ResolverInput
from prism.domain.facts.runs import Resolution
from prism.domain.facts.structure import Binding

_LANGUAGES = frozenset({"python"})


class PythonImportResolver(ImportResolver):
    """Looks at paths, outlines and project files; never at what is installed.

    ``import a.b.c`` goes through the deepest module; ``from p import x`` through p, or through the
    submodule x where p does not define that name itself.
    """

    @property
    def languages(self) -> frozenset[str]:
        return _LANGUAGES

    def wants(self, path: str) -> bool:
        return wanted(path)

    def module_names(self, given: ResolverInput) -> Mapping[str, str]:
        roots = _roots(PythonTree(given.paths), given)
        return {
            file.path: module_name(file.path, roots.of(folder_of(file.path)))
            for file in _python(given)
        }

    def resolve(self, given: ResolverInput) -> Mapping[str, Sequence[Resolved]]:
        resolution = _Resolution(given)
        return {
            file.path: [
                resolution.answer(file.path, index, binding)
                for index, binding in enumerate(file.outline.bindings)
            ]
            for file in _python(given)
        }


def _python(given: ResolverInput) -> list[ResolverFile]:
    return [file for file in given.files if file.language in _LANGUAGES]


def _roots(tree: PythonTree, given: ResolverInput) -> Roots:
    return Roots(tree, _python(given), given.manifests)


class _Resolution:
    """One resolution over one tree."""

    def __init__(self, given: ResolverInput) -> None:
        self._tree = PythonTree(given.paths)
        self._roots = _roots(self._tree, given)
        self._distributions = Distributions(given.manifests)
        self._located: dict[tuple[str, str, str], Located | None] = {}
        outlines = {file.path: file.outline for file in _python(given)}
        self._homes = Homes(self._tree, outlines, self._module_of)

    def answer(self, path: str, index: int, binding: Binding) -> Resolved:
        located = self._locate(path, binding)
        if located is None:
            return self._outside(index, binding)
        if not located.complete:
            return _missing(index, binding, located)
        if not binding.imported or binding.imported == "*":
            home = Home(located.target, "")
            return self._inside(path, index, located, located.target, home)
        return self._name(path, index, binding, located)

    def _name(self, path: str, index: int, binding: Binding, located: Located) -> Resolved:
        """``from m import x``: an attribute of m, or its submodule x."""
        name = binding.imported
        submodule = "" if located.folder is None else self._tree.child(located.folder, name)
        # ``from . import x`` in the package's own ``__init__`` cannot mean the name it binds.
        own = located.target == path and binding.local == name
        home = self._homes.of(located.target, name) if located.target and not own else None
        if submodule and (home is None or home == Home(submodule, "")):
            if home is None and not own and self._defines(located.target, name):
                return self._inside(path, index, located, located.target, Home("", ""))
            return self._inside(path, index, located, submodule, Home(submodule, ""))
        if located.target:
            return self._inside(path, index, located, located.target, home or Home("", ""))
        return _missing(index, binding, located)

    def _defines(self, target: str, name: str) -> bool:
        return bool(target) and self._homes.defines(target, name)

    def _inside(self, path: str, index: int, located: Located, target: str, home: Home) -> Resolved:
        loaded = {f"{folder}/" for folder in _folders_around(path)}
        parents = tuple(
            parent
            for parent in dict.fromkeys((*located.parents, located.target))
            if parent and parent != target and f"{folder_of(parent)}/" not in loaded
        )
        reason = "" if target else "a namespace package has no file"
        return Resolved(
            index, Resolution.INTERNAL, target, home.path, home.symbol, "", reason, parents
        )

    def _outside(self, index: int, binding: Binding) -> Resolved:
        if binding.module.startswith("."):
            reason = "the relative import leaves the tree"
            return Resolved(index, Resolution.UNRESOLVED, "", "", "", "", reason)
        parts = binding.module.split(".")
        if parts[0] in STDLIB:
            return Resolved(index, Resolution.STDLIB, "", "", "", "", "")
        if not all(part.isidentifier() for part in parts):
            reason = f"'{binding.module}' is no module name"
            return Resolved(index, Resolution.UNRESOLVED, "", "", "", "", reason)
        distribution = self._distributions.of(parts)
        return Resolved(index, Resolution.EXTERNAL, "", "", "", distribution, "")

    # -- where modules are -------------------------------------------------------------------

    def _module_of(self, path: str, binding: Binding) -> Module | None:
        """For names on their way home: what ``binding.local`` stands for, as a module."""
        if binding.imported or binding.local != binding.module.partition(".")[0]:
            located = self._locate(path, binding)
        else:  # ``import a.b.c`` binds a
            located = self._locate(path, binding._replace(module=binding.local))
        if located is None or not located.complete:
            return None
        return Module(located.target, located.folder)

    def _locate(self, path: str, binding: Binding) -> Located | None:
        """Where the module part leads; None outside the tree."""
        folder = folder_of(path)
        module = binding.module
        if module.startswith("."):
            return self._relative(folder, module)
        key = (folder, module, binding.imported)
        if key not in self._located:
            self._located[key] = self._absolute(path, module.split("."), binding.imported)
        return self._located[key]

    def _relative(self, folder: str, module: str) -> Located | None:
        rest = module.lstrip(".")
        for _level in range(len(module) - len(rest) - 1):
            if not folder:
                return None
            folder = folder_of(folder)
        located = self._tree.locate(folder, rest.split(".") if rest else [])
        if rest:
            return located
        return located._replace(target=self._tree.packages.get(folder, ""))

    def _absolute(self, path: str, parts: list[str], imported: str) -> Located | None:
        """The first root that has the module; of several portions of a namespace package the one
        that has all of it. A namespace alone proves nothing: a library may have the same name."""
        folder = folder_of(path)
        standard = parts[0] in STDLIB
        partly: Located | None = None
        for root in self._roots.seen_from(folder, parts[0]):
            located = self._tree.locate(root, parts)
            if standard and not (located.regular and root in (folder, self._roots.of(folder))):
                continue
            if located.target == path and located.matched == 1 and root == folder:
                continue  # a script called like the library it imports
            if located.regular:
                return located
            if located.complete and (located.target or self._has(located, imported)):
                return located
            if located.target and (partly is None or located.matched > partly.matched):
                partly = located
        return partly

    def _has(self, located: Located, imported: str) -> bool:
        return bool(
            imported and located.folder is not None and self._tree.child(located.folder, imported)
        )


def _missing(index: int, binding: Binding, located: Located) -> Resolved:
    """Its beginning is in the tree, the rest is not: generated, compiled, or gone."""
    if located.complete:
        reason = f"'{binding.imported}' is no module of the namespace package '{binding.module}'"
    else:
        reason = f"'{binding.module}' is not in the tree, though its beginning is"
    return Resolved(index, Resolution.UNRESOLVED, "", "", "", "", reason)


def _folders_around(path: str) -> list[str]:
    found = []
    while path:
        path = folder_of(path)
        found.append(path)
    return found
