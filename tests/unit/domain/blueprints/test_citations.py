"""Citations: ids from content, hashes of lines, names that are safe to show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism.domain.blueprints.citations import (
    Citations,
    citation_id,
    code,
    edge_ends,
    span_hash,
    visible,
)
from prism.domain.blueprints.drafts import shell_word
from prism.domain.blueprints.model import CitationKind


def test_the_hash_of_lines_depends_on_these_lines_only() -> None:
    assert span_hash(b"a\nb\nc\n", 2, 2) == span_hash(b"x\nb", 2, 2)
    assert span_hash(b"a\nb\nc\n", 1, 2) != span_hash(b"a\nB\nc\n", 1, 2)


@pytest.mark.parametrize(("line", "end_line"), [(0, 1), (2, 1), (1, 3), (3, 3)])
def test_lines_that_a_file_does_not_have_have_no_hash(line: int, end_line: int) -> None:
    assert span_hash(b"a\nb\n", line, end_line) is None


def test_an_empty_file_has_one_empty_line() -> None:
    assert span_hash(b"", 1, 1) is not None
    assert span_hash(b"", 1, 2) is None


def test_the_id_comes_from_content() -> None:
    made = citation_id(CitationKind.LINES, "a.py", 1, 2, "")
    assert made == citation_id(CitationKind.LINES, "a.py", 1, 2, "")
    assert made != citation_id(CitationKind.LINES, "a.py", 1, 3, "")
    assert (made[0], len(made)) == ("c", 13)


def test_citing_the_same_thing_twice_is_one_citation() -> None:
    citations = Citations()
    used = {citations.lines("a.py", 3), citations.lines("a.py", 3)}
    assert len(citations.resolved(used, lambda _paths: {"a.py": b"1\n2\n3\n"})) == 1


def test_only_what_is_used_is_in_the_plan() -> None:
    citations = Citations()
    citations.file("a.py")
    used = {citations.cut(1)}
    assert [each.kind for each in citations.resolved(used, lambda _paths: {})] == ["cut"]


def test_the_ends_of_an_edge_are_read_whatever_the_paths_hold() -> None:
    citations = Citations()
    name = citations.edge("a -> b.py", "c -> d.py", 4)
    (edge,) = citations.resolved({name}, lambda _paths: {})
    assert edge_ends(edge.ref, edge.path) == ("a -> b.py", "c -> d.py")


def test_a_visible_name_keeps_letters_of_every_script() -> None:
    assert visible("straße/файл.py") == "straße/файл.py"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a\nb", "a\\nb"), ("a`b", "a\\x60b"), ("\x1b[2J", "\\x1b[2J"), ("\udce9", "\\udce9")],
)
def test_what_cannot_be_printed_is_escaped(name: str, shown: str) -> None:
    assert visible(name) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_a_code_span_holds_nothing_that_ends_it(name: str) -> None:
    assert code(name).count("`") == 2
    assert code(name).isprintable()


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("src/a.py", "src/a.py"),
        ("a b.py", "'a b.py'"),
        ("-rf", "./-rf"),
        ("a\n'b", "$'a\\x0a\\x27b'"),
        ("caf\udce9", "$'caf\\xe9'"),
    ],
)
def test_a_path_is_one_word_of_a_command(path: str, word: str) -> None:
    assert shell_word(path) == word
