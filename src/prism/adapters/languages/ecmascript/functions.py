"""ECMAScript's functions and methods, named or not."""

from collections.abc import Sequence
from functools import partial

from tree_sitter import Node

from prism.adapters.languages.ecmascript.chains import property_name, sources
from prism.adapters.languages.ecmascript.docs import comment_doc, docstring, name_start, signature
from prism.adapters.languages.ecmascript.state import in_block, state
from prism.adapters.languages.ecmascript.targets import declare, modifiers
from prism.adapters.languages.scopes import FUNCTION
from prism.adapters.languages.walk import Step, Visit, Walk
from prism.adapters.languages.words import (
    FLAG_CONDITIONAL,
    FLAG_GENERATOR,
    FLAG_OVERLOAD,
    FLOW_PARAMETER,
    FLOW_RETURN,
    FLOW_STORE,
    KIND_CONSTRUCTOR,
    KIND_FUNCTION,
    KIND_METHOD,
    ROLE_READ,
    TIMING_DEFERRED,
)
from prism.domain.facts.structure import NONE

#: Expressions that are functions, and declarations.
FUNCTIONS = frozenset(("function_expression", "arrow_function", "generator_function", "function"))
_HEAD = frozenset(("identifier", "property_identifier", "private_property_identifier", "string"))


def inside_function(walk: Walk, index: int, node: Node, *, eager: bool = False) -> list[Visit]:
    """Everything of function *node* but its name, as the inside of symbol *index* (NONE: of no
    symbol). *eager*: it is called on the spot, so what it imports is needed at once."""
    found = state(walk)
    outer_timing = walk.timing
    visits: list[Visit] = [Step(lambda: found.owners.append(index))]
    if eager:
        visits.append(Step(lambda: setattr(walk, "timing", outer_timing)))
    children = node.children
    for child in children[:-1]:
        kind = walk.kinds[child.kind_id]
        if kind == "identifier":
            if node.type == "arrow_function":  # x => …
                visits.append(Step(partial(_only_parameter, walk, index, child)))
            elif node.type in FUNCTIONS:  # a function expression's name is its own affair
                visits.append(Step(partial(_own_name, walk, index, child)))
        elif child.is_named and kind not in _HEAD and kind != "decorator":
            visits.append(child)
    body = children[-1] if children else node
    if body.type == "statement_block":
        visits.extend(body.children)
    else:
        if index != NONE and node.type == "arrow_function":
            visits.append(Step(partial(returned, walk, body)))
        visits.append(body)
    visits.append(Step(lambda: found.owners.pop()))
    return walk.enter(index, visits, FUNCTION)


def _own_name(walk: Walk, index: int, name: Node) -> None:
    walk.scopes.declare(walk.scope, walk.text(name), symbol=index)


def _only_parameter(walk: Walk, index: int, name: Node) -> None:
    declare(walk, walk.scope, name)
    walk.tokens.append(name.kind_id)
    if index != NONE:
        place = f"{walk.symbols[index].qualname}#0"
        walk.flow(FLOW_PARAMETER, walk.text(name), place, name)


def returned(walk: Walk, value: Node) -> None:
    """Flows of *value* out of the function around, if that is a symbol."""
    owners = state(walk).owners
    if owners and owners[-1] != NONE:
        target = f"{walk.symbols[owners[-1]].qualname}()"
        for source in sources(walk, value):
            walk.flow(FLOW_RETURN, target, source, value)


def describe_function(walk: Walk, index: int, node: Node, start: int, doc: str) -> None:
    """Signature, docstring and flags of function *node*, whose statement starts at *start*."""
    if index == NONE:
        return
    draft = walk.symbols[index]
    children = node.children
    body = children[-1]
    has_body = body.type == "statement_block" or node.type == "arrow_function"
    draft.signature = signature(walk, start, body.start_byte if has_body else node.end_byte)
    draft.docstring = doc
    draft.visibility, flags = modifiers(walk, node)
    if node.type.startswith("generator_function"):
        flags |= FLAG_GENERATOR
    if walk.branch:
        flags |= FLAG_CONDITIONAL
    draft.flags |= flags


def hashed(
    walk: Walk, index: int, node: Node, name: Node | None, visits: Sequence[Visit]
) -> list[Visit]:
    """*visits*, and then the hash of *node*, when all comments in it are known."""
    return [*visits, Step(lambda: walk.hash_body(index, node, name))]


def function_declaration(walk: Walk, node: Node) -> Sequence[Visit]:
    """``function f() {}``, its signatures, and ``declare function``."""
    found = state(walk)
    name = node.child_by_field_name("name")
    text = walk.text(name) if name is not None else "default"
    index = walk.define(node, kind=KIND_FUNCTION, name=text, declare=name is not None)
    start = node.start_byte
    doc = docstring(walk, start if found.outer == NONE else found.outer)
    describe_function(walk, index, node, start, doc)
    if node.type == "function_signature":
        if index != NONE:
            walk.symbols[index].flags |= FLAG_OVERLOAD
        rest = [child for child in node.children if child.is_named and child != name]
        return walk.owned(index, in_block(walk, rest))
    return hashed(walk, index, node, name, inside_function(walk, index, node))


