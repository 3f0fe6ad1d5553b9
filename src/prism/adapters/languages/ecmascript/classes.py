"""Classes: their members, bases, decorators, type parameters."""

from collections.abc import Sequence
from functools import partial

from tree_sitter import Node

from prism.adapters.languages.ecmascript.chains import chain_of, property_name, sources, unwrap
from prism.adapters.languages.ecmascript.docs import docstring, docstring_of, name_start, signature
from prism.adapters.languages.ecmascript.functions import (
    FUNCTIONS,
    decorator_texts,
    deferred,
    function_member,
    hashed,
    member,
)
from prism.adapters.languages.ecmascript.state import state
from prism.adapters.languages.ecmascript.targets import modifiers
from prism.adapters.languages.scopes import BLOCK, CLASS
from prism.adapters.languages.walk import Step, Visit, Walk
from prism.adapters.languages.words import (
    FLAG_ABSTRACT,
    FLAG_CONDITIONAL,
    FLAG_STATIC,
    FLOW_ASSIGN,
    KIND_CLASS,
    KIND_PROPERTY,
    ROLE_BASE,
    ROLE_DECORATOR,
    ROLE_TYPE,
)
from prism.domain.facts.structure import NONE

_CHAINED = frozenset(("identifier", "member_expression"))


def _decorators(node: Node) -> list[Node]:
    return [child for child in node.children if child.type == "decorator"]


def class_declaration(walk: Walk, node: Node) -> Sequence[Visit]:
    name = node.child_by_field_name("name")
    text = walk.text(name) if name is not None else "default"
    index = walk.define(node, kind=KIND_CLASS, name=text, declare=name is not None)
    return class_as(walk, index, node, node, [*state(walk).decorators, *_decorators(node)])


def class_expression(walk: Walk, node: Node) -> Sequence[Visit]:
    """A class as a value, that no declaration gives a name: a symbol if it names itself."""
    name = node.child_by_field_name("name")
    if name is None:
        return class_as(walk, NONE, node, node, _decorators(node))
    index = walk.define(node, kind=KIND_CLASS, name=walk.text(name), declare=False)
    return class_as(walk, index, node, node, _decorators(node))


def class_as(
    walk: Walk, index: int, node: Node, around: Node, decorators: Sequence[Node]
) -> list[Visit]:
    """Class *node* as symbol *index*, defined by *around* (NONE: of no symbol)."""
    name = node.child_by_field_name("name")
    body = node.child_by_field_name("body")
    if index != NONE:
        describe(walk, index, node, around, body)
        walk.symbols[index].decorators = decorator_texts(walk, decorators)
        if node.type == "abstract_class_declaration":
            walk.symbols[index].flags |= FLAG_ABSTRACT
    heritage = [child for child in node.children if child.type == "class_heritage"]
    inside = _members(walk, body) if body is not None else []
    visits = [
        *walk.owned(index, [*decorators, *heritage]),
        *walk.enter(index, _with_decoration(walk, bool(decorators), inside), CLASS),
    ]
    if node.type == "class" and name is not None:  # a class expression's name is its own affair
        own = Step(partial(_own_name, walk, index, name))
        visits = walk.enter(NONE, [own, *visits], BLOCK)
    return hashed(walk, index, node, name, with_type_parameters(walk, index, node, visits))


def _own_name(walk: Walk, index: int, name: Node) -> None:
    walk.scopes.declare(walk.scope, walk.text(name), symbol=index)


def _members(walk: Walk, body: Node) -> list[Node]:
    """What to walk of a class body. In TypeScript's grammar a method's decorators are siblings
    before it: they are handed to the method."""
    members: list[Node] = []
    waiting: list[Node] = []
    for child in body.children:
        kind = walk.kinds[child.kind_id]
        if kind == "decorator":
            waiting.append(child)
            continue
        if waiting and kind != "comment":
            state(walk).before_member[child.start_byte] = waiting
            waiting = []
        members.append(child)
    return [*members, *waiting]


def _with_decoration(walk: Walk, decorated: bool, visits: Sequence[Visit]) -> list[Visit]:
    found = state(walk)
    return [
        Step(lambda: found.enter_class(decorated)),
        *visits,
        Step(found.leave_class),
    ]


def with_type_parameters(
    walk: Walk, index: int, node: Node, visits: Sequence[Visit]
) -> list[Visit]:
    """In a scope of their own: a class scope is not seen from the methods in it."""
    parameters = node.child_by_field_name("type_parameters")
    if parameters is None:
        return [*visits]
    return walk.enter(NONE, [*walk.owned(index, [parameters]), *visits], BLOCK)


def type_parameters(walk: Walk, node: Node) -> Sequence[Visit]:
    """Declares the names in the present scope. The grammar takes ``in T`` and ``out T`` for a
    parameter called "in" or "out" and an error."""
    visits: list[Visit] = []
    for child in node.named_children:
        parts = child.children
        if child.type == "type_parameter" and parts:
            at = next((i for i, part in enumerate(parts) if part.type == "type_identifier"), 0)
            walk.scopes.declare(walk.scope, walk.text(parts[at]))
            visits.extend(part for part in parts[at + 1 :] if not _declared(walk, part))
        elif not _declared(walk, child):
            visits.append(child)
    return walk.as_role(ROLE_TYPE, visits)


