"""Blueprints, made up."""

from collections.abc import Sequence

from hypothesis import strategies as st

from prism.domain.blueprints.model import (
    Blueprint,
    BlueprintRequest,
    Citation,
    CitationKind,
    Measure,
    Milestone,
    Phase,
    PhaseKind,
    Statement,
    Step,
)

#: Any code point, lone surrogates and NUL too.
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=8)


def blueprints(text: st.SearchStrategy[str] = ANY_TEXT) -> st.SearchStrategy[Blueprint]:
    """Any blueprint of the model's types."""
    texts = st.lists(text, max_size=2).map(tuple)
    statements = st.builds(Statement, text=text, citations=texts)
    numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**6), 10**6)
    milestones = st.builds(
        Milestone,
        id=text,
        number=text,
        title=text,
        intent=statements,
        key_files=texts,
        steps=_few(st.builds(Step, action=statements, paths=texts)),
        measure=st.builds(Measure, name=text, before=numbers, after=numbers, unit=text),
        verification=text,
        evidence=texts,
        findings=texts,
        depends_on=texts,
    )
    phases = st.builds(
        Phase,
        kind=st.sampled_from(PhaseKind),
        title=text,
        goal=statements,
        milestones=_few(milestones),
    )
    lines = st.integers(0, 10**6)
    citations = st.builds(
        Citation,
        id=text,
        kind=st.sampled_from(CitationKind),
        ref=text,
        path=text,
        line=lines,
        end_line=lines,
        span_hash=text,
    )
    return st.builds(
        Blueprint,
        commit=text,
        run_id=st.integers(1, 2**40),
        project_name=text,
        request=st.builds(BlueprintRequest, goal=text, focus=texts, milestones_max=lines),
        title=text,
        summary=_few(statements),
        non_goals=_few(statements),
        acceptance=_few(statements),
        risks=_few(statements),
        phases=_few(phases),
        citations=_few(citations),
        generator=text,
    )


def _few(values: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(values, max_size=2).map(tuple)


def a_milestone(number: str, *, measure: Measure | None = None) -> Milestone:
    return Milestone(
        id=f"m{number}",
        number=number,
        title=f"Cut {number}",
        intent=Statement(text="Two files load each other", citations=("c1",)),
        key_files=("a.py", "caf\udce9.py"),
        steps=(Step(action=Statement(text="Move f to b.py", citations=("c1",)), paths=("a.py",)),),
        measure=measure or Measure(name="in-cycle run edges", before=4, after=2.0, unit="edges"),
        verification="prism graph . --format json",
        evidence=("c1",),
        findings=("f1",),
        depends_on=(),
    )


def a_blueprint(
    *, run_id: int = 1, title: str = "Untangle a and b", milestones: Sequence[str] = ("1.1",)
) -> Blueprint:
    """A plan of one phase for each number before the dot of *milestones*."""
    numbers = sorted({number.split(".", 1)[0] for number in milestones})
    phases = tuple(
        Phase(
            kind=kind,
            title=f"Phase {phase}",
            goal=Statement(text="No cycle is left", citations=("c1",)),
            milestones=tuple(
                a_milestone(number) for number in milestones if number.split(".", 1)[0] == phase
            ),
        )
        for phase, kind in zip(numbers, PhaseKind, strict=False)
    )
    sentence = Statement(text="One cycle of 2 files", citations=("c1",))
    return Blueprint(
        commit="c" * 40,
        run_id=run_id,
        project_name="project",
        request=BlueprintRequest(goal="untangle", focus=("src/api",)),
        title=title,
        summary=(sentence,),
        non_goals=(),
        acceptance=(sentence,),
        risks=(),
        phases=phases,
        citations=(
            Citation(
                id="c1",
                kind=CitationKind.LINES,
                ref="",
                path="a.py",
                line=1,
                end_line=2,
                span_hash="0" * 16,
            ),
        ),
        generator="prism/1",
    )
