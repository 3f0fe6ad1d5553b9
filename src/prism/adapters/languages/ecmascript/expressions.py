"""ECMAScript expressions: references, calls and their arguments, strings, complexity, JSX, types.

Cyclomatic complexity counts ``?:``, ``&&``, ``||``, ``??`` and their assignments. It does not count
``?.`` or default values: they stand for a value that is absent, not for a path of the code.
"""

from collections.abc import Sequence
from itertools import pairwise

from tree_sitter import Node

from prism.adapters.languages.ecmascript.chains import chain_of, sources
from prism.adapters.languages.ecmascript.common_js import define_property, export_star
from prism.adapters.languages.ecmascript.functions import FUNCTIONS, called_on_the_spot
from prism.adapters.languages.ecmascript.imports import bind_required, required
from prism.adapters.languages.ecmascript.state import in_block, state
from prism.adapters.languages.walk import Visit, Walk
from prism.adapters.languages.words import FLOW_ARGUMENT, ROLE_BASE, ROLE_CALL, ROLE_TYPE

_LOGICAL = frozenset(("&&", "||", "??"))


def identifier(walk: Walk, node: Node) -> None:
    walk.uses.append((walk.text(node), walk.role, walk.scope, walk.symbol, node.start_byte))
    walk.tokens.append(node.kind_id)


def type_identifier(walk: Walk, node: Node) -> None:
    role = ROLE_BASE if walk.role == ROLE_BASE else ROLE_TYPE
    walk.uses.append((walk.text(node), role, walk.scope, walk.symbol, node.start_byte))
    walk.tokens.append(node.kind_id)


def nested_type_identifier(walk: Walk, node: Node) -> None:
    """``ns.Type``."""
    role = ROLE_BASE if walk.role == ROLE_BASE else ROLE_TYPE
    walk.refer("".join(walk.text(node).split()), role, node)
    walk.token(node)


def member_expression(walk: Walk, node: Node) -> Sequence[Visit] | None:
    """One reference and one token for a whole chain; what it hangs on is walked first."""
    chain, rest = chain_of(walk, node)
    if rest is not None and rest.type == "call_expression":
        found = required(walk, node)  # require("m").x, import("m").T
        if found is not None:
            walk.next_statement()
            walk.token(node)
            bind_required(walk, node, found, "")
            return found.rest
    walk.uses.append((chain, walk.role, walk.scope, walk.symbol, node.start_byte))
    walk.tokens.append(node.kind_id)
    return None if rest is None else (rest,)


def call(walk: Walk, node: Node) -> Sequence[Visit] | None:
    """A call: a reference to the callee, and flows of its arguments to the callee's places."""
    children = node.children
    callee = children[0]
    kind = walk.kinds[callee.kind_id]
    if kind in ("identifier", "import"):
        found = required(walk, node)
        if found is not None:
            walk.next_statement()
            walk.token(node)
            bind_required(walk, node, found, "")
            return found.rest
        if kind == "import":  # a path that nobody can know
            return children[1:]
    on_the_spot = _immediate(walk, callee)
    if on_the_spot is not None:
        return [*called_on_the_spot(walk, on_the_spot), *children[1:]]
    chain, rest = ("super", None) if kind == "super" else chain_of(walk, callee)
    if chain:
        walk.uses.append((chain, ROLE_CALL, walk.scope, walk.symbol, callee.start_byte))
        walk.tokens.append(node.kind_id)
    arguments = children[-1]
    if walk.kinds[arguments.kind_id] == "arguments":
        named = [child for child in arguments.named_children if child.type != "comment"]
        if _compiled(walk, node, chain, named):
            return None
        _argument_flows(walk, chain, named)
    if rest is None:
        return children[1:]
    return [rest, *children[1:]]


def _immediate(walk: Walk, callee: Node) -> Node | None:
    """The function of ``(function () {})()`` and ``(() => {})()``."""
    kind = walk.kinds[callee.kind_id]
    if kind == "parenthesized_expression":
        named = callee.named_children
        if not named:
            return None
        callee, kind = named[-1], walk.kinds[named[-1].kind_id]
    return callee if kind in FUNCTIONS else None


def _compiled(walk: Walk, node: Node, chain: str, arguments: Sequence[Node]) -> bool:
    """What compilers make of exports. True: nothing is left to walk."""
    if chain.endswith("__exportStar"):
        return export_star(walk, node, arguments)
    if chain == "Object.defineProperty":
        define_property(walk, arguments)
    return False


