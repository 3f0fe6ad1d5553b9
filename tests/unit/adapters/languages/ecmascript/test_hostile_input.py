"""Files that nobody writes by hand: extraction ends, whatever is nested how deep."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.ecmascript_tree import engine

_DEPTH = 1000
_NESTED = {
    "parentheses": ("(", "x", ")"),
    "functions": ("function f(){", "", "}"),
    "arrows": ("()=>", "x", ""),
    "assignments": ("x=(", "y", ")"),
    "chained assignments": ("a=", "b", ""),
    "blocks": ("{let a;b;", "", "}"),
    "alternatives": ("if(x){}else ", ";", ""),
    "conditions": ("if(function(){", "", "}){}"),
    "operators": ("a&&b||", "c", ""),
    "choices": ("a?b:", "c", ""),
    "calls": ("f(", "x", ")"),
    "objects": ("x={a:", "1", "}"),
    "methods": ("x={a(){return ", "1", "}}"),
    "classes": ("class A extends (", "B", "){}"),
    "patterns": ("[", "a", "]=b"),
    "templates": ("`${", "x", "}`"),
    "elements": ("<a>", "", "</a>"),
    "types": ("let a:A<", "B", ">"),
    "mapped types": ("type A={[K in ", "B", "]:1}"),
    "namespaces": ("namespace A{", "", "}"),
    "wrapped requires": ("__importDefault(", "require('x')", ")"),
}
_LANGUAGES = st.sampled_from(["javascript", "typescript", "tsx"])
_PIECES = st.sampled_from(
    (
        *("import ", "export ", "default ", "type ", "* ", "as ", "from ", "'./m'", "{", "}", "("),
        *(")", "[", "]", "=>", "=", "class A ", "function f", "const a", "async ", "await ", "@d "),
        *(
            "require('x')",
            "module.exports",
            "exports.a",
            ".",
            "?.",
            "`${",
            "}`",
            "<",
            ">",
            "/",
            ":",
        ),
        *("if", "else ", "for", "switch", "case 1:", "try", "catch", "extends ", "static ", "#p"),
        *("interface I ", "enum E ", "namespace N ", "declare ", ";", ",", "...", "\n", "/** d */"),
    )
)


@pytest.mark.parametrize("name", _NESTED)
@pytest.mark.parametrize("language", ["javascript", "typescript", "tsx"])
def test_deep_nesting_is_walked_to_its_end(name: str, language: str) -> None:
    before, middle, after = _NESTED[name]
    text = f"{before * _DEPTH}{middle}{after * _DEPTH};\nimport last from './last'\n"
    facts = engine(language).extract(text.encode())
    assert facts.lines == 2
    assert len(facts.symbols) <= 100


@settings(max_examples=150)
@given(
    st.lists(_PIECES, max_size=60).map("".join),
    st.sampled_from(["javascript", "typescript", "tsx"]),
)
def test_rows_point_at_rows_whatever_the_text(text: str, language: str) -> None:
    facts = engine(language).extract(text.encode())
    symbols, bindings = range(-1, len(facts.symbols)), range(-1, len(facts.bindings))
    for index, symbol in enumerate(facts.symbols):
        assert symbol.parent in range(-1, index)
        assert symbol.end_byte <= len(text.encode())
    for binding in facts.bindings:
        assert binding.enclosing in symbols
    for reference in facts.references:
        assert reference.binding in bindings
        assert reference.symbol in symbols
    for export in facts.exports:
        assert export.symbol in symbols
        assert export.binding in bindings


@settings(max_examples=60)
@given(st.binary(max_size=200), _LANGUAGES)
def test_bytes_of_any_kind_give_facts(data: bytes, language: str) -> None:
    assert engine(language).extract(data) == engine(language).extract(data)
