"""Finding files as Node, TypeScript and bundlers do, in nothing but the set of a tree's paths."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice

#: What an import without an extension may mean, for a TypeScript and for a JavaScript importer.
#: TypeScript's own order has ``.d.ts`` before ``.js``; here an implementation wins over the
#: declarations beside it, because the graph is of what gets loaded: a .d.ts is a dead end.
_FROM_TYPESCRIPT = (
    *(".ts", ".tsx", ".js", ".jsx", ".mts", ".cts", ".mjs", ".cjs"),
    *(".d.ts", ".d.mts", ".d.cts", ".json", ".vue", ".svelte"),
)
_FROM_JAVASCRIPT = (
    *(".js", ".jsx", ".mjs", ".cjs", ".json", ".ts", ".tsx", ".mts", ".cts"),
    *(".d.ts", ".d.mts", ".d.cts", ".vue", ".svelte"),
)
#: What a written extension may stand for besides itself: before it, and after it.
_OUTPUT = {
    ".js": ((".ts", ".tsx"), (".jsx", ".d.ts")),
    ".jsx": ((".tsx",), (".d.ts",)),
    ".mjs": ((".mts",), (".d.mts",)),
    ".cjs": ((".cts",), (".d.cts",)),
    ".ts": ((), (".tsx", ".js", ".d.ts")),
    ".tsx": ((), (".jsx", ".js", ".d.ts")),
    ".mts": ((), (".mjs", ".d.mts")),
    ".cts": ((), (".cjs", ".d.cts")),
}
_TYPESCRIPT = (".ts", ".tsx", ".mts", ".cts")
#: Folders that builds write to, as found in the ``main`` and ``exports`` of published packages.
_BUILT = frozenset(
    [
        "dist",
        "lib",
        "build",
        "out",
        "output",
        "esm",
        "cjs",
        "es",
        "umd",
        "iife",
        "bundles",
        "bundle",
        "types",
        "typings",
        "module",
        "modern",
        "commonjs",
        "dist-types",
        "dist-cjs",
        "dist-esm",
        "dist-src",
        "esm5",
        "fesm2015",
        "fesm2020",
        "fesm2022",
        "production",
        "development",
        "node",
        "browser",
    ]
)
_SOURCES = ("src/", "", "source/", "lib/", "src/lib/")
_ENDING = re.compile(
    r"(?:\.(?:min|umd|esm|cjs|es|es5|es6|esm-bundler|global|prod|production|development|dev|node|"
    r"browser|common|module|modern))*(?:\.d)?\.(?:[cm]?[jt]s|[jt]sx)\Z"
)


def join(folder: str, relative: str) -> str | None:
    """*relative* from *folder* ('' = the root), normalised; None where it leaves the tree."""
    parts = folder.split("/") if folder else []
    for part in relative.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def parent(path: str) -> str:
    """The folder of *path*, '' for the root."""
    return path.rpartition("/")[0]


def ancestors(folder: str) -> Iterator[str]:
    """*folder* and all folders around it, the root ('') last."""
    while folder:
        yield folder
        folder = parent(folder)
    yield ""


def is_typescript(path: str) -> bool:
    return path.endswith(_TYPESCRIPT)


class Tree:
    """The paths of one tree, asked for files."""

    def __init__(self, paths: frozenset[str]) -> None:
        self.paths = paths

    def file(self, base: str, *, typescript: bool) -> str:
        """The file that the path *base* means, extension or not; '' if there is none."""
        paths = self.paths
        extensions = _FROM_TYPESCRIPT if typescript else _FROM_JAVASCRIPT
        dot = base.rfind(".", base.rfind("/") + 1)
        before, after = _OUTPUT.get(base[dot:], ((), ())) if dot > 0 else ((), ())
        stem = base[:dot]
        if typescript:
            for extension in before:
                if stem + extension in paths:
                    return stem + extension
        if base in paths:
            return base
        for extension in (*before, *after):
            if stem + extension in paths:
                return stem + extension
        return next((base + end for end in extensions if base + end in paths), "")

    def index(self, folder: str, *, typescript: bool) -> str:
        """The index file of *folder*; '' if there is none."""
        return self.file(f"{folder}/index" if folder else "index", typescript=typescript)

    def source_of(self, package: str, target: str, *, built: bool = False) -> str:
        """The source that built file *target*, below folder *package*, is made from; '' if unknown.

        Folders of build output are taken off the front one by one, then what is left is looked for
        below the usual source folders: 'dist/esm/a/b.min.js' may be 'src/a/b.ts'. *built*: only if
        *target* does lie in a folder of build output.
        """
        prefix = f"{package}/" if package else ""
        if not target.startswith(prefix):
            return ""
        rest = target[len(prefix) :]
        for relative in islice(_unbuilt(_ENDING.sub("", rest)), int(built), None):
            bases = (f"{prefix}{source}{relative}".rstrip("/") for source in _SOURCES)
            found = self._first(bases)
            if found:
                return found
        return ""

    def _first(self, bases: Iterable[str]) -> str:
        for base in bases:
            found = self.file(base, typescript=True) or self.index(base, typescript=True)
            if found:
                return found
        return ""


def _unbuilt(relative: str) -> Iterator[str]:
    """*relative* as it is and without one, two … leading folders of build output."""
    yield relative
    while True:
        first, _, rest = relative.partition("/")
        if first not in _BUILT:
            return
        relative = rest
        yield relative
