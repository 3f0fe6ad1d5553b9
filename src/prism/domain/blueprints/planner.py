"""From the facts of a run to a plan: the same run and request give the same plan, byte for byte."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from prism.domain.blueprints import front_matter
from prism.domain.blueprints.citations import Citations
from prism.domain.blueprints.drafts import KEY_FILES_MAX, Draft, say, unique
from prism.domain.blueprints.figures import Figure, run_figures
from prism.domain.blueprints.foundation import foundation_drafts
from prism.domain.blueprints.front_matter import Outcome, Scene
from prism.domain.blueprints.goals import Aim, Steering, steer
from prism.domain.blueprints.material import PlanMaterial
from prism.domain.blueprints.mentions import Definitions, definitions
from prism.domain.blueprints.model import (
    Blueprint,
    BlueprintRequest,
    Milestone,
    Phase,
    PhaseKind,
    Statement,
)
from prism.domain.blueprints.restructure import Restructuring
from prism.domain.blueprints.simulation import simulate
from prism.domain.blueprints.untangle import Untangling
from prism.domain.findings import god_module

GENERATOR = "prism-deterministic 1"

#: Milestones of the foundation that the limit of a request is to leave room for.
_FOUNDATION_MAX = 4
_PHASES = (
    (PhaseKind.FOUNDATION, "Make change safe"),
    (PhaseKind.UNTANGLE, "Open the circles of imports"),
    (PhaseKind.RESTRUCTURE, "Make files and functions smaller where it pays"),
    (PhaseKind.CONSOLIDATE, "Let importers follow, and drop what is left over"),
)


def plan(material: PlanMaterial, request: BlueprintRequest) -> Blueprint:
    """The plan for *request*. Every statement in it cites what the run holds.

    With nothing to do it has no phases, and its summary says what that rests on.
    """
    citations = Citations()
    figures = run_figures(material.facts, material.findings, material.code)
    steering = steer(request, material.code.paths)
    found = _found(material, steering, citations)
    chosen, dropped = _within(found.drafts, request.milestones_max)
    room = max(0, request.milestones_max - len(chosen))
    foundation = foundation_drafts(material, chosen, figures, citations)[:room]
    drafts = _linked(_in_phases([*foundation, *chosen]))
    phases = _phases(drafts, figures, citations)
    scene = Scene(
        material=material,
        steering=steering,
        figures=figures,
        citations=citations,
        drafts=drafts,
        dropped=dropped,
        beyond_focus=found.beyond_focus,
        left_out=found.restructuring.left_out,
        outcome=_outcome(material, found.untangling, drafts, phases),
    )
    return _blueprint(scene, request, phases)


def _blueprint(scene: Scene, request: BlueprintRequest, phases: tuple[Phase, ...]) -> Blueprint:
    material = scene.material
    parts = {
        "summary": front_matter.summary(scene),
        "non_goals": front_matter.non_goals(scene),
        "acceptance": front_matter.acceptance(scene),
        "risks": front_matter.risks(scene),
    }
    used = {
        each
        for statement in (*(s for part in parts.values() for s in part), *_statements(phases))
        for each in statement.citations
    }
    used.update(e for phase in phases for each in phase.milestones for e in each.evidence)
    return Blueprint(
        commit=material.commit,
        run_id=material.run_id,
        project_name=material.project_name,
        request=request,
        title=front_matter.title(scene),
        summary=parts["summary"],
        non_goals=parts["non_goals"],
        acceptance=parts["acceptance"],
        risks=parts["risks"],
        phases=phases,
        citations=scene.citations.resolved(used, material.read_sources),
        generator=GENERATOR,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Everything that could be done, before the limit of the request."""

    untangling: Untangling
    restructuring: Restructuring
    drafts: Sequence[Draft]
    beyond_focus: int


def _found(material: PlanMaterial, steering: Steering, citations: Citations) -> _Found:
    texts = _definitions(material)
    untangling = Untangling(material, steering, texts, citations)
    restructuring = Restructuring(material, untangling.finished, texts, citations)
    untangle = untangling.drafts() if Aim.UNTANGLE in steering.aims else []
    others = [draft for draft in restructuring.drafts() if draft.aim in steering.aims]
    inside = _with_needs([draft for draft in others if steering.in_focus(draft.touches)], others)
    favoured = sorted(inside, key=lambda draft: not steering.favours(draft.touches))
    return _Found(
        untangling=untangling,
        restructuring=restructuring,
        drafts=[*untangle, *favoured],
        beyond_focus=len(others) - len(inside) + untangling.beyond_focus,
    )


def _with_needs(wanted: Sequence[Draft], among: Sequence[Draft]) -> list[Draft]:
    """*wanted* and what they need, in the order of *among*."""
    names = {draft.id for draft in wanted}
    for draft in reversed(among):
        if draft.id in names:
            names.update(draft.needs)
    return [draft for draft in among if draft.id in names]


def _definitions(material: PlanMaterial) -> Mapping[str, Definitions]:
    """Those of the files from which something may move, and of those whose imports are cut."""
    paths = {finding.anchor for finding in material.findings_of(god_module.CODE)}
    for cut in material.facts.cut_edges:
        lines = set(cut.lines)
        paths |= {cut.source, cut.target}
        paths.update(
            row.home
            for row in material.imports_of.get(cut.source, ())
            if row.line in lines and row.target == cut.target and row.home
        )
    sources = material.read_sources(sorted(paths))
    return {
        path: definitions(path, material.facts.symbols.get(path, ()), source)
        for path, source in sorted(sources.items())
    }