def _declared(walk: Walk, node: Node) -> bool:
    if node.is_error:
        for name in node.named_children:
            walk.scopes.declare(walk.scope, walk.text(name))
    return node.is_error


def describe(walk: Walk, index: int, node: Node, around: Node, body: Node | None) -> None:
    draft = walk.symbols[index]
    start = name_start(around)
    draft.signature = signature(walk, start, node.end_byte if body is None else body.start_byte)
    draft.docstring = docstring_of(walk, around)
    if walk.branch:
        draft.flags |= FLAG_CONDITIONAL


def class_heritage(walk: Walk, node: Node) -> Sequence[Visit]:
    """``extends`` and ``implements``; JavaScript's grammar has the expression right here."""
    visits: list[Visit] = []
    for child in node.children:
        kind = walk.kinds[child.kind_id]
        if kind == "extends_clause":
            for part in child.children:
                visits.extend(_base(walk, part))
        elif kind == "implements_clause":
            visits.extend(type_bases(walk, child))
        else:
            visits.extend(_base(walk, child))
    return visits


def _base(walk: Walk, node: Node) -> list[Visit]:
    if walk.kinds[node.kind_id] in _CHAINED:
        return walk.as_role(ROLE_BASE, [node])
    return [node]


def type_bases(walk: Walk, node: Node) -> list[Visit]:
    """Names of interfaces: bases that do not exist at run time."""
    visits: list[Visit] = []
    for child in node.children:
        named = child.children[0] if child.type == "generic_type" else child
        if named.is_named:
            state(walk).erasable.add(named.start_byte)
        visits.extend(walk.as_role(ROLE_BASE, [child]) if child.is_named else [child])
    return visits


def field_definition(walk: Walk, node: Node) -> Sequence[Visit]:
    """A field: a method if its value is a function."""
    name = _field_name(node)
    if name is None or not walk.in_class():
        return node.children
    decorators = _decorators(node)
    value = node.child_by_field_name("value")
    function = unwrap(walk, value)[0] if value is not None else None
    doc = docstring(walk, node.start_byte)
    annotation = node.child_by_field_name("type")
    start = len(walk.symbols)
    if function is not None and function.type in FUNCTIONS:
        visits = function_member(walk, node, name, function, doc)
    else:
        index = walk.define(node, kind=KIND_PROPERTY, name=property_name(walk, name), declare=False)
        visits = _plain_field(walk, index, node, value, doc)
    if start == len(walk.symbols):
        return node.children
    draft = walk.symbols[start]
    draft.visibility, flags = modifiers(walk, node)
    draft.flags |= flags
    draft.decorators = decorator_texts(walk, decorators)
    if decorators and annotation is not None:
        keep(walk, annotation)
    around: list[Visit] = [*decorators, *([annotation] if annotation is not None else [])]
    if not flags & FLAG_STATIC:
        visits = deferred(walk, visits)
    return [*walk.owned(start, around), *visits]


def _field_name(node: Node) -> Node | None:
    return node.child_by_field_name("name") or node.child_by_field_name("property")


def _plain_field(walk: Walk, index: int, node: Node, value: Node | None, doc: str) -> list[Visit]:
    if index == NONE:
        return []
    draft = walk.symbols[index]
    draft.docstring = doc
    equals = next((child for child in node.children if child.type == "="), None)
    end = node.end_byte if equals is None else equals.start_byte
    draft.signature = signature(walk, name_start(node), end)
    if value is None:
        return []
    for source in sources(walk, value):
        walk.flow(FLOW_ASSIGN, f"this.{draft.name}", source, value)
    return walk.owned(index, [value])


def keep(walk: Walk, annotation: Node) -> None:
    """The type names something decorated: with decorator metadata it is needed at run time."""
    found = state(walk)
    for child in annotation.named_children:
        named = child.children[0] if child.type == "generic_type" else child
        found.kept.add(named.start_byte)


def class_method(walk: Walk, node: Node) -> Sequence[Visit]:
    """A method definition in a class body, with what decorators make of its types."""
    found = state(walk)
    decorators = [*found.before_member.pop(node.start_byte, ()), *_decorators(node)]
    name = node.child_by_field_name("name")
    constructor = name is not None and walk.text(name) == "constructor"
    parameters = node.child_by_field_name("parameters")
    if parameters is not None and (decorators or (constructor and found.decorated)):
        for parameter in parameters.named_children:
            annotation = parameter.child_by_field_name("type")
            if annotation is not None:
                keep(walk, annotation)
    return member(walk, node, docstring(walk, _first(node, decorators)), decorators)


def _first(node: Node, decorators: Sequence[Node]) -> int:
    return min([node.start_byte, *(one.start_byte for one in decorators)])


def decorator(walk: Walk, node: Node) -> Sequence[Visit]:
    """``@a.b(c)``: the name is a decorator, the arguments are ordinary."""
    parts = node.children
    expression = next((part for part in parts[1:] if part.type != "comment"), None)
    if expression is None:
        return parts
    call = expression.type == "call_expression"
    named = expression.children[0] if call else expression
    chain, rest = chain_of(walk, named)
    if not chain:
        return parts
    walk.refer(chain, ROLE_DECORATOR, named)
    walk.token(node)
    arguments = expression.children[1:] if call else []
    return [*arguments] if rest is None else [rest, *arguments]
