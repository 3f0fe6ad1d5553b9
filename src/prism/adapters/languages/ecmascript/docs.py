"""JSDoc comments, and the text that stands for a definition."""

import re

from tree_sitter import Node

from prism.adapters.languages.ecmascript.state import state
from prism.adapters.languages.walk import SIGNATURE_MAX, Walk
from prism.domain.facts.structure import NONE

#: Blanks between a comment and what it is about; more, and it is about something else.
_GAP_MAX = 400
_FILE_TAG = re.compile(r"@(?:file|fileoverview|overview|module|packageDocumentation)\b")
_LICENCE = re.compile(r"@license|@preserve|copyright|licen[cs]ed under", re.IGNORECASE)
_LITERAL_OR_COMMENT = re.compile(
    r"""("[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"|'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'|`[^`\\]*+(?:\\.[^`\\]*+)*+`)"""
    r"""|//[^\n]*|/\*.*?(?:\*/|\Z)""",
    re.DOTALL,
)
_ENDS_STATEMENT = re.compile(rb"[ \t]*\r?\n[ \t]*\r?\n")
_IMPORT = re.compile(rb"\s*(?:import\b|export\s+(?:type\s+)?[*{]|['\"]use strict)")


def docstring(walk: Walk, start: int) -> str:
    """The JSDoc comment that ends right before byte *start*, '' if there is none."""
    if not walk.comments:
        return ""
    comment_start, end = walk.comments[-1]
    if not 0 <= start - end <= _GAP_MAX or not _is_doc(walk, comment_start):
        return ""
    between = walk.source[end:start]
    if between and not between.isspace():
        return ""
    return clean(walk.source[comment_start:end].decode("utf-8", "replace"))


def comment_doc(walk: Walk, comment: Node | None) -> str:
    """The same where the comment has not been walked yet."""
    if comment is None or not _is_doc(walk, comment.start_byte):
        return ""
    return clean(walk.source[comment.start_byte : comment.end_byte].decode("utf-8", "replace"))


def docstring_of(walk: Walk, node: Node) -> str:
    """The JSDoc comment of declaration *node*, or of the ``export`` around it."""
    outer = state(walk).outer
    return docstring(walk, node.start_byte if outer == NONE else outer)


def _is_doc(walk: Walk, start: int) -> bool:
    return walk.source.startswith(b"/**", start) and not walk.source.startswith(b"/**/", start)


def clean(comment: str) -> str:
    """A block comment's text without its frame of stars; tags stay."""
    body = comment.removeprefix("/**").removesuffix("*/")
    lines = [line.strip().removeprefix("*").removeprefix(" ").rstrip() for line in body.split("\n")]
    return "\n".join(lines).strip()


def file_docstring(walk: Walk, root: Node) -> str:
    """The file's own comment: the first one, if it says so (@file, @module, …) or stands apart from
    what follows; not a licence."""
    for node in root.children:
        if node.type == "hash_bang_line" or _is_directive(node):
            continue
        if node.type != "comment":
            return ""
        text = walk.source[node.start_byte : node.end_byte].decode("utf-8", "replace")
        tagged = _FILE_TAG.search(text) is not None
        if _LICENCE.search(text) and not tagged:
            continue
        if not _is_doc(walk, node.start_byte):
            continue
        apart = _ENDS_STATEMENT.match(walk.source, node.end_byte)
        before_import = _IMPORT.match(walk.source, node.end_byte)
        return clean(text) if tagged or apart or before_import else ""
    return ""


def _is_directive(node: Node) -> bool:
    """``'use strict';``"""
    return node.type == "expression_statement" and node.children[0].type == "string"


def name_start(node: Node) -> int:
    """First byte of *node* after its decorators."""
    for child in node.children:
        if child.type not in ("decorator", "comment"):
            return child.start_byte
    return node.start_byte


def signature(walk: Walk, start: int, end: int) -> str:
    """The text of a span without comments, blanks collapsed, cut at SIGNATURE_MAX characters."""
    raw = walk.source[start:end]
    if b"//" not in raw and b"/*" not in raw:
        return walk.between(start, end)
    text = _LITERAL_OR_COMMENT.sub(lambda m: m.group(1) or " ", raw.decode("utf-8", "replace"))
    return " ".join(text.split())[:SIGNATURE_MAX]
