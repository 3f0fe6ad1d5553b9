"""Source roots: the folders whose contents can be imported by their bare names.

A repository does not say where its roots are, so they are inferred: a package with ``__init__``
hangs below some folder, and which of the folders above it is the root shows in how the tree's own
imports write the package's name.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from prism.adapters.languages.python.distributions import STDLIB
from prism.adapters.languages.python.manifests import PROJECT_FILES, source_folders
from prism.adapters.languages.python.tree import PythonTree, folder_of
from prism.application.ports.source import ResolverFile

#: Folders of code that is no part of the project proper: a root below one of them is seen only by
#: files that are below it too, or a fixture named ``requests`` would take the place of the library.
_CLOSED = frozenset({
    "benchmark", "benchmarks", "demo", "demos", "doc", "docs", "example", "examples", "fixture",
    "fixtures", "node_modules", "sample", "samples", "site-packages", "template", "templates",
    "test", "test_data", "testdata", "testing", "tests", "third_party", "third-party",
    "thirdparty", "vendor", "vendored",
})  # fmt: skip
#: Folders above a package that are tried as its root, nearest first.
_ANCESTORS_MAX = 16


class Roots:
    """The root of each folder with Python files, and which roots an importing file sees."""

    def __init__(
        self, tree: PythonTree, files: Iterable[ResolverFile], manifests: Mapping[str, str]
    ) -> None:
        self._tree = tree
        self._explicit = _explicit_roots(tree, manifests)
        self._projects = _project_folders(manifests)
        self._evidence, self._siblings = _evidence(files)
        self._stems: dict[str, list[str]] = {}
        for stem in tree.modules:
            folder, _, name = stem.rpartition("/")
            self._stems.setdefault(folder, []).append(name)
        self._root: dict[str, str] = {}
        for folder in sorted(tree.folders, key=lambda folder: (folder.count("/"), folder)):
            self._root[folder] = self._infer(folder)
        firm = {self._root[folder] for folder in tree.packages if folder in self._root}
        firm |= self._explicit | self._projects
        #: Folders of scripts: what lies in one is seen by its own files only.
        self._scripts = set(self._root.values()) - firm
        self._by_first = self._first_names(firm | self._scripts)

    def of(self, folder: str) -> str:
        """The root that modules in *folder* are named from."""
        return self._root.get(folder, "")

    def seen_from(self, folder: str, first: str) -> list[str]:
        """Roots that have something called *first*, in the order a file in *folder* would look:
        its own folder if that is no package, its own root, then the nearest."""
        own = self.of(folder)
        script = [folder] if folder not in self._tree.packages and folder != own else []
        found = [root for root in script if self._tree.has_child(root, first)]
        others = [root for root in self._by_first.get(first, ()) if root not in script]
        others = [root for root in others if root == own or self._is_seen(folder, root)]
        others.sort(key=lambda root: (root != own, -_shared(folder, root), root))
        return found + others

    def _is_seen(self, folder: str, root: str) -> bool:
        return root not in self._scripts and _visible(folder, root)

    def _infer(self, folder: str) -> str:
        is_package = folder in self._tree.packages and folder != ""
        above = folder_of(folder)
        if is_package and above in self._tree.packages and above:
            return self._root[above]
        candidates = self._candidates(folder, is_package=is_package)
        best, score = "", 0
        for root in candidates:
            count = self._score(folder, root, is_package=is_package)
            if count > score:
                best, score = root, count
        if score:
            return best
        explicit = next((root for root in candidates if root in self._explicit), None)
        if explicit is not None:
            return explicit
        inside = self._package_around(folder)
        if inside is not None and self._root[inside] in candidates:
            return self._root[inside]
        if is_package:
            return above
        return next((root for root in candidates if root in self._projects), candidates[-1])

    def _candidates(self, folder: str, *, is_package: bool) -> list[str]:
        """Folders that *folder* can be named from, nearest first."""
        found = [] if is_package else [folder]
        here = folder
        while here and len(found) < _ANCESTORS_MAX and here.rpartition("/")[2].isidentifier():
            here = folder_of(here)
            found.append(here)
        return found or [folder_of(folder)]

    def _score(self, folder: str, root: str, *, is_package: bool) -> int:
        """How often the tree's imports write *folder*'s modules as seen from *root*."""
        dotted = folder[len(root) :].strip("/").replace("/", ".")
        if is_package:
            return self._evidence[dotted]
        stems = self._stems.get(folder, ())
        if not dotted:  # only scripts beside it would call a module by its bare name
            siblings = self._siblings.get(folder, Counter())
            return sum(siblings[stem] for stem in stems)
        return sum(self._evidence[f"{dotted}.{stem}"] for stem in stems)

    def _package_around(self, folder: str) -> str | None:
        while folder:
            folder = folder_of(folder)
            if folder and folder in self._tree.packages:
                return folder
        return None

    def _first_names(self, roots: set[str]) -> dict[str, list[str]]:
        """First component -> roots that have it."""
        found: dict[str, set[str]] = {}
        for key in [*self._tree.modules, *self._tree.folders]:
            here = key
            while here:
                above, _, name = here.rpartition("/")
                if above in roots:
                    found.setdefault(name, set()).add(above)
                here = above
        return {name: sorted(places) for name, places in found.items()}


def _explicit_roots(tree: PythonTree, manifests: Mapping[str, str]) -> set[str]:
    """Folders called ``src``, and those that a project file names."""
    roots = {
        folder
        for folder in tree.folders
        if folder.rpartition("/")[2] == "src" and folder not in tree.packages
    }
    for path, text in manifests.items():
        roots.update(source_folders(path, text))
    return roots & tree.folders


def _project_folders(manifests: Mapping[str, str]) -> set[str]:
    names = (path for path in manifests if path.rpartition("/")[2] in PROJECT_FILES)
    return {"", *map(folder_of, names)}


def _evidence(
    files: Iterable[ResolverFile],
) -> tuple[Counter[str], dict[str, Counter[str]]]:
    """How often each dotted prefix is imported; and first names by the importing file's folder."""
    prefixes: Counter[str] = Counter()
    siblings: dict[str, Counter[str]] = {}
    for file in files:
        firsts = siblings.setdefault(folder_of(file.path), Counter())
        for binding in file.outline.bindings:
            module = binding.module
            first = module.partition(".")[0]
            if not first or first in STDLIB:
                continue
            firsts[first] += 1
            dotted = f"{module}.{binding.imported}" if binding.imported else module
            while dotted:
                prefixes[dotted] += 1
                dotted = dotted.rpartition(".")[0]
    return prefixes, siblings


def _shared(folder: str, root: str) -> int:
    """Leading components that two folders have in common."""
    count = 0
    for one, other in zip(folder.split("/"), root.split("/"), strict=False):
        if one != other or not one:
            break
        count += 1
    return count


def _visible(folder: str, root: str) -> bool:
    """Does *root* lie outside closed folders, apart from those that *folder* lies in as well?"""
    if not root:
        return True
    return not any(part in _CLOSED for part in root.split("/")[_shared(folder, root) :])


def module_name(path: str, root: str) -> str:
    """The dotted name of the file at *path* seen from *root*, '' if it has none.

    The last part need be no identifier: Django imports its migrations ('0001_initial') by name.
    A script without an ending has none: nothing can import it.
    """
    folder, slash, name = path.rpartition("/")
    if "." not in name:
        return ""
    stem = folder + slash + name.rpartition(".")[0]
    if root:
        stem = stem[len(root) + 1 :]
    parts = stem.split("/")
    if parts[-1] == "__init__":
        parts.pop()
    named = all(part.isidentifier() for part in parts[:-1]) and "." not in "".join(parts[-1:])
    return ".".join(parts) if named else ""
