"""What a goal and a focus ask for, and which milestones answer it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from prism.domain.blueprints.model import BlueprintRequest


class Aim(StrEnum):
    """What a milestone is for. Foundations are laid for whatever else is in the plan."""

    UNTANGLE = "untangle-cycles"
    SPLIT = "split-god-modules"
    TAME = "tame-hotspots"


class Goal(NamedTuple):
    """``words``: beginnings of the words by which free text asks for it."""

    name: str
    title: str
    words: tuple[str, ...]


GOALS: tuple[Goal, ...] = (
    Goal(
        Aim.UNTANGLE,
        "Imports that close circles: which to move, to invert or to take from elsewhere",
        ("cycl", "circ", "circular", "untangl", "tangl", "decoupl", "coupl", "import", "depend"),
    ),
    Goal(
        Aim.SPLIT,
        "Files that much depends on and that do much: which part to move out, and who follows it",
        ("god", "split", "monolith", "modular", "large", "big", "huge", "cohesi", "fan"),
    ),
    Goal(
        Aim.TAME,
        "Long files that change often: which functions to take apart",
        ("hotspot", "churn", "complex", "simplif", "hard", "bug", "maintain", "refactor", "tame"),
    ),
)

#: Words of a goal that name no part of the code, whatever folders are called.
_PLAIN_WORDS = frozenset({
    "a", "all", "and", "be", "by", "can", "code", "easier", "for", "from", "get", "in", "into",
    "is", "it", "less", "lib", "make", "more", "new", "of", "on", "our", "out", "over", "package",
    "remove", "so", "src", "that", "the", "this", "to", "up", "we", "with",
})  # fmt: skip
_WORD = re.compile(r"[^\W_]+(?:[-_.][^\W_]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Steering:
    """``aims``: what the plan is for, all of them when the goal names none.

    ``focus``: path prefixes outside of which nothing is planned; empty: everywhere.
    ``named``: words of the goal that are names in the tree, with the files they name: those come
    first. ``unknown``: words of the goal that mean nothing here.
    """

    aims: frozenset[Aim]
    chosen: bool
    focus: tuple[str, ...]
    named: dict[str, frozenset[str]]
    unknown: tuple[str, ...]

    def in_focus(self, paths: Sequence[str]) -> bool:
        """Is one of *paths* below a prefix of the focus (or is there none)?"""
        return not self.focus or any(is_below(path, self.focus) for path in paths)

    def favours(self, paths: Sequence[str]) -> bool:
        """Does a word of the goal name one of *paths*?"""
        return any(path in files for files in self.named.values() for path in paths)


def is_below(path: str, prefixes: Sequence[str]) -> bool:
    """``src/api`` holds ``src/api/x.py`` and ``src/api``, not ``src/apiary.py``."""
    return any(path == prefix or path.startswith(prefix + "/") for prefix in prefixes)


def steer(request: BlueprintRequest, paths: Sequence[str]) -> Steering:
    """Read the request against the production files *paths*."""
    prefixes = {prefix.strip().removeprefix("./").rstrip("/") for prefix in request.focus}
    focus = tuple(sorted(prefixes - {"", "."}))
    parts = _parts(paths)
    aims: set[Aim] = set()
    named: dict[str, frozenset[str]] = {}
    unknown: list[str] = []
    for word in _WORD.findall(request.goal.lower()):
        meant = _aims_of(word)
        aims |= meant
        if word in parts and word not in _PLAIN_WORDS:
            named[word] = frozenset(parts[word])
        elif not meant and word not in _PLAIN_WORDS and word not in unknown:
            unknown.append(word)
    return Steering(
        aims=frozenset(aims) or frozenset(Aim),
        chosen=bool(aims),
        focus=focus,
        named=dict(sorted(named.items())),
        unknown=tuple(unknown),
    )


def _aims_of(word: str) -> set[Aim]:
    exact = {Aim(goal.name) for goal in GOALS if word == goal.name}
    return exact or {
        Aim(goal.name) for goal in GOALS if any(word.startswith(each) for each in goal.words)
    }


def _parts(paths: Sequence[str]) -> dict[str, set[str]]:
    """Lower-case folder names and file stems -> the files they name."""
    parts: dict[str, set[str]] = {}
    for path in paths:
        *folders, name = path.lower().split("/")
        for part in {*folders, name, name.split(".", 1)[0]}:
            parts.setdefault(part, set()).add(path)
    return parts
