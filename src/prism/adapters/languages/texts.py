"""Facts read from text alone: line counts, TODO marks, strings that look like a path or a name."""

import re
from collections.abc import Sequence
from itertools import accumulate, count
from operator import add

from prism.domain.facts.structure import Mark

_MARK = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b[ \t]*(?:\([^)\n]*\))?[ \t]*:?[ \t]*([^\n]*)")
_DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+(?::[A-Za-z_]\w*)?\Z")
_PATH = re.compile(r"(?:\.{0,2}/)?[\w.@~*{}$%+-]+(?:/[\w.@~*{}$%+-]+)+/?\Z|\.{1,2}/[\w.@/-]+\Z")
STRING_MAX = 200
#: Translates every byte but a line's end to a blank.
_BLANKS = bytes(10 if byte == 10 else 32 for byte in range(256))


def looks_like(value: str) -> str:
    """'path', 'dotted' or '' for a string literal's *value*."""
    if not 3 <= len(value) <= STRING_MAX:
        return ""
    if "/" in value:
        return "path" if _PATH.match(value) else ""
    if "." in value and _DOTTED.match(value):
        return "dotted"
    return ""


def marks_in(comment: str, line: int) -> list[Mark]:
    """TODO-like marks of one comment that starts at *line*; text is cut at 200 characters."""
    found = []
    for match in _MARK.finditer(comment):
        text = match.group(2).strip().removesuffix("*/").strip()[:200]
        found.append(Mark(match.group(1), text, line + comment.count("\n", 0, match.start())))
    return found


def line_starts(source: bytes) -> list[int]:
    """Byte offset of each line's first byte; always begins with 0."""
    ends = accumulate(map(len, source.split(b"\n")))
    return [0, *map(add, ends, count(1))][:-1]


def count_lines(source: bytes, comments: Sequence[tuple[int, int]]) -> tuple[int, int, int]:
    """(physical, with code, with only a comment). *comments*: sorted, disjoint byte spans."""
    physical = source.count(b"\n") + (not source.endswith(b"\n") and bool(source))
    filled = _filled(source)
    if not comments:
        return physical, filled, 0
    blanked = bytearray(source)
    for start, end in comments:
        kept = source.count(b"\n", start, end)
        if kept:
            blanked[start:end] = source[start:end].translate(_BLANKS)
        else:
            blanked[start:end] = b" " * (end - start)
    code = _filled(bytes(blanked))
    return physical, code, filled - code


def _filled(source: bytes) -> int:
    return sum(map(bool, map(bytes.strip, source.split(b"\n"))))
