"""Headings with the text below them, from Markdown and reStructuredText, and from docstrings.

Only what outlines need: ATX and setext headings (CommonMark 0.31, 4.2 and 4.3) outside fences and
front matter, and section titles by their adornment (docutils' reStructuredText specification).
"""

import re
from collections.abc import Iterator, Sequence

from prism.domain.facts.runs import DocBlock

TEXT_LENGTH_MAX = 2000
TITLE_LENGTH_MAX = 200
BLOCKS_PER_FILE_MAX = 1000

_MARKDOWN = (".md", ".markdown", ".mdx")
_RESTRUCTURED = (".rst", ".rest")
_PLAIN_NAMES = frozenset({"readme", "readme.txt"})
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?$")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_NOT_A_PARAGRAPH = re.compile(r" {0,3}(?:[>|]|[-*+] |\d{1,9}[.)] |#{1,6} )|\t| {4}")
_ADORNMENTS = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")

#: Line (from 1), level, title, and the number of lines that the heading itself takes.
_Heading = tuple[int, int, str, int]


def is_document(path: str) -> bool:
    """Is *path* a document whose headings are read?"""
    name = path.rpartition("/")[2].lower()
    return name.endswith((*_MARKDOWN, *_RESTRUCTURED)) or name in _PLAIN_NAMES


def document_blocks(path: str, text: str) -> list[DocBlock]:
    """One block per heading, in order of appearance; text before the first heading has level 0
    and no title."""
    lines = text.replace("\0", "").splitlines()
    name = path.lower()
    if name.endswith(_MARKDOWN):
        start = _after_front_matter(lines)
        blocks = _blocks(path, lines, list(_markdown_headings(lines, start)), start)
    elif name.endswith(_RESTRUCTURED):
        blocks = _blocks(path, lines, list(_restructured_headings(lines)))
    else:
        blocks = _blocks(path, lines, [])
    return blocks[:BLOCKS_PER_FILE_MAX]


def docstring_block(path: str, docstring: str) -> DocBlock:
    text = docstring.replace("\0", "").strip()
    title = text.partition("\n")[0].strip()
    return DocBlock(
        path, 1, "docstring", 0, title[:TITLE_LENGTH_MAX], text[:TEXT_LENGTH_MAX].rstrip()
    )


def _blocks(
    path: str, lines: Sequence[str], headings: Sequence[_Heading], start: int = 0
) -> list[DocBlock]:
    starts = [(start + 1, 0, "", 0), *headings]
    ends = [line - 1 for line, *_ in headings] + [len(lines)]
    blocks = []
    for (line, level, title, taken), end in zip(starts, ends, strict=True):
        text = "\n".join(lines[line - 1 + taken : end]).strip()[:TEXT_LENGTH_MAX].rstrip()
        if title or text:
            blocks.append(DocBlock(path, line, "heading", level, title[:TITLE_LENGTH_MAX], text))
    return blocks


def _markdown_headings(lines: Sequence[str], start: int) -> Iterator[_Heading]:
    fence = ""
    for index in range(start, len(lines)):
        line = lines[index]
        if mark := _FENCE.match(line):
            if not fence:
                fence = mark[1]
            elif mark[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif fence:
            continue
        elif atx := _ATX.match(line):
            title = _without_closing_signs(atx[2] or "")
            if title:
                yield index + 1, len(atx[1]), title, 1
        elif index > start and (setext := _SETEXT.match(line)):
            title = lines[index - 1].strip()
            if title and not _NOT_A_PARAGRAPH.match(lines[index - 1]):
                yield index, 1 if setext[1][0] == "=" else 2, title, 2


def _after_front_matter(lines: Sequence[str]) -> int:
    """Index of the first line behind a YAML block that opens the file."""
    if lines and lines[0].rstrip() == "---":
        for index in range(1, min(len(lines), 200)):
            if lines[index].rstrip() in ("---", "..."):
                return index + 1
    return 0


def _without_closing_signs(title: str) -> str:
    """`# Title ##` is the title `Title`."""
    stripped = title.strip()
    bare = stripped.rstrip("#")
    return bare.rstrip() if bare != stripped and (not bare or bare[-1] in " \t") else stripped


def _restructured_headings(lines: Sequence[str]) -> Iterator[_Heading]:
    levels: list[tuple[str, bool]] = []
    index = 0
    while index < len(lines):
        over = index + 2 < len(lines) and _is_adornment(lines[index], lines[index + 1].strip())
        if over and lines[index + 2].rstrip() == lines[index].rstrip():
            title, sign, taken = lines[index + 1].strip(), lines[index][0], 3
        elif _is_title_over(lines, index):
            over, title, sign, taken = False, lines[index].strip(), lines[index + 1][0], 2
        else:
            index += 1
            continue
        style = (sign, over)
        if style not in levels:
            levels.append(style)
        yield index + 1, levels.index(style) + 1, title, taken
        index += taken


def _is_title_over(lines: Sequence[str], index: int) -> bool:
    """A title stands flush left below a blank line, with its adornment underneath."""
    title = lines[index].rstrip()
    if not title or title[0].isspace() or index + 1 >= len(lines):
        return False
    if (index and lines[index - 1].strip()) or _is_adornment(title, ""):
        return False
    return _is_adornment(lines[index + 1], title)


def _is_adornment(line: str, title: str) -> bool:
    """A row of one punctuation sign, not shorter than the title (*title* '': at least four)."""
    row = line.rstrip()
    return (
        len(row) >= (len(title) if title else 4)
        and row[:1] in _ADORNMENTS
        and row == row[0] * len(row)
    )
