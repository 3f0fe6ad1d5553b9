"""Dotted chains of Python expressions, and the chains whose values an expression may have."""

from collections.abc import Sequence

from tree_sitter import Node

from prism.adapters.languages.python.kinds import (
    ATTRIBUTE,
    AWAIT,
    BOOLEAN_OPERATOR,
    CALL,
    CONDITIONAL_EXPRESSION,
    IDENTIFIER,
    NAMED_EXPRESSION,
    PARENTHESIZED_EXPRESSION,
    SUBSCRIPT,
)
from prism.adapters.languages.walk import Walk

#: Alternatives of one expression that flows follow; more are dropped.
_SOURCES_MAX = 16
_STEPS_MAX = 100
#: Characters of a chain: flows repeat it once for each argument.
_CHAIN_MAX = 200
#: Kinds that ``sources`` can say something about, besides identifiers.
VALUES = frozenset(
    {
        ATTRIBUTE,
        AWAIT,
        BOOLEAN_OPERATOR,
        CALL,
        CONDITIONAL_EXPRESSION,
        NAMED_EXPRESSION,
        PARENTHESIZED_EXPRESSION,
        SUBSCRIPT,
    }
)


def chain_of(walk: Walk, node: Node) -> tuple[str, Node | None]:
    """The dotted chain of an identifier or attribute, and what is left to walk.

    ``a.b.c`` gives ('a.b.c', None); ``f().x.y`` gives ('.x.y', the node of ``f()``): a chain with
    an empty head, because nobody knows what the call returns. Other nodes give ('', node).
    """
    kind = node.kind_id
    if kind == ATTRIBUTE:
        inner = node.child(0)
        kind = inner.kind_id
        while kind == ATTRIBUTE:
            inner = inner.child(0)
            kind = inner.kind_id
    elif kind == IDENTIFIER:
        inner = node
    else:
        return "", node
    if kind == IDENTIFIER:
        text = walk.text(node)
        if " " in text or "\n" in text or "\t" in text:
            text = _parts(text)
        return (text, None) if len(text) <= _CHAIN_MAX else (text[:_CHAIN_MAX], None)
    raw = walk.source[inner.end_byte : node.end_byte].decode("utf-8", "replace")
    return _parts(raw)[:_CHAIN_MAX], inner


def _parts(text: str) -> str:
    """A chain without the blanks, comments and line breaks that may stand around its dots."""
    if "#" in text:
        text = "\n".join(line.partition("#")[0] for line in text.split("\n"))
    return "".join(text.replace("\\\n", "").split())


def sources(walk: Walk, node: Node) -> list[str]:
    """Chains whose value *node* may have: 'a.b', 'f()' for a result, 'xs[]' for an element.

    Follows ``x if c else y``, ``a or b``, parentheses, await and walrus; literals give nothing.
    """
    kind = node.kind_id
    if kind == IDENTIFIER:
        return [walk.text(node)]
    if kind not in VALUES:
        return []
    if kind == ATTRIBUTE:
        return [chain_of(walk, node)[0]]
    if kind == CALL:
        return [chain_of(walk, node.child(0))[0] + "()"]
    found: list[str] = []
    stack = [node]
    for _step in range(_STEPS_MAX):
        if not stack or len(found) >= _SOURCES_MAX:
            break
        node = stack.pop()
        kind = node.kind_id
        if kind == IDENTIFIER:
            found.append(walk.text(node))
        elif kind == ATTRIBUTE:
            found.append(chain_of(walk, node)[0])
        elif kind == CALL:
            found.append(chain_of(walk, node.child(0))[0] + "()")
        elif kind == SUBSCRIPT:
            found.append(chain_of(walk, node.child(0))[0] + "[]")
        else:
            stack.extend(reversed(_alternatives(node)))
    return found


def _alternatives(node: Node) -> Sequence[Node]:
    kind = node.kind_id
    named = node.named_children
    if kind in (PARENTHESIZED_EXPRESSION, AWAIT):
        return named[:1]
    if kind == CONDITIONAL_EXPRESSION and len(named) == 3:
        return (named[0], named[2])
    if kind == BOOLEAN_OPERATOR:
        return named
    if kind == NAMED_EXPRESSION:
        return named[-1:]
    return ()
