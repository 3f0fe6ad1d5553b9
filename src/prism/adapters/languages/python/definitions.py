"""Python's functions and classes: symbols with signature, docstring, flags and decorators."""

from collections.abc import Sequence

from tree_sitter import Node

from prism.adapters.languages.python.chains import chain_of
from prism.adapters.languages.python.expressions import declare
from prism.adapters.languages.python.kinds import (
    ASYNC,
    BLOCK,
    CALL,
    CLASS_DEFINITION,
    COLON,
    COMMENT,
    DECORATOR,
    FUNCTION_DEFINITION,
    IDENTIFIER,
    KEYWORD_ARGUMENT,
    PARAMETERS,
    SUBSCRIPT,
    TYPE,
    TYPE_PARAMETER,
)
from prism.adapters.languages.python.strings import docstring_in
from prism.adapters.languages.python.targets import parameters
from prism.adapters.languages.scopes import BLOCK as BLOCK_SCOPE
from prism.adapters.languages.scopes import CLASS, FUNCTION
from prism.adapters.languages.walk import SIGNATURE_MAX, Step, Visit, Walk
from prism.adapters.languages.words import (
    FLAG_ABSTRACT,
    FLAG_ASYNC,
    FLAG_CLASSMETHOD,
    FLAG_CONDITIONAL,
    FLAG_NONE,
    FLAG_OVERLOAD,
    FLAG_PROPERTY,
    FLAG_STATIC,
    KIND_CLASS,
    KIND_CONSTRUCTOR,
    KIND_ENUM,
    KIND_FUNCTION,
    KIND_INTERFACE,
    KIND_METHOD,
    ROLE_BASE,
    ROLE_DECORATOR,
    ROLE_TYPE,
    VISIBILITY_PRIVATE,
    VISIBILITY_PROTECTED,
    VISIBILITY_PUBLIC,
)
from prism.domain.facts.structure import NONE

_DECORATOR_FLAGS = {
    "overload": FLAG_OVERLOAD,
    "property": FLAG_PROPERTY,
    "cached_property": FLAG_PROPERTY,
    "setter": FLAG_PROPERTY,
    "deleter": FLAG_PROPERTY,
    "getter": FLAG_PROPERTY,
    "staticmethod": FLAG_STATIC,
    "classmethod": FLAG_CLASSMETHOD,
    "abstractmethod": FLAG_ABSTRACT,
    "abstractproperty": FLAG_ABSTRACT | FLAG_PROPERTY,
}
#: Parts of a definition's head that are walked: annotations, comments.
_PARTS = frozenset({TYPE, TYPE_PARAMETER, COMMENT})
_BASE_KINDS = {
    "Enum": KIND_ENUM,
    "IntEnum": KIND_ENUM,
    "StrEnum": KIND_ENUM,
    "Flag": KIND_ENUM,
    "IntFlag": KIND_ENUM,
    "Protocol": KIND_INTERFACE,
}


def visibility(name: str) -> str:
    """By the leading underscores; dunder names are public."""
    if not name.startswith("_") or (name.startswith("__") and name.endswith("__")):
        return VISIBILITY_PUBLIC
    return VISIBILITY_PRIVATE if name.startswith("__") else VISIBILITY_PROTECTED


def decorated_definition(walk: Walk, node: Node) -> Sequence[Visit] | None:
    """Hands the decorators to the definition below them."""
    decorators = [child for child in node.children if child.kind_id == DECORATOR]
    others: list[Visit] = [c for c in node.children[:-1] if c.kind_id != DECORATOR]
    definition = node.children[-1]
    if definition.kind_id == CLASS_DEFINITION:
        return [*others, *class_definition(walk, definition, decorators)]
    if definition.kind_id == FUNCTION_DEFINITION:
        return [*others, *function_definition(walk, definition, decorators)]
    return node.children


def decorator(walk: Walk, node: Node) -> Sequence[Visit]:
    """``@a.b(c)``: the name is a decorator, the arguments are ordinary."""
    parts = node.children
    expression = next((part for part in parts[1:] if part.kind_id != COMMENT), None)
    if expression is None:
        return parts
    named = expression.children[0] if expression.kind_id == CALL else expression
    chain, rest = chain_of(walk, named)
    if not chain:
        return parts
    walk.refer(chain, ROLE_DECORATOR, named)
    walk.tokens.append(node.kind_id)
    arguments = expression.children[1:] if expression.kind_id == CALL else []
    return [*arguments] if rest is None else [rest, *arguments]


