"""Python statements: assignments, control flow and guards of imports."""

from collections.abc import Sequence

from tree_sitter import Node

from prism.adapters.languages.python.chains import chain_of, sources
from prism.adapters.languages.python.definitions import visibility
from prism.adapters.languages.python.exports import note_all
from prism.adapters.languages.python.kinds import (
    AS,
    ASSIGNMENT,
    BLOCK,
    COLON,
    COMMENT,
    ELIF_CLAUSE,
    ELSE_CLAUSE,
    EQUALS,
    EXCEPT_CLAUSE,
    EXPRESSION_LIST,
    FALSE,
    IDENTIFIER,
    IN,
    LIST,
    NOT_OPERATOR,
    PATTERN_LIST,
    SET,
    TUPLE,
    TUPLE_PATTERN,
    TYPE,
)
from prism.adapters.languages.python.targets import assign, element_of
from prism.adapters.languages.scopes import CLASS, MODULE
from prism.adapters.languages.walk import Visit, Walk
from prism.adapters.languages.words import (
    FLAG_CONDITIONAL,
    FLOW_ASSIGN,
    FLOW_RETURN,
    FLOW_STORE,
    GUARD_PLATFORM,
    GUARD_TRY,
    GUARD_TYPE_CHECKING,
    KIND_CONSTANT,
    KIND_PROPERTY,
    KIND_TYPE_ALIAS,
    KIND_VARIABLE,
    ROLE_READ,
    ROLE_WRITE,
)
from prism.domain.facts.structure import (
    NONE,
)

_DISPLAYS = frozenset({LIST, TUPLE, SET, EXPRESSION_LIST})
_PATTERNS = frozenset({PATTERN_LIST, TUPLE_PATTERN, TUPLE, EXPRESSION_LIST})
_IMPORT_ERRORS = (b"ImportError", b"ModuleNotFoundError", b"Exception", b"BaseException")
_PLATFORM_WORDS = (b"platform", b"os.name", b"version_info", b"PY2", b"PY3", b"sys.implementation")
#: Elements of one literal whose flows are kept.
_ELEMENTS_MAX = 200


def assignment(walk: Walk, node: Node) -> Sequence[Visit]:
    """``a = b = c``, ``a: T = b``, ``a: T``; at module and class level the names are symbols.

    The whole chain at once: each target gets the last value.
    """
    children = node.children
    if len(children) == 3 and children[0].kind_id == IDENTIFIER:
        simple = _simple_assignment(walk, node, children)
        if simple is not None:
            return simple
    targets: list[Node] = []
    rest: list[Visit] = []
    value: Node | None = node
    while value is not None and value.kind_id == ASSIGNMENT:
        children = value.children
        targets.append(children[0])
        walk.tokens.append(ASSIGNMENT)
        plain = len(children) == 3 and children[1].kind_id == EQUALS
        if not plain:
            rest.extend(child for child in children[1:] if child.kind_id in (TYPE, COMMENT))
        _symbols(walk, value, children[0])
        assigned = plain or any(child.kind_id == EQUALS for child in children[1:-1])
        value = children[-1] if assigned else None
    visits: list[Visit] = []
    for target in targets:
        if value is None:
            visits.extend(assign(walk, target, ()))
        else:
            note_all(walk, target, value)
            visits.extend(_assign_value(walk, target, value))
    visits.extend(rest)
    if value is not None:
        visits.append(value)
    return visits


def _simple_assignment(walk: Walk, node: Node, children: Sequence[Node]) -> Sequence[Visit] | None:
    """``name = value``, the usual case, without the detours that the others need."""
    target, equals, value = children
    kind = value.kind_id
    name = walk.text(target)
    if equals.kind_id != EQUALS or kind == ASSIGNMENT or kind in _DISPLAYS or name == "__all__":
        return None
    _symbols(walk, node, target)
    walk.tokens.append(ASSIGNMENT)
    walk.tokens.append(IDENTIFIER)
    walk.scopes.declare_variable(walk.scope, name)
    walk.uses.append((name, ROLE_WRITE, walk.scope, walk.symbol, target.start_byte))
    for source in sources(walk, value):
        walk.flow(FLOW_ASSIGN, name, source, target)
    return (value,)


def _assign_value(walk: Walk, target: Node, value: Node) -> list[Visit]:
    if target.kind_id in _PATTERNS and value.kind_id in _DISPLAYS:
        left, right = target.named_children, value.named_children
        if len(left) == len(right):
            rest: list[Visit] = []
            for one, other in zip(left, right, strict=True):
                rest.extend(assign(walk, one, sources(walk, other)))
            return rest
    if value.kind_id in _DISPLAYS:
        chain = chain_of(walk, target)[0]
        if chain:
            for element in value.named_children[:_ELEMENTS_MAX]:
                for source in sources(walk, element):
                    walk.flow(FLOW_STORE, f"{chain}[]", source, element)
    return assign(walk, target, sources(walk, value))


