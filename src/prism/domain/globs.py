"""Patterns over repository paths, as gitattributes(5) has them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import translate

#: Longer ones are ignored: they come from repositories that nobody vouches for.
PATTERN_LENGTH_MAX = 255

_ANY_DEPTH = None
_Part = str | re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Glob:
    """One compiled pattern. ``*``, ``?`` and ``[…]`` stay within a path component, ``**`` spans
    them. Matching is polynomial for every pattern: a component is matched by ``fnmatch``, which
    does not backtrack into its stars."""

    base: str
    parts: tuple[_Part, ...]

    @staticmethod
    def of(pattern: str, base: str = "") -> "Glob | None":
        """Compile *pattern*, relative to the directory *base* ('' or 'a/b').

        None for what never matches a file: an empty pattern, one that ends in '/', one that is too
        long. A pattern without '/' matches the last component at any depth.
        """
        if not pattern or pattern.endswith("/") or len(pattern) > PATTERN_LENGTH_MAX:
            return None
        floating = "/" not in pattern
        names = pattern.removeprefix("/").split("/")
        if floating:
            names = ["**", *names]
        if names[-1] == "**":
            names.append("*")  # `dir/**` is all that lies inside, not `dir` itself
        return Glob(f"{base}/" if base else "", tuple(_part(name) for name in names))

    def matches(self, path: str) -> bool:
        if not path.startswith(self.base):
            return False
        return _matches(self.parts, path[len(self.base) :].split("/"))

    def matches_or_holds(self, path: str) -> bool:
        """Does it match *path* or a directory above it?"""
        if not path.startswith(self.base):
            return False
        names = path[len(self.base) :].split("/")
        return any(_matches(self.parts, names[:depth]) for depth in range(len(names), 0, -1))


def _part(name: str) -> _Part:
    if name == "**":
        return _ANY_DEPTH
    if not any(sign in name for sign in "*?[\\"):
        return name
    unescaped = re.sub(r"\\(.)", r"[\1]", name)
    try:
        return re.compile(translate(unescaped))
    except re.error:  # a malformed character class: taken literally, as git does
        return name


def _matches(parts: Sequence[_Part], names: Sequence[str]) -> bool:
    """Greedy with one point to return to, the last ``**``: what follows it is moved along."""
    part = name = 0
    resume_part, resume_name = -1, 0
    while name < len(names):
        if part < len(parts) and parts[part] is _ANY_DEPTH:
            resume_part, resume_name = part, name
            part += 1
        elif part < len(parts) and _fits(parts[part], names[name]):
            part += 1
            name += 1
        elif resume_part >= 0:
            resume_name += 1
            part, name = resume_part + 1, resume_name
        else:
            return False
    return all(rest is _ANY_DEPTH for rest in parts[part:])


def _fits(part: _Part, name: str) -> bool:
    if isinstance(part, str):
        return part == name
    return part is not None and part.match(name) is not None
