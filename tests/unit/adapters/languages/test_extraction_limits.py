"""Extraction of hostile, broken and huge files: it never fails, and what it says is true."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism.adapters.languages.engine import NODES_MAX, Engine
from prism.adapters.languages.records import pack, unpack
from prism.adapters.languages.registry import load_engine
from prism.adapters.languages.walk import DEPTH_MAX, NAME_MAX, QUALNAME_MAX
from prism.domain.facts.structure import FILE_BYTES_MAX, FileFacts

ENGINE: Engine = load_engine("python")
_FRAGMENTS = st.sampled_from([
    "def f(a, *b):\n", "class C(B):\n", "    ", "        ", "return x.y(z)\n", "import a.b as c\n",
    "from . import d\n", "if x and y or z:\n", "else:\n", "try:\n", "except E as e:\n", "pass\n",
    "[i for i in j if k]\n", "lambda q: q\n", 'f"{a!r:>{b}}"\n', "'''", '"', "#", "# TODO x\n",
    "@d(1)\n", "async ", "await ", "yield a\n", "(a := b)\n", "x[0].y = z\n", "(", ")", "[", "]",
    "{", "}", ":", ",", "=", "é", "\x00", "\r\n", "\t", "\\\n", "match x:\n", "case A(b=c):\n",
    "global x\n", "nonlocal x\n", "type X[T] = int\n", "del x\n", "with a as (b, c):\n",
])  # fmt: skip
PATHOLOGICAL = {
    "brackets": b"(" * 60_000,
    "lambdas": b"lambda: " * 15_000 + b"1",
    "a long chain": b"a" + b".b" * 40_000,
    "a chain of calls": b"a" + b".b()" * 15_000,
    "nested calls": b"f(" * 15_000 + b")" * 15_000,
    "a chain of assignments": b"a = " * 15_000 + b"1",
    "nested walruses": b"x = " + b"(a := " * 15_000,
    "many operators": b"a" + b" and a" * 15_000,
    "many branches": b"if x: pass\n" + b"elif x: pass\n" * 8_000,
    "nested tuples": b"(" * 15_000 + b"a" + b",)" * 15_000 + b" = b",
    "one import many times": b"import a.b\n" * 8_000 + b"a.b.c\n" * 8_000,
    "a long name with many arguments": b"f" * 40_000 + b"(" + b"a," * 15_000 + b")",
    "nested comprehensions": b"[x for x in " * 8_000,
}


def _extract(source: bytes) -> FileFacts:
    return ENGINE.extract(source, deadline_seconds=60)


def _indexes(facts: FileFacts) -> Iterator[tuple[int, int]]:
    """(position, length of what it points into) of every reference between rows."""
    symbols, bindings = len(facts.symbols), len(facts.bindings)
    yield from ((symbol.parent, symbols) for symbol in facts.symbols)
    yield from ((binding.enclosing, symbols) for binding in facts.bindings)
    for export in facts.exports:
        yield from ((export.symbol, symbols), (export.binding, bindings))
    for use in facts.references:
        yield from ((use.binding, bindings), (use.symbol, symbols), (use.enclosing, symbols))
    yield from ((flow.enclosing, symbols) for flow in facts.flows)


@given(st.lists(_FRAGMENTS, max_size=40).map("".join))
@settings(max_examples=150, deadline=None)
def test_any_text_has_consistent_facts(text: str) -> None:
    source = text.encode()
    facts = _extract(source)
    assert all(-1 <= position < length for position, length in _indexes(facts))
    for symbol in facts.symbols:
        assert 0 <= symbol.start_byte <= symbol.end_byte <= len(source)
        assert 1 <= symbol.start_line <= symbol.end_line
        assert symbol.parent == -1 or symbol.qualname.endswith(f".{symbol.name}")
    for use in facts.references:
        assert use.line == source.count(b"\n", 0, use.start_byte) + 1
    assert facts.code_lines + facts.comment_lines <= facts.lines
    assert unpack(pack(facts)[1]) == facts


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_bytes_have_facts(source: bytes) -> None:
    assert pack(_extract(source)) == pack(_extract(source))


@pytest.mark.parametrize("source", PATHOLOGICAL.values(), ids=PATHOLOGICAL.keys())
def test_facts_of_a_pathological_file_stay_in_proportion(source: bytes) -> None:
    _outline, record = pack(_extract(source))
    assert len(record) <= 2 * len(source) + 1000


def test_a_file_beyond_the_size_limit_has_lines_and_a_problem() -> None:
    facts = _extract(b"x = 1\n" * (FILE_BYTES_MAX // 6 + 1))
    assert (facts.symbols, facts.references) == ((), ())
    assert facts.lines > 100_000
    assert [problem.kind for problem in facts.problems] == ["limit: file is larger than 1 MiB"]


def test_a_file_beyond_the_node_limit_has_lines_and_a_problem() -> None:
    facts = _extract(b"x = [" + b"1," * (NODES_MAX // 2) + b"]")
    assert facts.symbols == ()
    assert [p.kind for p in facts.problems] == ["limit: file has too many syntax nodes"]


def test_definitions_below_the_depth_limit_belong_to_the_body_around() -> None:
    lines = [f"{' ' * depth}def f{depth}():" for depth in range(2 * DEPTH_MAX)]
    facts = _extract("\n".join([*lines, " " * 2 * DEPTH_MAX + "deep()"]).encode())
    assert len(facts.symbols) == DEPTH_MAX
    assert facts.references[-1].chain == "deep"
    assert facts.references[-1].enclosing == DEPTH_MAX - 1


def test_qualified_names_do_not_grow_without_bounds() -> None:
    lines = [f"{' ' * depth}class {'N' * 5000}:" for depth in range(10)]
    facts = _extract("\n".join([*lines, " " * 10 + "x = 1"]).encode())
    assert max(len(symbol.qualname) for symbol in facts.symbols) <= QUALNAME_MAX + NAME_MAX + 1


def test_errors_are_listed_with_their_place_and_counted_no_further_than_a_limit() -> None:
    facts = _extract(b"def f(:\n    pass\n" * 500)
    assert 1 <= len(facts.problems) <= 100
    assert facts.problems[0].line == 1


def test_bytes_that_are_no_text_are_replaced() -> None:
    facts = _extract(b"# TODO \xff bad\nx = '\xfe/\xfe'\n")
    assert [(mark.text, mark.line) for mark in facts.marks] == [("\ufffd bad", 1)]
    assert [symbol.name for symbol in facts.symbols] == ["x"]
