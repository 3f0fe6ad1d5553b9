"""Declarations of variables, and assignments: symbols, flows, what gets required or exported."""

from collections.abc import Sequence
from typing import NamedTuple

from tree_sitter import Node

from prism.adapters.languages.ecmascript.chains import chain_of, property_name, sources, unwrap
from prism.adapters.languages.ecmascript.classes import class_as
from prism.adapters.languages.ecmascript.common_js import (
    export_function,
    export_required,
    export_value,
    exported_as,
)
from prism.adapters.languages.ecmascript.docs import docstring_of, signature
from prism.adapters.languages.ecmascript.functions import FUNCTIONS, function_as, object_members
from prism.adapters.languages.ecmascript.imports import (
    Required,
    bind_pattern,
    bind_required,
    required,
)
from prism.adapters.languages.ecmascript.state import NAMESPACE
from prism.adapters.languages.ecmascript.targets import unpack
from prism.adapters.languages.scopes import FUNCTION, MODULE
from prism.adapters.languages.walk import Visit, Walk
from prism.adapters.languages.words import (
    FLAG_CONDITIONAL,
    FLOW_ASSIGN,
    FLOW_STORE,
    KIND_CLASS,
    KIND_CONSTANT,
    KIND_CONSTRUCTOR,
    KIND_FUNCTION,
    KIND_METHOD,
    KIND_VARIABLE,
)
from prism.domain.facts.structure import NONE

#: What a required module may stand in.
_MAYBE_REQUIRED = frozenset(("call_expression", "member_expression", "await_expression"))
#: Members of one literal whose flows are kept.
_MEMBERS_MAX = 200
_VALUE_KINDS = {"class": KIND_CLASS, **dict.fromkeys(FUNCTIONS, KIND_FUNCTION)}


class _Declared(NamedTuple):
    """A declarator, the statement around it (itself if that has several), the scope that gets the
    names, and the word: 'const', 'let', 'var', 'using'."""

    node: Node
    around: Node
    scope: int
    word: str


def declaration(walk: Walk, node: Node) -> Sequence[Visit]:
    """``const``, ``let``, ``var``, ``using``: names, and what their values make of them."""
    word = node.children[0].type
    children = node.children
    alone = sum(child.type == "variable_declarator" for child in children) == 1
    visits: list[Visit] = []
    for child in children:
        kind = walk.kinds[child.kind_id]
        if kind == "variable_declarator":
            visits.extend(_declarator(walk, node if alone else child, child, word))
        elif child.is_named:
            visits.append(child)
    return visits


def _declarator(walk: Walk, around: Node, node: Node, word: str) -> list[Visit]:
    name = node.children[0]
    value = node.child_by_field_name("value")
    annotation = node.child_by_field_name("type")
    typed: list[Visit] = [] if annotation is None else [annotation]
    visits = [*typed]
    hoisted = word == "var"
    scope = walk.scopes.nearest(walk.scope, FUNCTION, NAMESPACE) if hoisted else walk.scope
    here = _Declared(node, around, scope, word)
    if value is None:
        return visits + _names(walk, here, [])
    inner, types = unwrap(walk, value)
    visits.extend(types)
    kind = walk.kinds[inner.kind_id]
    found = required(walk, value) if kind in _MAYBE_REQUIRED else None
    if found is not None:
        return visits + _required_names(walk, here, found)
    if name.type == "identifier" and kind in _VALUE_KINDS:
        index = walk.define(around, kind=_VALUE_KINDS[kind], name=walk.text(name), scope=scope)
        return walk.owned(index, [*typed, *types]) + _value_as(walk, index, inner, around)
    targets: list[Node] = []
    if kind == "assignment_expression":  # var app = exports = module.exports = {}
        targets, value = unchain(inner)
        inner, types = unwrap(walk, value)
        visits.extend(types)
    before = len(walk.symbols)
    visits += _names(walk, here, sources(walk, value))
    if targets:
        _export_local(walk, targets, name)
        for target in targets:
            visits += unpack(walk, target, sources(walk, value))
    if inner.type == "object" and name.type == "identifier":
        literal_flows(walk, walk.text(name), inner)
        if len(walk.symbols) > before:
            return visits + object_members(walk, before, inner)
    elif inner.type == "array" and name.type == "identifier":
        literal_flows(walk, walk.text(name), inner)
    return [*visits, inner]


