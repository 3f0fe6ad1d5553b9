"""Imports of TypeScript and JavaScript to files of the same tree."""

import re
from collections.abc import Mapping, Sequence

from prism.adapters.languages.ecmascript.homes import Homes
from prism.adapters.languages.ecmascript.locating import Found, Locator
from prism.adapters.languages.ecmascript.packages import Packages
from prism.adapters.languages.ecmascript.tree import Tree
from prism.adapters.languages.ecmascript.tsconfig import TsConfigs
from prism.application.ports.source import ImportResolver, Resolved, ResolverInput
from prism.domain.facts.runs import Resolution
from prism.domain.facts.structure import Binding, ImportForm

_LANGUAGES = frozenset(("typescript", "tsx", "javascript"))
_MANIFESTS = frozenset(("package.json", "lerna.json", "pnpm-workspace.yaml"))
#: Also the bases that workspaces share: 'base.tsconfig.json', 'tsconfig/base.json'.
_CONFIG = re.compile(
    r"(?:[\w.-]*(?:tsconfig|jsconfig)[\w.-]*|(?:.*/)?[\w-]*(?:tsconfig|typescript-config)[\w-]*/[\w.-]+)\.json"
)
_EXTENSION = re.compile(r"(?:\.d)?\.(?:[cm]?[jt]s|[jt]sx)\Z")


class EcmaScriptImportResolver(ImportResolver):
    """Specifiers after Node.js ("Modules: Packages") and TypeScript's module resolution, names
    through re-exports. Looks at nothing but paths, outlines and manifests.

    node_modules are no part of a repository's own code: what would be found there is external.
    """

    @property
    def languages(self) -> frozenset[str]:
        return _LANGUAGES

    def wants(self, path: str) -> bool:
        name = path.rpartition("/")[2]
        if name not in _MANIFESTS and not _is_config(path, name):
            return False
        return "node_modules/" not in path

    def module_names(self, given: ResolverInput) -> Mapping[str, str]:
        """The path without its extension: ES modules have no dotted names, the path is what an
        import writes, and with it a symbol's full name says where to look. 'a/b.d.ts', 'a/b.ts'
        and 'a/b.js' share a name, as they share it in an import."""
        return {
            file.path: _EXTENSION.sub("", file.path)
            for file in given.files
            if file.language in _LANGUAGES
        }

    def resolve(self, given: ResolverInput) -> Mapping[str, Sequence[Resolved]]:
        files = [file for file in given.files if file.language in _LANGUAGES]
        locator = _locator(given)
        homes = Homes(files)
        found: dict[str, list[Found]] = {}
        for file in files:
            bindings = file.outline.bindings
            found[file.path] = [_locate(locator, file.path, binding) for binding in bindings]
            homes.targets[file.path] = [one.target for one in found[file.path]]
        return {
            file.path: [
                _answer(index, binding, where, homes)
                for index, (binding, where) in enumerate(
                    zip(file.outline.bindings, found[file.path], strict=True)
                )
            ]
            for file in files
        }


def _is_config(path: str, name: str) -> bool:
    return (
        name.endswith(".json") and (_CONFIG.fullmatch(name) or _CONFIG.fullmatch(path)) is not None
    )


def _locator(given: ResolverInput) -> Locator:
    packages = Packages(given.manifests)

    def folder_of(name: str, folder: str) -> str | None:
        package = packages.named(name, folder)
        return None if package is None else package.folder

    return Locator(Tree(given.paths), packages, TsConfigs(given.manifests, folder_of))


def _locate(locator: Locator, path: str, binding: Binding) -> Found:
    return locator.locate(binding.module, path, require=binding.form == ImportForm.REQUIRE)


def _answer(index: int, binding: Binding, where: Found, homes: Homes) -> Resolved:
    home, symbol = "", ""
    if where.status == Resolution.INTERNAL:
        home, symbol = homes.of_binding(binding, where.target)
    return Resolved(
        index,
        where.status,
        where.target,
        home,
        symbol,
        where.distribution,
        where.reason,
    )
