"""Which definitions of a file use which others, read off its text: enough to move some together.

References inside a file aren't rows of the index. Words are: a definition whose lines hold the name
of another one may use it. That errs towards yes (a comment counts), so what is called closed here
needs nothing else of its file, while some of what is called open might not either.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from prism.domain import graph
from prism.domain.facts.structure import NONE, Symbol, SymbolKind

_WORD = re.compile(r"[\w$]+")


@dataclass(frozen=True, kw_only=True)
class Definitions:
    """The top-level definitions of one file, each name once, in order of appearance.

    ``spans[name]`` are the (first line, last line) of its definitions (several for overloads).
    """

    path: str
    text: str
    spans: Mapping[str, Sequence[tuple[int, int]]]
    words: Mapping[str, frozenset[str]]

    @cached_property
    def _place(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.spans)}

    @cached_property
    def _closures(self) -> list[frozenset[int]]:
        place = self._place
        uses = [
            sorted({place[word] for word in self.words[name] if word in place} - {at})
            for name, at in place.items()
        ]
        condensed = graph.condense(uses)
        reach: list[frozenset[int]] = []
        for component, row in zip(condensed.components, condensed.successors, strict=True):
            reach.append(frozenset(component).union(*(reach[child] for child in row)))
        return [reach[component] for component in condensed.member_of]

    def closure(self, names: Iterable[str]) -> tuple[str, ...] | None:
        """*names* with all of the file's definitions they use, in order of appearance.

        None when one of them is not a top-level definition.
        """
        places = [self._place.get(name) for name in names]
        known = [at for at in places if at is not None]
        if len(known) < len(places):
            return None
        found = frozenset[int]().union(*(self._closures[at] for at in known))
        return tuple(name for name, at in self._place.items() if at in found)

    def lines(self, names: Iterable[str]) -> int:
        """How many lines the definitions of *names* take."""
        return sum(last - first + 1 for name in names for first, last in self.spans[name])

    def span(self, name: str) -> tuple[int, int]:
        """The first definition of *name*."""
        return self.spans[name][0]

    def attributes(self, name: str) -> tuple[str, ...]:
        """The words that follow *name* and a dot somewhere in the file, sorted."""
        found = re.findall(rf"(?<![\w$.]){re.escape(name)}\.([\w$]+)", self.text) if name else []
        return tuple(sorted(set(found)))

    def mentioned(self, names: Iterable[str]) -> frozenset[str]:
        """All words in the definitions of *names*."""
        return frozenset[str]().union(*(self.words[name] for name in names))


def definitions(path: str, symbols: Sequence[Symbol], source: bytes) -> Definitions:
    """Top-level definitions that others can be moved with; imports and module code are none."""
    text = source.decode("utf-8", "replace")
    lines = text.split("\n")
    spans: dict[str, list[tuple[int, int]]] = {}
    for symbol in symbols:
        if symbol.parent == NONE and symbol.kind != SymbolKind.MODULE:
            spans.setdefault(symbol.name, []).append((symbol.start_line, symbol.end_line))
    return Definitions(
        path=path,
        text=text,
        spans=spans,
        words={
            name: _words(line for first, last in rows for line in lines[first - 1 : last])
            for name, rows in spans.items()
        },
    )


def _words(lines: Iterable[str]) -> frozenset[str]:
    return frozenset(word for line in lines for word in _WORD.findall(line))
