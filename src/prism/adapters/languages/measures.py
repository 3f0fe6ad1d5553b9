"""Measures of a body: cyclomatic and cognitive complexity, body hash, winnowed token windows."""

import hashlib
import sys
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from itertools import groupby
from zlib import crc32

#: Tokens per gram and grams per window: any common run of GRAM + WINDOW - 1 = 23 tokens is found.
#: Brackets, commas, dots and colons are no tokens and a dotted chain is one, so that is some 50 by
#: the usual count.
GRAM = 16
WINDOW = 8


class Frame:
    """Complexity of one function while its body is walked.

    ``complexity`` is cyclomatic (McCabe 1976), ``cognitive`` after Campbell (SonarSource 2018):
    a structure adds 1 + its nesting. ``nested_increments`` counts the increments that grow with
    nesting, so that a function inside a function can be charged to the outer one as well.
    """

    __slots__ = ("cognitive", "complexity", "deepest", "nested_increments", "nesting")

    def __init__(self) -> None:
        self.complexity = 1
        self.cognitive = 0
        self.nesting = 0
        self.deepest = 0
        self.nested_increments = 0

    def decide(self, count: int = 1) -> None:
        """*count* more paths (cyclomatic only)."""
        self.complexity += count

    def interrupt(self, count: int = 1) -> None:
        """*count* flat increments (cognitive only): else, elif's own, a run of like operators."""
        self.cognitive += count

    def structure(self, decisions: int = 1) -> None:
        """A control structure at the present nesting: 1 + nesting, and *decisions* more paths."""
        self.complexity += decisions
        self.cognitive += 1 + self.nesting
        self.nested_increments += 1

    def deepen(self) -> None:
        self.nesting += 1
        self.deepest = max(self.deepest, self.nesting)

    def surface(self) -> None:
        self.nesting -= 1

    def absorb(self, inner: "Frame") -> None:
        """Charge a function defined inside this one (Campbell: nesting grows, no increment)."""
        self.cognitive += inner.cognitive + inner.nested_increments * (self.nesting + 1)
        self.nested_increments += inner.nested_increments


def body_hash(
    source: bytes, span: tuple[int, int], name: tuple[int, int], comments: Sequence[tuple[int, int]]
) -> str:
    """16 hex digits over *span* of *source* without *name*, *comments* and any blanks.

    *comments* are sorted, disjoint spans of the whole file. Blanks go because a body that moves
    into a class is indented: two bodies that differ in nothing but blanks count as equal.
    """
    start, end = span
    cuts = comments[bisect_left(comments, (start, 0)) : bisect_left(comments, (end, 0))]
    pieces = []
    for cut_start, cut_end in sorted([*cuts, name]) if name[0] < name[1] else cuts:
        pieces.append(source[start:cut_start])
        start = max(start, cut_end)
    pieces.append(source[start:end])
    text = b"".join(pieces).translate(None, b" \t\r\n\f")
    return hashlib.blake2b(text, digest_size=8).hexdigest()


def _little_endian(tokens: Sequence[int]) -> bytes:
    """Two bytes a token, in one order on every machine: facts are equal wherever they are made."""
    units = array("H", tokens)
    if sys.byteorder == "big":
        units.byteswap()
    return units.tobytes()


def winnow(tokens: Sequence[int]) -> tuple[int, ...]:
    """Winnowed 32-bit hashes of the GRAM-token runs in *tokens* (node kinds, below 65,536).

    Winnowing after Schleimer, Wilkerson, Aiken (SIGMOD 2003): the minimum of every WINDOW
    consecutive hashes, each chosen position once. Empty below GRAM tokens.
    """
    count = len(tokens) - GRAM + 1
    if count <= 0:
        return ()
    data = _little_endian(tokens)
    grams = map(slice, range(0, 2 * count, 2), range(2 * GRAM, 2 * (count + GRAM), 2))
    hashes = list(map(crc32, map(data.__getitem__, grams)))
    if count <= WINDOW:
        return (min(hashes),)
    lows = hashes
    width = 1
    while width < WINDOW:
        lows = list(map(min, lows, lows[width:]))
        width *= 2
    return tuple(low for low, _run in groupby(lows))
