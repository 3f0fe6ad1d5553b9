"""What Python statements assign to: names declared, writes, flows; and parameters."""

from collections.abc import Sequence

from tree_sitter import Node

from prism.adapters.languages.python.chains import chain_of, sources
from prism.adapters.languages.python.kinds import (
    AS_PATTERN_TARGET,
    ATTRIBUTE,
    CLOSE,
    COMMA,
    COMMENT,
    DEFAULT_PARAMETER,
    DICTIONARY_SPLAT_PATTERN,
    EXPRESSION_LIST,
    IDENTIFIER,
    LIST,
    LIST_PATTERN,
    LIST_SPLAT,
    LIST_SPLAT_PATTERN,
    OPEN,
    PARENTHESIZED_EXPRESSION,
    PATTERN_LIST,
    SUBSCRIPT,
    TUPLE,
    TUPLE_PATTERN,
    TYPED_DEFAULT_PARAMETER,
    TYPED_PARAMETER,
)
from prism.adapters.languages.walk import Visit, Walk
from prism.adapters.languages.words import (
    FLOW_ASSIGN,
    FLOW_PARAMETER,
    FLOW_STORE,
    ROLE_WRITE,
)
from prism.domain.facts.structure import NONE

_PUNCTUATION = frozenset({OPEN, CLOSE, COMMA})
SEQUENCES = frozenset({PATTERN_LIST, TUPLE_PATTERN, LIST_PATTERN, TUPLE, LIST, EXPRESSION_LIST})
_WRAPPERS = frozenset({PARENTHESIZED_EXPRESSION, AS_PATTERN_TARGET, LIST_SPLAT_PATTERN, LIST_SPLAT})


def assign(walk: Walk, target: Node, values: Sequence[str]) -> list[Visit]:
    """Write *values* (chains) to *target*; returns what of the target is still to be walked.

    Names are declared in the present scope; elements of a tuple get 'value[]'.
    """
    rest: list[Visit] = []
    stack = [(target, values)]
    while stack:
        node, flowing = stack.pop()
        kind = node.kind_id
        if kind == IDENTIFIER:
            name = walk.text(node)
            walk.scopes.declare_variable(walk.scope, name)
            walk.refer(name, ROLE_WRITE, node)
            walk.tokens.append(kind)
            _flows(walk, FLOW_ASSIGN, name, flowing, node)
        elif kind == ATTRIBUTE:
            chain, inner = chain_of(walk, node)
            walk.refer(chain, ROLE_WRITE, node)
            walk.tokens.append(kind)
            _flows(walk, FLOW_ASSIGN, chain, flowing, node)
            if inner is not None:
                rest.append(inner)
        elif kind == SUBSCRIPT:
            container = chain_of(walk, node.children[0])[0]
            if container:
                _flows(walk, FLOW_STORE, f"{container}[]", flowing, node)
            rest.append(node)
        elif kind in SEQUENCES:
            inner_values = [element_of(value) for value in flowing]
            named = [child for child in node.named_children if child.kind_id != COMMENT]
            stack.extend((child, inner_values) for child in reversed(named))
        elif kind in _WRAPPERS:
            stack.extend((child, flowing) for child in node.named_children[:1])
        else:
            rest.append(node)
    return rest


def element_of(chain: str) -> str:
    """'xs[]'; deeper than two levels nothing is added, or nested tuples would grow chains."""
    return chain if chain.endswith("[][]") else f"{chain}[]"


def _flows(walk: Walk, kind: str, target: str, values: Sequence[str], node: Node) -> None:
    for value in values:
        walk.flow(kind, target, value, node)


def parameters(walk: Walk, node: Node, owner: int = NONE) -> tuple[list[Node], list[Visit]]:
    """Names of a parameter list, and the annotations and defaults to walk outside the body.

    *owner* is the function's symbol: flows say that its places flow into the names.
    """
    names: list[Node] = []
    outside: list[Visit] = []
    place = 0
    for child in node.children:
        if child.kind_id in _PUNCTUATION:
            continue
        name, star, others = _parameter(child)
        if name is None:
            if child.is_named and child.kind_id != COMMENT:
                outside.append(child)
            continue
        names.append(name)
        outside.extend(others)
        if owner != NONE:
            _parameter_flow(walk, owner, name, star or str(place), others)
        place += 1
    return names, outside


def _parameter(node: Node) -> tuple[Node | None, str, list[Node]]:
    """(name, '' or '*' or '**', annotation and default nodes) of one parameter."""
    kind = node.kind_id
    if kind == IDENTIFIER:
        return node, "", []
    if kind in (DEFAULT_PARAMETER, TYPED_DEFAULT_PARAMETER):
        first, *others = node.children
        name, star, _ = _parameter(first)
        return name, star, [other for other in others if other.is_named]
    if kind == TYPED_PARAMETER:
        first, *others = node.children
        name, star, _ = _parameter(first)
        return name, star, [other for other in others if other.is_named]
    if kind in (LIST_SPLAT_PATTERN, DICTIONARY_SPLAT_PATTERN):
        inner = node.children[-1]
        star = "*" if kind == LIST_SPLAT_PATTERN else "**"
        return (inner if inner.kind_id == IDENTIFIER else None), star, []
    return None, "", []


def _parameter_flow(walk: Walk, owner: int, name: Node, place: str, others: list[Node]) -> None:
    draft = walk.symbols[owner]
    target = walk.text(name)
    line = name.start_point[0] + 1
    walk.add_flow(FLOW_PARAMETER, target, f"{draft.qualname}#{place}", owner, line)
    for other in others:
        for source in sources(walk, other):
            walk.add_flow(FLOW_ASSIGN, target, source, owner, line)
