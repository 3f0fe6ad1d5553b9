"""TypeScript's interfaces, enums, type aliases and namespaces."""

from collections.abc import Sequence

from tree_sitter import Node

from prism.adapters.languages.ecmascript.chains import property_name
from prism.adapters.languages.ecmascript.classes import describe, type_bases, with_type_parameters
from prism.adapters.languages.ecmascript.docs import docstring, docstring_of, name_start, signature
from prism.adapters.languages.ecmascript.functions import (
    hashed,
)
from prism.adapters.languages.ecmascript.state import NAMESPACE, in_block, state
from prism.adapters.languages.ecmascript.targets import modifiers
from prism.adapters.languages.scopes import CLASS
from prism.adapters.languages.walk import Visit, Walk
from prism.adapters.languages.words import (
    FLAG_OVERLOAD,
    KIND_CONSTANT,
    KIND_ENUM,
    KIND_INTERFACE,
    KIND_METHOD,
    KIND_MODULE,
    KIND_PROPERTY,
    KIND_TYPE_ALIAS,
    ROLE_TYPE,
)
from prism.domain.facts.structure import NONE


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
        describe(walk, index, node, node, body)
    bases = [child for child in node.children if child.type == "extends_type_clause"]
    members = body.children if body is not None else []
    visits = [*walk.owned(index, bases), *walk.enter(index, members, CLASS)]
    return hashed(walk, index, node, name, with_type_parameters(walk, index, node, visits))


def extends_type_clause(walk: Walk, node: Node) -> Sequence[Visit]:
    return type_bases(walk, node)


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
        describe(walk, index, node, node, body)
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
        describe(walk, index, node, node, body)
    return hashed(walk, index, node, name, walk.enter(index, body.children, NAMESPACE))
