"""Python string literals: their values, and docstrings."""

import re
from collections.abc import Sequence

from tree_sitter import Node

from prism.adapters.languages.python.kinds import (
    COMMENT,
    CONCATENATED_STRING,
    EXPRESSION_STATEMENT,
    INTERPOLATION,
    PARENTHESIZED_EXPRESSION,
    STRING,
    STRING_START,
)
from prism.adapters.languages.walk import Walk

_ESCAPE = re.compile(
    r"\\(?:\n|([abfnrtv\\'\"])|([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))"
)
_SIMPLE = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
}
_UNICODE_MAX = 0x110000


def _unescape(match: re.Match[str]) -> str:
    simple, octal, *digits = match.groups()
    if simple:
        return _SIMPLE[simple]
    if octal:
        return chr(int(octal, 8))
    number = next((int(text, 16) for text in digits if text), -1)
    if number < 0:
        return ""
    # Half a surrogate pair is legal in Python, but no text that can be stored.
    return chr(number) if number < _UNICODE_MAX and not 0xD800 <= number < 0xE000 else "\ufffd"


def literal(walk: Walk, node: Node) -> str | None:
    """The value of a ``string`` or ``concatenated_string`` node; None for bytes and f-strings.

    ``\\N{...}`` is left as written.
    """
    if node.kind_id == CONCATENATED_STRING:
        parts = [literal(walk, part) for part in node.children if part.kind_id != COMMENT]
        known = [part for part in parts if part is not None]
        return "".join(known) if len(known) == len(parts) else None
    if node.kind_id != STRING:
        return None
    children = node.children
    if len(children) < 2 or children[0].kind_id != STRING_START:
        return None
    prefix = walk.text(children[0]).rstrip("'\"").lower()
    if "b" in prefix or any(child.kind_id == INTERPOLATION for child in children):
        return None
    raw = walk.source[children[0].end_byte : children[-1].start_byte].decode("utf-8", "replace")
    raw = raw.replace("\r\n", "\n")
    return raw if "r" in prefix or "\\" not in raw else _ESCAPE.sub(_unescape, raw)


def docstring_in(walk: Walk, statements: Sequence[Node]) -> str:
    """The cleaned docstring of a body, '' if its first statement is no plain string."""
    for statement in statements:
        if statement.kind_id == COMMENT:
            continue
        if statement.kind_id != EXPRESSION_STATEMENT or statement.named_child_count != 1:
            return ""
        value = statement.children[0]
        while value.kind_id == PARENTHESIZED_EXPRESSION and value.named_child_count == 1:
            value = value.named_children[0]
        if _is_formatted(walk, value):
            return ""
        return _clean(literal(walk, value) or "")
    return ""


def _is_formatted(walk: Walk, node: Node) -> bool:
    """Is any part an f-string? Such text is no docstring, even without a placeholder."""
    parts = node.children if node.kind_id == CONCATENATED_STRING else [node]
    return any(
        part.kind_id == STRING and "f" in walk.text(part.children[0]).lower() for part in parts
    )


def _clean(text: str) -> str:
    """PEP 257's trimming: the smallest indentation after the first line goes, blank ends too."""
    lines = text.expandtabs().split("\n")
    indents = [len(line) - len(line.lstrip(" ")) for line in lines[1:] if line.strip(" ")]
    margin = min(indents, default=0)
    cleaned = [lines[0].lstrip(" "), *(line[margin:] for line in lines[1:])]
    while cleaned and not cleaned[-1]:
        cleaned.pop()
    while cleaned and not cleaned[0]:
        cleaned.pop(0)
    return "\n".join(cleaned)
