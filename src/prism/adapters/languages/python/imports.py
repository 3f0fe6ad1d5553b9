"""Python's import statements, and calls that import."""

from collections.abc import Sequence

from tree_sitter import Node

from prism.adapters.languages.python.kinds import (
    ALIASED_IMPORT,
    COMMENT,
    DOTTED_NAME,
    STRING,
    WILDCARD_IMPORT,
)
from prism.adapters.languages.python.strings import literal
from prism.adapters.languages.walk import Walk
from prism.adapters.languages.words import (
    ERASED_NO,
    ERASED_SYNTAX,
    FORM_DYNAMIC,
    FORM_IMPORT,
    FORM_REEXPORT,
    GUARD_TYPE_CHECKING,
)

IMPORT_CALLS = frozenset({"importlib.import_module", "import_module", "__import__"})


def _erased(walk: Walk) -> str:
    return ERASED_SYNTAX if walk.guard == GUARD_TYPE_CHECKING else ERASED_NO


def _dotted(walk: Walk, node: Node) -> str:
    return "".join(walk.text(node).split())


def import_statement(walk: Walk, node: Node) -> None:
    """``import a.b, c as d``: binds the first name of each module, or its alias."""
    walk.next_statement()
    walk.token(node)
    for child in node.named_children:
        if child.kind_id == ALIASED_IMPORT:
            name, alias = child.named_children[0], child.named_children[-1]
            local, module = walk.text(alias), _dotted(walk, name)
        elif child.kind_id == DOTTED_NAME:
            module = _dotted(walk, child)
            local = module.partition(".")[0]
        else:
            continue
        _bind(walk, node, local, module, "")


def import_from_statement(walk: Walk, node: Node) -> None:
    """``from m import a, b as c`` and ``from m import *``."""
    walk.next_statement()
    walk.token(node)
    source = node.child_by_field_name("module_name")
    module = "__future__" if source is None else _dotted(walk, source)
    past_import = False
    for child in node.children:
        if not child.is_named:
            past_import = past_import or child.type == "import"
            continue
        if child.kind_id == COMMENT:
            walk.comment(child)
        elif not past_import:
            continue
        elif child.kind_id == WILDCARD_IMPORT:
            _bind(walk, node, "", module, "*")
        elif child.kind_id == ALIASED_IMPORT:
            name, alias = child.named_children[0], child.named_children[-1]
            index = _bind(walk, node, walk.text(alias), module, _dotted(walk, name))
            if walk.text(alias) == walk.text(name):  # "this is public" (PEP 484)
                walk.bindings[index] = walk.bindings[index]._replace(form=FORM_REEXPORT)
        elif child.kind_id == DOTTED_NAME:
            name_text = _dotted(walk, child)
            _bind(walk, node, name_text, module, name_text)


def _bind(walk: Walk, node: Node, local: str, module: str, imported: str) -> int:
    return walk.bind(
        node,
        local=local,
        module=module,
        imported=imported,
        form=FORM_IMPORT,
        erased=_erased(walk),
    )


def dynamic_import(walk: Walk, node: Node, arguments: Sequence[Node]) -> None:
    """A binding for ``importlib.import_module("m")`` and the like with a literal name."""
    named = [argument for argument in arguments if argument.is_named]
    if named and named[0].kind_id == STRING:
        module = literal(walk, named[0])
        if module and (not module.startswith(".") or _within_own_package(walk, named)):
            walk.next_statement()
            walk.bind(
                node,
                local="",
                module=module,
                imported="",
                form=FORM_DYNAMIC,
                erased=_erased(walk),
            )


def _within_own_package(walk: Walk, arguments: Sequence[Node]) -> bool:
    """Is the second argument this module's own name or package? Others are known at run time."""
    return len(arguments) > 1 and walk.text(arguments[1]).endswith(("__package__", "__name__"))
