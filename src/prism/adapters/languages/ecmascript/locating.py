"""Where a module specifier of one file leads: a file of the tree, a package, the run time."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from prism.adapters.languages.ecmascript.builtin_modules import is_builtin
from prism.adapters.languages.ecmascript.exports_maps import conditions, targets
from prism.adapters.languages.ecmascript.packages import Package, Packages, split_name
from prism.adapters.languages.ecmascript.tree import Tree, is_typescript, join, parent
from prism.adapters.languages.ecmascript.tsconfig import TsConfig, TsConfigs
from prism.domain.facts.runs import Resolution

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_HOST = re.compile(r"(?://)?([^/?#]*)")
_PACKAGE_SCHEMES = ("npm:", "jsr:")
#: Names that the registry takes, old ones with capitals included.
_NAME = re.compile(r"(?:@[A-Za-z0-9~_-][\w.~-]*/)?[A-Za-z0-9~-][\w.~-]*")
_MAIN_SOURCES = ("src/index", "src/main", "index", "main", "src/lib/index", "lib/index", "src/mod")


class Found(NamedTuple):
    """Where a specifier leads: fields as in ``Resolved``."""

    status: str
    target: str = ""
    distribution: str = ""
    reason: str = ""


def _internal(target: str) -> Found:
    return Found(Resolution.INTERNAL, target)


def _unresolved(reason: str) -> Found:
    return Found(Resolution.UNRESOLVED, reason=reason)


class _Importer(NamedTuple):
    """The file that imports, as far as it matters: files of one folder are mostly alike."""

    folder: str
    typescript: bool
    require: bool
    configs: tuple[TsConfig, ...]


class Locator:
    """Answers for the files of one tree; equal questions from one folder are answered once."""

    def __init__(self, tree: Tree, packages: Packages, configs: TsConfigs) -> None:
        self._tree = tree
        self._packages = packages
        self._configs = configs
        self._known: dict[tuple[str, bool, bool, tuple[str, ...], str], Found] = {}

    def locate(self, specifier: str, path: str, *, require: bool) -> Found:
        """What *specifier* means in file *path*; *require*: asked for by ``require()``."""
        configs = self._configs.for_file(path)
        importer = _Importer(parent(path), is_typescript(path), require, configs)
        names = tuple(config.path for config in configs)
        key = (importer.folder, importer.typescript, require, names, specifier)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._locate(specifier, importer)
        return found

    def _locate(self, written: str, importer: _Importer) -> Found:
        # webpack's 'loader!./file' and Vite's './file?raw' name a file all the same
        specifier = written.rpartition("!")[2].partition("?")[0]
        if "${" in specifier:
            return _unresolved("the path is made at run time")
        if not specifier:
            return _unresolved("the specifier is empty")
        if specifier.split("/", 1)[0] in (".", ".."):
            return self._relative(specifier, importer)
        if specifier.startswith("/"):
            return self._absolute(specifier, importer)
        scheme = _SCHEME.match(specifier)
        if scheme is not None:
            return self._with_scheme(specifier, scheme.group(1))
        return self._bare(specifier, importer)

    def _relative(self, specifier: str, importer: _Importer) -> Found:
        base = join(importer.folder, specifier)
        if base is None:
            return _unresolved(f"'{specifier}' leaves the repository")
        found = self._path(base, importer) or self._source_of(base, built=True)
        return _internal(found) if found else _unresolved(f"no file '{base}' in the tree")

    def _absolute(self, specifier: str, importer: _Importer) -> Found:
        """'/src/x': bundlers start at the root of the project they serve."""
        package = self._packages.enclosing(importer.folder)
        for folder in (package.folder if package is not None else "", ""):
            base = join(folder, specifier)
            found = self._path(base, importer) if base else ""
            if found:
                return _internal(found)
        return _unresolved("an absolute path, and no such file from the package's or tree's root")

    def _with_scheme(self, specifier: str, scheme: str) -> Found:
        if is_builtin(specifier):
            return Found(Resolution.STDLIB)
        rest = specifier[len(scheme) + 1 :]
        if specifier.startswith(_PACKAGE_SCHEMES):
            name = split_name(rest.lstrip("/"))[0]
            at = name.rfind("@")
            return Found(Resolution.EXTERNAL, distribution=name[:at] if at > 0 else name)
        if scheme in ("http", "https"):
            host = _HOST.match(rest)
            return Found(Resolution.EXTERNAL, distribution=host.group(1) if host else "")
        if scheme == "data":
            return Found(Resolution.EXTERNAL)
        return _unresolved(f"only a bundler or another run time knows '{scheme}:' modules")

    def _bare(self, specifier: str, importer: _Importer) -> Found:
        builtin = is_builtin(specifier)
        found = self._aliased(specifier, importer, named=builtin)
        if found:
            return _internal(found)
        if specifier.startswith("#"):
            return self._package_import(specifier, importer)
        if builtin:
            return Found(Resolution.STDLIB)
        found = self._from_base(specifier, importer)
        if found:
            return _internal(found)
        name, rest = split_name(specifier)
        package = self._packages.named(name, importer.folder)
        if package is not None:
            return self._in_package(package, rest, importer)
        return self._external(specifier, name, importer)

    def _aliased(self, specifier: str, importer: _Importer, *, named: bool) -> str:
        """By ``paths``; *named*: not by an entry for just anything ('*')."""
        for config in importer.configs:
            found = self._first(config.alias_targets(specifier, named=named), importer)
            if found:
                return found
        return ""

    def _from_base(self, specifier: str, importer: _Importer) -> str:
        for config in importer.configs:
            base = None if config.base is None else join(config.base, specifier)
            found = self._path(base, importer) if base else ""
            if found:
                return found
        return ""

    def _package_import(self, specifier: str, importer: _Importer) -> Found:
        """``imports`` of the package around (Node.js, "Subpath imports")."""
        package = self._packages.enclosing(importer.folder)
        table = package.fields.get("imports") if package is not None else None
        if package is None or table is None:
            return self._unmatched(specifier, importer)
        found = targets(table, specifier, self._conditions(importer))
        hit = self._targets(package, found, importer)
        if hit:
            return _internal(hit)
        others = [one for one in found if not one.startswith((".", "#"))]
        if others:
            return self._bare(others[0], importer)
        if not found:
            return self._unmatched(specifier, importer)
        return _unresolved(f"imports of {package.folder or '.'}/package.json lead to no file")

    def _in_package(self, package: Package, rest: str, importer: _Importer) -> Found:
        """A package of this tree by name: its exports map, its entries, a file in it."""
        subpath = f"./{rest}" if rest else "."
        table = package.fields.get("exports")
        given: list[str] = []
        if table is not None:
            given = targets(table, subpath, self._conditions(importer))
        if not rest:
            given += package.entries()
        hit = self._targets(package, given, importer)
        if not hit:
            for relative in (rest,) if rest else _MAIN_SOURCES:
                base = join(package.folder, relative)
                hit = "" if base is None else self._first([base], importer)
                if hit:
                    break
        if hit:
            return _internal(hit)
        place = f"{package.folder or '.'}/package.json"
        leads = f"leads to {given[0]}" if given else "does not offer it"
        return _unresolved(f"{place} {leads}, and the tree has no file or source for it")

    def _targets(self, package: Package, given: list[str], importer: _Importer) -> str:
        """The first of *given*, relative to *package*, that is there; else the first whose source
        is."""
        bases = (join(package.folder, one) for one in given if not one.startswith("#"))
        return self._first([base for base in bases if base], importer)

    def _first(self, bases: Sequence[str], importer: _Importer) -> str:
        """The first of *bases* that is there, else the first whose source is; '' if none."""
        for base in bases:
            found = self._path(base, importer)
            if found:
                return found
        return next((found for found in map(self._source_of, bases) if found), "")

    def _source_of(self, target: str, *, built: bool = False) -> str:
        package = self._packages.enclosing(parent(target))
        home = package.folder if package is not None else ""
        return self._tree.source_of(home, target, built=built)

    def _conditions(self, importer: _Importer) -> frozenset[str]:
        custom = importer.configs[0].custom_conditions if importer.configs else ()
        return conditions(require=importer.require).union(custom)

    def _path(self, base: str, importer: _Importer) -> str:
        """The file that a path means: itself, with an extension, or as a folder."""
        typescript = importer.typescript
        found = self._tree.file(base, typescript=typescript) if base else ""
        if found:
            return found
        package = self._packages.by_folder.get(base)
        if package is not None:
            entries = [join(base, entry) for entry in package.entries()]
            for entry in entries:
                found = self._file_or_index(entry, typescript) if entry else ""
                if found:
                    return found
            found = next((f for f in (self._source_of(e) for e in entries if e) if f), "")
            if found:
                return found
        return self._tree.index(base, typescript=typescript)

    def _file_or_index(self, base: str, typescript: bool) -> str:
        tree = self._tree
        return tree.file(base, typescript=typescript) or tree.index(base, typescript=typescript)

    def _external(self, specifier: str, name: str, importer: _Importer) -> Found:
        if self._packages.declares(name, importer.folder):
            return Found(
                Resolution.EXTERNAL, distribution=self._packages.real_name(name, importer.folder)
            )
        if not _NAME.fullmatch(name):
            return self._unmatched(specifier, importer)
        missing = self._missing_bases(importer)
        if missing:
            return _unresolved(f"no package around declares '{name}', and {missing}")
        return Found(Resolution.EXTERNAL, distribution=name)

    def _unmatched(self, specifier: str, importer: _Importer) -> Found:
        missing = self._missing_bases(importer, all_of_them=True)
        also = f"; {missing}" if missing else ""
        return _unresolved(f"no alias, import map or package fits '{specifier}'{also}")

    def _missing_bases(self, importer: _Importer, *, all_of_them: bool = False) -> str:
        """What the configurations extend and the tree has not: files of its own, which tools may
        generate with aliases in them; or also those of packages, which bring no aliases."""
        found = (missing for config in importer.configs for missing in config.missing)
        return next((one for one in found if all_of_them or " extends '." in one), "")
