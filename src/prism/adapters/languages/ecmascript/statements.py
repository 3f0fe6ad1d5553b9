"""ECMAScript statements: control flow, blocks, guards of imports."""

from collections.abc import Sequence
from functools import partial

from tree_sitter import Node

from prism.adapters.languages.ecmascript.chains import sources
from prism.adapters.languages.ecmascript.state import NAMESPACE, in_block
from prism.adapters.languages.ecmascript.targets import declare, unpack
from prism.adapters.languages.scopes import FUNCTION
from prism.adapters.languages.walk import Step, Visit, Walk
from prism.adapters.languages.words import GUARD_PLATFORM, GUARD_TRY

#: Statements that declare names for the block around them only.
_LEXICAL = frozenset(
    (
        "lexical_declaration",
        "using_declaration",
        "function_declaration",
        "generator_function_declaration",
        "class_declaration",
        "abstract_class_declaration",
        "interface_declaration",
        "type_alias_declaration",
        "enum_declaration",
    )
)
_PLATFORM_WORDS = (
    *(b"process.platform", b"process.env", b"process.browser", b"process.versions"),
    *(b"typeof window", b"typeof document", b"typeof process", b"typeof globalThis"),
    *(b"typeof Deno", b"typeof Bun", b"import.meta.env"),
)
#: Bytes of a condition that are looked at for those.
_CONDITION_MAX = 400


def block(walk: Walk, node: Node) -> Sequence[Visit]:
    """``{ … }``: a scope of its own where it declares anything."""
    children = node.children
    if any(walk.kinds[child.kind_id] in _LEXICAL for child in children):
        return in_block(walk, children)
    return children


def if_statement(walk: Walk, node: Node) -> Sequence[Visit]:
    walk.frame.structure()
    return _branches(walk, node)


def _branches(walk: Walk, node: Node) -> list[Visit]:
    """Condition, branch and alternative of an ``if``; guarded where it asks for the platform."""
    condition = node.child_by_field_name("condition")
    start = condition.start_byte if condition is not None else 0
    end = min(condition.end_byte, start + _CONDITION_MAX) if condition is not None else 0
    text = walk.source[start:end]
    guarded = any(word in text for word in _PLATFORM_WORDS)
    visits: list[Visit] = []
    for child in node.children:
        kind = walk.kinds[child.kind_id]
        if not child.is_named or kind in ("parenthesized_expression", "comment"):
            visits.append(child)
            continue
        inner = [child] if kind == "else_clause" else walk.nested([child])
        visits.extend(walk.guarded(GUARD_PLATFORM, inner) if guarded else inner)
    return visits


def else_clause(walk: Walk, node: Node) -> Sequence[Visit]:
    """``else`` is flat; ``else if`` is one more decision on the same level."""
    walk.frame.interrupt()
    statement = node.children[-1]
    before = node.children[:-1]
    if walk.kinds[statement.kind_id] == "if_statement":
        walk.frame.decide()
        return [*before, *_branches(walk, statement)]
    return [*before, *walk.nested([statement])]


def for_statement(walk: Walk, node: Node) -> Sequence[Visit]:
    walk.frame.structure()
    children = node.children
    return in_block(walk, [*children[:-1], *walk.nested(children[-1:])])


def for_in_statement(walk: Walk, node: Node) -> Sequence[Visit]:
    """``for (const x of xs)``, ``for (x in y)``."""
    walk.frame.structure()
    left = node.child_by_field_name("left")
    right = node.child_by_field_name("right")
    word = node.child_by_field_name("kind")
    if left is None or right is None:
        return node.children
    of = any(child.type == "of" for child in node.children)
    values = [f"{source}[]" for source in sources(walk, right)] if of else []
    assigned: list[Visit] = []
    if word is None:
        assigned = unpack(walk, left, values)
    elif word.type == "var":
        scope = walk.scopes.nearest(walk.scope, FUNCTION, NAMESPACE)
        assigned = unpack(walk, left, values, partial(declare, walk, scope))
    else:
        assigned = [Step(partial(_loop_names, walk, left, values))]
    body = walk.nested(node.children[-1:])
    return in_block(walk, [*assigned, right, *body])


def _loop_names(walk: Walk, left: Node, values: Sequence[str]) -> None:
    unpack(walk, left, values, partial(declare, walk, walk.scope))


def loop(walk: Walk, node: Node) -> Sequence[Visit]:
    """``while`` and ``do``."""
    walk.frame.structure()
    body = node.child_by_field_name("body")
    visits: list[Visit] = []
    for child in node.children:
        visits.extend(walk.nested([child]) if child == body else [child])
    return visits


def switch_statement(walk: Walk, node: Node) -> Sequence[Visit]:
    """One cognitive structure; its cases are the decisions."""
    walk.frame.structure(0)
    visits: list[Visit] = []
    for child in node.children:
        if child.type == "switch_body":
            visits.extend(in_block(walk, walk.nested(child.children)))
        else:
            visits.append(child)
    return visits


def switch_case(walk: Walk, node: Node) -> Sequence[Visit]:
    walk.frame.decide()
    return node.children


def try_statement(walk: Walk, node: Node) -> Sequence[Visit]:
    """What is imported where a failure is caught is guarded, and so is the alternative to it."""
    caught = any(child.type == "catch_clause" for child in node.children)
    visits: list[Visit] = []
    for child in node.children:
        if child.type == "statement_block":
            inner = walk.branched([child])
            visits.extend(walk.guarded(GUARD_TRY, inner) if caught else inner)
        elif child.type == "catch_clause":
            visits.extend(walk.guarded(GUARD_TRY, [child]))
        else:
            visits.append(child)
    return visits


def catch_clause(walk: Walk, node: Node) -> Sequence[Visit]:
    walk.frame.structure()
    parameter = node.child_by_field_name("parameter")
    visits: list[Visit] = []
    for child in node.children:
        if child == parameter:
            visits.append(Step(partial(_loop_names, walk, child, ())))
        elif child.type == "statement_block":
            visits.extend(walk.nested([child]))
        else:
            visits.append(child)
    return in_block(walk, visits)


def jump(walk: Walk, node: Node) -> None:
    """``break`` and ``continue``: to a label costs the reader one more."""
    walk.token(node)
    if node.named_children and node.named_children[0].type == "statement_identifier":
        walk.frame.interrupt()
