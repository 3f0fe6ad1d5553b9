"""JavaScript, TypeScript and TSX: what to do at each kind of node of their grammars.

The three grammars (tree-sitter-javascript 0.25, tree-sitter-typescript 0.23) number their kinds
differently, therefore the actions go by names (``walk.kinds``).
"""

from prism.adapters.languages.ecmascript import (
    classes,
    exports,
    expressions,
    functions,
    imports,
    statements,
    targets,
    type_declarations,
    variables,
)
from prism.adapters.languages.walk import Action, Rules, Walk

_COMMON: dict[str, Action] = {
    **{
        kind: action
        for kind, action in exports.DECLARATIONS.items()
        if kind in ("class_declaration", "lexical_declaration", "variable_declaration")
        or kind in ("function_declaration", "generator_function_declaration")
    },
    "comment": Walk.comment,
    "html_comment": Walk.comment,
    "identifier": expressions.identifier,
    "member_expression": expressions.member_expression,
    "call_expression": expressions.call,
    "new_expression": expressions.new_expression,
    "string": expressions.string,
    "template_string": expressions.template_string,
    "ternary_expression": expressions.ternary_expression,
    "binary_expression": expressions.binary_expression,
    "object": functions.object_literal,
    "pair": functions.pair,
    "shorthand_property_identifier": functions.shorthand_property,
    "function_expression": functions.function_expression,
    "generator_function": functions.function_expression,
    "arrow_function": functions.function_expression,
    "return_statement": functions.return_statement,
    "yield_expression": functions.yield_expression,
    "formal_parameters": targets.formal_parameters,
    "class": classes.class_expression,
    "class_heritage": classes.class_heritage,
    "method_definition": classes.class_method,
    "decorator": classes.decorator,
    "import_statement": imports.import_statement,
    "export_statement": exports.export_statement,
    "assignment_expression": variables.assignment_expression,
    "augmented_assignment_expression": variables.augmented_assignment,
    "update_expression": variables.update_expression,
    "statement_block": statements.block,
    "if_statement": statements.if_statement,
    "else_clause": statements.else_clause,
    "for_statement": statements.for_statement,
    "for_in_statement": statements.for_in_statement,
    "while_statement": statements.loop,
    "do_statement": statements.loop,
    "switch_statement": statements.switch_statement,
    "switch_case": statements.switch_case,
    "try_statement": statements.try_statement,
    "catch_clause": statements.catch_clause,
    "break_statement": statements.jump,
    "continue_statement": statements.jump,
}
_TYPES: dict[str, Action] = {
    **{kind: a for kind, a in exports.DECLARATIONS.items() if kind != "using_declaration"},
    "ambient_declaration": exports.declare_statement,
    "public_field_definition": classes.field_definition,
    "method_signature": type_declarations.method_signature,
    "abstract_method_signature": type_declarations.method_signature,
    "property_signature": type_declarations.property_signature,
    "property_identifier": type_declarations.enum_member,
    "enum_assignment": type_declarations.enum_member,
    "extends_type_clause": type_declarations.extends_type_clause,
    "object_type": type_declarations.object_type,
    "type_parameters": classes.type_parameters,
    "type_identifier": expressions.type_identifier,
    "nested_type_identifier": expressions.nested_type_identifier,
    "type_annotation": expressions.types,
    "type_arguments": expressions.types,
    "type_predicate_annotation": expressions.types,
    "asserts_annotation": expressions.types,
    "opting_type_annotation": expressions.types,
    "omitting_type_annotation": expressions.types,
    "adding_type_annotation": expressions.types,
    "type_predicate": expressions.predicate,
    "asserts": expressions.predicate,
    "as_expression": expressions.cast,
    "satisfies_expression": expressions.cast,
    "function_type": expressions.type_scope,
    "constructor_type": expressions.type_scope,
    "call_signature": expressions.type_scope,
    "construct_signature": expressions.type_scope,
    "conditional_type": expressions.type_scope,
    "infer_type": expressions.declares_type,
    "mapped_type_clause": expressions.declares_type,
    "index_signature": expressions.index_signature,
    "required_parameter": expressions.typed_element,
    "optional_parameter": expressions.typed_element,
}
_JSX: dict[str, Action] = {
    "jsx_opening_element": expressions.jsx_tag,
    "jsx_self_closing_element": expressions.jsx_tag,
    "jsx_closing_element": expressions.jsx_end_tag,
}
_SCRIPT: dict[str, Action] = {
    "field_definition": classes.field_definition,
    "using_declaration": variables.declaration,
}
_COMMON_TOKENS = frozenset(
    (
        *("number", "regex", "true", "false", "null", "undefined", "this", "super"),
        *("private_property_identifier", "statement_identifier", "meta_property"),
        *("hash_bang_line", "optional_chain"),
    )
)
_TYPE_TOKENS = frozenset(
    ("predefined_type", "this_type", "accessibility_modifier", "override_modifier")
)
_JSX_TOKENS = frozenset(("jsx_text", "jsx_namespace_name", "html_character_reference"))


def _rules(
    name: str, actions: dict[str, Action], tokens: frozenset[str], *, typescript: bool
) -> Rules:
    return Rules(
        name=name,
        actions={**_COMMON, **actions},
        tokens=_COMMON_TOKENS | tokens,
        begin=exports.begin(typescript=typescript),
        before_resolve=exports.before_resolve,
        after_resolve=exports.after_resolve,
    )


RULES_BY_NAME = {
    "javascript": _rules(
        "javascript", {**_SCRIPT, **_JSX}, _JSX_TOKENS | {"property_identifier"}, typescript=False
    ),
    "typescript": _rules("typescript", _TYPES, _TYPE_TOKENS, typescript=True),
    "tsx": _rules("tsx", {**_TYPES, **_JSX}, _TYPE_TOKENS | _JSX_TOKENS, typescript=True),
}
