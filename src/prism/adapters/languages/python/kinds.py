"""Numbers of the node kinds that Python's actions compare with: far cheaper than names."""

import tree_sitter_python
from tree_sitter import Language

_LANGUAGE = Language(tree_sitter_python.language())


def _named(kind: str) -> int:
    number = _LANGUAGE.id_for_node_kind(kind, True)
    assert number is not None, kind
    return number


def _token(kind: str) -> int:
    number = _LANGUAGE.id_for_node_kind(kind, False)
    assert number is not None, kind
    return number


ALIASED_IMPORT = _named("aliased_import")
ARGUMENT_LIST = _named("argument_list")
AS_PATTERN = _named("as_pattern")
AS_PATTERN_TARGET = _named("as_pattern_target")
ASSIGNMENT = _named("assignment")
ATTRIBUTE = _named("attribute")
AWAIT = _named("await")
BLOCK = _named("block")
BOOLEAN_OPERATOR = _named("boolean_operator")
CALL = _named("call")
CASE_CLAUSE = _named("case_clause")
CLASS_DEFINITION = _named("class_definition")
COMMENT = _named("comment")
CONCATENATED_STRING = _named("concatenated_string")
CONDITIONAL_EXPRESSION = _named("conditional_expression")
DECORATOR = _named("decorator")
DEFAULT_PARAMETER = _named("default_parameter")
DICTIONARY = _named("dictionary")
DICTIONARY_SPLAT = _named("dictionary_splat")
DICTIONARY_SPLAT_PATTERN = _named("dictionary_splat_pattern")
DOTTED_NAME = _named("dotted_name")
ELIF_CLAUSE = _named("elif_clause")
ELSE_CLAUSE = _named("else_clause")
EXCEPT_CLAUSE = _named("except_clause")
EXPRESSION_LIST = _named("expression_list")
EXPRESSION_STATEMENT = _named("expression_statement")
FALSE = _named("false")
FOR_IN_CLAUSE = _named("for_in_clause")
FUNCTION_DEFINITION = _named("function_definition")
IDENTIFIER = _named("identifier")
IF_CLAUSE = _named("if_clause")
INTEGER = _named("integer")
INTERPOLATION = _named("interpolation")
KEYWORD_ARGUMENT = _named("keyword_argument")
KEYWORD_SEPARATOR = _named("keyword_separator")
LIST = _named("list")
LIST_PATTERN = _named("list_pattern")
LIST_SPLAT = _named("list_splat")
LIST_SPLAT_PATTERN = _named("list_splat_pattern")
NAMED_EXPRESSION = _named("named_expression")
NOT_OPERATOR = _named("not_operator")
PARAMETERS = _named("parameters")
PAIR = _named("pair")
PARENTHESIZED_EXPRESSION = _named("parenthesized_expression")
PATTERN_LIST = _named("pattern_list")
POSITIONAL_SEPARATOR = _named("positional_separator")
RELATIVE_IMPORT = _named("relative_import")
SET = _named("set")
STRING = _named("string")
STRING_CONTENT = _named("string_content")
STRING_END = _named("string_end")
STRING_START = _named("string_start")
SUBSCRIPT = _named("subscript")
TUPLE = _named("tuple")
TUPLE_PATTERN = _named("tuple_pattern")
TYPE_PARAMETER = _named("type_parameter")
TYPE = _named("type")
TYPED_DEFAULT_PARAMETER = _named("typed_default_parameter")
TYPED_PARAMETER = _named("typed_parameter")
WILDCARD_IMPORT = _named("wildcard_import")

AND = _token("and")
AS = _token("as")
ASYNC = _token("async")
CLOSE = _token(")")
COLON = _token(":")
COMMA = _token(",")
EQUALS = _token("=")
FOR = _token("for")
IN = _token("in")
NOT = _token("not")
OPEN = _token("(")
