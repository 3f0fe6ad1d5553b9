"""What a plan says about itself: summary, non-goals, acceptance criteria and risks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prism.domain.blueprints.citations import Citations, code, visible
from prism.domain.blueprints.drafts import Draft, LeftOut, listed, say
from prism.domain.blueprints.figures import Figure, language_lines
from prism.domain.blueprints.goals import Aim, Steering
from prism.domain.blueprints.material import PlanMaterial
from prism.domain.blueprints.model import Statement
from prism.domain.cuts import FACADE_BOUND, HEURISTIC
from prism.domain.findings import god_module, hotspot
from prism.domain.findings.basis import counted

_LANGUAGES_MAX = 4
_LEFT_OUT_MAX = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the plan changes, by simulation on the run graph of the production files.

    ``half_way``: number of the milestone after which half of the gain is reached, '' without gain.
    """

    imports_cut: int
    statements: int
    inverted: int
    propagation_cost: float
    circles: int
    files_in_circles: int
    half_way: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything that front matter speaks about."""

    material: PlanMaterial
    steering: Steering
    figures: Mapping[str, Figure]
    citations: Citations
    drafts: Sequence[Draft]
    dropped: int  # milestones that the limit left out
    beyond_focus: int  # cuts and milestones that the focus left out
    left_out: Sequence[LeftOut]
    outcome: Outcome

    def number(self, name: str) -> int:
        return int(self.figures.get(name, 0))

    def cite(self, *names: str) -> list[str]:
        return [self.citations.figure(name, self.figures.get(name, 0)) for name in names]

    def count(self, aim: Aim) -> int:
        return sum(draft.aim == aim for draft in self.drafts if draft.phase != "foundation")


def title(scene: Scene) -> str:
    name = code(scene.material.project_name)
    goals = []
    if scene.outcome.imports_cut:
        goals.append(f"cut {counted(scene.outcome.imports_cut, 'import')} out of circles")
    splits = sum(d.phase == "restructure" and d.aim == Aim.SPLIT for d in scene.drafts)
    if splits:
        goals.append(f"move parts of {counted(splits, 'file')} out")
    if scene.count(Aim.TAME):
        goals.append(f"take {counted(scene.count(Aim.TAME), 'hotspot')} apart")
    if not goals:
        return f"{name}: nothing found to redesign"
    return f"{name}: {listed(goals)}"


def summary(scene: Scene) -> tuple[Statement, ...]:
    parts = [_size(scene), _coverage(scene), _circles(scene), _other_findings(scene)]
    parts.append(_plan(scene) if scene.drafts else _nothing(scene))
    parts += _steered(scene)
    if scene.dropped:
        parts.append(
            say(
                f"{counted(scene.dropped, 'more milestone')} of the same kinds "
                f"{'is' if scene.dropped == 1 else 'are'} left out by the limit of the request",
                *scene.cite("circles"),
            )
        )
    return tuple(parts)


def _size(scene: Scene) -> Statement:
    lines = language_lines(scene.material.facts)
    shown = [f"{count} of {visible(name)}" for name, count in list(lines.items())[:_LANGUAGES_MAX]]
    return say(
        f"{code(scene.material.project_name)} at commit {scene.material.commit[:12]} has "
        f"{counted(scene.number('production_files'), 'production file')} with "
        f"{counted(scene.number('production_lines'), 'line')} ({listed(shown) or 'none read'}) and "
        f"{counted(scene.number('test_files'), 'test file')}",
        *scene.cite("production_files", "production_lines", "test_files"),
    )


def _coverage(scene: Scene) -> Statement:
    failed = sorted(scene.material.facts.failed_stages)
    text = (
        f"{scene.number('resolved_imports')} of {scene.number('imports')} imports are resolved and "
        f"{scene.number('parsed_files')} of {scene.number('code_files')} code files parsed: what "
        "follows from imports is as good as that"
    )
    if failed:
        text += f"; the index is incomplete, {listed(failed)} failed"
    return say(
        text,
        *scene.cite("resolved_imports", "imports", "parsed_files", "code_files", "failed_stages"),
    )


def _circles(scene: Scene) -> Statement:
    circles, files = scene.number("circles"), scene.number("files_in_circles")
    cost = scene.figures["propagation_cost"]
    if not circles:
        typed = scene.number("files_in_circles_with_types")
        aside = f" ({counted(typed, 'file')} do when imports of types count, too)" if typed else ""
        return say(
            "No files import each other in circles at run time, as far as imports are resolved"
            f"{aside}; the propagation cost of the run graph is {cost}",
            *scene.cite("circles", "propagation_cost", "resolved_imports", "imports"),
            *(scene.cite("files_in_circles_with_types") if typed else ()),
        )
    return say(
        f"{counted(files, 'file')} import each other in {counted(circles, 'circle')}, "
        f"{scene.number('circle_1_files') or files} in the largest; the propagation cost of the "
        f"run graph is {cost}: from a file, that share of all files is reached on average",
        *scene.cite("files_in_circles", "circles", "propagation_cost"),
    )


def _other_findings(scene: Scene) -> Statement:
    gods = scene.number(f"findings_{god_module.CODE}")
    hot = scene.number(f"findings_{hotspot.CODE}")
    history = scene.material.facts.has_history
    text = f"{counted(gods, 'file')} that many others import {'does' if gods == 1 else 'do'} much "
    text += "themselves" if gods != 1 else "itself"
    text += f"; {counted(hot, 'hotspot')}" if history else "; too little history to tell hotspots"
    return say(text, *scene.cite(f"findings_{god_module.CODE}", f"findings_{hotspot.CODE}"))


def _plan(scene: Scene) -> Statement:
    outcome = scene.outcome
    text = f"The plan has {counted(len(scene.drafts), 'milestone')}"
    if not outcome.imports_cut:
        return say(f"{text}; none changes which file imports which", *scene.cite("circles"))
    text += (
        f"; {counted(outcome.imports_cut, 'import')} ({counted(outcome.statements, 'statement')}) "
        f"are cut or turned, which leaves {counted(outcome.files_in_circles, 'file')} in circles "
        f"and, by simulation, a propagation cost of {outcome.propagation_cost}"
    )
    if outcome.half_way:
        text += f"; half of that gain is reached after milestone {outcome.half_way}"
    components = [summary.component for summary in scene.material.facts.cuts]
    return say(
        text,
        *scene.cite("propagation_cost", "files_in_circles"),
        *(scene.citations.cut(component) for component in components[:8]),
    )


def _nothing(scene: Scene) -> Statement:
    where = "" if not scene.steering.focus else " in the focus"
    return say(
        f"Nothing to plan{where}: the rules found nothing that this version can turn into a "
        f"milestone, on {scene.number('resolved_imports')} of {scene.number('imports')} imports "
        f"resolved and {scene.number('parsed_files')} of {scene.number('code_files')} files parsed",
        *scene.cite("resolved_imports", "imports", "parsed_files", "code_files"),
    )


def _steered(scene: Scene) -> list[Statement]:
    """What goal and focus did to the plan."""
    steering, cited = scene.steering, scene.cite("production_files")
    parts = []
    if steering.focus:
        paths = scene.material.code.paths
        inside = sum(steering.in_focus((path,)) for path in paths)
        parts.append(
            say(
                f"The focus {listed([code(each) for each in steering.focus])} holds {inside} of "
                f"{len(paths)} production files; left out because they touch none of these: "
                f"{counted(scene.beyond_focus, 'cut or milestone', 'cuts and milestones')}",
                *cited,
            )
        )
    if steering.named:
        files = frozenset[str]().union(*steering.named.values())
        parts.append(
            say(
                f"The goal's {listed([code(word) for word in steering.named])} "
                f"{'names' if len(steering.named) == 1 else 'name'} "
                f"{counted(len(files), 'production file')}: what touches them comes first",
                *cited,
            )
        )
    if steering.unknown:
        parts.append(
            say(
                f"Of the goal, {listed([code(word) for word in steering.unknown])} "
                f"{'means' if len(steering.unknown) == 1 else 'mean'} nothing to this version "
                "(`prism goals` lists what does)",
                *cited,
            )
        )
    return parts


def non_goals(scene: Scene) -> tuple[Statement, ...]:
    parts = [
        say(
            f"Public API stays: none of the {scene.number('facade_dependencies')} imports by which "
            "packages hand on names of their own files is cut",
            *scene.cite("facade_dependencies"),
        )
    ]
    if scene.number("type_dependencies"):
        parts.append(
            say(
                f"{counted(scene.number('type_dependencies'), 'dependency', 'dependencies')} by "
                "types alone stay: nothing of them is imported at run time",
                *scene.cite("type_dependencies"),
            )
        )
    if scene.number("folders_in_circles"):
        parts.append(
            say(
                "Circles between folders are another aim: "
                f"{scene.number('folders_in_circles')} folders are in one now, and files without "
                "circles do not rule that out",
                *scene.cite("folders_in_circles"),
            )
        )
    return (*parts, *_not_aimed_at(scene), *_left_out(scene))


def _not_aimed_at(scene: Scene) -> list[Statement]:
    """Findings that the goal leaves out."""
    rules = {
        Aim.UNTANGLE: ("circles", "circle of imports", "circles of imports"),
        Aim.SPLIT: (f"findings_{god_module.CODE}", "god module", "god modules"),
        Aim.TAME: (f"findings_{hotspot.CODE}", "hotspot", "hotspots"),
    }
    return [
        say(
            f"The goal leaves out {counted(scene.number(figure), one, many)}",
            *scene.cite(figure),
        )
        for aim, (figure, one, many) in rules.items()
        if aim not in scene.steering.aims and scene.number(figure)
    ]


def _left_out(scene: Scene) -> list[Statement]:
    mine = [
        each.statement
        for each in scene.left_out
        if each.aim in scene.steering.aims and scene.steering.in_focus(each.paths)
    ]
    return mine[:_LEFT_OUT_MAX]


def acceptance(scene: Scene) -> tuple[Statement, ...]:
    outcome = scene.outcome
    parts = []
    if outcome.imports_cut:
        parts.append(
            say(
                "`prism findings . --rule import-cycle --json` lists at most "
                f"{counted(outcome.circles, 'circle')} with "
                f"{counted(outcome.files_in_circles, 'file')} (now "
                f"{scene.number('circles')} with {scene.number('files_in_circles')})",
                *scene.cite("circles", "files_in_circles"),
            )
        )
        parts.append(
            say(
                "The propagation cost of the run graph between production files is at most "
                f"{outcome.propagation_cost} (now {scene.figures['propagation_cost']})",
                *scene.cite("propagation_cost"),
            )
        )
    if scene.drafts:
        parts.append(
            say(
                "Every milestone reaches the figure it names, and the test suite "
                f"({counted(scene.number('test_files'), 'test file')}) gives what it gave before",
                *scene.cite("test_files"),
            )
        )
    parts.append(
        say(
            f"The {scene.number('facade_dependencies')} imports by which packages hand on names "
            "are all still there",
            *scene.cite("facade_dependencies"),
        )
    )
    return tuple(parts)


def risks(scene: Scene) -> tuple[Statement, ...]:
    parts = []
    unresolved = scene.number("imports") - scene.number("resolved_imports")
    if unresolved:
        parts.append(
            say(
                f"{counted(unresolved, 'import')} could not be resolved: a circle may be larger "
                "than it looks here, and a file may have users that are not listed",
                *scene.cite("imports", "resolved_imports"),
            )
        )
    if scene.number("files_with_parse_problems"):
        parts.append(
            say(
                f"{counted(scene.number('files_with_parse_problems'), 'file')} did not parse "
                "entirely: what stands behind the problem may be missing",
                *scene.cite("files_with_parse_problems"),
            )
        )
    parts += _cut_risks(scene)
    if any(draft.touches for draft in scene.drafts):
        parts.append(
            say(
                "What moves together was read off names in the text: access by strings or "
                "reflection is not seen, nor are users in other repositories; keep moved names "
                "importable from their old file for a release",
                *scene.cite("production_files"),
            )
        )
    return tuple(parts)


def _cut_risks(scene: Scene) -> list[Statement]:
    parts = []
    if scene.outcome.inverted:
        parts.append(
            say(
                f"For {counted(scene.outcome.inverted, 'step')} no lighter way than inverting was "
                "found: who hands what to whom there is a decision for people",
                *scene.cite("circles"),
            )
        )
    if scene.outcome.imports_cut and scene.number("deferred_dependencies"):
        parts.append(
            say(
                f"{counted(scene.number('deferred_dependencies'), 'dependency', 'dependencies')} "
                "run only when a function is called: moving one of them to the top of its file "
                "before its circle is open can break start-up",
                *scene.cite("deferred_dependencies"),
            )
        )
    for cut in scene.material.facts.cuts:
        if cut.status in (HEURISTIC, FACADE_BOUND):
            text = (
                f"The cut of circle {cut.component} ({cut.weight} statements) is not proven the "
                f"least: at least {cut.lower_bound} are needed"
                if cut.status == HEURISTIC
                else f"Circle {cut.component} does not open entirely: public re-exports alone "
                "close a part of it"
            )
            parts.append(say(text, scene.citations.cut(cut.component)))
    return parts