def function_definition(walk: Walk, node: Node, decorators: Sequence[Node] = ()) -> Sequence[Visit]:
    children = node.children
    name = next((child for child in children if child.kind_id == IDENTIFIER), None)
    if name is None:
        return [*decorators, *children]
    in_class = walk.in_class()
    kind = KIND_METHOD if in_class else KIND_FUNCTION
    text = walk.text(name)
    if in_class and text == "__init__":
        kind = KIND_CONSTRUCTOR
    index = walk.define(node, kind=kind, name=text)
    body = children[-1]
    names: list[Node] = []
    outside: list[Visit] = list(decorators)
    type_parameters: Node | None = None
    for child in children[:-1]:
        child_kind = child.kind_id
        if child_kind == PARAMETERS:
            names, others = parameters(walk, child, index)
            outside.extend(others)
        elif child_kind in _PARTS:
            outside.append(child)
            if child_kind == TYPE_PARAMETER:
                type_parameters = child
    if index != NONE:
        _describe(walk, index, node, body, decorators)
        if children[0].kind_id == ASYNC:
            walk.symbols[index].flags |= FLAG_ASYNC
    inside = walk.enter(index, [Step(lambda: declare(walk, names)), body], FUNCTION)
    visits = walk.owned(index, outside) + inside
    visits.append(Step(lambda: walk.hash_body(index, node, name)))
    return _with_type_parameters(walk, type_parameters, visits)


def class_definition(walk: Walk, node: Node, decorators: Sequence[Node] = ()) -> Sequence[Visit]:
    children = node.children
    name = node.child_by_field_name("name")
    if name is None:
        return [*decorators, *children]
    index = walk.define(node, kind=KIND_CLASS, name=walk.text(name))
    body = children[-1]
    outside: list[Visit] = list(decorators)
    type_parameters = node.child_by_field_name("type_parameters")
    if type_parameters is not None:
        outside.append(type_parameters)
    bases = node.child_by_field_name("superclasses")
    if bases is not None:
        outside.extend(_bases(walk, index, bases))
    if index != NONE:
        _describe(walk, index, node, body, decorators)
    inside = walk.enter(index, [body], CLASS)
    visits = walk.owned(index, outside) + inside
    visits.append(Step(lambda: walk.hash_body(index, node, name)))
    return _with_type_parameters(walk, type_parameters, visits)


def _with_type_parameters(
    walk: Walk, parameters_node: Node | None, visits: list[Visit]
) -> list[Visit]:
    """A definition's visits; in a scope of their own where it has type parameters (PEP 695)."""
    if parameters_node is None:
        return visits
    declaring = Step(lambda: _declare_type_parameters(walk, parameters_node))
    return walk.enter(NONE, [declaring, *visits], BLOCK_SCOPE)


def _declare_type_parameters(walk: Walk, node: Node) -> None:
    for child in node.named_children:
        found: Node | None = child
        while found is not None and found.kind_id != IDENTIFIER:
            found = found.named_children[0] if found.named_children else None
        if found is not None:
            walk.scopes.declare(walk.scope, walk.text(found))


def _bases(walk: Walk, index: int, node: Node) -> list[Visit]:
    """Base classes: the names are bases, their type arguments are types."""
    visits: list[Visit] = []
    for child in node.children:
        if child.kind_id == KEYWORD_ARGUMENT or not child.is_named:
            visits.append(child)
            continue
        head = child.children[0] if child.kind_id == SUBSCRIPT else child
        chain = chain_of(walk, head)[0]
        kind = _BASE_KINDS.get(chain.rpartition(".")[2])
        if kind is not None and index != NONE:
            walk.symbols[index].kind = kind
        if child.kind_id == SUBSCRIPT:
            visits.extend(walk.as_role(ROLE_BASE, [head]))
            visits.extend(walk.as_role(ROLE_TYPE, child.children[1:]))
        else:
            visits.extend(walk.as_role(ROLE_BASE, [child]))
    return visits


def _describe(walk: Walk, index: int, node: Node, body: Node, decorators: Sequence[Node]) -> None:
    draft = walk.symbols[index]
    draft.visibility = visibility(draft.name)
    draft.signature = _signature(walk, node, body)
    if body.kind_id == BLOCK:
        draft.docstring = docstring_in(walk, body.children)
    draft.decorators = tuple(
        walk.between(item.start_byte + 1, item.end_byte) for item in decorators
    )
    if walk.branch:
        draft.flags |= FLAG_CONDITIONAL
    for item in draft.decorators:
        last = item.partition("(")[0].rpartition(".")[2]
        draft.flags |= _DECORATOR_FLAGS.get(last, FLAG_NONE)


def _signature(walk: Walk, node: Node, body: Node) -> str:
    """Text from ``def``/``class`` to the colon, without comments."""
    end = next((c.start_byte for c in node.children if c.kind_id == COLON), body.start_byte)
    if b"#" not in walk.source[node.start_byte : end]:
        return walk.between(node.start_byte, end)
    comments = [
        (inner.start_byte, inner.end_byte)
        for child in node.children
        for inner in (child, *child.children)
        if inner.kind_id == COMMENT and inner.start_byte < end
    ]
    start, pieces = node.start_byte, []
    for comment_start, comment_end in comments:
        pieces.append(walk.between(start, comment_start))
        start = comment_end
    pieces.append(walk.between(start, end))
    return " ".join(piece for piece in pieces if piece)[:SIGNATURE_MAX]
