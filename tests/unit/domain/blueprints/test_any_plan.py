"""What holds for the plan of any repository, tried on small random ones."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.planning import actions, milestones, plan_material, statements
from tests.support.sketches import Sketch, sketch

from prism.domain import graph
from prism.domain.blueprints.codec import blueprint_as_json, blueprint_from_json
from prism.domain.blueprints.model import Blueprint, BlueprintRequest
from prism.domain.blueprints.planner import plan
from prism.domain.blueprints.render_markdown import render_markdown
from prism.domain.blueprints.verification import Verdict, Witness, resolve
from prism.domain.code_graph import code_graph

FILES = ("pkg/__init__.py", "pkg/a.py", "pkg/b.py", "pkg/c.py", "x.py", "y.py", "z.py")
_PATHS = st.sampled_from(FILES)


@st.composite
def sketches(draw: st.DrawFn) -> Sketch:
    """Files that import each other in all ways, with names that have homes here or elsewhere."""
    lines: list[str] = []
    for path in FILES:
        long = draw(st.sampled_from([30, 30, 400]))
        commits = draw(st.integers(0, 9))
        lines.append(f"{path} {long} lines {commits} commits")
        for number in range(1, draw(st.integers(0, 4)) + 1):
            verb = draw(st.sampled_from(["imports", "imports", "defers", "types"]))
            target = draw(_PATHS.filter(lambda other, me=path: other != me))
            if path.endswith("__init__.py") and target.startswith("pkg/"):
                verb = draw(st.sampled_from(["imports", "reexports"]))
            name = draw(st.sampled_from(["", ": small", ": large", f": thing = {draw(_PATHS)}"]))
            lines.append(f"  {number} {verb} {target}{name}")
        uses = draw(st.sampled_from(["", " uses large", " uses thing"]))
        complexity = draw(st.sampled_from([2, 14]))
        lines.append(f"  def small 8-12 complexity {complexity}{uses}")
        lines.append(f"  class large 14-{long - 2} uses small")
    return sketch("\n".join(lines), unresolved=draw(st.integers(0, 2)))


GOALS = st.sampled_from(["", "untangle-cycles", "split and tame the pkg", "nothing known"])
FOCUS = st.sampled_from([(), ("pkg",), ("x.py", "y.py")])


def planned(drawn: Sketch, goal: str = "", focus: tuple[str, ...] = ()) -> Blueprint:
    return plan(plan_material(drawn), BlueprintRequest(goal=goal, focus=focus))


@given(drawn=sketches(), goal=GOALS, focus=FOCUS)
@settings(max_examples=60, deadline=None)
def test_every_statement_is_cited_and_every_citation_holds(
    drawn: Sketch, goal: str, focus: tuple[str, ...]
) -> None:
    material = plan_material(drawn)
    blueprint = plan(material, BlueprintRequest(goal=goal, focus=focus))
    known = {citation.id for citation in blueprint.citations}
    assert all(s.citations and known.issuperset(s.citations) for s in statements(blueprint))
    witness = Witness(
        facts=material.facts,
        metrics=material.facts.metrics,
        findings=material.findings,
        components=frozenset(cut.component for cut in material.facts.cuts),
        sources=drawn.sources,
    )
    for citation in blueprint.citations:
        assert resolve(citation, witness).verdict is Verdict.HOLDS, citation


@given(drawn=sketches(), goal=GOALS, focus=FOCUS)
@settings(max_examples=60, deadline=None)
def test_milestones_gain_something_and_build_on_earlier_ones(
    drawn: Sketch, goal: str, focus: tuple[str, ...]
) -> None:
    seen: set[str] = set()
    for milestone in milestones(planned(drawn, goal, focus)):
        assert milestone.measure.after < milestone.measure.before
        assert milestone.steps
        assert seen.issuperset(milestone.depends_on)
        assert milestone.id not in seen
        seen.add(milestone.id)


@given(drawn=sketches())
@settings(max_examples=40, deadline=None)
def test_a_whole_plan_opens_every_circle_but_those_of_reexports(drawn: Sketch) -> None:
    code = code_graph(drawn.files, drawn.edges)
    facades = [(arc.source, arc.target) for arc in code.arcs if arc.facade]
    blueprint = planned(drawn)
    if graph.is_acyclic(graph.from_edges(len(code.paths), facades)) and code.components():
        assert "at most 0 circles with 0 files" in blueprint.acceptance[0].text


@given(drawn=sketches())
@settings(max_examples=40, deadline=None)
def test_no_step_removes_a_public_reexport(drawn: Sketch) -> None:
    public = {(edge.source, line) for edge in drawn.edges if edge.facade for line in edge.lines}
    blueprint = planned(drawn)
    cited = {each.id: each for each in blueprint.citations}
    for milestone in milestones(blueprint, "untangle"):
        for step in milestone.steps:
            first = cited[step.action.citations[0]]
            assert (first.path, first.line) not in public


@given(drawn=sketches(), goal=GOALS)
@settings(max_examples=30, deadline=None)
def test_a_plan_is_the_same_again_and_survives_json_and_markdown(drawn: Sketch, goal: str) -> None:
    blueprint = planned(drawn, goal)
    assert repr(planned(drawn, goal)) == repr(blueprint)
    assert blueprint_from_json(blueprint_as_json(blueprint)) == blueprint
    assert all(text in render_markdown(blueprint) for text in ("## Summary", "## Evidence"))
    assert all(actions(blueprint))
