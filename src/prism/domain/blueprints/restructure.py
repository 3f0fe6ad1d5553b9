"""Phases restructure and consolidate: files that are too large, functions that are too complex."""

from collections.abc import Mapping, Sequence

from prism.domain.blueprints.citations import Citations, code, visible
from prism.domain.blueprints.drafts import (
    Draft,
    LeftOut,
    draft_id,
    listed,
    say,
    shell_word,
    unique,
)
from prism.domain.blueprints.finished_graph import FinishedGraph
from prism.domain.blueprints.goals import Aim
from prism.domain.blueprints.material import PlanMaterial
from prism.domain.blueprints.mentions import Definitions
from prism.domain.blueprints.model import Measure, PhaseKind, Statement, Step
from prism.domain.blueprints.splits import Split, best_split
from prism.domain.facts.runs import ResolvedImport
from prism.domain.facts.structure import Symbol
from prism.domain.findings import god_module, hotspot
from prism.domain.findings.basis import counted
from prism.domain.findings.model import Finding

#: McCabe (1976) suggests ten as the most that a function should have.
COMPLEXITY_MAX = 10
_FUNCTIONS_MAX = 5
_SPANS_CITED_MAX = 12
_USERS_CITED_MAX = 5
#: Files whose imports one milestone changes at most.
_FOLLOWERS_MAX = 25


