"""The ``exports`` and ``imports`` maps of package.json (Node.js, "Packages")."""

from collections.abc import Mapping

from prism.domain.values import Json

#: More alternatives than this under one subpath are not looked at.
_TARGETS_MAX = 64


def conditions(*, require: bool) -> frozenset[str]:
    """Conditions that hold at run time for an ``import``, or for a ``require``."""
    return frozenset(("node", "default", "require" if require else "import"))


def targets(table: Json, subpath: str, allowed: frozenset[str]) -> list[str]:
    """Relative targets of *subpath* ('.', './x', '#x') in order, [] where the map hides it.

    Node takes the first match; here all are given, because in a source tree the first is often a
    build output that only exists in the published package. What gets loaded comes before 'types',
    and conditions that nobody named (those of bundlers, or the package's own) come last.
    """
    if not isinstance(table, Mapping) or not any(key.startswith((".", "#")) for key in table):
        table = {".": table}
    value, star = _match(table, subpath)
    found: list[str] = []
    for chosen in (allowed, allowed | {"types"}, None):
        found += (one.replace("*", star) for one in _flatten(value, chosen))
    return list(dict.fromkeys(found))


def _match(table: Mapping[str, Json], subpath: str) -> tuple[Json, str]:
    """The value for *subpath* and what its '*' stands for: exact, else the longest prefix."""
    if subpath in table and "*" not in subpath:
        return table[subpath], ""
    best, star = "", ""
    for key in table:
        prefix, wild, suffix = key.partition("*")
        if not wild and not key.endswith("/"):
            continue
        fits = subpath.startswith(prefix) and subpath.endswith(suffix)
        if fits and len(subpath) >= len(prefix) + len(suffix) and _longer(key, best):
            best, star = key, subpath[len(prefix) : len(subpath) - len(suffix)]
    if not best:
        return None, ""
    value = table[best]
    if "*" not in best and isinstance(value, str):
        return value + "*", star  # the old form for a whole folder: "./x/": "./dist/x/"
    return value, star


def _longer(key: str, best: str) -> bool:
    return (len(key.partition("*")[0]), len(key)) > (len(best.partition("*")[0]), len(best))


def _flatten(value: Json, allowed: frozenset[str] | None) -> list[str]:
    """The strings of nested conditions and alternatives; *allowed* None: under any condition."""
    found: list[str] = []
    stack = [value]
    while stack and len(found) < _TARGETS_MAX:
        value = stack.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, Mapping):
            inside = [one for key, one in value.items() if allowed is None or key in allowed]
            stack.extend(reversed(inside))
        elif isinstance(value, list):
            stack.extend(reversed(value))
    return found
