"""Markdown of plans: complete, and harmless whatever a repository calls its files."""

import re
from dataclasses import replace

from hypothesis import given, settings
from tests.support.planning import COMMIT, milestones, planned
from tests.support.plans import blueprints

from prism.domain.blueprints.model import Statement
from prism.domain.blueprints.render_markdown import render_markdown

PAIR = """
api/
  routes.py
    1 imports api/views.py: show
  views.py
    7 imports api/routes.py: url
"""
#: A name that tries to be code, a table cell, a heading, HTML, a link and a terminal command.
HOSTILE = "a`b|c\n# d<script>alert(1)</script>[x](http://y)\x1b[2J\u202e.py"


def test_a_plan_shows_milestones_measures_checks_and_citations() -> None:
    text = render_markdown(planned(PAIR))
    assert "### 2.1 Open circle 1: `api/routes.py` and `api/views.py`" in text
    assert "- Measure: imports inside circle 1 2 → 0" in text
    assert "- Check: `prism index . && prism findings . --rule import-cycle --json`" in text
    assert re.search(
        rf"^\[\^\d+\]: `api/(views.py:7|routes.py:1)` at `{COMMIT[:12]}`, import ", text, re.M
    )


def test_every_footnote_that_is_used_is_defined_once() -> None:
    text = render_markdown(planned(PAIR))
    body, _, notes = text.partition("## Evidence")
    defined = re.findall(r"^\[\^(\d+)\]: ", notes, re.M)
    assert sorted(set(re.findall(r"\[\^(\d+)\]", body)), key=int) == defined


def test_a_plan_without_milestones_has_no_table() -> None:
    text = render_markdown(planned("a.py"))
    assert "## Milestones" not in text
    assert "## Summary" in text


def test_goal_and_focus_stand_at_the_top() -> None:
    text = render_markdown(planned(PAIR, goal="untangle-cycles", focus=["api"]))
    assert "goal: `untangle-cycles`, focus: `api`" in text.splitlines()[2]


def test_the_name_of_a_file_becomes_no_markup() -> None:
    blueprint = planned(PAIR)
    statement = Statement(text=f"see {HOSTILE}", citations=(blueprint.citations[0].id,))
    hostile = replace(
        blueprint,
        title=HOSTILE,
        summary=(statement,),
        citations=tuple(replace(each, path=HOSTILE, ref=HOSTILE) for each in blueprint.citations),
    )
    text = render_markdown(hostile)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not re.search(r"(?<!\\)<script", re.sub(r"`[^`\n]*`", "", text))
    assert not re.search(r"(?<!\\)\]\(http", re.sub(r"`[^`\n]*`", "", text))
    assert "\n# d" not in text


def test_a_pipe_in_a_name_ends_no_cell_of_the_table() -> None:
    blueprint = planned(PAIR)
    phase = blueprint.phases[0]
    first = replace(phase.milestones[0], title="move `a|b` out", number="1.1")
    odd = replace(blueprint, phases=(replace(phase, milestones=(first,)), *blueprint.phases[1:]))
    row = next(line for line in render_markdown(odd).splitlines() if line.startswith("| 1.1"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 4


def test_a_command_with_backticks_stays_in_its_span() -> None:
    blueprint = planned(PAIR)
    phase = blueprint.phases[0]
    first = replace(phase.milestones[0], verification="wc -l -- 'a``b'")
    odd = replace(blueprint, phases=(replace(phase, milestones=(first,)),))
    assert "- Check: ```wc -l -- 'a``b'```" in render_markdown(odd)


def test_of_very_many_citations_the_first_are_shown_and_the_rest_counted() -> None:
    blueprint = planned(PAIR)
    names = tuple(each.id for each in blueprint.citations)
    assert len(names) > 6
    many = replace(blueprint, summary=(Statement(text="all", citations=names),))
    assert f"(+{len(names) - 6} in the JSON)" in render_markdown(many)


def test_milestones_name_what_comes_before_them_by_number() -> None:
    blueprint = planned(PAIR)
    assert milestones(blueprint)[-1].depends_on
    assert re.search(r"^- After: 1\.\d", render_markdown(blueprint), re.M)


@given(blueprint=blueprints())
@settings(max_examples=60)
def test_any_blueprint_renders_to_printable_lines(blueprint: object) -> None:
    text = render_markdown(blueprint)  # type: ignore[arg-type]  # a strategy of blueprints
    assert text.endswith("\n")
    assert all(line.isprintable() for line in text.split("\n"))