class Restructuring:
    """Plans one milestone per file that a finding names, and one for who imports what moved."""

    def __init__(
        self,
        material: PlanMaterial,
        finished: FinishedGraph,
        definitions: Mapping[str, Definitions],
        citations: Citations,
    ) -> None:
        self._material = material
        self._finished = finished
        self._definitions = definitions
        self._citations = citations
        self.left_out: list[LeftOut] = []

    def drafts(self) -> list[Draft]:
        """God modules in the order of their fan-in, then hotspots in the order of their rank."""
        gods = sorted(
            self._material.findings_of(god_module.CODE),
            key=lambda each: (-_figure(each, "fan_in"), each.anchor),
        )
        hot = sorted(
            self._material.findings_of(hotspot.CODE),
            key=lambda each: (_figure(each, "rank"), each.anchor),
        )
        drafts: list[Draft] = []
        for finding in gods:
            drafts += self._split(finding)
        for finding in hot:
            drafts += self._tame(finding)
        return drafts

    def _split(self, finding: Finding) -> list[Draft]:
        known = self._definitions.get(finding.anchor)
        split = None if known is None else best_split(self._material, self._finished, known)
        if known is None or split is None:
            text = (
                f"{code(finding.anchor)} is not split here: no part of a fit size was found whose "
                "text names nothing else of the file and whose imports do not lead back to it"
            )
            self.left_out.append(LeftOut(Aim.SPLIT, (finding.anchor,), self._about(text, finding)))
            return []
        first = self._split_draft(finding, known, split)
        return [first, *self._follow(finding, split, first.id)]

    def _about(self, text: str, finding: Finding) -> Statement:
        return say(text, self._citations.finding(finding), self._citations.file(finding.anchor))

    def _split_draft(self, finding: Finding, known: Definitions, split: Split) -> Draft:
        lines = self._material.files[split.path].lines
        about = self._citations.finding(finding)
        cited = [
            self._citations.lines(split.path, first, last)
            for name in split.names[:_SPANS_CITED_MAX]
            for first, last in known.spans[name][:1]
        ]
        names = listed([code(name) for name in split.names])
        apart = "and nothing else there names them" if split.apart else "which only uses them"
        steps = [
            Step(
                action=say(
                    f"Move {names} from {code(split.path)} to a new module, for example "
                    f"{code(split.to)}: {split.lines} of {lines} lines whose text names no other "
                    f"definition of the file, {apart}",
                    *cited,
                ),
                paths=(split.path, split.to),
            )
        ]
        if split.carried:
            steps.append(self._carry(split))
        steps.append(self._hand_on(split, cited[0]))
        evidence = (about, self._citations.file(split.path, "lines", lines))
        return Draft(
            id=draft_id(PhaseKind.RESTRUCTURE, split.path, *split.names),
            phase=PhaseKind.RESTRUCTURE,
            aim=Aim.SPLIT,
            title=f"Move a part of {code(split.path)} out",
            intent=say(
                f"{code(split.path)} is used by {_figure(finding, 'fan_in')} files and has {lines} "
                f"lines: with {split.lines} of them elsewhere, fewer changes meet those files",
                *evidence,
            ),
            steps=tuple(steps),
            measure=Measure(
                name=f"size of {visible(split.path)}",
                before=lines,
                after=lines - split.lines + 1,  # one line imports the names back
                unit="lines",
            ),
            verification=f"wc -l -- {shell_word(split.path)}",
            evidence=unique(
                (*evidence, *(each for step in steps for each in step.action.citations))
            ),
            findings=(finding.fingerprint,),
            touches=(split.path,),
        )

    def _carry(self, split: Split) -> Step:
        rows = split.carried
        names = listed([code(name) for name in unique(row.local or row.module for row in rows)])
        lines = unique(str(row.line) for row in rows)
        return Step(
            action=say(
                f"Import there what these definitions name: {names} (in {code(split.path)} "
                f"line{'s' if len(lines) > 1 else ''} {listed(lines, 12)})",
                *(self._citations.lines(split.path, row.line) for row in rows[:_SPANS_CITED_MAX]),
            ),
            paths=(split.path, split.to),
        )

    def _hand_on(self, split: Split, moved: str) -> Step:
        files = unique(row.path for row in split.users)
        text = f"Import the moved names back into {code(split.path)}"
        text += (
            f", so that the {counted(len(files), 'file')} that "
            f"{'takes' if len(files) == 1 else 'take'} them by name from there "
            f"{'goes' if len(files) == 1 else 'go'} on working, and so do users of the whole module"
            if files
            else ": no file of the indexed commit takes them from there by name, but users of the "
            "whole module and others may"
        )
        return Step(
            action=say(
                text,
                moved,
                *(
                    self._citations.edge(row.path, row.target, row.line)
                    for row in split.users[:_USERS_CITED_MAX]
                ),
            ),
            paths=(split.path,),
        )

    def _follow(self, finding: Finding, split: Split, first: str) -> list[Draft]:
        """Consolidate: importers take the moved names from where they are now."""
        rows_of: dict[str, list[ResolvedImport]] = {}
        for row in sorted(split.users, key=lambda row: (row.path, row.line)):
            rows_of.setdefault(row.path, []).append(row)
        followers = list(rows_of.items())[:_FOLLOWERS_MAX]
        if not followers:
            return []
        before = len({(row.path, row.line) for row in split.users})
        done = len({(row.path, row.line) for _, rows in followers for row in rows})
        steps = tuple(self._retake(path, rows, split) for path, rows in followers)
        intent = say(
            f"{counted(before, 'import')} of other files still "
            f"{'takes' if before == 1 else 'take'} by name from {code(split.path)} what moved to "
            f"{code(split.to)}; "
            + ("this is all of them" if done == before else f"{done} of them change here"),
            self._citations.finding(finding),
            *(each for step in steps[:_USERS_CITED_MAX] for each in step.action.citations),
        )
        return [
            Draft(
                id=draft_id(PhaseKind.CONSOLIDATE, split.path, *split.names),
                phase=PhaseKind.CONSOLIDATE,
                aim=Aim.SPLIT,
                title=f"Take what moved out of {code(split.path)} from its new home",
                intent=intent,
                steps=steps,
                measure=Measure(
                    name=f"imports that take moved names from {visible(split.path)}",
                    before=before,
                    after=before - done,
                    unit="imports",
                ),
                verification=f"prism index . && prism deps . {shell_word(split.path)} --json",
                evidence=intent.citations,
                findings=(finding.fingerprint,),
                touches=tuple(path for path, _ in followers),
                needs=(first,),
            )
        ]

    def _retake(self, path: str, rows: Sequence[ResolvedImport], split: Split) -> Step:
        lines = unique(str(row.line) for row in rows)
        names = listed([code(name) for name in unique(row.imported for row in rows)])
        return Step(
            action=say(
                f"In {code(path)} line{'s' if len(lines) > 1 else ''} {listed(lines)} take {names} "
                f"from {code(split.to)} instead of {code(split.path)}",
                *(self._citations.edge(path, split.path, row.line) for row in rows),
            ),
            paths=(path,),
        )

    def _tame(self, finding: Finding) -> list[Draft]:
        path = finding.anchor
        functions = [
            each
            for each in self._material.facts.symbols.get(path, ())
            if each.complexity > COMPLEXITY_MAX
        ]
        if not functions:
            text = (
                f"{code(path)} changes often, but no function of it has a complexity above "
                f"{COMPLEXITY_MAX}: nothing in it is planned"
            )
            self.left_out.append(LeftOut(Aim.TAME, (path,), self._about(text, finding)))
            return []
        hardest = sorted(functions, key=lambda each: (-each.complexity, each.start_line))
        steps = tuple(self._take_apart(path, each) for each in hardest[:_FUNCTIONS_MAX])
        evidence = (self._citations.finding(finding), self._citations.file(path))
        return [
            Draft(
                id=draft_id(PhaseKind.RESTRUCTURE, path, *(each.qualname for each in hardest)),
                phase=PhaseKind.RESTRUCTURE,
                aim=Aim.TAME,
                title=f"Take the most complex functions of {code(path)} apart",
                intent=say(
                    f"{code(path)} is hotspot {_figure(finding, 'rank')} of "
                    f"{_figure(finding, 'files_ranked')} files ("
                    f"{counted(_figure(finding, 'commits'), 'commit')}; by lines alone it would be "
                    f"{_figure(finding, 'rank_by_lines_alone')}): smaller functions make its next "
                    "change easier to read and to test",
                    *evidence,
                ),
                steps=steps,
                measure=Measure(
                    name=f"functions of {visible(path)} with a complexity above {COMPLEXITY_MAX}",
                    before=len(functions),
                    after=len(functions) - len(steps),
                    unit="functions",
                ),
                verification=f"prism index . && prism symbols . --path {shell_word(path)} --json",
                evidence=unique(
                    (*evidence, *(each for step in steps for each in step.action.citations))
                ),
                findings=(finding.fingerprint,),
                touches=(path,),
            )
        ]

    def _take_apart(self, path: str, symbol: Symbol) -> Step:
        parts = -(-symbol.complexity // COMPLEXITY_MAX)
        nested = f", nested {symbol.nesting} deep" if symbol.nesting > 2 else ""
        return Step(
            action=say(
                f"In {code(path)} lines {symbol.start_line} to {symbol.end_line} take "
                f"{code(symbol.qualname)} (complexity {symbol.complexity}{nested}) apart into at "
                f"least {parts} functions of {COMPLEXITY_MAX} at most, its deepest branches first",
                self._citations.lines(path, symbol.start_line, symbol.end_line),
            ),
            paths=(path,),
        )


def _figure(finding: Finding, name: str) -> int:
    return int(str(finding.figures.get(name, 0)))