def _argument_flows(walk: Walk, callee: str, arguments: Sequence[Node]) -> None:
    if not callee:
        return
    for place, argument in enumerate(arguments):
        kind = walk.kinds[argument.kind_id]
        if kind == "spread_element":
            target, value = f"{callee}#*", argument.children[-1]
        else:
            target, value = f"{callee}#{place}", argument
        for source in sources(walk, value):
            walk.flow(FLOW_ARGUMENT, target, source, argument)


def new_expression(walk: Walk, node: Node) -> Sequence[Visit]:
    """``new A(b)``: a call."""
    callee = node.child_by_field_name("constructor")
    arguments = node.child_by_field_name("arguments")
    if callee is None:
        return node.children
    chain, rest = chain_of(walk, callee)
    if chain:
        walk.uses.append((chain, ROLE_CALL, walk.scope, walk.symbol, callee.start_byte))
        walk.tokens.append(node.kind_id)
    if arguments is not None:
        named = [child for child in arguments.named_children if child.type != "comment"]
        _argument_flows(walk, chain, named)
    others = [child for child in node.children[1:] if child != callee]
    return others if rest is None else [rest, *others]


def string(walk: Walk, node: Node) -> None:
    walk.tokens.append(node.kind_id)
    raw = walk.source[node.start_byte + 1 : node.end_byte - 1]
    if (b"/" in raw or b"." in raw) and walk.role != ROLE_TYPE:
        walk.string(raw.decode("utf-8", "replace"), node)


def template_string(walk: Walk, node: Node) -> Sequence[Visit] | None:
    """One token; what is in ``${}`` is walked."""
    walk.tokens.append(node.kind_id)
    inside = [child for child in node.children if child.type == "template_substitution"]
    if not inside:
        string(walk, node)
    return inside


def ternary_expression(walk: Walk, node: Node) -> Sequence[Visit]:
    walk.frame.structure()
    return walk.nested(node.children)


def binary_expression(walk: Walk, node: Node) -> Sequence[Visit]:
    """Each logical operator is a decision, each run of like ones a cognitive increment."""
    children = node.children
    if len(children) != 3 or walk.kinds[children[1].kind_id] not in _LOGICAL:
        return children
    reverse: list[Node] = []
    operators: list[str] = []
    while len(children) == 3 and walk.kinds[children[1].kind_id] in _LOGICAL:
        reverse.extend((children[2], children[1]))
        operators.append(walk.kinds[children[1].kind_id])
        node = children[0]
        children = node.children if walk.kinds[node.kind_id] == "binary_expression" else []
    reverse.append(node)
    walk.frame.decide(len(operators))
    walk.frame.interrupt(1 + sum(first != second for first, second in pairwise(operators)))
    return reverse[::-1]


def cast(walk: Walk, node: Node) -> Sequence[Visit]:
    """``value as Type``, ``value satisfies Type``."""
    value, *others = node.children
    return [value, *walk.as_role(ROLE_TYPE, others)]


def types(walk: Walk, node: Node) -> Sequence[Visit]:
    """A node in which everything is a type."""
    return walk.as_role(ROLE_TYPE, node.children)


def type_scope(walk: Walk, node: Node) -> Sequence[Visit]:
    """A type that declares names for itself: function types, ``infer``, mapped types."""
    return in_block(walk, node.children)


def declares_type(walk: Walk, node: Node) -> Sequence[Visit]:
    """``infer R``, ``K in T``: the name exists in the type around."""
    children = node.children
    for at, child in enumerate(children):
        if child.type == "type_identifier":
            walk.scopes.declare(walk.scope, walk.text(child))
            return [*children[:at], *children[at + 1 :]]
    return children


def index_signature(walk: Walk, node: Node) -> Sequence[Visit]:
    """``[key: string]: T``: the key is nobody's name."""
    name = node.child_by_field_name("name")
    return in_block(walk, [child for child in node.children if child != name])


def predicate(_walk: Walk, node: Node) -> Sequence[Visit]:
    """``x is T``: ``x`` is a parameter."""
    return [child for child in node.children if child.is_named and child.type != "identifier"]


def typed_element(_walk: Walk, node: Node) -> Sequence[Visit]:
    """A named element of a tuple type."""
    name = node.child_by_field_name("name") or node.child_by_field_name("pattern")
    return [child for child in node.children if child != name]


def jsx_tag(walk: Walk, node: Node) -> Sequence[Visit]:
    """``<Component a={b}>`` calls the component; ``<div>`` is no name of the code."""
    name = node.child_by_field_name("name")
    if name is None:
        return node.children
    state(walk).jsx = True
    chain = chain_of(walk, name)[0]
    walk.token(name)
    if chain and ("." in chain or not chain[0].islower()):
        walk.refer(chain, ROLE_CALL, name)
    return [child for child in node.children if child != name]


def jsx_end_tag(walk: Walk, node: Node) -> None:
    walk.token(node)
