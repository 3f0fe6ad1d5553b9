"""tsconfig.json and jsconfig.json: path aliases, ``extends`` chains, project references."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from prism.adapters.languages.ecmascript.globs import matcher
from prism.adapters.languages.ecmascript.jsonc import load, object_in, text_in, texts_in
from prism.adapters.languages.ecmascript.tree import ancestors, join, parent
from prism.domain.values import Json, JsonObject

#: Configurations that one may build on: hostile input must not make a chain without end.
_CHAIN_MAX = 64


class Alias(NamedTuple):
    """One entry of ``paths``: 'prefix*suffix' (``star``) or an exact name, and its targets, which
    are paths from the tree's root with at most one '*'."""

    prefix: str
    suffix: str
    star: bool
    targets: tuple[str, ...]


class TsConfig(NamedTuple):
    """One configuration with all that it extends.

    ``base`` is the folder of ``baseUrl`` (None without one). ``missing`` names what the chain
    extends and the tree does not have.
    """

    path: str
    folder: str
    base: str | None
    aliases: tuple[Alias, ...]
    custom_conditions: tuple[str, ...]
    references: tuple[str, ...]
    covers: tuple[re.Pattern[str], ...]
    missing: tuple[str, ...]

    def alias_targets(self, specifier: str, *, named: bool = False) -> list[str]:
        """What the entry of ``paths`` that fits *specifier* maps it to: as TypeScript an exact one,
        else that with the longest prefix. *named*: the entry for just anything ('*') doesn't count.
        """
        best: Alias | None = None
        for alias in self.aliases:
            if not alias.star:
                if alias.prefix == specifier:
                    return list(alias.targets)
                continue
            fits = specifier.startswith(alias.prefix) and specifier.endswith(alias.suffix)
            if fits and len(specifier) >= len(alias.prefix) + len(alias.suffix):
                best = alias if best is None or len(alias.prefix) > len(best.prefix) else best
        if best is None or (named and not best.prefix and not best.suffix):
            return []
        star = specifier[len(best.prefix) : len(specifier) - len(best.suffix)]
        found = (join("", target.replace("*", star, 1)) for target in best.targets)
        return [target for target in found if target is not None]


class _Raw(NamedTuple):
    folder: str
    fields: JsonObject


