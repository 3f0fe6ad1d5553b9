"""Blueprints as JSON and back, without loss: the form in which they are stored and handed out."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

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
from prism.domain.errors import InvalidInput
from prism.domain.values import Json, JsonObject

#: Grows when the form changes in a way that an older reader would misunderstand.
FORMAT = 1

_T = TypeVar("_T")


def blueprint_as_json(blueprint: Blueprint) -> dict[str, Json]:
    """The whole blueprint; same blueprint, same keys in the same order."""
    return {
        "format": FORMAT,
        "title": blueprint.title,
        "project_name": blueprint.project_name,
        "commit": blueprint.commit,
        "run_id": blueprint.run_id,
        "generator": blueprint.generator,
        "request": {
            "goal": blueprint.request.goal,
            "focus": list(blueprint.request.focus),
            "milestones_max": blueprint.request.milestones_max,
        },
        "summary": [_statement(each) for each in blueprint.summary],
        "non_goals": [_statement(each) for each in blueprint.non_goals],
        "acceptance": [_statement(each) for each in blueprint.acceptance],
        "risks": [_statement(each) for each in blueprint.risks],
        "phases": [_phase(each) for each in blueprint.phases],
        "citations": [_citation(each) for each in blueprint.citations],
    }


def blueprint_from_json(document: JsonObject) -> Blueprint:
    """The blueprint that ``blueprint_as_json`` wrote, equal to the original.

    Raises InvalidInput, naming the field, for anything else.
    """
    read = _Reader(document)
    if read.integer("format") != FORMAT:
        raise InvalidInput(
            f"a blueprint of format {read.integer('format')} cannot be read",
            hint="upgrade Prism, or make the blueprint again",
        )
    request = read.object("request")
    return Blueprint(
        commit=read.text("commit"),
        run_id=read.integer("run_id"),
        project_name=read.text("project_name"),
        request=BlueprintRequest(
            goal=request.text("goal"),
            focus=request.texts("focus"),
            milestones_max=request.integer("milestones_max"),
        ),
        title=read.text("title"),
        summary=read.many("summary", _read_statement),
        non_goals=read.many("non_goals", _read_statement),
        acceptance=read.many("acceptance", _read_statement),
        risks=read.many("risks", _read_statement),
        phases=read.many("phases", _read_phase),
        citations=read.many("citations", _read_citation),
        generator=read.text("generator"),
    )


def _statement(statement: Statement) -> dict[str, Json]:
    return {"text": statement.text, "citations": list(statement.citations)}


def _phase(phase: Phase) -> dict[str, Json]:
    return {
        "kind": phase.kind.value,
        "title": phase.title,
        "goal": _statement(phase.goal),
        "milestones": [_milestone(each) for each in phase.milestones],
    }


def _milestone(milestone: Milestone) -> dict[str, Json]:
    return {
        "id": milestone.id,
        "number": milestone.number,
        "title": milestone.title,
        "intent": _statement(milestone.intent),
        "key_files": list(milestone.key_files),
        "steps": [
            {"action": _statement(step.action), "paths": list(step.paths)}
            for step in milestone.steps
        ],
        "measure": {
            "name": milestone.measure.name,
            "before": milestone.measure.before,
            "after": milestone.measure.after,
            "unit": milestone.measure.unit,
        },
        "verification": milestone.verification,
        "evidence": list(milestone.evidence),
        "findings": list(milestone.findings),
        "depends_on": list(milestone.depends_on),
    }


def _citation(citation: Citation) -> dict[str, Json]:
    return {
        "id": citation.id,
        "kind": citation.kind.value,
        "ref": citation.ref,
        "path": citation.path,
        "line": citation.line,
        "end_line": citation.end_line,
        "span_hash": citation.span_hash,
    }


class _Reader:
    """One JSON object, read field by field with the types that the model wants."""

    def __init__(self, document: JsonObject, place: str = "") -> None:
        self._document = document
        self._place = place

    def text(self, name: str) -> str:
        value = self._get(name)
        if not isinstance(value, str):
            raise self._wrong(name, "text")
        return value

    def integer(self, name: str) -> int:
        value = self._get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._wrong(name, "an integer")
        return value

    def number(self, name: str) -> float:
        value = self._get(name)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self._wrong(name, "a number")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        texts: list[str] = []
        for value in self._list(name):
            if not isinstance(value, str):
                raise self._wrong(name, "a list of texts")
            texts.append(value)
        return tuple(texts)

    def object(self, name: str) -> "_Reader":
        return self._inner(name, self._get(name))

    def many(self, name: str, read: "Callable[[_Reader], _T]") -> tuple[_T, ...]:
        return tuple(
            read(self._inner(f"{name}[{place}]", value))
            for place, value in enumerate(self._list(name))
        )

    def _list(self, name: str) -> Sequence[Json]:
        value = self._get(name)
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise self._wrong(name, "a list")
        return value

    def _inner(self, name: str, value: Json) -> "_Reader":
        if not isinstance(value, Mapping):
            raise self._wrong(name, "an object")
        return _Reader(value, f"{self._place}{name}.")

    def _get(self, name: str) -> Json:
        if name not in self._document:
            raise self._wrong(name, "present")
        return self._document[name]

    def _wrong(self, name: str, wanted: str) -> InvalidInput:
        return InvalidInput(
            f"not a blueprint: {self._place}{name} is not {wanted}",
            hint="give the JSON that `prism blueprint --json` writes",
        )


def _read_statement(read: _Reader) -> Statement:
    return Statement(text=read.text("text"), citations=read.texts("citations"))


def _read_phase(read: _Reader) -> Phase:
    return Phase(
        kind=_kind(PhaseKind, read.text("kind")),
        title=read.text("title"),
        goal=_read_statement(read.object("goal")),
        milestones=read.many("milestones", _read_milestone),
    )


def _read_milestone(read: _Reader) -> Milestone:
    measure = read.object("measure")
    return Milestone(
        id=read.text("id"),
        number=read.text("number"),
        title=read.text("title"),
        intent=_read_statement(read.object("intent")),
        key_files=read.texts("key_files"),
        steps=read.many("steps", _read_step),
        measure=Measure(
            name=measure.text("name"),
            before=measure.number("before"),
            after=measure.number("after"),
            unit=measure.text("unit"),
        ),
        verification=read.text("verification"),
        evidence=read.texts("evidence"),
        findings=read.texts("findings"),
        depends_on=read.texts("depends_on"),
    )


def _read_step(read: _Reader) -> Step:
    return Step(action=_read_statement(read.object("action")), paths=read.texts("paths"))


def _read_citation(read: _Reader) -> Citation:
    return Citation(
        id=read.text("id"),
        kind=_kind(CitationKind, read.text("kind")),
        ref=read.text("ref"),
        path=read.text("path"),
        line=read.integer("line"),
        end_line=read.integer("end_line"),
        span_hash=read.text("span_hash"),
    )


_Kind = TypeVar("_Kind", PhaseKind, CitationKind)


def _kind(kinds: type[_Kind], value: str) -> _Kind:
    try:
        return kinds(value)
    except ValueError as error:
        raise InvalidInput(
            f"not a blueprint: {value!r} is no {kinds.__name__}",
            hint="upgrade Prism, or make the blueprint again",
        ) from error
