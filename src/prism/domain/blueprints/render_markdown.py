"""A blueprint as Markdown: safe to show whatever names the repository has, same input same bytes.

Names come from repositories that may be hostile. Code spans of a statement hold no backtick (see
``citations.visible``) and are kept; everything else is escaped, so that nothing a path or a title
holds becomes markup, HTML or a link. Citations are footnotes: path and lines of the commit.
"""

import re
from collections.abc import Iterable, Sequence

from prism.domain.blueprints.citations import code, visible
from prism.domain.blueprints.model import (
    Blueprint,
    Citation,
    CitationKind,
    Measure,
    Milestone,
    Phase,
    Statement,
)

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&!$])")
_AT_START = re.compile(r"^(\s*)([-+=]|\d+[.)])(?=\s|$)")
_CITED_MAX = 6


def render_markdown(blueprint: Blueprint) -> str:
    """The whole plan, ending in a line feed."""
    notes = _Footnotes(blueprint)
    lines = [
        f"# {_inline(blueprint.title)}",
        "",
        f"Commit `{visible(blueprint.commit)}`{_request(blueprint)}. "
        f"Made by {_inline(blueprint.generator)}; every sentence cites facts of the index.",
        "",
        *_section("Summary", blueprint.summary, notes),
        *_overview(blueprint.phases),
    ]
    for number, phase in enumerate(blueprint.phases, start=1):
        lines += _phase(number, phase, blueprint.phases, notes)
    lines += _section("Acceptance", blueprint.acceptance, notes)
    lines += _section("Risks", blueprint.risks, notes)
    lines += _section("Not in this plan", blueprint.non_goals, notes)
    lines += notes.definitions()
    return "\n".join(lines).rstrip("\n") + "\n"


def _request(blueprint: Blueprint) -> str:
    request = blueprint.request
    text = f", goal: {code(request.goal)}" if request.goal else ""
    focus = ", ".join(code(path) for path in request.focus)
    return f"{text}, focus: {focus}" if focus else text


def _section(title: str, statements: Sequence[Statement], notes: "_Footnotes") -> list[str]:
    if not statements:
        return []
    return [f"## {title}", "", *(f"- {notes.cited(each)}" for each in statements), ""]


def _overview(phases: Sequence[Phase]) -> list[str]:
    if not phases:
        return []
    rows = [
        f"| {_plain(each.number)} | {_inline(each.title)} | {_measure(each.measure)} |"
        for phase in phases
        for each in phase.milestones
    ]
    return ["## Milestones", "", "| | milestone | from → to |", "|---|---|---|", *rows, ""]


def _phase(
    number: int, phase: Phase, phases: Sequence[Phase], notes: "_Footnotes"
) -> Iterable[str]:
    yield f"## Phase {number}: {_inline(phase.title)} ({phase.kind.value})"
    yield ""
    yield notes.cited(phase.goal)
    yield ""
    numbers = {each.id: each.number for one in phases for each in one.milestones}
    for milestone in phase.milestones:
        yield from _milestone(milestone, numbers, notes)


def _milestone(milestone: Milestone, numbers: dict[str, str], notes: "_Footnotes") -> Iterable[str]:
    yield f"### {_plain(milestone.number)} {_inline(milestone.title)}"
    yield ""
    yield notes.cited(milestone.intent)
    yield ""
    yield f"- Measure: {_measure(milestone.measure)}"
    if milestone.key_files:
        yield f"- Files: {', '.join(code(path) for path in milestone.key_files)}"
    after = [_plain(numbers[each]) for each in milestone.depends_on if each in numbers]
    if after:
        yield f"- After: {', '.join(after)}"
    yield f"- Check: {_command(milestone.verification)}"
    yield f"- Id: `{visible(milestone.id)}`"
    yield ""
    for place, step in enumerate(milestone.steps, start=1):
        yield f"{place}. {notes.cited(step.action)}"
    yield ""


def _measure(measure: Measure) -> str:
    return f"{_inline(measure.name)} {_number(measure.before)} → {_number(measure.after)}"


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else f"{value:.4f}".rstrip("0")


def _command(command: str) -> str:
    """In a code span, fenced by more backticks than it holds in a row."""
    shown = "".join(each if each.isprintable() else visible(each) for each in command)
    longest = max(map(len, re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _inline(text: str) -> str:
    """Text with code spans kept and all other markup escaped; one line."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # a span that does not end: there is none
        return _plain(text)
    return "".join(_plain(part) if at % 2 == 0 else _span(part) for at, part in enumerate(parts))


def _plain(text: str) -> str:
    shown = "".join(each if each.isprintable() else visible(each) for each in text)
    escaped = _MARKUP.sub(r"\\\1", shown)
    return _AT_START.sub(r"\1\\\2", escaped)


def _span(text: str) -> str:
    """A pipe would end a table's cell even inside a code span."""
    if not text:
        return "\\`\\`"
    return f"`{visible(text)}`".replace("|", "\\|")


class _Footnotes:
    """Numbers citations by first appearance and defines those that were used."""

    def __init__(self, blueprint: Blueprint) -> None:
        self._known = {each.id: each for each in blueprint.citations}
        self._commit = blueprint.commit
        self._numbers: dict[str, int] = {}

    def cited(self, statement: Statement) -> str:
        """The sentence with its footnotes; of very many, the first ones and how many more."""
        shown = statement.citations[:_CITED_MAX]
        marks = "".join(f"[^{self._number(each)}]" for each in shown)
        more = len(statement.citations) - len(shown)
        return f"{_inline(statement.text)}.{marks}{f' (+{more} in the JSON)' if more else ''}"

    def _number(self, name: str) -> int:
        return self._numbers.setdefault(name, len(self._numbers) + 1)

    def definitions(self) -> list[str]:
        lines = [f"[^{number}]: {self._define(name)}" for name, number in self._numbers.items()]
        return ["## Evidence", "", *lines] if lines else []

    def _define(self, name: str) -> str:
        citation = self._known.get(name)
        return "not in the plan" if citation is None else _described(citation, self._commit)


def _described(citation: Citation, commit: str) -> str:
    at = f" at `{visible(commit[:12])}`"
    place = code(f"{citation.path}:{citation.line}")
    if citation.kind is CitationKind.LINES:
        if citation.end_line > citation.line:
            place = code(f"{citation.path}:{citation.line}-{citation.end_line}")
        return f"{place}{at}"
    if citation.kind is CitationKind.EDGE:
        return f"{place}{at}, import {code(citation.ref)}"
    if citation.kind is CitationKind.FILE:
        return f"{code(citation.path)}{at}{f', {_plain(citation.ref)}' if citation.ref else ''}"
    if citation.kind is CitationKind.FINDING:
        return f"finding {code(citation.ref)}"
    if citation.kind is CitationKind.CUT:
        return f"cut of circle {_plain(citation.ref)}"
    return f"figure of the index: {code(citation.ref)}"
