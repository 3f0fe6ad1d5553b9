"""Phase untangle: cuts of circles, grouped so that each milestone splits something off."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from prism.domain.blueprints.circle import Circle, CircleState
from prism.domain.blueprints.citations import Citations, code
from prism.domain.blueprints.cut_methods import CutMethods, Method, Rewrite
from prism.domain.blueprints.cut_steps import CutSteps
from prism.domain.blueprints.drafts import Draft, draft_id, listed, say, unique
from prism.domain.blueprints.finished_graph import FinishedGraph
from prism.domain.blueprints.goals import Aim, Steering
from prism.domain.blueprints.material import PlanMaterial
from prism.domain.blueprints.mentions import Definitions
from prism.domain.blueprints.model import Measure, PhaseKind
from prism.domain.facts.runs import CutEdge
from prism.domain.findings.basis import counted
from prism.domain.findings.import_cycle import CODE
from prism.domain.findings.model import Finding

_VERIFICATION = "prism index . && prism findings . --rule import-cycle --json"
#: A milestone of more cuts than this is closed even if nothing has come off the circle yet.
_CUTS_MAX = 12
#: Above this number, small milestones of a circle that follow each other become one.
_MILESTONES_WANTED = 24
#: The state of a circle is computed at most this often: once per so many cuts in a larger plan.
_STATES_MAX = 150


class _Group(NamedTuple):
    """Cuts that are one milestone, and the circle before and after them."""

    cuts: tuple[tuple[CutEdge, tuple[Rewrite, ...]], ...]
    before: CircleState
    after: CircleState


class _CirclePlan(NamedTuple):
    circle: Circle
    groups: list[_Group]


class Untangling:
    """Plans the cuts of all circles; remembers what the plan changes in the import graph."""

    def __init__(
        self,
        material: PlanMaterial,
        steering: Steering,
        definitions: Mapping[str, Definitions],
        citations: Citations,
    ) -> None:
        cuts = material.facts.cut_edges
        self._material = material
        self._steering = steering
        self._citations = citations
        self.finished = FinishedGraph(material.code, {(cut.source, cut.target) for cut in cuts})
        self._methods = CutMethods(material, self.finished, definitions)
        self._steps = CutSteps(material, self.finished, definitions, citations)
        self._rewrites: dict[tuple[str, str], tuple[Rewrite, ...]] = {}
        self._finding_of = {each.anchor: each for each in material.findings_of(CODE)}
        self._changes: dict[str, list[tuple[CutEdge, tuple[tuple[str, str], ...]]]] = {}
        self.beyond_focus = 0

    def drafts(self) -> list[Draft]:
        """Milestones of all circles, those of most gain per statement first, each after those of
        the same circle that it builds on."""
        plans = [_CirclePlan(circle, self._planned(circle)) for circle in self._circles()]
        _merge_small(plans)
        queues = [queue for queue in map(self._drafts_of, plans) if queue]
        merged: list[Draft] = []
        while queues:
            best = min(queues, key=self._urgency)
            merged.append(best.pop(0))
            queues = [queue for queue in queues if queue]
        return merged

    def changes(self, draft: Draft) -> Sequence[tuple[CutEdge, tuple[tuple[str, str], ...]]]:
        """The cuts of a draft of this phase, each with the imports that come in instead."""
        return self._changes[draft.id]

    def inverted(self, draft: Draft) -> int:
        """How many steps of a draft found no lighter way than inverting."""
        return sum(
            rewrite.method == Method.INVERT
            for cut, _ in self._changes[draft.id]
            for rewrite in self._rewrites[cut.source, cut.target]
        )

    def _urgency(self, queue: Sequence[Draft]) -> tuple[bool, float, str]:
        first = queue[0]
        return not self._steering.favours(first.touches), -first.gain, first.id

    def _circles(self) -> list[Circle]:
        cuts: dict[int, list[CutEdge]] = {}
        for cut in self._material.facts.cut_edges:
            cuts.setdefault(cut.component, []).append(cut)
        return [
            Circle(self._material.code, component, cuts[component.number])
            for component in self._material.code.components()
            if component.number in cuts
        ]

    def _planned(self, circle: Circle) -> list[_Group]:
        """The circle's milestones: what the goal names first, nothing outside the focus."""
        ordered = circle.ordered()
        favoured_first = sorted(ordered, key=lambda cut: not self._steering.favours(_ends(cut)))
        planned = [cut for cut in favoured_first if self._steering.in_focus(_ends(cut))]
        self.beyond_focus += len(ordered) - len(planned)
        return self._groups(circle, planned)

    def _drafts_of(self, plan: _CirclePlan) -> list[Draft]:
        finding = self._finding_of.get(plan.circle.members[0])
        drafts: list[Draft] = []
        for group in plan.groups:
            needs = (drafts[-1].id,) if drafts else ()
            drafts.append(self._draft(plan.circle, group, finding, needs))
        return drafts

    def _groups(self, circle: Circle, cuts: Sequence[CutEdge]) -> list[_Group]:
        """Close a group when files left the circle or it fell apart; never one without a gain."""
        groups: list[_Group] = []
        before = circle.state()
        taken: list[tuple[CutEdge, tuple[Rewrite, ...]]] = []
        every = -(-len(cuts) // _STATES_MAX)
        for number, cut in enumerate(cuts, start=1):
            rewrites = tuple(self._methods.rewrites(cut))
            self._rewrites[cut.source, cut.target] = rewrites
            circle.cut(cut, (pair for rewrite in rewrites for pair in rewrite.adds))
            taken.append((cut, rewrites))
            if number % every and number < len(cuts):
                continue
            after = circle.state()
            split = after.files < before.files or after.largest < before.largest
            if after.edges < before.edges and (split or len(taken) >= _CUTS_MAX):
                groups.append(_Group(tuple(taken), before, after))
                before, taken = after, []
        if taken and groups:  # a rest without a milestone of its own belongs to the last one
            last = groups.pop()
            groups.append(_Group((*last.cuts, *taken), last.before, circle.state()))
        elif taken and (after := circle.state()).edges < before.edges:
            groups.append(_Group(tuple(taken), before, after))
        return groups

    def _draft(
        self, circle: Circle, group: _Group, finding: Finding | None, needs: tuple[str, ...]
    ) -> Draft:
        ends = [f"{cut.source} -> {cut.target}" for cut, _ in group.cuts]
        name = draft_id(PhaseKind.UNTANGLE, *sorted(ends))
        self._changes[name] = [
            (cut, tuple(pair for rewrite in rewrites for pair in rewrite.adds))
            for cut, rewrites in group.cuts
        ]
        steps = tuple(
            self._steps.step(cut, rewrite) for cut, rewrites in group.cuts for rewrite in rewrites
        )
        statements = sum(cut.weight for cut, _ in group.cuts)
        evidence = [self._citations.cut(circle.number)]
        if finding is not None:
            evidence.append(self._citations.finding(finding))
        return Draft(
            id=name,
            phase=PhaseKind.UNTANGLE,
            aim=Aim.UNTANGLE,
            title=_title(circle, group, first=not needs),
            intent=say(_intent(circle, group, statements), *evidence),
            steps=steps,
            measure=Measure(
                name=f"imports inside circle {circle.number}",
                before=group.before.edges,
                after=group.after.edges,
                unit="imports",
            ),
            verification=_VERIFICATION,
            evidence=unique(
                (*evidence, *(each for step in steps for each in step.action.citations))
            ),
            findings=() if finding is None else (finding.fingerprint,),
            touches=unique(
                path for step in steps for path in step.paths if path in self._material.files
            ),
            needs=needs,
            gain=(group.before.pairs - group.after.pairs) / max(1, statements),
        )


def _ends(cut: CutEdge) -> tuple[str, str]:
    return cut.source, cut.target


def _title(circle: Circle, group: _Group, *, first: bool) -> str:
    left = sorted(group.before.files - group.after.files)
    if not group.after.files:
        names = listed([code(path) for path in sorted(group.before.files)], 2)
        return f"Open {'' if first else 'what is left of '}circle {circle.number}: {names}"
    if left:
        names = listed([code(path) for path in left], 2)
        return f"Take {names} out of circle {circle.number}"
    if group.after.largest < group.before.largest:
        return f"Break circle {circle.number} apart"
    return f"Loosen circle {circle.number}"


def _intent(circle: Circle, group: _Group, statements: int) -> str:
    left = sorted(group.before.files - group.after.files)
    text = (
        f"Without {counted(len(group.cuts), 'import')} ({counted(statements, 'statement')}) "
        f"{counted(len(left), 'file')} of {len(circle.members)} "
        f"{'leaves' if len(left) == 1 else 'leave'} circle {circle.number}"
    )
    if left:
        text += f" ({listed([code(path) for path in left], 3)})"
    if not group.after.files:
        return f"{text}, and nothing of it is left"
    return (
        f"{text}; {counted(len(group.after.files), 'file')} still import each other in circles, "
        f"{group.after.largest} in the largest"
    )


def _merge_small(plans: Sequence[_CirclePlan]) -> None:
    """Join neighbours of fewest cuts, the last ones first: the early ones gain most by far."""
    while sum(len(plan.groups) for plan in plans) > _MILESTONES_WANTED:
        pairs = [
            (len(before.cuts) + len(after.cuts), -at, plan.circle.number, plan)
            for plan in plans
            for at, (before, after) in enumerate(pairwise(plan.groups))
        ]
        smallest = min(pairs, key=lambda pair: pair[:3], default=None)
        if smallest is None or smallest[0] > _CUTS_MAX:
            return
        _, place, _, plan = smallest
        before, after = plan.groups[-place : 2 - place]
        plan.groups[-place : 2 - place] = [
            _Group((*before.cuts, *after.cuts), before.before, after.after)
        ]