def _symbols(walk: Walk, node: Node, target: Node) -> None:
    """Names assigned at module or class level are symbols, once each."""
    scope = walk.scopes.scopes[walk.scope]
    if scope.kind not in (MODULE, CLASS):
        return
    names = [target] if target.kind_id == IDENTIFIER else []
    if target.kind_id in _PATTERNS:
        names = [child for child in target.named_children if child.kind_id == IDENTIFIER]
    for item in names:
        name = walk.text(item)
        if name in scope.names:
            continue
        kind = KIND_PROPERTY
        if scope.kind == MODULE:
            constant = name.isupper() or b"Final" in _annotation(walk, node)
            kind = KIND_CONSTANT if constant else KIND_VARIABLE
        index = walk.define(node, kind=kind, name=name)
        if index == NONE:
            continue
        draft = walk.symbols[index]
        draft.visibility = visibility(name)
        annotation = _annotation(walk, node).decode("utf-8", "replace")
        draft.signature = " ".join(f"{name}: {annotation}".split())[:400] if annotation else name
        if walk.branch:
            draft.flags |= FLAG_CONDITIONAL


def _annotation(walk: Walk, node: Node) -> bytes:
    for child in node.children[1:3]:
        if child.kind_id == TYPE:
            return walk.source[child.start_byte : child.end_byte]
    return b""


def augmented_assignment(walk: Walk, node: Node) -> Sequence[Visit]:
    children = node.children
    note_all(walk, children[0], children[-1])
    return [*assign(walk, children[0], sources(walk, children[-1])), *children[1:]]


def named_expression(walk: Walk, node: Node) -> Sequence[Visit]:
    """``name := value`` binds in the function around, whatever comprehension it stands in."""
    children = node.children
    name = walk.text(children[0])
    walk.scopes.declare(walk.scopes.nearest(walk.scope, "function", "class"), name)
    walk.refer(name, ROLE_WRITE, children[0])
    for source in sources(walk, children[-1]):
        walk.flow(FLOW_ASSIGN, name, source, node)
    return children[1:]


def delete_statement(walk: Walk, node: Node) -> Sequence[Visit]:
    return walk.as_role(ROLE_WRITE, node.children)


def type_alias_statement(walk: Walk, node: Node) -> Sequence[Visit]:
    """``type X[T] = …`` (PEP 695)."""
    left = node.child_by_field_name("left")
    name = left
    while name is not None and name.kind_id != IDENTIFIER:
        name = name.named_children[0] if name.named_children else None
    if name is None or left is None:
        return node.children
    index = walk.define(node, kind=KIND_TYPE_ALIAS, name=walk.text(name))
    if index != NONE:
        walk.symbols[index].visibility = visibility(walk.text(name))
        walk.symbols[index].signature = walk.between(node.start_byte, node.end_byte)
    after = [child for child in node.children if child.start_byte >= left.end_byte]
    return walk.owned(index, after)


def global_statement(walk: Walk, node: Node) -> None:
    _forward(walk, node, 0)


def nonlocal_statement(walk: Walk, node: Node) -> None:
    parent = walk.scopes.scopes[walk.scope].parent
    _forward(walk, node, walk.scopes.nearest(parent, "function") if parent != NONE else 0)


def _forward(walk: Walk, node: Node, target: int) -> None:
    walk.token(node)
    if target == walk.scope:
        return
    for child in node.named_children:
        if child.kind_id == IDENTIFIER:
            walk.scopes.forward(walk.scope, walk.text(child), target)


def return_statement(walk: Walk, node: Node) -> Sequence[Visit]:
    children = node.children
    if walk.symbol != NONE and len(children) > 1:
        target = f"{walk.symbols[walk.symbol].qualname}()"
        for source in sources(walk, children[-1]):
            walk.flow(FLOW_RETURN, target, source, node)
    return children


def if_statement(walk: Walk, node: Node) -> Sequence[Visit]:
    """Complexity, and whether the branches are guarded (TYPE_CHECKING, the platform)."""
    walk.frame.structure()
    condition = node.children[1]
    then_guard, else_guard = _guards(walk, condition)
    visits: list[Visit] = []
    for child in node.children:
        kind = child.kind_id
        if kind == BLOCK:
            visits.extend(_guarded(walk, then_guard, walk.nested([child])))
        elif kind in (ELIF_CLAUSE, ELSE_CLAUSE):
            visits.extend(_guarded(walk, else_guard, [child]))
        else:
            visits.append(child)
    return visits


def _guarded(walk: Walk, guard: str, visits: list[Visit]) -> list[Visit]:
    return walk.guarded(guard, visits) if guard else visits


