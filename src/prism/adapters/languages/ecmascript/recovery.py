"""Imports and exports that the grammar lost: a second look at the text where the tree has errors.

tree-sitter-typescript 0.23 does not know ``import defer``, ``f<typeof import("m")>()``, ``export
default function (): T;`` of declaration files, call signatures that end with their line, and other
syntax; after some of it the whole file is one error.
"""

import re
from bisect import bisect_left, bisect_right
from typing import NamedTuple

from tree_sitter import Node

from prism.adapters.languages.ecmascript.state import state
from prism.adapters.languages.walk import Walk
from prism.adapters.languages.words import (
    ERASED_NO,
    ERASED_SYNTAX,
    FORM_DYNAMIC,
    FORM_IMPORT,
    FORM_REEXPORT,
    GUARD_NONE,
    TIMING_DEFERRED,
    TIMING_EAGER,
)
from prism.domain.facts.structure import NONE, Binding

_START = re.compile(rb"^[ \t]*(?=(?:import|export)\b)", re.MULTILINE)
_STATEMENT = re.compile(
    rb"""(import|export)\s+(type\s+)?((?:[\w$,{}*\s]|/\*[^*\n]*\*/){0,2000}?)"""
    rb"""(?<![\w$])from\s*["']([^"'\n]{1,300})["']"""
)
_CALL = re.compile(rb"""\bimport\s*\(\s*["']([^"'\n]{1,300})["']\s*\)""")
_EXPORT = re.compile(
    rb"^export\s+(?:declare\s+)?(?:(default)\s+(?:async\s+)?(?:function|class)\b"
    rb"|(?:(?:async\s+)?function\*?|(?:abstract\s+)?class|interface|type|(?:const\s+)?enum|namespace"
    rb"|const|let|var)\s+([\w$]+))[^\n]*",
    re.MULTILINE,
)
_COMMENT = re.compile(rb"/\*.*?\*/")
_ERRORS_MAX = 100
_PLACES_MAX = 2000


class _Lost(NamedTuple):
    """A statement, or a call, that the syntax tree does not have."""

    match: re.Match[bytes]
    module: str
    line: int


def note_errors(walk: Walk, root: Node) -> None:
    """Remember where the syntax tree has errors."""
    found = state(walk).errors
    stack = [root] if root.has_error else []
    while stack and len(found) < _ERRORS_MAX:
        node = stack.pop()
        if node.is_error or node.is_missing:
            found.append((node.start_byte, node.end_byte))
        else:
            stack.extend(child for child in reversed(node.children) if child.has_error)


def recover(walk: Walk) -> None:
    """Add the bindings of imports at errors that no action has seen, and names exported there."""
    if not state(walk).errors:
        return
    known = {(binding.module, binding.line) for binding in walk.bindings}
    places = [place.end() for place in _START.finditer(walk.source)][:_PLACES_MAX]
    statements = [_STATEMENT.match(walk.source, place) for place in places]
    for lost in _lost(walk, [match for match in statements if match is not None], known):
        _statement(walk, lost)
    calls = list(_CALL.finditer(walk.source))[:_PLACES_MAX]
    for lost in _lost(walk, calls, known):
        walk.next_statement()
        _bind(walk, lost, ("", ""), FORM_DYNAMIC, ERASED_NO)
    _exports(walk)


def _exports(walk: Walk) -> None:
    """Exported names without their symbols: where a declaration ends, the tree does not say."""
    exports = state(walk).exports
    known = {name for name, *_ in exports}
    for match in list(_EXPORT.finditer(walk.source))[:_PLACES_MAX]:
        name = next(group for group in match.groups() if group).decode("utf-8", "replace")
        if name not in known and _at_error(walk, match) and not _in_comment(walk, match.start()):
            known.add(name)
            exports.append((name, "", NONE, NONE))


def _lost(walk: Walk, matches: list[re.Match[bytes]], known: set[tuple[str, int]]) -> list[_Lost]:
    found = []
    for match in matches:
        if not _at_error(walk, match) or _in_comment(walk, match.start()):
            continue
        module = match.group(match.re.groups).decode("utf-8", "replace")
        line = walk.source.count(b"\n", 0, match.start()) + 1
        if (module, line) not in known:
            known.add((module, line))
            found.append(_Lost(match, module, line))
    return found


def _at_error(walk: Walk, match: re.Match[bytes]) -> bool:
    """Does an error lie in the match, or the match in an error?"""
    errors = state(walk).errors
    after = bisect_left(errors, (match.end(), 0))
    return any(end >= match.start() for _, end in errors[:after])


def _in_comment(walk: Walk, byte: int) -> bool:
    before = bisect_right(walk.comments, (byte, len(walk.source))) - 1
    return before >= 0 and walk.comments[before][1] > byte


def _statement(walk: Walk, lost: _Lost) -> None:
    verb, type_word, names, _ = lost.match.groups()
    form = FORM_IMPORT if verb == b"import" else FORM_REEXPORT
    walk.next_statement()
    text = _COMMENT.sub(b"", names).decode("utf-8", "replace")
    outside, _, inside = text.partition("{")
    parts = [(part, False) for part in outside.split(",")]
    parts += [(part, True) for part in inside.partition("}")[0].split(",")]
    for part, braced in parts:
        words = part.split()
        type_only = braced and len(words) > 1 and words[0] == "type" and words[1] != "as"
        words = words[1:] if type_only else words
        if not words:
            continue
        erased = ERASED_SYNTAX if type_word or type_only else ERASED_NO
        name, alias = words[0], words[-1]
        if not braced and "*" in words:
            name, alias = "*", "" if alias == "*" else alias
        elif not braced:
            name = "default"
        local = alias if form == FORM_IMPORT else ""
        index = _bind(walk, lost, (local, name), form, erased)
        if form == FORM_REEXPORT and alias:
            state(walk).exports.append((alias, "", NONE, index))


def _bind(walk: Walk, lost: _Lost, names: tuple[str, str], form: str, erased: str) -> int:
    local, imported = names
    end_line = lost.line + lost.match.group().count(b"\n")
    timing = TIMING_DEFERRED if form == FORM_DYNAMIC else TIMING_EAGER
    walk.bindings.append(
        Binding(
            local,
            lost.module,
            imported,
            walk.statement,
            lost.line,
            end_line,
            timing,
            erased,
            form,
            GUARD_NONE,
            NONE,
        )
    )
    index = len(walk.bindings) - 1
    if local:
        walk.scopes.declare(0, local, binding=index)
    return index