def function_expression(walk: Walk, node: Node) -> Sequence[Visit]:
    """A function as a value, that no declaration gives a name: a symbol if it names itself."""
    name = node.child_by_field_name("name") if node.type != "arrow_function" else None
    if name is None:
        return inside_function(walk, NONE, node)
    return named_function(walk, node, node, walk.text(name), declare=False)


def named_function(
    walk: Walk, node: Node, around: Node, name: str, *, declare: bool = True
) -> list[Visit]:
    """Function expression *node* as a symbol; *around* is the declaration that names it."""
    index = walk.define(around, kind=KIND_FUNCTION, name=name, declare=declare)
    return function_as(walk, index, node, around)


def function_as(walk: Walk, index: int, node: Node, around: Node) -> list[Visit]:
    """Function expression *node* as symbol *index*, defined by *around*."""
    outer = state(walk).outer
    doc = docstring(walk, around.start_byte if outer == NONE else outer)
    describe_function(walk, index, node, around.start_byte, doc)
    name = node.child_by_field_name("name") if node.type != "arrow_function" else None
    return hashed(walk, index, node, name, inside_function(walk, index, node))


def called_on_the_spot(walk: Walk, node: Node) -> Sequence[Visit]:
    """The function of ``(function () {…})()``: it has no name and runs with what is around it."""
    return inside_function(walk, NONE, node, eager=True)


def member(walk: Walk, node: Node, doc: str, decorators: Sequence[Node] = ()) -> list[Visit]:
    """Method *node* (a ``method_definition``) as a member of the present symbol."""
    name = node.child_by_field_name("name")
    text = property_name(walk, name) if name is not None else ""
    constructor = text == "constructor" and walk.in_class()
    kind = KIND_CONSTRUCTOR if constructor else KIND_METHOD
    index = walk.define(node, kind=kind, name=text, declare=False)
    describe_function(walk, index, node, name_start(node), doc)
    inside = inside_function(walk, index, node)
    own = decorators or [child for child in node.children if child.type == "decorator"]
    if index != NONE and own:
        walk.symbols[index].decorators = decorator_texts(walk, own)
    return [*walk.owned(index, own), *hashed(walk, index, node, name, inside)]


def decorator_texts(walk: Walk, decorators: Sequence[Node]) -> tuple[str, ...]:
    return tuple(walk.between(one.start_byte + 1, one.end_byte) for one in decorators)


def object_members(walk: Walk, index: int, node: Node) -> list[Visit]:
    """Object literal *node* as the value of symbol *index*: its functions are its methods."""
    visits: list[Visit] = []
    previous: Node | None = None
    outer = walk.symbol
    for child in node.children:
        kind = walk.kinds[child.kind_id]
        value = child.children[-1] if kind == "pair" and child.children else None
        walk.symbol = index
        if kind == "method_definition":
            visits.extend(member(walk, child, comment_doc(walk, previous)))
        elif value is not None and value.type in FUNCTIONS:
            doc = comment_doc(walk, previous)
            visits.extend(function_member(walk, child, child.children[0], value, doc))
        else:
            visits.append(child)
        walk.symbol = outer
        if child.is_named:
            previous = child if kind == "comment" else None
    return visits


def function_member(walk: Walk, around: Node, name: Node, value: Node, doc: str) -> list[Visit]:
    """``name: function () {}`` or ``name = () => {}`` as a method of the present symbol."""
    text = property_name(walk, name)
    index = walk.define(around, kind=KIND_METHOD, name=text, declare=False)
    describe_function(walk, index, value, name_start(around), doc)
    visits = hashed(walk, index, value, None, inside_function(walk, index, value))
    return [name, *visits] if name.type == "computed_property_name" else visits


def object_literal(walk: Walk, node: Node) -> list[Visit]:
    """An object of no symbol: its methods are nameless functions."""
    visits: list[Visit] = []
    for child in node.children:
        if walk.kinds[child.kind_id] == "method_definition":
            visits.extend(inside_function(walk, NONE, child))
        else:
            visits.append(child)
    return visits


def pair(walk: Walk, node: Node) -> Sequence[Visit]:
    """``key: value``: a plain key is no reference."""
    key = node.children[0]
    if walk.kinds[key.kind_id] in ("property_identifier", "string", "number"):
        walk.token(key)
        return node.children[1:]
    return node.children


def shorthand_property(walk: Walk, node: Node) -> None:
    """``{a}``: reads ``a``."""
    walk.token(node)
    walk.refer(walk.text(node), ROLE_READ, node)


def return_statement(walk: Walk, node: Node) -> Sequence[Visit]:
    for child in node.named_children[:1]:
        returned(walk, child)
    return node.children


def yield_expression(walk: Walk, node: Node) -> Sequence[Visit]:
    """What is yielded goes into what the generator returns."""
    owners = state(walk).owners
    if owners and owners[-1] != NONE:
        target = f"{walk.symbols[owners[-1]].qualname}()[]"
        for child in node.named_children[-1:]:
            for source in sources(walk, child):
                walk.flow(FLOW_STORE, target, source, node)
    return node.children


def deferred(walk: Walk, visits: Sequence[Visit]) -> list[Visit]:
    """Walk *visits* as code that runs later, without a function around (instance fields)."""
    outer: list[str] = []

    def enter() -> None:
        outer.append(walk.timing)
        walk.timing = TIMING_DEFERRED

    def leave() -> None:
        walk.timing = outer.pop()

    return [Step(enter), *visits, Step(leave)]