def _value_as(walk: Walk, index: int, value: Node, around: Node) -> list[Visit]:
    if value.type == "class":
        return class_as(walk, index, value, around, [])
    return function_as(walk, index, value, around)


def _required_names(walk: Walk, here: _Declared, found: Required) -> list[Visit]:
    before = len(walk.bindings)
    rest = bind_pattern(walk, here.around, here.node.children[0], found)
    if here.scope != walk.scope:
        for index in range(before, len(walk.bindings)):
            walk.scopes.declare(here.scope, walk.bindings[index].local, binding=index)
    return rest


def _names(walk: Walk, here: _Declared, values: Sequence[str]) -> list[Visit]:
    """Declares the names: symbols in a module's or namespace's own scope."""
    node, around, scope, word = here
    inside = walk.scopes.scopes[scope].kind not in (MODULE, NAMESPACE)
    kind = KIND_CONSTANT if word == "const" else KIND_VARIABLE

    def on_name(name: Node) -> None:
        text = walk.text(name)
        if inside or _is_variable(walk, scope, text):
            walk.scopes.declare(scope, text)
            return
        index = walk.define(around, kind=kind, name=text, scope=scope)
        if index != NONE:
            draft = walk.symbols[index]
            equals = next((c for c in node.children if c.type == "="), None)
            end = node.end_byte if equals is None else equals.start_byte
            draft.signature = f"{word} {signature(walk, node.start_byte, end)}"
            draft.docstring = docstring_of(walk, around)
            if walk.branch:
                draft.flags |= FLAG_CONDITIONAL

    return unpack(walk, node.children[0], values, on_name)


def _is_variable(walk: Walk, scope: int, name: str) -> bool:
    """Was *name* declared as a variable before (``var`` may do so again, a type's name may not)?"""
    known = walk.scopes.scopes[scope].names.get(name)
    if known is None or known[1] == NONE:
        return False
    return walk.symbols[known[1]].kind in (KIND_VARIABLE, KIND_CONSTANT)


def literal_flows(walk: Walk, name: str, node: Node) -> None:
    """Values of an object literal into *name*'s members, of an array literal into its elements."""
    for child in node.named_children[:_MEMBERS_MAX]:
        kind = walk.kinds[child.kind_id]
        if kind == "pair" and node.type == "object":
            key = property_name(walk, child.children[0])
            if key.isidentifier():
                for source in sources(walk, child.children[-1]):
                    walk.flow(FLOW_ASSIGN, f"{name}.{key}", source, child)
        elif kind == "shorthand_property_identifier":
            text = walk.text(child)
            walk.flow(FLOW_ASSIGN, f"{name}.{text}", text, child)
        elif node.type == "array":
            for source in sources(walk, child):
                walk.flow(FLOW_STORE, f"{name}[]", source, child)


def unchain(node: Node) -> tuple[list[Node], Node]:
    """Targets and value of ``a = b = c``."""
    targets: list[Node] = []
    while node.type == "assignment_expression":
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            break
        targets.append(left)
        node = right
    return targets, node


def _export_names(walk: Walk, targets: Sequence[Node]) -> list[str]:
    """What assigning to *targets* exports: only at the top of the module."""
    if walk.symbol != NONE:
        return []
    names = (exported_as(chain_of(walk, target)[0]) for target in targets)
    return list(dict.fromkeys(name for name in names if name))


def _export_local(walk: Walk, targets: Sequence[Node], name: Node) -> None:
    for exported in _export_names(walk, targets):
        export_value(walk, name, [exported], name)


