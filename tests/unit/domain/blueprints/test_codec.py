"""Blueprints as JSON and back."""

import json

import pytest
from hypothesis import given, settings
from tests.support.plans import a_blueprint, blueprints

from prism.domain.blueprints.codec import blueprint_as_json, blueprint_from_json
from prism.domain.blueprints.model import Blueprint
from prism.domain.errors import InvalidInput
from prism.domain.values import Json


@given(blueprint=blueprints())
@settings(max_examples=50, deadline=None)
def test_a_blueprint_survives_json(blueprint: Blueprint) -> None:
    text = json.dumps(blueprint_as_json(blueprint))
    assert blueprint_from_json(json.loads(text)) == blueprint
    assert json.dumps(blueprint_as_json(blueprint_from_json(json.loads(text)))) == text


def test_every_field_is_in_the_document() -> None:
    document = blueprint_as_json(a_blueprint())
    milestone = document["phases"][0]["milestones"][0]  # type: ignore[index,call-overload]  # JSON
    assert milestone["measure"] == {
        "name": "in-cycle run edges",
        "before": 4,
        "after": 2.0,
        "unit": "edges",
    }
    assert document["request"] == {"goal": "untangle", "focus": ["src/api"], "milestones_max": 40}


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("title",), 1, "title is not text"),
        (("run_id",), "1", "run_id is not an integer"),
        (("run_id",), True, "run_id is not an integer"),
        (("phases",), "x", "phases is not a list"),
        (("phases", 0), [], "phases[0] is not an object"),
        (("phases", 0, "kind"), "later", "'later' is no PhaseKind"),
        (("phases", 0, "goal", "citations"), [1], "phases[0].goal.citations is not a list of"),
        (("phases", 0, "milestones", 0, "measure", "after"), None, "measure.after is not a number"),
        (("citations", 0, "kind"), "rumour", "'rumour' is no CitationKind"),
        (("format",), 2, "format 2"),
    ],
)
def test_what_is_no_blueprint_is_refused_by_its_field(
    path: tuple[str | int, ...], value: Json, said: str
) -> None:
    document = json.loads(json.dumps(blueprint_as_json(a_blueprint())))
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(InvalidInput) as raised:
        blueprint_from_json(document)
    assert said in raised.value.message


def test_a_missing_field_is_named() -> None:
    document = blueprint_as_json(a_blueprint())
    del document["summary"]
    with pytest.raises(InvalidInput, match="summary is not present"):
        blueprint_from_json(document)