class TsConfigs:
    """The configurations of one tree. *package_folder(name, folder)* finds a package of the tree,
    because ``extends`` may name one of a workspace; '' … the root, None if there is none."""

    def __init__(
        self, manifests: Mapping[str, str], package_folder: Callable[[str, str], str | None]
    ) -> None:
        self._texts = {path: text for path, text in manifests.items() if path.endswith(".json")}
        self._package_folder = package_folder
        self._raw: dict[str, _Raw | str] = {}
        self._loaded: dict[str, TsConfig] = {}
        self._nearest: dict[str, tuple[TsConfig, ...]] = {}

    def for_file(self, path: str) -> tuple[TsConfig, ...]:
        """The configurations whose aliases hold in *path*, to be tried in this order: the nearest
        tsconfig.json (or jsconfig.json), then of those it references the ones that cover it."""
        folder = parent(path)
        if folder not in self._nearest:
            self._nearest[folder] = self._with_references(folder)
        found = self._nearest[folder]
        if len(found) < 2:
            return found
        own, *referenced = found
        covering = [one for one in referenced if any(c.fullmatch(path) for c in one.covers)]
        return (own, *(covering or referenced))

    def _with_references(self, folder: str) -> tuple[TsConfig, ...]:
        for one in ancestors(folder):
            for name in ("tsconfig.json", "jsconfig.json"):
                path = f"{one}/{name}" if one else name
                if path in self._texts:
                    own = self._load(path)
                    # Only a "solution" hands over: it references others that lie around the file.
                    others = [self._load(other) for other in own.references]
                    return (own, *(o for o in others if f"{folder}/".startswith(_slash(o.folder))))
        return ()

    def _load(self, path: str) -> TsConfig:
        found = self._loaded.get(path)
        if found is None:
            found = self._loaded[path] = self._merge(path)
        return found

    def _merge(self, path: str) -> TsConfig:
        chain, missing = self._chain(path)
        own_folder = parent(path)
        base: str | None = None
        paths: JsonObject = {}
        paths_place = _Place(own_folder, own_folder)
        conditions: tuple[str, ...] = ()
        include: tuple[str, list[str]] = (own_folder, ["**/*"])
        for raw in chain:
            options = object_in(raw.fields, "compilerOptions")
            place = _Place(raw.folder, own_folder)
            if "baseUrl" in options:
                base = place.path(text_in(options, "baseUrl"))
            if "paths" in options:
                paths, paths_place = object_in(options, "paths"), place
            if "customConditions" in options:
                conditions = tuple(texts_in(options, "customConditions"))
            if "include" in raw.fields or "files" in raw.fields:
                globs = texts_in(raw.fields, "include") + texts_in(raw.fields, "files")
                include = (raw.folder, globs)
        if base is not None:  # then inherited paths are relative to it too
            paths_place = _Place(base, own_folder)
        return TsConfig(
            path,
            own_folder,
            base,
            _aliases(paths, paths_place),
            conditions,
            self._references(chain[-1]) if chain else (),
            _covers(*include),
            tuple(missing),
        )

    def _references(self, raw: _Raw) -> tuple[str, ...]:
        value: Json = raw.fields.get("references")
        found = []
        for item in value if isinstance(value, list) else []:
            target = text_in(item, "path") if isinstance(item, Mapping) else ""
            path = join(raw.folder, target) if target else None
            if path is None:
                continue
            file = path if path.endswith(".json") else f"{path}/tsconfig.json".removeprefix("/")
            if file in self._texts:
                found.append(file)
        return tuple(found)

    def _chain(self, path: str) -> tuple[list[_Raw], list[str]]:
        """*path* and what it extends, bases first; and what of it is missing."""
        order: list[_Raw] = []
        missing: list[str] = []
        seen = {path}
        stack: list[tuple[str, bool]] = [(path, False)]
        while stack:
            here, done = stack.pop()
            raw = self._read(here)
            if isinstance(raw, str):
                missing.append(raw)
            elif done:
                order.append(raw)
            else:
                stack.append((here, True))
                for specifier in reversed(_extends(raw.fields)):
                    base = self._find_base(specifier, raw.folder)
                    if base is None:
                        missing.append(f"{here} extends '{specifier}', which the tree has not")
                    elif base not in seen and len(seen) < _CHAIN_MAX:
                        seen.add(base)
                        stack.append((base, False))
        return order, missing

    def _read(self, path: str) -> _Raw | str:
        found = self._raw.get(path)
        if found is None:
            try:
                found = _Raw(parent(path), load(self._texts[path]))
            except ValueError as error:
                found = f"{path} cannot be read: {error}"
            self._raw[path] = found
        return found

    def _find_base(self, specifier: str, folder: str) -> str | None:
        """The file that ``extends`` means, if its text is at hand."""
        if specifier.startswith((".", "/")):
            base = join(folder, specifier)
            found = () if base is None else (base, f"{base}.json", f"{base}/tsconfig.json")
        else:
            name, _, rest = specifier.partition("/")
            if name.startswith("@"):
                second, _, rest = rest.partition("/")
                name = f"{name}/{second}"
            home = self._package_folder(name, folder)
            base = None if home is None else join(home, rest)
            found = (
                () if base is None else (base, f"{base}.json", join(base, "tsconfig.json") or "")
            )
        return next((one for one in found if one in self._texts), None)


class _Place(NamedTuple):
    """Where a setting stands: paths are relative to its file, ``${configDir}`` to the last one."""

    folder: str
    config_folder: str

    def path(self, relative: str) -> str | None:
        if relative.startswith("${configDir}"):
            return join(self.config_folder, relative.removeprefix("${configDir}"))
        return join(self.folder, relative)


def _slash(folder: str) -> str:
    return f"{folder}/" if folder else ""


def _extends(fields: JsonObject) -> list[str]:
    single = text_in(fields, "extends")
    return [single] if single else texts_in(fields, "extends")


def _aliases(paths: JsonObject, place: _Place) -> tuple[Alias, ...]:
    found = []
    for pattern in paths:
        targets = (place.path(target) for target in texts_in(paths, pattern))
        prefix, star, suffix = pattern.partition("*")
        known = tuple(target for target in targets if target is not None)
        found.append(Alias(prefix, suffix, bool(star), known))
    return tuple(found)


def _covers(folder: str, globs: list[str]) -> tuple[re.Pattern[str], ...]:
    """Patterns of the files that ``include`` and ``files`` name; a bare folder means all in it."""
    patterns = []
    for glob in globs:
        last = glob.rstrip("/").rpartition("/")[2]
        whole = glob if "." in last.lstrip(".") or "*" in last else f"{glob.rstrip('/')}/**/*"
        path = join(folder, whole)
        if path is not None:
            patterns.append(matcher(path))
    return tuple(patterns)
