"""What ECMAScript code assigns to: names declared, writes, flows, parameters."""

from collections.abc import Callable, Sequence
from functools import partial

from tree_sitter import Node

from prism.adapters.languages.ecmascript.chains import chain_of, property_name, sources
from prism.adapters.languages.ecmascript.docs import name_start, signature
from prism.adapters.languages.ecmascript.state import state
from prism.adapters.languages.walk import Visit, Walk
from prism.adapters.languages.words import (
    FLAG_ABSTRACT,
    FLAG_ASYNC,
    FLAG_GENERATOR,
    FLAG_PROPERTY,
    FLAG_STATIC,
    FLOW_ASSIGN,
    FLOW_PARAMETER,
    FLOW_STORE,
    KIND_CONSTRUCTOR,
    KIND_PROPERTY,
    ROLE_TYPE,
    ROLE_WRITE,
    VISIBILITY_PRIVATE,
    VISIBILITY_PUBLIC,
)
from prism.domain.facts.structure import NONE

_NAMES = frozenset(("identifier", "shorthand_property_identifier_pattern", "undefined"))
_WITH_DEFAULT = frozenset(("assignment_pattern", "object_assignment_pattern"))
_WRAPPERS = frozenset(
    ("parenthesized_expression", "non_null_expression", "as_expression", "satisfies_expression")
)
_MODIFIERS = frozenset(("accessibility_modifier", "override_modifier", "readonly"))
_TYPED = frozenset(("required_parameter", "optional_parameter"))

#: Called with each name that a pattern declares.
OnName = Callable[[Node], object]


def unpack(
    walk: Walk,
    pattern: Node,
    values: Sequence[str],
    on_name: OnName | None = None,
    flow: str = FLOW_ASSIGN,
) -> list[Visit]:
    """Let *values* (chains) flow into *pattern*; returns what of it is still to be walked.

    ``{a, b: c}`` of 'v' gives a <- v.a and c <- v.b, ``[a]`` a <- v[]. Names go to *on_name* (a
    declaration), without one they are written to (an assignment). *flow* is the kind of the flows
    to names.
    """
    kinds = walk.kinds
    if kinds[pattern.kind_id] == "identifier":
        _name(walk, pattern, values, on_name, flow)
        return []
    rest: list[Visit] = []
    stack: list[tuple[Node, Sequence[str]]] = [(pattern, values)]
    while stack:
        node, flowing = stack.pop()
        kind = kinds[node.kind_id]
        if kind in _NAMES:
            _name(walk, node, flowing, on_name, flow)
        elif kind in _WITH_DEFAULT:
            left, right = node.children[0], node.children[-1]
            rest.append(right)
            stack.append((left, flowing))
            for source in sources(walk, right) if walk.kinds[left.kind_id] in _NAMES else ():
                walk.flow(FLOW_ASSIGN, walk.text(left), source, right)
        elif kind in ("object_pattern", "object"):
            stack.extend(reversed(_properties(walk, node, flowing)))
        elif kind in ("array_pattern", "array"):
            inner = [_element(value) for value in flowing]
            stack.extend((child, inner) for child in reversed(_patterns(node)))
        elif kind in ("rest_pattern", "spread_element"):
            stack.extend((child, flowing) for child in _patterns(node)[:1])
        elif kind in _WRAPPERS and on_name is None:
            first, *others = node.named_children
            stack.append((first, flowing))
            rest.extend(walk.as_role(ROLE_TYPE, others) if others else ())
        elif kind in ("member_expression", "subscript_expression"):
            rest.extend(_write_member(walk, node, kind, flowing))
        else:
            rest.append(node)
    return rest


def _name(walk: Walk, node: Node, values: Sequence[str], on_name: OnName | None, flow: str) -> None:
    walk.tokens.append(node.kind_id)
    name = walk.text(node)
    if on_name is not None:
        on_name(node)
    else:
        walk.refer(name, ROLE_WRITE, node)
    for value in values:
        walk.flow(flow, name, value, node)


def _patterns(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type != "comment"]


def _properties(walk: Walk, node: Node, flowing: Sequence[str]) -> list[tuple[Node, Sequence[str]]]:
    found: list[tuple[Node, Sequence[str]]] = []
    for child in _patterns(node):
        kind = walk.kinds[child.kind_id]
        if kind in ("pair_pattern", "pair"):
            key, target = child.children[0], child.children[-1]
            name = property_name(walk, key)
            values = [f"{value}.{name}" for value in flowing] if name.isidentifier() else []
            found.append((target, values))
        elif kind in ("rest_pattern", "spread_element"):
            found.append((child, flowing))
        else:
            inner = child.children[0] if kind in _WITH_DEFAULT else child
            name = walk.text(inner)
            found.append((child, [f"{value}.{name}" for value in flowing]))
    return found


