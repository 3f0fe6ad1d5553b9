"""Classes and their members, interfaces, enums, type aliases and namespaces."""

from collections.abc import Sequence
from functools import partial

from tree_sitter import Node

from prism.adapters.languages.ecmascript.chains import chain_of, property_name, sources, unwrap
from prism.adapters.languages.ecmascript.docs import docstring, docstring_of, signature
from prism.adapters.languages.ecmascript.functions import (
    FUNCTIONS,
    decorator_texts,
    deferred,
    function_member,
    hashed,
    member,
    name_start,
)
from prism.adapters.languages.ecmascript.state import NAMESPACE, in_block, state
from prism.adapters.languages.ecmascript.targets import modifiers
from prism.adapters.languages.scopes import BLOCK, CLASS
from prism.adapters.languages.walk import Step, Visit, Walk
from prism.adapters.languages.words import (
    FLAG_ABSTRACT,
    FLAG_CONDITIONAL,
    FLAG_OVERLOAD,
    FLAG_STATIC,
    FLOW_ASSIGN,
    KIND_CLASS,
    KIND_CONSTANT,
    KIND_ENUM,
    KIND_INTERFACE,
    KIND_METHOD,
    KIND_MODULE,
    KIND_PROPERTY,
    KIND_TYPE_ALIAS,
    ROLE_BASE,
    ROLE_DECORATOR,
    ROLE_TYPE,
)
from prism.domain.facts.structure import NONE

_BODIES = frozenset(("class_body", "interface_body", "object_type", "enum_body", "statement_block"))
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
        _describe(walk, index, node, around, body)
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
    return hashed(walk, index, node, name, _with_type_parameters(walk, node, visits))


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


def _with_type_parameters(walk: Walk, node: Node, visits: Sequence[Visit]) -> list[Visit]:
    """In a scope of their own: a class scope is not seen from the methods in it."""
    parameters = node.child_by_field_name("type_parameters")
    if parameters is None:
        return [*visits]
    return walk.enter(NONE, [parameters, *visits], BLOCK)


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


def _describe(walk: Walk, index: int, node: Node, around: Node, body: Node | None) -> None:
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
            visits.extend(_type_bases(walk, child))
        else:
            visits.extend(_base(walk, child))
    return visits


def _base(walk: Walk, node: Node) -> list[Visit]:
    if walk.kinds[node.kind_id] in _CHAINED:
        return walk.as_role(ROLE_BASE, [node])
    return [node]


def _type_bases(walk: Walk, node: Node) -> list[Visit]:
    """Names of interfaces: bases that do not exist at run time."""
    visits: list[Visit] = []
    for child in node.children:
        named = child.children[0] if child.type == "generic_type" else child
        if named.is_named:
            state(walk).erasable.add(named.start_byte)
        visits.extend(walk.as_role(ROLE_BASE, [child]) if child.is_named else [child])
    return visits


def extends_type_clause(walk: Walk, node: Node) -> Sequence[Visit]:
    return _type_bases(walk, node)


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


def method_signature(walk: Walk, node: Node) -> Sequence[Visit]:
    """A member without a body: of an interface, an abstract method, an overload."""
    name = node.child_by_field_name("name")
    rest = [child for child in node.children if child.is_named and child != name]
    rest.extend(state(walk).before_member.pop(node.start_byte, ()))
    if name is None or not walk.in_class():
        return in_block(walk, rest)
    index = walk.define(node, kind=KIND_METHOD, name=property_name(walk, name), declare=False)
    if index == NONE:
        return in_block(walk, rest)
    draft = walk.symbols[index]
    draft.signature = signature(walk, name_start(node), node.end_byte)
    draft.docstring = docstring(walk, node.start_byte)
    draft.visibility, flags = modifiers(walk, node)
    draft.flags = flags | FLAG_OVERLOAD
    return walk.owned(index, in_block(walk, rest))


