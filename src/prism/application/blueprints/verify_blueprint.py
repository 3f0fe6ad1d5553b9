"""Check a stored blueprint: does every citation still say what the run it was made from says?"""

from collections.abc import Sequence
from dataclasses import dataclass

from prism.application.blueprints.run_facts import run_facts
from prism.application.ports.blueprints import BlueprintStore
from prism.application.ports.index_store import IndexReader, IndexStore
from prism.domain.blueprints.model import Blueprint, Citation
from prism.domain.blueprints.verification import Verdict, Witness, resolve
from prism.domain.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedCitation:
    """A citation that does not hold, or could not be checked, and why."""

    citation: Citation
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """``total`` citations were looked at; those in neither list hold.

    ``uncited``: statements that name no citation of the plan, which is a fault of the plan itself.
    """

    blueprint_id: int
    run_id: int
    commit: str
    total: int
    broken: Sequence[CheckedCitation]
    unchecked: Sequence[CheckedCitation]
    uncited: Sequence[str]

    @property
    def holding(self) -> int:
        return self.total - len(self.broken) - len(self.unchecked)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyBlueprint:
    """Reads only: one snapshot of the run, nothing is written."""

    index: IndexStore
    blueprints: BlueprintStore

    def __call__(self, project_id: int, blueprint_id: int) -> Verification:
        """Raises NotFound for an unknown blueprint.

        A run that was removed or thinned since leaves its citations unchecked, not broken.
        """
        blueprint = self.blueprints.get(project_id, blueprint_id).blueprint
        return _verified(blueprint_id, blueprint, self._witness(project_id, blueprint))

    def _witness(self, project_id: int, blueprint: Blueprint) -> Witness | None:
        """None: nothing of the run is left."""
        try:
            with self.index.read(project_id, blueprint.run_id) as reader:
                return _read(reader, blueprint)
        except NotFound:
            return None


def _read(reader: IndexReader, blueprint: Blueprint) -> Witness:
    paths = sorted({each.path for each in blueprint.citations if each.line})
    facts = run_facts(reader)
    return Witness(
        facts=facts if facts.files else None,  # a thinned run has no files any more
        metrics=facts.metrics,
        findings=reader.findings(),
        components=frozenset(cut.component for cut in reader.run.cuts),
        sources=reader.sources(paths) if paths else {},
    )


def _verified(blueprint_id: int, blueprint: Blueprint, witness: Witness | None) -> Verification:
    broken: list[CheckedCitation] = []
    unchecked: list[CheckedCitation] = []
    for citation in blueprint.citations:
        if witness is None:
            unchecked.append(
                CheckedCitation(citation=citation, reason="the run is gone; index the commit again")
            )
            continue
        found = resolve(citation, witness)
        if found.verdict is Verdict.BROKEN:
            broken.append(CheckedCitation(citation=citation, reason=found.reason))
        elif found.verdict is Verdict.UNCHECKED:
            unchecked.append(CheckedCitation(citation=citation, reason=found.reason))
    return Verification(
        blueprint_id=blueprint_id,
        run_id=blueprint.run_id,
        commit=blueprint.commit,
        total=len(blueprint.citations),
        broken=broken,
        unchecked=unchecked,
        uncited=_uncited(blueprint),
    )


def _uncited(blueprint: Blueprint) -> list[str]:
    known = {citation.id for citation in blueprint.citations}
    statements = [
        *blueprint.summary,
        *blueprint.non_goals,
        *blueprint.acceptance,
        *blueprint.risks,
        *(phase.goal for phase in blueprint.phases),
    ]
    for phase in blueprint.phases:
        for milestone in phase.milestones:
            statements.append(milestone.intent)
            statements.extend(step.action for step in milestone.steps)
    return [
        each.text
        for each in statements
        if not each.citations or not known.issuperset(each.citations)
    ]
