"""Phase foundation: a baseline to compare with, and tests that pin what is going to change."""

from collections.abc import Mapping, Sequence

from prism.domain.blueprints.citations import Citations, code
from prism.domain.blueprints.drafts import Draft, draft_id, listed, say, shell_word, unique
from prism.domain.blueprints.goals import Aim
from prism.domain.blueprints.material import PlanMaterial
from prism.domain.blueprints.model import Measure, PhaseKind, Step
from prism.domain.facts.files import FileStatus, Scope
from prism.domain.facts.structure import NONE, Symbol, SymbolKind, Visibility
from prism.domain.findings.basis import counted

_FILES_MAX = 10
_MILESTONES_MAX = 3
_SYMBOLS_MAX = 3
_FINDINGS_CITED_MAX = 8


def foundation_drafts(
    material: PlanMaterial,
    planned: Sequence[Draft],
    figures: Mapping[str, float],
    citations: Citations,
) -> list[Draft]:
    """A baseline, then tests for the files that *planned* touch most and no test file imports."""
    if not planned:
        return []
    served = unique(each for draft in planned for each in draft.findings)
    drafts = [_baseline(material, served, figures, citations)] if served else []
    untested = _untested(material, planned)
    chunks = [untested[at : at + _FILES_MAX] for at in range(0, len(untested), _FILES_MAX)][
        :_MILESTONES_MAX
    ]
    needs = tuple(draft.id for draft in drafts)
    left = len(untested)
    for chunk in chunks:
        drafts.append(_tests(material, chunk, left, figures, citations, needs=needs))
        left -= len(chunk)
    return drafts


def _baseline(
    material: PlanMaterial,
    served: Sequence[str],
    figures: Mapping[str, float],
    citations: Citations,
) -> Draft:
    cited = [
        citations.finding(finding)
        for finding in material.findings
        if finding.fingerprint in served[:_FINDINGS_CITED_MAX]
    ]
    tests = int(figures["test_files"])
    suite = (
        f"Run the whole test suite ({counted(tests, 'test file')} in the index) and keep the "
        "output: each milestone has to leave it as it is"
        if tests
        else "The index knows no test file: agree first how a change is shown to be harmless"
    )
    steps = (
        Step(
            action=say(
                "Keep the findings of this commit: `prism findings . --json > before.json`; this "
                f"plan serves {len(served)} of them",
                *cited,
            ),
            paths=(),
        ),
        Step(action=say(suite, citations.figure("test_files", tests)), paths=()),
    )
    return Draft(
        id=draft_id(PhaseKind.FOUNDATION, "baseline"),
        phase=PhaseKind.FOUNDATION,
        aim=Aim.UNTANGLE,
        title="Record where things stand",
        intent=say(
            "Without a baseline nobody can tell afterwards what a milestone changed; "
            f"the plan works on {counted(len(served), 'finding')} of this commit",
            *cited,
        ),
        steps=steps,
        measure=Measure(
            name="findings of this plan without a recorded baseline",
            before=len(served),
            after=0,
            unit="findings",
        ),
        verification="prism index . && prism findings . --json",
        evidence=unique(each for step in steps for each in step.action.citations),
        findings=tuple(served),
        touches=(),
    )


def _untested(material: PlanMaterial, planned: Sequence[Draft]) -> list[str]:
    """Touched production files that no test file imports, those of most milestones first."""
    tested = {edge.target for edge in material.facts.edges if edge.scope == Scope.TEST}
    uses: dict[str, int] = {}
    for draft in planned:
        for path in draft.touches:
            uses[path] = uses.get(path, 0) + 1
    known = [
        path
        for path in uses
        if path not in tested
        and path in material.files
        and material.files[path].status == FileStatus.INDEXED
    ]
    return sorted(known, key=lambda path: (-uses[path], path))


def _tests(
    material: PlanMaterial,
    paths: Sequence[str],
    left: int,
    figures: Mapping[str, float],
    citations: Citations,
    *,
    needs: tuple[str, ...],
) -> Draft:
    resolved, imports = int(figures["resolved_imports"]), int(figures["imports"])
    steps = tuple(_pin(material, path, citations) for path in paths)
    evidence = unique(each for step in steps for each in step.action.citations)
    return Draft(
        id=draft_id(PhaseKind.FOUNDATION, *sorted(paths)),
        phase=PhaseKind.FOUNDATION,
        aim=Aim.UNTANGLE,
        title=f"Pin what {counted(len(paths), 'untested file')} "
        f"{'does' if len(paths) == 1 else 'do'} today",
        intent=say(
            f"{counted(left, 'file')} that this plan changes "
            f"{'is' if left == 1 else 'are'} imported by no test file, as far as {resolved} of "
            f"{imports} imports are resolved: {listed([code(path) for path in paths], 3)} "
            f"{'comes' if len(paths) == 1 else 'come'} first",
            citations.figure("resolved_imports", resolved),
            *(citations.file(path) for path in paths),
        ),
        steps=steps,
        measure=Measure(
            name="files this plan changes that no test file imports",
            before=left,
            after=left - len(paths),
            unit="files",
        ),
        verification=f"prism index . && prism deps . {shell_word(paths[0])} --json",
        evidence=evidence,
        findings=(),
        touches=tuple(paths),
        needs=needs,
    )


def _pin(material: PlanMaterial, path: str, citations: Citations) -> Step:
    """What to test first: the file's largest public definitions."""
    symbols = [
        symbol
        for symbol in material.facts.symbols.get(path, ())
        if symbol.parent == NONE
        and symbol.kind not in (SymbolKind.MODULE, SymbolKind.VARIABLE, SymbolKind.TYPE_ALIAS)
        and symbol.visibility == Visibility.PUBLIC
    ]
    first = sorted(symbols, key=_length)[:_SYMBOLS_MAX]
    where = [
        f"{code(each.qualname)} (lines {each.start_line} to {each.end_line})" for each in first
    ]
    text = f"Write tests that import {code(path)} and pin what it does now"
    return Step(
        action=say(
            f"{text}, first of all {listed(where)}" if where else text,
            citations.file(path),
            *(citations.lines(path, each.start_line, each.end_line) for each in first),
        ),
        paths=(path,),
    )


def _length(symbol: Symbol) -> tuple[int, int, str]:
    return symbol.start_line - symbol.end_line, symbol.start_line, symbol.qualname
