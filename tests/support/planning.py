"""Plans made from sketched repositories."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from tests.support.sketches import Sketch, sketch

from prism.adapters.solvers.heuristic import HeuristicCutSolver
from prism.domain.blueprints.material import PlanMaterial
from prism.domain.blueprints.model import Blueprint, BlueprintRequest, Milestone, Statement
from prism.domain.blueprints.planner import plan
from prism.domain.code_graph import code_graph
from prism.domain.cuts import cut_cycles
from prism.domain.findings.rules import judge

COMMIT = "c0ffee" * 6 + "c0ff"


def plan_material(drawn: Sketch) -> PlanMaterial:
    """What the pipeline would hand to the planner."""
    edges, cuts = cut_cycles(code_graph(drawn.files, drawn.edges), HeuristicCutSolver().solve)
    facts = replace(drawn.material(), cut_edges=edges, cuts=cuts)

    def read_sources(paths: Sequence[str]) -> Mapping[str, bytes]:
        return {path: drawn.sources[path] for path in paths if path in drawn.sources}

    return PlanMaterial(
        project_name="shop",
        commit=COMMIT,
        run_id=1,
        facts=facts,
        imports=drawn.imports,
        findings=judge(facts),
        read_sources=read_sources,
    )


def planned(text: str, *, goal: str = "", focus: Sequence[str] = (), most: int = 40) -> Blueprint:
    request = BlueprintRequest(goal=goal, focus=tuple(focus), milestones_max=most)
    return plan(plan_material(sketch(text)), request)


def milestones(blueprint: Blueprint, phase: str = "") -> list[Milestone]:
    return [
        milestone
        for each in blueprint.phases
        if phase in ("", each.kind)
        for milestone in each.milestones
    ]


def actions(blueprint: Blueprint, phase: str = "") -> list[str]:
    return [step.action.text for each in milestones(blueprint, phase) for step in each.steps]


def statements(blueprint: Blueprint) -> Iterator[Statement]:
    for part in (
        blueprint.summary, blueprint.non_goals, blueprint.acceptance, blueprint.risks,
    ):  # fmt: skip
        yield from part
    for phase in blueprint.phases:
        yield phase.goal
        for milestone in phase.milestones:
            yield milestone.intent
            yield from (step.action for step in milestone.steps)
