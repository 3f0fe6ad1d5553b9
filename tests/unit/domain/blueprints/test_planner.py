"""Plans made from small repositories: what is in them, in which order, and on what it rests."""

from dataclasses import replace
from random import Random

import pytest
from tests.support.planning import actions, milestones, plan_material, planned, statements
from tests.support.sketches import sketch

from prism.domain.blueprints.codec import blueprint_as_json, blueprint_from_json
from prism.domain.blueprints.model import BlueprintRequest
from prism.domain.blueprints.planner import plan

SHOP = """
shop/
  __init__.py
    1 reexports shop/cart.py: Cart
    2 reexports shop/stock.py: Item
  cart.py 200 lines
    3 imports shop/stock.py: Item
    4 imports shop/price.py: Price
    class Cart 10-190
  price.py 120 lines
    2 imports shop/__init__.py: Item = shop/stock.py
    class Price 5-20
  stock.py 150 lines
    8 defers shop/cart.py: Cart
    class Item 12-140
  till.py 40 lines
    1 imports shop/cart.py: Cart
  test_cart.py test
    1 imports shop/cart.py: Cart
"""
HOT = """
busy.py 500 lines 20 commits
  def settle 10-90 complexity 31
  def close 100-120 complexity 4
calm.py 90 lines 1 commit
"""


def two_circles() -> str:
    return """
api/
  routes.py
    1 imports api/views.py: show
  views.py
    1 imports api/routes.py: url
core/
  cart.py
    1 imports core/stock.py: Item
  stock.py
    1 imports core/cart.py: Cart
"""


def test_the_same_facts_and_request_give_the_same_plan_byte_for_byte() -> None:
    assert repr(planned(SHOP)) == repr(planned(SHOP))


def test_the_order_in_which_facts_come_does_not_matter() -> None:
    material = plan_material(sketch(SHOP))
    shuffled = [list(rows) for rows in (material.facts.edges, material.facts.cut_edges)]
    for rows in shuffled:
        Random(5).shuffle(rows)
    facts = replace(material.facts, edges=shuffled[0], cut_edges=shuffled[1])
    turned = replace(material, facts=facts)
    request = BlueprintRequest()
    assert plan(turned, request) == plan(material, request)


def test_every_statement_cites_something_of_the_plan() -> None:
    blueprint = planned(SHOP + HOT)
    known = {citation.id for citation in blueprint.citations}
    for statement in statements(blueprint):
        assert statement.citations
        assert known.issuperset(statement.citations), statement.text


def test_every_citation_is_used_and_lines_carry_the_hash_of_their_text() -> None:
    blueprint = planned(SHOP)
    used = {each for statement in statements(blueprint) for each in statement.citations}
    used |= {each for milestone in milestones(blueprint) for each in milestone.evidence}
    assert {citation.id for citation in blueprint.citations} == used
    assert all(bool(each.span_hash) is bool(each.line) for each in blueprint.citations)


def test_a_plan_survives_its_json() -> None:
    blueprint = planned(SHOP + HOT)
    assert blueprint_from_json(blueprint_as_json(blueprint)) == blueprint


def test_dependencies_lead_to_earlier_milestones_only() -> None:
    seen: set[str] = set()
    for milestone in milestones(planned(SHOP + two_circles() + HOT)):
        assert seen.issuperset(milestone.depends_on)
        seen.add(milestone.id)


def test_every_measure_gets_strictly_better() -> None:
    for milestone in milestones(planned(SHOP + two_circles() + HOT)):
        assert milestone.measure.after < milestone.measure.before, milestone.title


def test_milestones_are_numbered_by_phase_and_place() -> None:
    blueprint = planned(SHOP)
    numbers = [[milestone.number for milestone in phase.milestones] for phase in blueprint.phases]
    assert numbers == [
        [f"{at}.{place}" for place in range(1, len(row) + 1)]
        for at, row in enumerate(numbers, start=1)
    ]


def test_phases_without_content_are_left_out() -> None:
    assert [phase.kind for phase in planned(two_circles()).phases] == ["foundation", "untangle"]


def test_public_reexports_are_never_cut() -> None:
    texts = actions(planned(SHOP), "untangle")
    assert texts
    assert not [text for text in texts if text.startswith("In `shop/__init__.py`")]


def test_with_all_cuts_no_circle_is_left() -> None:
    acceptance = planned(SHOP).acceptance[0].text
    assert "at most 0 circles with 0 files (now 1 with 4)" in acceptance


def test_a_file_that_no_test_imports_is_pinned_before_it_changes() -> None:
    texts = actions(planned(SHOP), "foundation")
    assert any("pin" in text and "`shop/price.py`" in text for text in texts)
    assert not any("pin" in text and "`shop/cart.py`" in text for text in texts)


def test_what_changes_a_file_depends_on_the_tests_that_pin_it() -> None:
    blueprint = planned(two_circles())
    pinned = {
        path: milestone.id
        for milestone in milestones(blueprint, "foundation")
        for path in milestone.key_files
    }
    for milestone in milestones(blueprint, "untangle"):
        assert {pinned[path] for path in milestone.key_files} <= set(milestone.depends_on)


