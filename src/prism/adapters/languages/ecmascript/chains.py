"""Dotted chains of ECMAScript expressions, the values an expression may have, and names."""

import re
from collections.abc import Sequence

from tree_sitter import Node

from prism.adapters.languages.walk import Visit, Walk
from prism.adapters.languages.words import ROLE_TYPE

#: Alternatives of one expression that flows follow; more are dropped.
_SOURCES_MAX = 16
#: Nodes looked at for that: a value may hold assignments whose values hold assignments …
_STEPS_MAX = 24
_HEADS = frozenset(("identifier", "this", "super"))
_PLAIN = re.compile(r"[\w$.#]+")
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_NOISE = re.compile(r"[\s!]+")
#: Expressions that have the value of what stands in them, first or last.
_FIRST = frozenset(
    ("parenthesized_expression", "as_expression", "satisfies_expression", "non_null_expression")
)
_LAST = frozenset(("await_expression", "type_assertion", "sequence_expression"))
_NO_SOURCE = frozenset(
    (
        *("string", "number", "template_string", "object", "array", "arrow_function", "true"),
        *("false", "null", "undefined", "function_expression", "regex", "unary_expression"),
    )
)
_LOGICAL = frozenset(("&&", "||", "??"))
_ESCAPE = re.compile(r"\\(?:\r?\n|u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))")
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}


def chain_of(walk: Walk, node: Node) -> tuple[str, Node | None]:
    """The dotted chain of an identifier or member expression, and what is left to walk.

    ``a?.b!.c`` gives ('a.b.c', None); ``f().x.y`` gives ('.x.y', the node of ``f()``): a chain with
    an empty head, because nobody knows what the call returns. Other nodes give ('', node).
    """
    kinds = walk.kinds
    inner = node
    kind = kinds[inner.kind_id]
    if kind == "identifier":
        return walk.text(node), None
    if kind not in ("member_expression", "non_null_expression"):
        return "", node
    while kind in ("member_expression", "non_null_expression"):
        inner = inner.children[0]
        kind = kinds[inner.kind_id]
    if kind in _HEADS:
        text = walk.text(node)
        return (text if _PLAIN.fullmatch(text) else _plain(text)), None
    raw = walk.source[inner.end_byte : node.end_byte].decode("utf-8", "replace")
    return _plain(raw), inner


def _plain(text: str) -> str:
    """A chain without the blanks, comments, '?' and '!' that may stand around its dots."""
    if "/" in text:
        text = _COMMENT.sub("", text)
    return _NOISE.sub("", text).replace("?.", ".")


def sources(walk: Walk, node: Node) -> list[str]:
    """Chains whose value *node* may have: 'a.b', 'f()' for a result, 'xs[]' for an element.

    Follows ``c ? x : y``, ``a || b``, parentheses, await, casts; literals give nothing.
    """
    kinds = walk.kinds
    kind = kinds[node.kind_id]
    if kind == "identifier":
        return [walk.text(node)]
    if kind in _NO_SOURCE:
        return []
    found: list[str] = []
    stack = [node]
    for _ in range(_STEPS_MAX):
        if not stack or len(found) >= _SOURCES_MAX:
            break
        node = stack.pop()
        kind = kinds[node.kind_id]
        if kind == "identifier":
            found.append(walk.text(node))
        elif kind == "member_expression":
            found.append(chain_of(walk, node)[0])
        elif kind == "call_expression":
            found.append(chain_of(walk, node.children[0])[0] + "()")
        elif kind == "new_expression":
            callee = node.child_by_field_name("constructor")
            if callee is not None:
                found.append(chain_of(walk, callee)[0] + "()")
        elif kind == "subscript_expression":
            found.append(chain_of(walk, node.children[0])[0] + "[]")
        elif kind == "this":
            found.append("this")
        else:
            stack.extend(reversed(_alternatives(node, kind)))
    return found


def _alternatives(node: Node, kind: str) -> Sequence[Node]:
    named = node.named_children
    if kind in _FIRST:
        return named[:1]
    if kind in _LAST or kind == "assignment_expression":
        return named[-1:]
    if kind == "ternary_expression":
        return named[-2:]
    if kind == "binary_expression" and len(node.children) == 3:
        return named if node.children[1].type in _LOGICAL else ()
    return ()


def unwrap(walk: Walk, node: Node) -> tuple[Node, list[Visit]]:
    """*node* without the parentheses and casts around it, and the casts' types to walk."""
    types: list[Visit] = []
    while True:
        kind = walk.kinds[node.kind_id]
        named = node.named_children
        if not named or (kind not in _FIRST and kind != "type_assertion"):
            return node, types
        if kind == "type_assertion":
            node = named[-1]
            types.extend(named[:-1])
        else:
            node = named[0]
            types.extend(walk.as_role(ROLE_TYPE, named[1:]) if len(named) > 1 else ())


def literal(walk: Walk, node: Node) -> str | None:
    """The value of a string, or of a template without substitutions; None for other nodes."""
    kind = walk.kinds[node.kind_id]
    if kind not in ("string", "template_string"):
        return None
    if any(child.type == "template_substitution" for child in node.children):
        return None
    raw = walk.source[node.start_byte + 1 : node.end_byte - 1].decode("utf-8", "replace")
    return _ESCAPE.sub(_unescape, raw) if "\\" in raw else raw


def _unescape(match: re.Match[str]) -> str:
    *digits, other = match.groups()
    if other is not None:
        return _SIMPLE.get(other, other)
    number = next((int(text, 16) for text in digits if text), -1)
    if number < 0:
        return ""
    # Half a surrogate pair is legal in JavaScript, but no text that can be stored.
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"


def property_name(walk: Walk, node: Node) -> str:
    """The name of a member: 'x', '#x', the value of 'a-b', '[Symbol.iterator]' as written."""
    kind = walk.kinds[node.kind_id]
    if kind == "computed_property_name":
        inside = node.named_children
        value = literal(walk, inside[0]) if len(inside) == 1 else None
        return walk.between(node.start_byte, node.end_byte, 80) if value is None else value
    value = literal(walk, node)
    return walk.text(node) if value is None else value
