"""Packed facts: complete, deterministic, small."""

import zlib
from dataclasses import replace
from typing import Any, get_type_hints

from hypothesis import given, settings
from hypothesis import strategies as st

from prism.adapters.languages.records import (
    content_digest,
    outline_record_of,
    pack,
    unpack,
    unpack_outline,
)
from prism.domain.facts.structure import (
    Binding,
    Export,
    FileFacts,
    Flow,
    Mark,
    ParseProblem,
    Reference,
    StringFact,
    Symbol,
)

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_VALUES: dict[object, st.SearchStrategy[Any]] = {
    str: _TEXT,
    int: st.integers(-1, 1 << 40),
    tuple[str, ...]: st.lists(_TEXT, max_size=3).map(tuple),
    tuple[int, ...]: st.lists(st.integers(0, (1 << 32) - 1), max_size=4).map(tuple),
}


def _rows(kind: type[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    fields = {name: _VALUES[hint] for name, hint in get_type_hints(kind).items()}
    return st.lists(st.builds(kind, **fields), max_size=5).map(tuple)


FACTS = st.builds(
    FileFacts,
    language=_TEXT,
    lines=st.integers(0, 1 << 20),
    code_lines=st.integers(0, 1 << 20),
    comment_lines=st.integers(0, 1 << 20),
    docstring=_TEXT,
    complexity=st.integers(0, 1 << 20),
    symbols=_rows(Symbol),
    bindings=_rows(Binding),
    exports=_rows(Export),
    references=_rows(Reference),
    flows=_rows(Flow),
    strings=_rows(StringFact),
    marks=_rows(Mark),
    problems=_rows(ParseProblem),
)


@given(FACTS)
@settings(max_examples=100, deadline=None)
def test_facts_come_back_as_they_were(facts: FileFacts) -> None:
    _outline, record = pack(facts)
    assert unpack(record) == facts
    assert pack(unpack(record))[1] == record


@given(FACTS)
@settings(max_examples=50, deadline=None)
def test_an_outline_is_what_resolution_needs(facts: FileFacts) -> None:
    outline_record, record = pack(facts)
    outline = unpack_outline(outline_record)
    assert outline_record_of(record) == outline_record
    assert outline.bindings == facts.bindings
    assert outline.exports == facts.exports
    assert outline.problems == len(facts.problems)
    assert outline.symbols == tuple(symbol._replace(windows=()) for symbol in facts.symbols)


@given(FACTS)
@settings(max_examples=30, deadline=None)
def test_the_digest_is_of_the_facts_and_not_of_the_compression(facts: FileFacts) -> None:
    outline, record = pack(facts)
    chunks = (outline[5:], record[len(outline) :])
    first, rest = (zlib.compress(zlib.decompress(chunk), 9) for chunk in chunks)
    other = record[:1] + len(first).to_bytes(4, "big") + first + rest
    assert content_digest(other) == content_digest(record)
    changed = replace(facts, lines=facts.lines + 1)
    assert content_digest(pack(changed)[1]) != content_digest(record)


def test_many_uses_of_a_name_cost_little() -> None:
    uses = tuple(Reference("self.name", "call", -1, -1, 0, n, n * 40) for n in range(10_000))
    facts = FileFacts(
        language="python", lines=1, code_lines=1, comment_lines=0, docstring="", complexity=1,
        references=uses,
    )  # fmt: skip
    assert len(pack(facts)[1]) < 2000
