"""Python expressions: references, calls and their arguments, strings, complexity."""

import re
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from tree_sitter import Node

from prism.adapters.languages.python.chains import VALUES, chain_of, sources
from prism.adapters.languages.python.exports import note_all
from prism.adapters.languages.python.imports import IMPORT_CALLS, dynamic_import
from prism.adapters.languages.python.kinds import (
    ARGUMENT_LIST,
    BOOLEAN_OPERATOR,
    CLOSE,
    COMMA,
    COMMENT,
    DICTIONARY_SPLAT,
    FOR_IN_CLAUSE,
    IDENTIFIER,
    IF_CLAUSE,
    IN,
    INTERPOLATION,
    KEYWORD_ARGUMENT,
    LIST_SPLAT,
    OPEN,
    STRING,
)
from prism.adapters.languages.python.targets import assign, element_of, parameters
from prism.adapters.languages.scopes import BLOCK, FUNCTION
from prism.adapters.languages.walk import Step, Visit, Walk
from prism.adapters.languages.words import (
    FLAG_GENERATOR,
    FLOW_ARGUMENT,
    FLOW_STORE,
    ROLE_CALL,
    ROLE_STRING,
    ROLE_TYPE,
)
from prism.domain.facts.structure import NONE

_NAME_IN_TEXT = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
#: A string longer than this is no annotation and no name.
_ANNOTATION_MAX = 200
_LITERALS = frozenset({"None", "True", "False"})
_QUOTES = (b'"', b"'")
_PUNCTUATION = frozenset({OPEN, CLOSE, COMMA})


def nothing(_walk: Walk, _node: Node) -> None:
    """Layout: a backslash at the end of a line."""


def identifier(walk: Walk, node: Node) -> None:
    walk.uses.append((walk.text(node), walk.role, walk.scope, walk.symbol, node.start_byte))
    walk.tokens.append(IDENTIFIER)


def attribute(walk: Walk, node: Node) -> Sequence[Visit] | None:
    """One reference and one token for a whole chain; what it hangs on is walked first."""
    chain, rest = chain_of(walk, node)
    walk.uses.append((chain, walk.role, walk.scope, walk.symbol, node.start_byte))
    walk.tokens.append(node.kind_id)
    return None if rest is None else (rest,)


def call(walk: Walk, node: Node) -> Sequence[Visit] | None:
    """A call: a reference to the callee, and flows of its arguments to the callee's places."""
    children = node.children
    callee, arguments = children[0], children[-1]
    chain, rest = chain_of(walk, callee)
    if chain:
        walk.uses.append((chain, ROLE_CALL, walk.scope, walk.symbol, callee.start_byte))
    walk.tokens.append(node.kind_id)
    visits: list[Visit] = [] if rest is None else [rest]
    if arguments.kind_id != ARGUMENT_LIST:  # f(x for x in y): a generator is the argument list
        visits.extend(children[1:])
        return visits
    if chain in IMPORT_CALLS:
        dynamic_import(walk, node, arguments.children)
    elif not walk.scope and chain.startswith("__all__."):
        note_all(walk, callee.child(0), arguments)
    if arguments.end_byte - arguments.start_byte > 2:
        _arguments(walk, chain, arguments.children, visits)
    return visits


def _arguments(walk: Walk, callee: str, arguments: Sequence[Node], visits: list[Visit]) -> None:
    """Flows of the arguments; bare names are done with here, the rest goes to *visits*."""
    place = 0
    role, scope, symbol = walk.role, walk.scope, walk.symbol
    uses, flows = walk.uses, walk.flows
    for argument in arguments:
        kind = argument.kind_id
        if kind == IDENTIFIER:
            name = walk.text(argument)
            uses.append((name, role, scope, symbol, argument.start_byte))
            walk.tokens.append(kind)
            line = argument.start_point[0] + 1
            flows.append((FLOW_ARGUMENT, f"{callee}#{place}", name, symbol, line))
        elif kind in _PUNCTUATION:
            continue
        else:
            visits.append(argument)
            if kind in VALUES:
                _flow_all(walk, f"{callee}#{place}", argument)
            elif kind == KEYWORD_ARGUMENT:
                keyword = walk.text(argument.child(0))
                _flow_all(walk, f"{callee}#{keyword}", argument.children[-1])
            elif kind in (LIST_SPLAT, DICTIONARY_SPLAT):
                star = "*" if kind == LIST_SPLAT else "**"
                _flow_all(walk, f"{callee}#{star}", argument.children[-1])
            elif kind == COMMENT:
                continue
        place += 1


def _flow_all(walk: Walk, target: str, value: Node) -> None:
    for source in sources(walk, value):
        walk.flow(FLOW_ARGUMENT, target, source, value)


def keyword_argument(walk: Walk, node: Node) -> Sequence[Visit]:
    """The keyword belongs to the callee: it is no reference here."""
    walk.token(node)
    return node.children[2:]