def assignment_expression(walk: Walk, node: Node) -> Sequence[Visit]:
    targets, value = unchain(node)
    if not targets:
        return node.children
    if node.children[0].type == "using":  # the TypeScript grammar's reading of a declaration
        walk.scopes.declare(walk.scope, walk.text(targets[0]))
    inner, visits = unwrap(walk, value)
    kind = walk.kinds[inner.kind_id]
    names = _export_names(walk, targets)
    found = required(walk, value) if kind in _MAYBE_REQUIRED else None
    if found is not None:
        visits.extend(_assign_required(walk, node, targets, names, found))
    elif kind in _VALUE_KINDS:
        visits.extend(_assign_definition(walk, node, targets, names, inner))
    elif names:
        visits.extend(export_value(walk, node, names, inner))
    else:
        visits.append(inner)
    values = sources(walk, value)
    for target in targets:
        if inner.type in ("object", "array"):
            chain = chain_of(walk, target)[0]
            if chain:
                literal_flows(walk, chain, inner)
        visits = [*unpack(walk, target, values), *visits]
    return visits


def _assign_required(
    walk: Walk, node: Node, targets: Sequence[Node], names: Sequence[str], found: Required
) -> list[Visit]:
    if names:
        export_required(walk, node, names, found)
    else:
        walk.next_statement()
        target = targets[-1]
        if target.type == "identifier":
            index = bind_required(walk, node, found, "")
            name = walk.text(target)
            walk.bindings[index] = walk.bindings[index]._replace(local=name)
            walk.scopes.declare(_scope_of(walk, name), name, binding=index)
        else:
            bind_required(walk, node, found, "")
    return [*found.rest]


def _scope_of(walk: Walk, name: str) -> int:
    """The scope around that has *name* by now, the module's if none has."""
    scope = walk.scope
    while scope != NONE:
        if name in walk.scopes.scopes[scope].names:
            return scope
        scope = walk.scopes.scopes[scope].parent
    return 0


def _assign_definition(
    walk: Walk, node: Node, targets: Sequence[Node], names: Sequence[str], value: Node
) -> list[Visit]:
    """A function or class as the value of an assignment: a symbol where the target has a name."""
    kind = _VALUE_KINDS[value.type]
    own = value.child_by_field_name("name") if value.type != "arrow_function" else None
    parent, name = walk.symbol, ""
    plain = [one for one in names if one != "export="]
    if plain:
        name = plain[0]
    elif names:
        name = walk.text(own) if own is not None else "default"
    else:
        parent, name, member = _place(walk, targets)
        if member and kind == KIND_FUNCTION:
            kind = KIND_METHOD
    if not name:
        return [value]
    outer = walk.symbol
    walk.symbol = parent
    index = walk.define(node, kind=kind, name=name, declare=False)
    walk.symbol = outer
    visits = _value_as(walk, index, value, node)
    export_function(walk, index, names)
    return visits


def _place(walk: Walk, targets: Sequence[Node]) -> tuple[int, str, bool]:
    """(parent symbol, name, is it a member of that) for a function that is assigned to a member:
    ``A.prototype.f``, ``a.f``, ``this.f``; name '' where it is assigned to something else."""
    for target in targets:
        if target.type != "member_expression":
            continue
        chain = chain_of(walk, target)[0]
        base, _, name = chain.removeprefix(".").rpartition(".")
        base = base.removesuffix(".prototype")
        if base == "this" and walk.symbol != NONE:
            within = walk.symbols[walk.symbol]
            methods = (KIND_METHOD, KIND_CONSTRUCTOR)
            return (within.parent if within.kind in methods else walk.symbol), name, True
        known = walk.scopes.scopes[_scope_of(walk, base)].names.get(base)
        if known is not None and known[1] != NONE:
            return known[1], name, True
        return walk.symbol, name, False
    return walk.symbol, "", False


def augmented_assignment(walk: Walk, node: Node) -> Sequence[Visit]:
    """``a += b``; ``a ||= b`` decides."""
    children = node.children
    if len(children) < 3:
        return children
    if children[1].type in ("||=", "&&=", "??="):
        walk.frame.decide()
        walk.frame.interrupt()
    rest = unpack(walk, children[0], sources(walk, children[-1]))
    return [*rest, *children[1:]]


def update_expression(walk: Walk, node: Node) -> Sequence[Visit]:
    """``a++``."""
    argument = node.child_by_field_name("argument")
    return node.children if argument is None else unpack(walk, argument, ())
