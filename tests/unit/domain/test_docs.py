"""Headings of documents."""

import pytest

from prism.domain.docs import TEXT_LENGTH_MAX, docstring_block, document_blocks, is_document


def outline(path: str, text: str) -> list[tuple[int, int, str]]:
    return [(block.line, block.level, block.title) for block in document_blocks(path, text)]


def test_atx_and_setext_headings_have_their_levels() -> None:
    text = "# One\n\nbody\n\nTwo\n---\n\n### Three ###\n\nFour\n====\n"
    assert outline("README.md", text) == [
        (1, 1, "One"),
        (5, 2, "Two"),
        (8, 3, "Three"),
        (10, 1, "Four"),
    ]


def test_signs_within_fences_and_front_matter_are_no_headings() -> None:
    text = "---\ntitle: x\n---\n# Real\n```sh\n# comment\n```\n~~~\n# more\n```\n~~~\n## Next\n"
    assert outline("a.md", text) == [(4, 1, "Real"), (12, 2, "Next")]


def test_a_rule_below_a_list_or_a_blank_line_is_no_heading() -> None:
    assert outline("a.md", "- item\n---\n\n---\ntext #hash\n#nospace\n")[0][2] == ""


def test_a_block_holds_the_text_below_its_heading() -> None:
    blocks = document_blocks("a.md", "before\n\n# One\n\nfirst\nsecond\n\n# Two\n")
    assert [(b.title, b.level, b.text) for b in blocks] == [
        ("", 0, "before"),
        ("One", 1, "first\nsecond"),
        ("Two", 1, ""),
    ]


def test_restructured_titles_get_levels_in_order_of_their_styles() -> None:
    text = "=====\nTitle\n=====\n\nA\n=\n\ntext\n\nSection\n-------\n\nB\n=\n\n  Code\n  ----\n"
    assert outline("index.rst", text) == [
        (1, 1, "Title"),
        (5, 2, "A"),
        (10, 3, "Section"),
        (13, 2, "B"),
    ]


def test_a_table_or_a_transition_is_no_title() -> None:
    text = "para\n\n-----\n\n=====  =====\na      b\n=====  =====\n"
    assert outline("index.rst", text) == [(1, 0, "")]


def test_text_is_cut_at_its_limit_and_holds_no_nul() -> None:
    (block,) = document_blocks("README", "x\0" * (2 * TEXT_LENGTH_MAX))
    assert block.text == "x" * TEXT_LENGTH_MAX


def test_a_docstring_has_its_first_line_as_title() -> None:
    block = docstring_block("a.py", "\n  Do it.\n\nMore.\n")
    assert (block.kind, block.title, block.text) == ("docstring", "Do it.", "Do it.\n\nMore.")


@pytest.mark.parametrize(
    ("path", "expected"),
    [("README", True), ("docs/a.MD", True), ("a.rst", True), ("a.txt", False), ("b.py", False)],
)
def test_documents_are_told_by_their_names(path: str, expected: bool) -> None:
    assert is_document(path) is expected
