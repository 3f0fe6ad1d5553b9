"""A milestone before it has its place in a plan."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import NamedTuple

from prism.domain.blueprints.goals import Aim
from prism.domain.blueprints.model import Measure, PhaseKind, Statement, Step

KEY_FILES_MAX = 8
NAMES_SHOWN_MAX = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """``touches``: the files it changes. ``needs``: ids of drafts that come before it.

    ``gain``: reachable pairs less per changed statement, for the order; 0.0 where that is no aim.
    """

    id: str
    phase: PhaseKind
    aim: Aim
    title: str
    intent: Statement
    steps: tuple[Step, ...]
    measure: Measure
    verification: str
    evidence: tuple[str, ...]
    findings: tuple[str, ...]
    touches: tuple[str, ...]
    needs: tuple[str, ...] = ()
    gain: float = 0.0


class LeftOut(NamedTuple):
    """Something worth doing that is in no milestone, and why."""

    aim: Aim
    paths: tuple[str, ...]
    statement: Statement


def draft_id(phase: PhaseKind, *content: str) -> str:
    """'m' and 12 hex digits of what the milestone does, whatever its place in the plan."""
    text = "\0".join((phase, *content))
    return "m" + hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def say(text: str, *citations: str) -> Statement:
    """A statement; citing the same thing twice is citing it once."""
    assert citations, f"nothing is cited for: {text}"
    return Statement(text=text, citations=tuple(dict.fromkeys(citations)))


def listed(names: Sequence[str], most: int = NAMES_SHOWN_MAX) -> str:
    """'a, b and 3 more'."""
    shown = list(names[:most])
    if len(names) > most:
        return f"{', '.join(shown)} and {len(names) - most} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def shell_word(path: str) -> str:
    """*path* as one word of a shell command that can be read and pasted whatever it is called."""
    word = f"./{path}" if path.startswith("-") else path
    if word.isprintable():
        return quote(word)
    data = word.encode("utf-8", "surrogateescape")
    plain = (
        chr(each) if 32 <= each < 127 and each not in b"'\\" else f"\\x{each:02x}" for each in data
    )
    return f"$'{''.join(plain)}'"


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Each once, in order of appearance."""
    return tuple(dict.fromkeys(names))