def _guards(walk: Walk, condition: Node) -> tuple[str, str]:
    """Guards of an ``if``'s branch and of its alternatives, '' for none."""
    negated = False
    while condition.kind_id == NOT_OPERATOR:
        negated = not negated
        condition = condition.children[-1]
    text = walk.source[condition.start_byte : condition.end_byte]
    last = text.rpartition(b".")[2]
    if last in (b"TYPE_CHECKING", b"MYPY") or condition.kind_id == FALSE:
        return ("", GUARD_TYPE_CHECKING) if negated else (GUARD_TYPE_CHECKING, "")
    if not negated and text.startswith((b"TYPE_CHECKING and ", b"typing.TYPE_CHECKING and ")):
        return GUARD_TYPE_CHECKING, ""
    if any(word in text for word in _PLATFORM_WORDS):
        return GUARD_PLATFORM, GUARD_PLATFORM
    return "", ""


def elif_clause(walk: Walk, node: Node) -> Sequence[Visit]:
    walk.frame.decide()
    walk.frame.interrupt()
    then_guard, _ = _guards(walk, node.children[1])
    return _with_block(walk, node.children, then_guard)


def else_clause(walk: Walk, node: Node) -> Sequence[Visit]:
    walk.frame.interrupt()
    return _with_block(walk, node.children, "")


def _with_block(walk: Walk, children: Sequence[Node], guard: str) -> list[Visit]:
    visits: list[Visit] = []
    for child in children:
        if child.kind_id == BLOCK:
            visits.extend(_guarded(walk, guard, walk.nested([child])))
        else:
            visits.append(child)
    return visits


def for_statement(walk: Walk, node: Node) -> Sequence[Visit]:
    walk.frame.structure()
    visits: list[Visit] = []
    left = node.child_by_field_name("left")
    right = node.child_by_field_name("right")
    if left is None or right is None:
        return node.children
    visits.extend(assign(walk, left, [element_of(source) for source in sources(walk, right)]))
    at = next(i for i, child in enumerate(node.children) if child.kind_id == IN)
    visits.extend(_with_block(walk, node.children[at:], ""))
    return visits


def while_statement(walk: Walk, node: Node) -> Sequence[Visit]:
    walk.frame.structure()
    return _with_block(walk, node.children, "")


def try_statement(walk: Walk, node: Node) -> Sequence[Visit]:
    """Imports in a ``try`` that catches ImportError, and in its handlers, are guarded by it."""
    children = node.children
    guard = GUARD_TRY if any(_catches_import_error(walk, child) for child in children) else ""
    visits: list[Visit] = []
    for child in children:
        if child.kind_id == BLOCK:
            visits.extend(_guarded(walk, guard, walk.branched([child])))
        elif child.kind_id == EXCEPT_CLAUSE:
            visits.extend(_guarded(walk, guard, [child]))
        elif child.kind_id == ELSE_CLAUSE:  # runs when nothing was caught: no further decision
            visits.extend(walk.branched(child.children))
        else:
            visits.append(child)
    return visits


def _catches_import_error(walk: Walk, node: Node) -> bool:
    if node.kind_id != EXCEPT_CLAUSE:
        return False
    caught = node.children[1]
    if caught.kind_id == COLON:
        return True
    text = walk.source[caught.start_byte : caught.end_byte]
    return any(word in text for word in _IMPORT_ERRORS)


def except_clause(walk: Walk, node: Node) -> Sequence[Visit]:
    walk.frame.structure()
    return _with_block(walk, node.children, "")


def as_pattern(walk: Walk, node: Node) -> Sequence[Visit]:
    """``value as target`` of with, except and case."""
    children = node.children
    at = next((i for i, child in enumerate(children) if child.kind_id == AS), len(children))
    values = [f for child in children[:at] for f in sources(walk, child)]
    rest: list[Visit] = list(children[:at])
    for child in children[at + 1 :]:
        rest.extend(assign(walk, child, values))
    return rest


def match_statement(walk: Walk, node: Node) -> Sequence[Visit]:
    walk.frame.structure(0)
    return _with_block(walk, node.children, "")


def case_clause(walk: Walk, node: Node) -> Sequence[Visit]:
    """Each case but ``case _`` is a decision."""
    pattern = node.children[1]
    if walk.text(pattern) != "_":
        walk.frame.decide()
    return walk.branched(node.children)


def dotted_name(walk: Walk, node: Node) -> None:
    """In a pattern: a bare name captures, a dotted one is a value to compare with."""
    walk.token(node)
    text = "".join(walk.text(node).split())
    if "." in text:
        walk.refer(text, ROLE_READ, node)
    elif text != "_":
        walk.scopes.declare(walk.scope, text)
        walk.refer(text, ROLE_WRITE, node)


def class_pattern(walk: Walk, node: Node) -> Sequence[Visit]:
    children = node.children
    walk.refer("".join(walk.text(children[0]).split()), ROLE_READ, children[0])
    walk.token(node)
    return children[1:]


def keyword_pattern(_walk: Walk, node: Node) -> Sequence[Visit]:
    return node.children[1:]


def splat_pattern(walk: Walk, node: Node) -> Sequence[Visit] | None:
    name = node.children[-1]
    return assign(walk, name, ()) if name.kind_id == IDENTIFIER else None