def _within(drafts: Sequence[Draft], milestones_max: int) -> tuple[list[Draft], int]:
    """As many drafts as the limit leaves room for, and how many it leaves out.

    Untangling may take two thirds of the room when there is something else to do as well. What
    needs a draft that is left out is left out too.
    """
    room = max(1, milestones_max - _FOUNDATION_MAX)
    untangle = [draft for draft in drafts if draft.phase == PhaseKind.UNTANGLE]
    others = [draft for draft in drafts if draft.phase != PhaseKind.UNTANGLE]
    share = max(1, room - min(len(others), room // 3))
    chosen: list[Draft] = []
    names: set[str] = set()
    for draft in [*untangle[:share], *others, *untangle[share:]]:
        if len(chosen) < room and names.issuperset(draft.needs):
            chosen.append(draft)
            names.add(draft.id)
    return chosen, len(drafts) - len(chosen)


def _in_phases(drafts: Sequence[Draft]) -> list[Draft]:
    order = [kind for kind, _ in _PHASES]
    return sorted(drafts, key=lambda draft: order.index(draft.phase))


def _linked(drafts: Sequence[Draft]) -> list[Draft]:
    """Add what each depends on besides: the last earlier milestone that touches one of its files.

    Dependencies lead to earlier milestones only, so there is no circle among them.
    """
    names: set[str] = set()
    last: dict[str, str] = {}
    linked: list[Draft] = []
    for draft in drafts:
        before = [last[path] for path in draft.touches if path in last]
        needs = unique(each for each in (*draft.needs, *before) if each in names)
        linked.append(replace(draft, needs=needs))
        names.add(draft.id)
        last |= dict.fromkeys(draft.touches, draft.id)
    return linked


def _phases(
    drafts: Sequence[Draft], figures: Mapping[str, Figure], citations: Citations
) -> tuple[Phase, ...]:
    """Those phases that have milestones, numbered from 1."""
    phases: list[Phase] = []
    for kind, title in _PHASES:
        mine = [draft for draft in drafts if draft.phase == kind]
        if mine:
            number = len(phases) + 1
            phases.append(
                Phase(
                    kind=kind,
                    title=title,
                    goal=_phase_goal(kind, mine, figures, citations),
                    milestones=tuple(
                        _milestone(draft, f"{number}.{place}")
                        for place, draft in enumerate(mine, start=1)
                    ),
                )
            )
    return tuple(phases)


def _phase_goal(
    kind: PhaseKind, drafts: Sequence[Draft], figures: Mapping[str, Figure], citations: Citations
) -> Statement:
    texts = {
        PhaseKind.FOUNDATION: "Whoever changes the code can tell at once what that broke",
        PhaseKind.UNTANGLE: "Each milestone takes files out of a circle, most gain per changed "
        "statement first; public re-exports stay",
        PhaseKind.RESTRUCTURE: "Files that many depend on and functions that change often become "
        "smaller; who imports them notices nothing",
        PhaseKind.CONSOLIDATE: "Importers take what has moved from where it is now",
    }
    names = {
        PhaseKind.FOUNDATION: ("test_files",),
        PhaseKind.UNTANGLE: ("circles", "files_in_circles", "facade_dependencies"),
        PhaseKind.RESTRUCTURE: ("production_files", "production_lines"),
        PhaseKind.CONSOLIDATE: ("dependencies",),
    }[kind]
    cited = [citations.figure(name, figures[name]) for name in names]
    return say(texts[kind], *cited, *drafts[0].evidence[:1])


def _milestone(draft: Draft, number: str) -> Milestone:
    return Milestone(
        id=draft.id,
        number=number,
        title=draft.title,
        intent=draft.intent,
        key_files=draft.touches[:KEY_FILES_MAX],
        steps=draft.steps,
        measure=draft.measure,
        verification=draft.verification,
        evidence=draft.evidence,
        findings=draft.findings,
        depends_on=draft.needs,
    )


def _statements(phases: Sequence[Phase]) -> Iterator[Statement]:
    for phase in phases:
        yield phase.goal
        for milestone in phase.milestones:
            yield milestone.intent
            for step in milestone.steps:
                yield step.action


def _outcome(
    material: PlanMaterial,
    untangling: Untangling,
    drafts: Sequence[Draft],
    phases: Sequence[Phase],
) -> Outcome:
    mine = [draft for draft in drafts if draft.phase == PhaseKind.UNTANGLE]
    changes = [untangling.changes(draft) for draft in mine]
    simulated = simulate(material.code, changes)
    half = simulated.half_way()
    number_of = {each.id: each.number for phase in phases for each in phase.milestones}
    cuts = [cut for group in changes for cut, _ in group]
    return Outcome(
        imports_cut=len(cuts),
        statements=sum(cut.weight for cut in cuts),
        inverted=sum(untangling.inverted(draft) for draft in mine),
        propagation_cost=simulated.propagation_costs[-1],
        circles=simulated.circles,
        files_in_circles=simulated.files_in_circles,
        half_way=number_of[mine[half - 1].id] if half else "",
    )