def test_the_baseline_comes_first() -> None:
    assert milestones(planned(two_circles()))[0].title == "Record where things stand"


def test_with_nothing_to_do_the_plan_says_so_and_on_what_that_rests() -> None:
    blueprint = planned("a.py\n  1 imports b.py\nb.py")
    assert blueprint.phases == ()
    assert any(
        "Nothing to plan" in each.text and "1 of 1 imports resolved" in each.text
        for each in blueprint.summary
    )


def test_a_repository_without_code_has_a_plan_too() -> None:
    blueprint = planned("notes.md note")
    assert blueprint.title == "`shop`: nothing found to redesign"


def test_a_focus_keeps_what_touches_it_and_says_what_it_left_out() -> None:
    blueprint = planned(two_circles(), focus=["core"])
    touched = {path for milestone in milestones(blueprint) for path in milestone.key_files}
    assert touched == {"core/cart.py", "core/stock.py"}
    assert any(
        "focus `core` holds 2 of 4" in each.text and "1 cut or milestone" in each.text
        for each in blueprint.summary
    )


def test_a_focus_is_a_folder_or_a_file_not_the_beginning_of_a_name() -> None:
    assert planned(two_circles(), focus=["cor"]).phases == ()
    assert planned(two_circles(), focus=["./core/cart.py"]).phases != ()


def test_a_focus_that_leaves_nothing_says_so() -> None:
    summary = planned(two_circles(), focus=["elsewhere"]).summary
    assert any("Nothing to plan in the focus" in each.text for each in summary)


@pytest.mark.parametrize("goal", ["tame-hotspots", "make the hotspots simpler"])
def test_a_goal_keeps_what_serves_it_and_says_what_it_left_out(goal: str) -> None:
    blueprint = planned(two_circles() + HOT, goal=goal)
    assert [phase.kind for phase in blueprint.phases] == ["foundation", "restructure"]
    assert any("leaves out 2 circles" in each.text for each in blueprint.non_goals)


def test_a_word_of_the_goal_that_names_files_brings_them_first() -> None:
    firsts = {
        goal: milestones(planned(two_circles(), goal=goal), "untangle")[0].key_files[0]
        for goal in ("untangle the core", "untangle the api")
    }
    assert firsts["untangle the core"].startswith("core/")
    assert firsts["untangle the api"].startswith("api/")


def test_a_word_that_means_nothing_is_named() -> None:
    summary = planned(two_circles(), goal="xyzzy").summary
    assert any("`xyzzy` means nothing" in each.text for each in summary)


def test_the_limit_of_milestones_is_kept_and_what_it_leaves_out_is_counted() -> None:
    many = "\n".join(
        f"p{n}/\n  a.py\n    1 imports p{n}/b.py: B\n  b.py\n    1 imports p{n}/a.py: A"
        for n in range(12)
    )
    blueprint = planned(many, most=9)
    assert len(milestones(blueprint)) <= 9
    left = 12 - len(milestones(blueprint, "untangle"))
    assert any(f"{left} more milestones" in each.text for each in blueprint.summary)


def test_a_milestone_keeps_its_id_when_lines_move() -> None:
    before = {milestone.id for milestone in milestones(planned(SHOP), "untangle")}
    moved = planned(SHOP.replace("    2 imports", "    3 imports"))
    assert {milestone.id for milestone in milestones(moved, "untangle")} == before


def test_an_incomplete_index_is_named() -> None:
    material = plan_material(sketch(two_circles()))
    facts = replace(material.facts, failed_stages=frozenset({"history"}))
    summary = plan(replace(material, facts=facts), BlueprintRequest()).summary
    assert any("incomplete, history failed" in each.text for each in summary)


def test_unresolved_imports_are_a_risk() -> None:
    material = plan_material(sketch(two_circles(), unresolved=3))
    risks = plan(material, BlueprintRequest()).risks
    assert any("3 imports could not be resolved" in each.text for each in risks)


def test_without_stored_text_a_plan_is_made_and_its_lines_carry_no_hash() -> None:
    material = replace(plan_material(sketch(SHOP)), read_sources=lambda _paths: {})
    blueprint = plan(material, BlueprintRequest())
    assert milestones(blueprint, "untangle")
    assert not any(citation.span_hash for citation in blueprint.citations)


def test_complex_functions_of_a_hotspot_are_taken_apart() -> None:
    (text,) = actions(planned(HOT), "restructure")
    assert "lines 10 to 90 take `settle` (complexity 31) apart into at least 4" in text


def test_a_hotspot_without_complex_functions_is_no_milestone_but_is_told() -> None:
    blueprint = planned(HOT.replace("31", "9"))
    assert blueprint.phases == ()
    assert any("`busy.py` changes often" in each.text for each in blueprint.non_goals)
