"""What CommonJS modules export: ``exports.x = …``, ``module.exports = …``."""

from collections.abc import Sequence

from tree_sitter import Node

from prism.adapters.languages.ecmascript.chains import property_name
from prism.adapters.languages.ecmascript.docs import comment_doc, signature
from prism.adapters.languages.ecmascript.functions import (
    FUNCTIONS,
    describe_function,
    hashed,
    inside_function,
)
from prism.adapters.languages.ecmascript.homes import WHOLE
from prism.adapters.languages.ecmascript.imports import Required, required
from prism.adapters.languages.ecmascript.state import state
from prism.adapters.languages.walk import Visit, Walk
from prism.adapters.languages.words import (
    FLAG_EXPORTED,
    FORM_REEXPORT,
    KIND_CONSTANT,
    KIND_FUNCTION,
)
from prism.domain.facts.structure import NONE

_PREFIXES = ("module.exports.", "exports.")


def exported_as(chain: str) -> str:
    """The name that an assignment to *chain* exports, '' for none."""
    if chain == "module.exports":
        return WHOLE
    for prefix in _PREFIXES:
        if chain.startswith(prefix):
            name = chain[len(prefix) :]
            return "" if "." in name or name == "__esModule" else name
    return ""


def export_required(walk: Walk, node: Node, names: Sequence[str], found: Required) -> None:
    """``exports.a = require("m")``, ``module.exports = require("m")``: re-exports."""
    walk.next_statement()
    index = walk.bind(
        node, local="", module=found.module, imported=found.member, form=FORM_REEXPORT
    )
    state(walk).exports.extend((name, "", NONE, index) for name in names)


def export_value(walk: Walk, around: Node, names: Sequence[str], value: Node) -> list[Visit]:
    """*value*, which is exported under *names*; returns what to walk."""
    exports = state(walk).exports
    kind = walk.kinds[value.kind_id]
    if kind == "identifier":
        exports.extend((name, walk.text(value), NONE, NONE) for name in names)
        return [value]
    if kind in ("undefined", "unary_expression"):  # compilers write exports.a = void 0 first
        return [value]
    for name in names:
        index = NONE
        if name != WHOLE:
            index = walk.define(around, kind=KIND_CONSTANT, name=name, declare=False)
            if index != NONE:
                draft = walk.symbols[index]
                draft.signature = signature(walk, around.start_byte, value.start_byte)
        exports.append((name, "", index, NONE))
    if kind == "object" and WHOLE in names:
        return _export_object(walk, value)
    return [value]


def _export_object(walk: Walk, node: Node) -> list[Visit]:
    """``module.exports = {a, b: c, d() {}}``: each key is an export."""
    visits: list[Visit] = []
    previous: Node | None = None
    for child in node.children:
        kind = walk.kinds[child.kind_id]
        if kind == "shorthand_property_identifier":
            name = walk.text(child)
            state(walk).exports.append((name, name, NONE, NONE))
            visits.append(child)
        elif kind == "method_definition":
            visits.extend(_function(walk, child, comment_doc(walk, previous)))
        elif kind == "pair":
            visits.extend(_pair(walk, child, comment_doc(walk, previous)))
        elif kind == "spread_element":
            visits.extend(_spread(walk, child))
        else:
            visits.append(child)
        if child.is_named:
            previous = child if kind == "comment" else None
    return visits


def _pair(walk: Walk, node: Node, doc: str) -> list[Visit]:
    key, value = node.children[0], node.children[-1]
    name = property_name(walk, key)
    exports = state(walk).exports
    kind = walk.kinds[value.kind_id]
    if kind in FUNCTIONS:
        index = walk.define(node, kind=KIND_FUNCTION, name=name, declare=False)
        describe_function(walk, index, value, node.start_byte, doc)
        exports.append((name, "", index, NONE))
        return hashed(walk, index, value, None, inside_function(walk, index, value))
    found = required(walk, value)
    if found is not None:
        export_required(walk, node, [name], found)
        return [*found.rest]
    exports.append((name, walk.text(value) if kind == "identifier" else "", NONE, NONE))
    return [node]


def _function(walk: Walk, node: Node, doc: str) -> list[Visit]:
    name_node = node.child_by_field_name("name")
    name = property_name(walk, name_node) if name_node is not None else ""
    index = walk.define(node, kind=KIND_FUNCTION, name=name, declare=False)
    describe_function(walk, index, node, node.start_byte, doc)
    state(walk).exports.append((name, "", index, NONE))
    return hashed(walk, index, node, name_node, inside_function(walk, index, node))


def _spread(walk: Walk, node: Node) -> list[Visit]:
    """``...require("m")``: all of it."""
    found = required(walk, node.children[-1])
    if found is None or found.member:
        return [node]
    walk.next_statement()
    walk.bind(node, local="", module=found.module, imported="*", form=FORM_REEXPORT)
    return [*found.rest]


def export_star(walk: Walk, node: Node, arguments: Sequence[Node]) -> bool:
    """``__exportStar(require("m"), exports)``, which compilers make of ``export * from "m"``."""
    found = required(walk, arguments[0]) if len(arguments) == 2 else None
    if found is None or walk.text(arguments[1]) not in ("exports", "module.exports"):
        return False
    walk.next_statement()
    walk.bind(node, local="", module=found.module, imported="*", form=FORM_REEXPORT)
    return True


def define_property(walk: Walk, arguments: Sequence[Node]) -> None:
    """``Object.defineProperty(exports, "x", …)``."""
    if len(arguments) < 3 or walk.text(arguments[0]) not in ("exports", "module.exports"):
        return
    name = property_name(walk, arguments[1])
    if arguments[1].type == "string" and name != "__esModule":
        state(walk).exports.append((name, "", NONE, NONE))


def export_function(walk: Walk, index: int, names: Sequence[str]) -> None:
    """Symbol *index* is exported under *names*."""
    state(walk).exports.extend((name, "", index, NONE) for name in names)
    if index != NONE and names:
        walk.symbols[index].flags |= FLAG_EXPORTED