def _element(chain: str) -> str:
    """'xs[]'; deeper than two levels nothing is added, or nested patterns would grow chains."""
    return chain if chain.endswith("[][]") else f"{chain}[]"


def _write_member(walk: Walk, node: Node, kind: str, flowing: Sequence[str]) -> list[Visit]:
    if kind == "subscript_expression":
        container = chain_of(walk, node.children[0])[0]
        for value in flowing if container else ():
            walk.flow(FLOW_STORE, f"{container}[]", value, node)
        return [*node.children]
    chain, inner = chain_of(walk, node)
    walk.refer(chain, ROLE_WRITE, node)
    walk.token(node)
    for value in flowing:
        walk.flow(FLOW_ASSIGN, chain, value, node)
    return [] if inner is None else [inner]


def declare(walk: Walk, scope: int, node: Node) -> None:
    """*node*'s name exists in *scope*."""
    walk.scopes.declare(scope, walk.text(node))


def formal_parameters(walk: Walk, node: Node) -> Sequence[Visit]:
    """Declares the parameters in the present scope and lets the function's places flow into them.

    What is left to walk are types, defaults and decorators. Flows are only told of functions that
    are symbols.
    """
    owners = state(walk).owners
    owner = walk.symbol if owners and owners[-1] != NONE and owners[-1] == walk.symbol else NONE
    rest: list[Visit] = []
    place = 0
    for child in node.children:
        if not child.is_named:
            continue
        kind = walk.kinds[child.kind_id]
        if kind in ("comment", "ERROR"):
            rest.append(child)
            continue
        pattern: Node | None = child
        if kind in _TYPED:
            pattern = child.child_by_field_name("pattern")
            rest.extend(_around_pattern(walk, child, pattern))
        values: list[str] = []
        if owner != NONE:
            star = pattern is not None and pattern.type == "rest_pattern"
            values = [f"{walk.symbols[owner].qualname}#{'*' if star else place}"]
        if pattern is not None and pattern.type != "this":
            rest.extend(_parameter(walk, child, pattern, values))
            place += 1
    return rest


def _parameter(walk: Walk, node: Node, pattern: Node, values: list[str]) -> list[Visit]:
    default = node.child_by_field_name("value") if node.type in _TYPED else None
    if default is not None and values and pattern.type == "identifier":
        for source in sources(walk, default):
            walk.flow(FLOW_ASSIGN, walk.text(pattern), source, default)
    on_name = partial(declare, walk, walk.scope)
    return unpack(walk, pattern, values, on_name, FLOW_PARAMETER)


def _around_pattern(walk: Walk, node: Node, pattern: Node | None) -> list[Visit]:
    """Types, defaults and decorators of a TypeScript parameter; its property if it is one."""
    rest: list[Visit] = []
    own = False
    for child in node.children:
        kind = walk.kinds[child.kind_id]
        if kind in _MODIFIERS:
            own = True
        elif child.is_named and child != pattern:
            rest.append(child)
    if own and pattern is not None and walk.symbol != NONE:
        _parameter_property(walk, node, pattern)
    return rest


def _parameter_property(walk: Walk, node: Node, pattern: Node) -> None:
    """``constructor(private a: A)``: a field of the class."""
    if pattern.type != "identifier" or walk.symbols[walk.symbol].kind != KIND_CONSTRUCTOR:
        return
    constructor = walk.symbol
    walk.symbol = walk.symbols[constructor].parent
    index = walk.define(node, kind=KIND_PROPERTY, name=walk.text(pattern), scope=0, declare=False)
    walk.symbol = constructor
    if index == NONE:
        return
    draft = walk.symbols[index]
    draft.signature = signature(walk, name_start(node), node.end_byte)
    draft.visibility = modifiers(walk, node)[0]


_FLAGS = {
    "static": FLAG_STATIC,
    "abstract": FLAG_ABSTRACT,
    "async": FLAG_ASYNC,
    "get": FLAG_PROPERTY,
    "set": FLAG_PROPERTY,
    "accessor": FLAG_PROPERTY,
    "*": FLAG_GENERATOR,
}


def modifiers(walk: Walk, node: Node) -> tuple[str, int]:
    """Visibility and flags by the words before a member's or function's name."""
    visibility: str = VISIBILITY_PUBLIC
    flags = 0
    for child in node.children:
        kind = walk.kinds[child.kind_id]
        if kind == "accessibility_modifier":
            visibility = walk.text(child)
        elif not child.is_named:
            flags |= _FLAGS.get(kind, 0)
        elif kind == "private_property_identifier":
            return VISIBILITY_PRIVATE, flags
        elif kind not in ("decorator", "override_modifier", "comment"):
            break
    return visibility, flags
