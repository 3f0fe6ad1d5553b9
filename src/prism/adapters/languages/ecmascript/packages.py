"""The packages of one tree: package.json files, workspaces of npm, yarn, pnpm and lerna."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from prism.adapters.languages.ecmascript.globs import matcher
from prism.adapters.languages.ecmascript.jsonc import load, object_in, text_in, texts_in
from prism.adapters.languages.ecmascript.tree import ancestors, join, parent
from prism.domain.values import JsonObject

_DEPENDENCIES = (
    *("dependencies", "devDependencies", "peerDependencies", "optionalDependencies"),
    *("bundledDependencies", "resolutions", "overrides"),
)
#: Version specifiers that name a folder.
_LOCAL = re.compile(r"(?:file|link|portal|workspace):(?=[./])")
_ITEM = re.compile(
    r"""\s+-\s+(?:"([^"]*)"|'([^']*)'|([^\s#]+))|-\s+(?:"([^"]*)"|'([^']*)'|(\S+))"""
)
_QUOTED = re.compile(r"""["']([^"']+)["']""")


class Package(NamedTuple):
    """A package.json: its folder ('' = the root), its name, all its fields."""

    folder: str
    name: str
    fields: JsonObject
    dependencies: Mapping[str, str]

    def entries(self) -> Iterator[str]:
        """What the package's name alone means without an ``exports`` map, in order."""
        for key in ("main", "module", "types", "typings", "source"):
            value = text_in(self.fields, key)
            if value:
                yield value


class _Workspace(NamedTuple):
    folder: str
    members: Mapping[str, Package]


class Packages:
    """All package.json files of a tree (those in node_modules are nobody's own code).

    ``problems``: path of a manifest that could not be read, and why.
    """

    def __init__(self, manifests: Mapping[str, str]) -> None:
        self.problems: dict[str, str] = {}
        self.by_folder: dict[str, Package] = {}
        self._nearest: dict[str, Package | None] = {}
        globs: dict[str, list[str]] = {}
        for path in sorted(manifests):
            name = path.rpartition("/")[2]
            if name == "pnpm-workspace.yaml":
                globs.setdefault(parent(path), []).extend(pnpm_globs(manifests[path]))
            elif name in ("package.json", "lerna.json"):
                self._read(path, name, manifests[path], globs)
        self._workspaces = {
            folder: _Workspace(folder, self._members(folder, found))
            for folder, found in globs.items()
            if found
        }

    def _read(self, path: str, name: str, text: str, globs: dict[str, list[str]]) -> None:
        try:
            fields = load(text)
        except ValueError as error:
            self.problems[path] = f"{path} cannot be read: {error}"
            return
        folder = parent(path)
        if name == "lerna.json":
            globs.setdefault(folder, []).extend(texts_in(fields, "packages"))
            return
        declared: dict[str, str] = {}
        for key in _DEPENDENCIES:
            for dependency, version in object_in(fields, key).items():
                declared.setdefault(dependency, version if isinstance(version, str) else "")
        self.by_folder[folder] = Package(folder, text_in(fields, "name"), fields, declared)
        workspaces = texts_in(fields, "workspaces")
        globs.setdefault(folder, []).extend(
            workspaces or texts_in(object_in(fields, "workspaces"), "packages")
        )

    def _members(self, folder: str, globs: Iterable[str]) -> dict[str, Package]:
        """Packages of a workspace by name; of two with one name the first folder counts."""
        wanted: list[re.Pattern[str]] = []
        unwanted: list[re.Pattern[str]] = []
        for glob in globs:
            pattern = matcher(glob.removeprefix("!").removeprefix("./").rstrip("/"))
            (unwanted if glob.startswith("!") else wanted).append(pattern)
        prefix = f"{folder}/" if folder else ""
        members: dict[str, Package] = {}
        for package in self.by_folder.values():
            if not package.name or not package.folder.startswith(prefix):
                continue
            relative = package.folder[len(prefix) :]
            inside = any(pattern.fullmatch(relative) for pattern in wanted)
            if inside and not any(pattern.fullmatch(relative) for pattern in unwanted):
                members.setdefault(package.name, package)
        return members

    def enclosing(self, folder: str) -> Package | None:
        """The package that a file in *folder* belongs to."""
        if folder not in self._nearest:
            self._nearest[folder] = next(
                (self.by_folder[one] for one in ancestors(folder) if one in self.by_folder), None
            )
        return self._nearest[folder]

    def around(self, folder: str) -> Iterator[Package]:
        """The packages around *folder*, innermost first."""
        for one in ancestors(folder):
            if one in self.by_folder:
                yield self.by_folder[one]

    def named(self, name: str, folder: str) -> Package | None:
        """The package of this tree that *name* means in *folder*: one of those around it, a member
        of its workspace, or one that a dependency on a folder points to."""
        for package in self.around(folder):
            if package.name == name:
                return package
            local = _LOCAL.match(package.dependencies.get(name, ""))
            if local:
                target = join(package.folder, package.dependencies[name][local.end() :])
                if target is not None and target in self.by_folder:
                    return self.by_folder[target]
        for one in ancestors(folder):
            workspace = self._workspaces.get(one)
            if workspace is not None and name in workspace.members:
                return workspace.members[name]
        return None

    def declares(self, name: str, folder: str) -> bool:
        """Does a package around *folder* depend on *name* (or on its types)?"""
        types = f"@types/{name.removeprefix('@').replace('/', '__')}"
        return any(
            name in package.dependencies or types in package.dependencies
            for package in self.around(folder)
        )

    def real_name(self, name: str, folder: str) -> str:
        """What *name* is called in the registry: 'b' for a dependency "a": "npm:b@1"."""
        for package in self.around(folder):
            version = package.dependencies.get(name, "")
            if version.startswith("npm:"):
                target = version.removeprefix("npm:")
                at = target.rfind("@")
                return target[:at] if at > 0 else target
        return name


def split_name(specifier: str) -> tuple[str, str]:
    """('@scope/name', 'sub/path') of a bare specifier."""
    parts = specifier.split("/", 2)
    count = 2 if specifier.startswith("@") else 1
    return "/".join(parts[:count]), specifier[len("/".join(parts[:count])) + 1 :]


def pnpm_globs(text: str) -> list[str]:
    """The list ``packages`` of a pnpm-workspace.yaml, the one key that matters here.

    Reads block lists and flow lists of plain or quoted scalars, which is all that pnpm documents.
    """
    found: list[str] = []
    reading = False
    for line in text.splitlines():
        if line.startswith("packages:"):
            rest = line.partition(":")[2].strip()
            found.extend(_QUOTED.findall(rest))
            reading = not rest.startswith("[") or "]" not in rest
        elif reading:
            item = _ITEM.match(line)
            if item is not None:
                found.append(next(group for group in item.groups() if group is not None))
            elif line[:1].strip() not in ("", "#", "]"):
                reading = False
            else:
                found.extend(_QUOTED.findall(line.partition("#")[0]))
    return found
