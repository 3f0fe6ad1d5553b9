"""``export`` statements, and what is only known when the whole file has been walked."""

from collections.abc import Callable, Sequence

from tree_sitter import Node

from prism.adapters.languages.ecmascript import (
    classes,
    functions,
    imports,
    type_declarations,
    variables,
)
from prism.adapters.languages.ecmascript.chains import literal, unwrap
from prism.adapters.languages.ecmascript.common_js import export_required
from prism.adapters.languages.ecmascript.docs import docstring_of, file_docstring, signature
from prism.adapters.languages.ecmascript.functions import FUNCTIONS
from prism.adapters.languages.ecmascript.homes import WHOLE
from prism.adapters.languages.ecmascript.recovery import note_errors, recover
from prism.adapters.languages.ecmascript.state import NAMESPACE, State, state
from prism.adapters.languages.walk import Action, Visit, Walk
from prism.adapters.languages.words import (
    ERASED_NO,
    ERASED_SYNTAX,
    ERASED_USE,
    FLAG_DEFAULT_EXPORT,
    FLAG_EXPORTED,
    FLAG_OVERLOAD,
    FORM_IMPORT,
    FORM_REEXPORT,
    KIND_CLASS,
    KIND_CONSTANT,
    KIND_FUNCTION,
    ROLE_BASE,
    ROLE_READ,
    ROLE_TYPE,
)
from prism.domain.facts.structure import NONE, Export

#: What JSX may be compiled to calls of, without a mention.
_JSX_FACTORIES = frozenset(("React", "h", "jsx", "Preact"))
DECLARATIONS: dict[str, Action] = {
    "function_declaration": functions.function_declaration,
    "generator_function_declaration": functions.function_declaration,
    "function_signature": functions.function_declaration,
    "class_declaration": classes.class_declaration,
    "abstract_class_declaration": classes.class_declaration,
    "interface_declaration": type_declarations.interface_declaration,
    "enum_declaration": type_declarations.enum_declaration,
    "type_alias_declaration": type_declarations.type_alias_declaration,
    "internal_module": type_declarations.namespace,
    "module": type_declarations.namespace,
    "lexical_declaration": variables.declaration,
    "variable_declaration": variables.declaration,
    "using_declaration": variables.declaration,
    "import_alias": imports.import_alias,
}


def begin(*, typescript: bool) -> Callable[[Walk, Node], None]:
    """The hook that sets a walk's state up."""

    def start(walk: Walk, root: Node) -> None:
        walk.data = State(walk, typescript=typescript)
        walk.docstring = file_docstring(walk, root)
        note_errors(walk, root)

    return start


def export_statement(walk: Walk, node: Node) -> Sequence[Visit] | None:
    source = node.child_by_field_name("source")
    if source is not None:
        module = literal(walk, source)
        erased = any(_says_type(walk, child) for child in node.children)
        walk.token(node)
        imports.reexport(walk, node, module or "", ERASED_SYNTAX if erased else ERASED_NO)
        return None
    inner = node.child_by_field_name("declaration")
    if inner is not None:
        return _declaration(walk, node, inner)
    value = node.child_by_field_name("value")
    if value is not None:
        return _default(walk, node, value)
    for child in node.children:
        if child.type == "export_clause":
            _clause(walk, node, child)
            return None
        if child.type == "=" and not child.is_named:
            return _whole(walk, node)
    if any(child.type == "namespace" for child in node.children):  # export as namespace X
        return None
    return node.children


def _says_type(walk: Walk, node: Node) -> bool:
    """The word ``type``; the grammar takes it for an error before a star."""
    return (node.type == "type" or node.is_error) and walk.text(node) == "type"


def _clause(walk: Walk, node: Node, clause: Node) -> None:
    all_types = any(child.type == "type" for child in node.children)
    walk.token(node)
    for child in clause.children:
        if child.type == "comment":
            walk.comment(child)
        if child.type != "export_specifier":
            continue
        name, exported, type_only = imports.specifier_names(walk, child)
        if walk.scope == 0:
            state(walk).exports.append((exported, name, NONE, NONE))
        walk.refer(name, ROLE_TYPE if type_only or all_types else ROLE_READ, child)


def _whole(walk: Walk, node: Node) -> Sequence[Visit]:
    """``export = x``."""
    value = node.named_children[-1] if node.named_children else None
    if value is not None and walk.scope == 0:
        local = walk.text(value) if value.type == "identifier" else ""
        state(walk).exports.append((WHOLE, local, NONE, NONE))
    return node.children


def declare_statement(walk: Walk, node: Node) -> Sequence[Visit]:
    """``declare …``; ``declare global {}`` adds to what other files have."""
    found = state(walk)
    visits: list[Visit] = []
    outer = found.outer
    for child in node.children:
        action = DECLARATIONS.get(child.type) if child.is_named else None
        if action is not None:
            found.outer = node.start_byte if outer == NONE else outer
            visits.extend(action(walk, child) or ())
            found.outer = outer
        elif child.type == "statement_block":
            visits.extend(walk.enter(NONE, child.children, NAMESPACE))
        elif child.is_named:
            visits.append(child)
    return visits