def string(walk: Walk, node: Node) -> Sequence[Visit] | None:
    """One token; code in f-strings is walked, names in string annotations are references."""
    walk.tokens.append(STRING)
    start, end = node.start_byte, node.end_byte
    raw = walk.source[start:end]
    if not raw.startswith(_QUOTES):  # a prefix: perhaps an f-string
        children = node.children
        code = [child for child in children if child.kind_id == INTERPOLATION]
        if code or len(children) < 2:
            return code
        start = children[0].end_byte
        raw = walk.source[start : children[-1].start_byte]
    elif end - start <= _ANNOTATION_MAX:
        content = raw.strip(b"\"'")
        start += raw.find(content)
        raw = content
    if len(raw) <= _ANNOTATION_MAX:
        if walk.role == ROLE_TYPE:
            _names_in(walk, raw, start)
        elif b"." in raw or b"/" in raw:
            walk.string(raw.decode("utf-8", "replace"), node)
    return None


def _names_in(walk: Walk, raw: bytes, start: int) -> None:
    text = raw.decode("utf-8", "replace")
    for match in _NAME_IN_TEXT.finditer(text):
        if match.group() in _LITERALS:
            continue
        byte = start + len(text[: match.start()].encode())
        walk.uses.append((match.group(), ROLE_STRING, walk.scope, walk.symbol, byte))


def annotation(walk: Walk, node: Node) -> Sequence[Visit] | None:
    """A ``type`` node: what stands in it is a type."""
    only = node.child(0)
    if only.kind_id == IDENTIFIER:
        walk.uses.append((walk.text(only), ROLE_TYPE, walk.scope, walk.symbol, only.start_byte))
        walk.tokens.append(IDENTIFIER)
        return None
    return walk.as_role(ROLE_TYPE, node.children)


def generic_type(walk: Walk, node: Node) -> Sequence[Visit] | None:
    """``Literal["a"]`` holds values, not names."""
    head = node.children[0]
    if walk.text(head) == "Literal":
        identifier(walk, head)
        return None
    return node.children


def subscript(walk: Walk, node: Node) -> Sequence[Visit] | None:
    """The same for ``typing.Literal["a"]``."""
    children = node.children
    if walk.role == ROLE_TYPE and walk.text(children[0]).endswith("Literal"):
        return children[:1]
    return children


def boolean_operator(walk: Walk, node: Node) -> Sequence[Visit]:
    """``and``/``or``: each is a decision, each run of like operators one cognitive increment."""
    reverse: list[Node] = []
    operators: list[int] = []
    while node.kind_id == BOOLEAN_OPERATOR:
        children = node.children
        reverse.extend(reversed(children[1:]))
        operators.extend(child.kind_id for child in children[1:] if not child.is_named)
        node = children[0]
    reverse.append(node)
    walk.frame.decide(len(operators))
    changes = sum(first != second for first, second in pairwise(operators))
    walk.frame.interrupt(1 + changes)
    return reverse[::-1]


def conditional_expression(walk: Walk, node: Node) -> Sequence[Visit]:
    walk.frame.structure()
    return walk.nested(node.children)


def lambda_(walk: Walk, node: Node) -> Sequence[Visit]:
    """A nameless function: a scope without a symbol."""
    names: list[Node] = []
    outside: list[Visit] = []
    for child in node.children[1:-1]:
        if child.is_named:
            names, outside = parameters(walk, child)
    body = node.children[-1:]
    return [*outside, *walk.enter(NONE, [Step(lambda: declare(walk, names)), *body], FUNCTION)]


def declare(walk: Walk, names: Sequence[Node]) -> None:
    """Parameters as names of the present scope."""
    for name in names:
        walk.scopes.declare_variable(walk.scope, walk.text(name))
        walk.tokens.append(IDENTIFIER)


def comprehension(walk: Walk, node: Node) -> Sequence[Visit]:
    """A scope of its own, but for the first iterable; each ``for`` and ``if`` is a decision."""
    first: list[Visit] = []
    inside: list[Visit] = []
    for child in node.children:
        kind = child.kind_id
        if kind == FOR_IN_CLAUSE:
            walk.frame.decide()
            parts = child.children
            at = next((i for i, part in enumerate(parts) if part.kind_id == IN), len(parts) - 1)
            iterable = parts[at + 1 :]
            inside.append(Step(partial(_loop, walk, parts[:at], iterable)))
            if first:
                inside.extend(iterable)
            else:
                first.extend(iterable)
        else:
            if kind == IF_CLAUSE:
                walk.frame.decide()
            inside.append(child)
    # Targets are declared before the element that uses them is walked only for readability of the
    # facts: names are resolved when the whole file is known.
    return [*first, *walk.enter(NONE, inside, BLOCK)]


def _loop(walk: Walk, targets: Sequence[Node], iterable: Sequence[Node]) -> None:
    values = [
        element_of(source) for part in iterable if part.is_named for source in sources(walk, part)
    ]
    walk.tokens.append(FOR_IN_CLAUSE)
    for target in targets:
        if target.is_named and target.kind_id != COMMENT:
            assign(walk, target, values)


def yield_(walk: Walk, node: Node) -> Sequence[Visit]:
    """Makes the function around a generator; the value goes into what it returns."""
    if walk.symbol == NONE:
        return node.children
    draft = walk.symbols[walk.symbol]
    draft.flags |= FLAG_GENERATOR
    for child in node.named_children:
        for source in sources(walk, child):
            walk.flow(FLOW_STORE, f"{draft.qualname}()[]", source, child)
    return node.children
