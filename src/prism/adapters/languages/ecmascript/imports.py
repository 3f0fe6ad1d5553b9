"""ECMAScript's imports: statements, ``export … from``, ``require()``, ``import()``."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from tree_sitter import Node

from prism.adapters.languages.ecmascript.chains import chain_of, literal, property_name
from prism.adapters.languages.ecmascript.state import state
from prism.adapters.languages.walk import Visit, Walk
from prism.adapters.languages.words import (
    ERASED_NO,
    ERASED_SYNTAX,
    FORM_DYNAMIC,
    FORM_IMPORT,
    FORM_REEXPORT,
    FORM_REQUIRE,
    FORM_SIDE_EFFECT,
    ROLE_READ,
    ROLE_TYPE,
    TIMING_DEFERRED,
)
from prism.domain.facts.structure import NONE

#: Wrappers that compilers put around ``require()``.
_INTEROP = re.compile(r"(?:.*\.)?(?:__importDefault|__importStar|_interopRequire\w+)")
_REQUIRE_EQUALS = re.compile(
    rb"""import\s+(?:type\s+)?([\w$]+)\s*=\s*require\s*\(\s*["']([^"'\n]+)["']"""
)
_TYPE_WORDS = frozenset(("type", "typeof"))
_NESTED_MAX = 8
_AFTER_TYPEOF = re.compile(rb"typeof\s*\Z")


class Required(NamedTuple):
    """A ``require()`` or ``import()`` as a value: module, the member taken from it, form.

    ``rest``: further arguments; ``type_only``: it is ``typeof import()``, which only types have.
    """

    module: str
    member: str
    form: str
    rest: Sequence[Node]
    type_only: bool


def import_statement(walk: Walk, node: Node) -> Sequence[Visit] | None:
    walk.next_statement()
    walk.token(node)
    source = node.child_by_field_name("source")
    clause: Node | None = None
    erased: str = ERASED_NO
    for child in node.children:
        kind = walk.kinds[child.kind_id]
        if kind in _TYPE_WORDS and not child.is_named:
            erased = ERASED_SYNTAX
        elif kind in ("import_clause", "import_require_clause"):
            clause = child
        elif kind == "comment":
            walk.comment(child)
    if clause is not None and clause.type == "import_require_clause":
        _import_equals(walk, node, clause, erased)
        return None
    module = literal(walk, source) if source is not None else None
    if module is None:
        return node.children  # broken: what is lost is looked for when the file is known
    before = len(walk.bindings)
    if clause is not None:
        _clause(walk, node, clause, module, erased)
    if len(walk.bindings) == before and erased == ERASED_NO:
        walk.bind(node, local="", module=module, imported="", form=FORM_SIDE_EFFECT)
    return None


def _import_equals(walk: Walk, node: Node, clause: Node, erased: str) -> None:
    """``import x = require("m")``."""
    source = clause.child_by_field_name("source")
    module = literal(walk, source) if source is not None else None
    if module is not None:
        name = walk.text(clause.children[0])
        walk.bind(node, local=name, module=module, imported="", form=FORM_REQUIRE, erased=erased)


def _clause(walk: Walk, node: Node, clause: Node, module: str, erased: str) -> None:
    for child in clause.children:
        kind = walk.kinds[child.kind_id]
        if kind == "identifier":
            _bind(walk, node, walk.text(child), module, imported="default", erased=erased)
        elif kind == "namespace_import":
            alias = walk.text(child.children[-1])
            _bind(walk, node, alias, module, imported="*", erased=erased)
        elif kind == "named_imports":
            for specifier in child.children:
                if specifier.type == "import_specifier":
                    imported, local, type_only = specifier_names(walk, specifier)
                    one = ERASED_SYNTAX if type_only else erased
                    _bind(walk, node, local, module, imported=imported, erased=one)
                elif specifier.type == "comment":
                    walk.comment(specifier)
        elif kind == "comment":
            walk.comment(child)


def specifier_names(walk: Walk, specifier: Node) -> tuple[str, str, bool]:
    """(name, alias or name, is it ``type``) of an import or export specifier."""
    first = specifier.children[0]
    name = specifier.child_by_field_name("name")
    alias = specifier.child_by_field_name("alias")
    text = property_name(walk, name) if name is not None else ""
    type_only = not first.is_named and first.type in _TYPE_WORDS
    return text, property_name(walk, alias) if alias is not None else text, type_only


def _bind(walk: Walk, node: Node, local: str, module: str, *, imported: str, erased: str) -> int:
    return walk.bind(
        node,
        local=local,
        module=module,
        imported=imported,
        form=FORM_IMPORT,
        erased=erased,
    )


def reexport(walk: Walk, node: Node, module: str, erased: str) -> None:
    """``export {a as b} from``, ``export * from``, ``export * as ns from`` module *module*."""
    walk.next_statement()
    before = len(walk.bindings)
    for child in node.children:
        kind = walk.kinds[child.kind_id]
        if kind == "*":
            _reexport(walk, node, module, "*", erased)
        elif kind == "namespace_export":
            index = _reexport(walk, node, module, "*", erased)
            exported = property_name(walk, child.children[-1])
            state(walk).exports.append((exported, "", NONE, index))
        elif kind == "export_clause":
            for specifier in child.children:
                if specifier.type == "comment":
                    walk.comment(specifier)
                if specifier.type != "export_specifier":
                    continue
                name, exported, type_only = specifier_names(walk, specifier)
                one = ERASED_SYNTAX if type_only else erased
                index = _reexport(walk, node, module, name, one)
                state(walk).exports.append((exported, "", NONE, index))
    if len(walk.bindings) == before:  # export {} from "m"
        walk.bind(node, local="", module=module, imported="", form=FORM_SIDE_EFFECT)


def _reexport(walk: Walk, node: Node, module: str, imported: str, erased: str) -> int:
    return walk.bind(
        node, local="", module=module, imported=imported, form=FORM_REEXPORT, erased=erased
    )


def import_alias(walk: Walk, node: Node) -> Sequence[Visit] | None:
    """``import a = b.c``: another name. The grammar takes ``export import a = require("m")`` for
    one, and its argument for the next statement."""
    walk.token(node)
    match = _REQUIRE_EQUALS.match(walk.source, node.start_byte)
    if match is not None:
        walk.next_statement()
        name, module = (part.decode("utf-8", "replace") for part in match.groups())
        walk.bind(node, local=name, module=module, imported="", form=FORM_REQUIRE)
        return None
    named = node.named_children
    if len(named) >= 2:
        walk.scopes.declare(walk.scope, walk.text(named[0]))
        walk.refer("".join(walk.text(named[-1]).split()), ROLE_READ, named[-1])
    return None


def required(walk: Walk, node: Node) -> Required | None:
    """*node* as ``require("m")``, ``await import("m")``, a member of one, or what a compiler makes
    of it; None for anything else."""
    member = ""
    for _ in range(_NESTED_MAX):
        kind = walk.kinds[node.kind_id]
        if kind == "member_expression" and not member:
            member = walk.text(node.children[-1])
            node = node.children[0]
        elif kind in ("await_expression", "parenthesized_expression", "as_expression"):
            named = node.named_children
            if not named:
                return None
            node = named[0]
        elif kind == "call_expression":
            found = _called(walk, node)
            if found is not None:
                before = walk.source[max(0, node.start_byte - 16) : node.start_byte]
                types = _AFTER_TYPEOF.search(before) if found[1] == FORM_DYNAMIC else None
                rest = node.children[-1].children[2:]
                return Required(found[0], member, found[1], rest, types is not None)
            inner = _interop_argument(walk, node)
            if inner is None:
                return None
            node = inner
        else:
            return None
    return None


def _called(walk: Walk, call: Node) -> tuple[str, str] | None:
    """(module, form) of a call of ``require`` or ``import``; a path with ``${}`` as written."""
    callee = call.children[0]
    kind = walk.kinds[callee.kind_id]
    if kind == "import":
        form = FORM_DYNAMIC
    elif kind == "identifier" and walk.text(callee) == "require":
        form = FORM_REQUIRE
    else:
        return None
    arguments = call.children[-1]
    first = next((child for child in arguments.named_children if child.type != "comment"), None)
    if arguments.type != "arguments" or first is None:
        return None
    module = literal(walk, first)
    if module is None and first.type == "template_string":
        text = walk.between(first.start_byte + 1, first.end_byte - 1, 200)
        module = text if text.startswith((".", "/")) else None
    return None if not module else (module, form)


def _interop_argument(walk: Walk, call: Node) -> Node | None:
    callee, arguments = call.children[0], call.children[-1]
    if arguments.type != "arguments" or not _INTEROP.fullmatch(chain_of(walk, callee)[0]):
        return None
    named = arguments.named_children
    return named[0] if named else None


def bind_required(
    walk: Walk, node: Node, found: Required, local: str, imported: str | None = None
) -> int:
    """A binding for *found*; *imported* defaults to its member. ``import()`` is never eager."""
    timing = walk.timing
    erased = walk.role == ROLE_TYPE or found.type_only
    if found.form == FORM_DYNAMIC:
        walk.timing = TIMING_DEFERRED
    index = walk.bind(
        node,
        local=local,
        module=found.module,
        imported=found.member if imported is None else imported,
        form=found.form,
        erased=ERASED_SYNTAX if erased else ERASED_NO,
    )
    walk.timing = timing
    return index


def bind_pattern(walk: Walk, node: Node, pattern: Node, found: Required) -> list[Visit]:
    """``const x = require("m")`` or ``const {a, b: c} = …``; returns what is left to walk."""
    walk.next_statement()
    walk.token(node)
    if pattern.type != "object_pattern" or found.member:
        names = _names_in(walk, pattern)
        for name in names or [""]:
            bind_required(walk, node, found, name)
        return [*found.rest]
    before = len(walk.bindings)
    for child in pattern.named_children:
        kind = walk.kinds[child.kind_id]
        if kind == "rest_pattern":
            for name in _names_in(walk, child):
                bind_required(walk, node, found, name, "*")
        elif kind == "pair_pattern":
            key = property_name(walk, child.children[0])
            for name in _names_in(walk, child.children[-1]):
                bind_required(walk, node, found, name, key)
        elif kind != "comment":
            for name in _names_in(walk, child):
                bind_required(walk, node, found, name, name)
    if len(walk.bindings) == before:
        bind_required(walk, node, found, "")
    return [*found.rest]


def _names_in(walk: Walk, pattern: Node) -> list[str]:
    """Names that *pattern* declares, in order; defaults are not looked into."""
    names: list[str] = []
    stack = [pattern]
    while stack:
        node = stack.pop()
        kind = walk.kinds[node.kind_id]
        if kind in ("identifier", "shorthand_property_identifier_pattern"):
            names.append(walk.text(node))
        elif kind in ("assignment_pattern", "object_assignment_pattern"):
            stack.append(node.children[0])
        elif kind == "pair_pattern":
            stack.append(node.children[-1])
        elif kind in ("object_pattern", "array_pattern", "rest_pattern"):
            stack.extend(reversed(node.named_children))
    return names