def _declaration(walk: Walk, node: Node, inner: Node) -> Sequence[Visit]:
    """``export`` before a declaration: what that defines is exported."""
    found = state(walk)
    symbols, bindings = len(walk.symbols), len(walk.bindings)
    default = any(child.type == "default" for child in node.children)
    found.outer = node.start_byte
    found.decorators = [child for child in node.children if child.type == "decorator"]
    if inner.type == "ambient_declaration":
        visits = declare_statement(walk, inner)
    else:
        action = DECLARATIONS.get(inner.type)
        visits = [inner] if action is None else (action(walk, inner) or [])
    found.outer, found.decorators = NONE, []
    for index in range(symbols, len(walk.symbols)):
        draft = walk.symbols[index]
        if draft.parent != walk.symbol:
            continue
        draft.flags |= FLAG_EXPORTED
        if walk.scope == 0:
            found.exports.append(("default" if default else draft.name, "", index, NONE))
    for index in range(bindings, len(walk.bindings)):
        local = walk.bindings[index].local
        if local and walk.scope == 0:
            found.exports.append((local, "", NONE, index))
    comments = [child for child in node.children if child.type == "comment"]
    return [*comments, *visits]


def _default(walk: Walk, node: Node, value: Node) -> Sequence[Visit]:
    """``export default`` of an expression."""
    inner, types = unwrap(walk, value)
    kind = inner.type
    exports = state(walk).exports
    found = imports.required(walk, inner)
    if kind == "identifier":
        exports.append(("default", walk.text(inner), NONE, NONE))
        return [*types, inner]
    if found is not None:
        export_required(walk, node, ["default"], found)
        return [*types, *found.rest]
    own = inner.child_by_field_name("name") if kind in ("class", *FUNCTIONS) else None
    own = None if kind == "arrow_function" else own
    name = walk.text(own) if own is not None else "default"
    kinds = {"class": KIND_CLASS, **dict.fromkeys(FUNCTIONS, KIND_FUNCTION)}
    index = walk.define(
        node, kind=kinds.get(kind, KIND_CONSTANT), name=name, declare=own is not None
    )
    exports.append(("default", "", index, NONE))
    if kind == "class":
        decorators = [child for child in node.children if child.type == "decorator"]
        return [*types, *classes.class_as(walk, index, inner, node, decorators)]
    if kind in FUNCTIONS:
        return [*types, *functions.function_as(walk, index, inner, node)]
    if index != NONE:
        walk.symbols[index].signature = signature(walk, node.start_byte, inner.start_byte)
        walk.symbols[index].docstring = docstring_of(walk, node)
    if kind == "object":
        return [*types, *functions.object_members(walk, index, inner)]
    return [*types, inner]


def before_resolve(walk: Walk) -> None:
    """Lost imports, exports, overloads that are none."""
    recover(walk)
    _settle_overloads(walk)
    seen: set[str] = set()
    for name, local, symbol, binding in state(walk).exports:
        if local:
            binding, symbol = walk.scopes.lookup(0, local)
        if name in seen and symbol == binding == NONE:
            continue
        if symbol != NONE:
            default = name in ("default", WHOLE)
            walk.symbols[symbol].flags |= FLAG_EXPORTED
            walk.symbols[symbol].flags |= FLAG_DEFAULT_EXPORT if default else 0
        if binding != NONE and walk.bindings[binding].form == FORM_IMPORT:
            walk.bindings[binding] = walk.bindings[binding]._replace(form=FORM_REEXPORT)
        if name not in seen:
            seen.add(name)
            walk.exports.append(Export(name, local, symbol, binding))


def _settle_overloads(walk: Walk) -> None:
    """A signature without a body is an overload only beside another definition of its name."""
    counts: dict[tuple[int, str], int] = {}
    for draft in walk.symbols:
        counts[draft.parent, draft.name] = counts.get((draft.parent, draft.name), 0) + 1
    for draft in walk.symbols:
        if draft.flags & FLAG_OVERLOAD and counts[draft.parent, draft.name] == 1:
            draft.flags &= ~FLAG_OVERLOAD


def after_resolve(walk: Walk) -> None:
    """Imports that every use needs as a type only: TypeScript does not emit them."""
    found = state(walk)
    found.release()
    if not found.typescript:
        return
    used_as: dict[int, bool] = {}
    for reference in walk.references:
        if reference.binding == NONE:
            continue
        role, byte = reference.role, reference.start_byte
        is_type = (role == ROLE_TYPE and byte not in found.kept) or (
            role == ROLE_BASE and byte in found.erasable
        )
        used_as[reference.binding] = used_as.get(reference.binding, True) and is_type
    for index, only_types in used_as.items():
        binding = walk.bindings[index]
        if found.jsx and binding.local in _JSX_FACTORIES:
            continue
        if only_types and binding.erased == ERASED_NO and binding.form == FORM_IMPORT:
            walk.bindings[index] = binding._replace(erased=ERASED_USE)
