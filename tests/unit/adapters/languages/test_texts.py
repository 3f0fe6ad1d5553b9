"""Line counts, marks, and strings that look like something."""

from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism.adapters.languages.texts import (
    count_lines,
    line_starts,
    looks_like,
    marks_in,
)
from prism.domain.facts.structure import Mark


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("templates/index.html", "path"),
        ("./x", "path"),
        ("/etc/passwd", "path"),
        ("{name}/file.txt", "path"),
        ("a.b", "dotted"),
        ("django.contrib.auth", "dotted"),
        ("pkg.module:attr", "dotted"),
        ("plain", ""),
        ("1.2.3", ""),
        ("a / b", ""),
        ("https://example.org/x", ""),
        ("a/" * 200, ""),
        ("", ""),
    ],
)
def test_strings_are_told_apart_by_their_looks(value: str, kind: str) -> None:
    assert looks_like(value) == kind


@given(st.binary(max_size=200).map(lambda data: data.replace(b"x", b"\n")))
def test_every_byte_is_on_the_line_that_a_count_of_line_breaks_gives(source: bytes) -> None:
    starts = line_starts(source)
    for byte in range(len(source) + 1):
        assert bisect_right(starts, byte) == source.count(b"\n", 0, byte) + 1


@pytest.mark.parametrize(
    ("source", "comments", "counts"),
    [
        (b"", [], (0, 0, 0)),
        (b"a\n\n  \nb", [], (4, 2, 0)),
        (b"# c\na # d\n", [(0, 3), (6, 9)], (2, 1, 1)),
        (b"/* one\n\ntwo */ x\n", [(0, 14)], (3, 1, 1)),
    ],
)
def test_lines_are_counted_by_what_is_on_them(
    source: bytes, comments: list[tuple[int, int]], counts: tuple[int, int, int]
) -> None:
    assert count_lines(source, comments) == counts


def test_marks_carry_their_text_and_line() -> None:
    comment = "/* first\n * FIXME(bob): later\n * HACK */"
    assert marks_in(comment, 10) == [Mark("FIXME", "later", 11), Mark("HACK", "", 12)]