def property_signature(walk: Walk, node: Node) -> Sequence[Visit]:
    name = node.child_by_field_name("name")
    rest = [child for child in node.children if child.is_named and child != name]
    if name is None or not walk.in_class():
        return rest
    index = walk.define(node, kind=KIND_PROPERTY, name=property_name(walk, name), declare=False)
    if index != NONE:
        draft = walk.symbols[index]
        draft.signature = signature(walk, node.start_byte, node.end_byte)
        draft.docstring = docstring(walk, node.start_byte)
    return walk.owned(index, rest)


def interface_declaration(walk: Walk, node: Node) -> Sequence[Visit]:
    name = node.child_by_field_name("name")
    if name is None:
        return node.children
    index = walk.define(node, kind=KIND_INTERFACE, name=walk.text(name))
    body = node.child_by_field_name("body")
    if index != NONE:
        _describe(walk, index, node, node, body)
    bases = [child for child in node.children if child.type == "extends_type_clause"]
    members = body.children if body is not None else []
    visits = [*walk.owned(index, bases), *walk.enter(index, members, CLASS)]
    return hashed(walk, index, node, name, _with_type_parameters(walk, node, visits))


def object_type(walk: Walk, node: Node) -> Sequence[Visit]:
    """An object type of no name: its members are no symbols."""
    visits: list[Visit] = []
    for child in node.children:
        kind = walk.kinds[child.kind_id]
        if kind in ("property_signature", "method_signature"):
            name = child.child_by_field_name("name")
            rest = [part for part in child.children if part.is_named and part != name]
            visits.extend(in_block(walk, rest) if kind == "method_signature" else rest)
        else:
            visits.append(child)
    return visits


def enum_declaration(walk: Walk, node: Node) -> Sequence[Visit]:
    name = node.child_by_field_name("name")
    body = node.child_by_field_name("body")
    if name is None or body is None:
        return node.children
    index = walk.define(node, kind=KIND_ENUM, name=walk.text(name))
    if index != NONE:
        _describe(walk, index, node, node, body)
    return hashed(walk, index, node, name, walk.enter(index, body.children, CLASS))


def enum_member(walk: Walk, node: Node) -> Sequence[Visit] | None:
    """``A`` or ``A = 1`` in an enum's body (elsewhere a plain name of a property)."""
    assigned = node.type == "enum_assignment"
    walk.token(node)
    name = node.children[0] if assigned else node
    if assigned or (walk.in_class() and _is_enum(walk)):
        index = walk.define(node, kind=KIND_CONSTANT, name=property_name(walk, name), declare=False)
        if index != NONE:
            walk.symbols[index].signature = signature(walk, node.start_byte, node.end_byte)
            walk.symbols[index].docstring = docstring(walk, node.start_byte)
    return node.children[1:] if assigned else None


def _is_enum(walk: Walk) -> bool:
    return walk.symbol != NONE and walk.symbols[walk.symbol].kind == KIND_ENUM


def type_alias_declaration(walk: Walk, node: Node) -> Sequence[Visit]:
    name = node.child_by_field_name("name")
    if name is None:
        return node.children
    index = walk.define(node, kind=KIND_TYPE_ALIAS, name=walk.text(name))
    if index != NONE:
        walk.symbols[index].signature = signature(walk, node.start_byte, node.end_byte)
        walk.symbols[index].docstring = docstring_of(walk, node)
    rest = [child for child in node.children if child.is_named and child != name]
    visits = walk.as_role(ROLE_TYPE, in_block(walk, rest))
    return hashed(walk, index, node, name, walk.owned(index, visits))


def namespace(walk: Walk, node: Node) -> Sequence[Visit]:
    """``namespace A.B {}`` and ``declare module "m" {}``: a module in the module."""
    name = node.child_by_field_name("name")
    body = node.child_by_field_name("body")
    if name is None or body is None:
        return []  # declare module "*.css";
    text = "".join(property_name(walk, name).split())
    index = walk.define(node, kind=KIND_MODULE, name=text)
    if index != NONE:
        _describe(walk, index, node, node, body)
    return hashed(walk, index, node, name, walk.enter(index, body.children, NAMESPACE))


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
