"""What worker and job tell each other survives the trip; nonsense is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contracts.job_runner import claim_of

from prism.adapters.processes.channel import BadMessage
from prism.adapters.processes.messages import (
    claim_from_json,
    claim_to_json,
    outcome_from_json,
    outcome_to_json,
    progress_from_json,
)
from prism.application.ports.runner import JobOutcome
from prism.domain.jobs import Claim, JobError, JobState, Publication
from prism.domain.values import Json

ERROR = JobError(code="bug", message="BUG: X", hint="h", exit_code=70, attempt=2, retryable=True)


def test_a_claim_survives_with_every_field() -> None:
    job = replace(
        claim_of("index").job,
        options={"a": [1, None, "é"]},
        errors=(ERROR,),
        cancel_requested_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC) + timedelta(hours=1),
        rerun=True,
        host="here",
        result={"x": 1.5},
        progress={"stage": "files"},
        clone_path="/c",
        state=JobState.RUNNING,
        worker=None,
        dedup_key=None,
    )
    assert claim_from_json(claim_to_json(Claim(job=job))) == Claim(job=job)


@pytest.mark.parametrize(
    "outcome",
    [
        JobOutcome(result={}),
        JobOutcome(result={"a": 1}, publish=Publication(run_id=1, blueprint_id=None)),
        JobOutcome(result={"a": 1}, publish=Publication(blueprint_id=3)),
        JobOutcome(error=ERROR),
        JobOutcome(cancelled=True),
    ],
)
def test_an_outcome_survives(outcome: JobOutcome) -> None:
    assert outcome_from_json(outcome_to_json(outcome)) == outcome


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"result": []},
        {"result": {}, "cancelled": True},
        {"result": {}, "error": {"exit_code": 1}},
        {"error": {"exit_code": "six"}},
        {"error": {"exit_code": False}},
        {"error": {"exit_code": 1, "attempt": None}},
        {"error": "no"},
        {"result": {}, "publish": {"run_id": "7"}},
        {"result": {}, "publish": {"run_id": True}},
        {"result": {}, "publish": 7},
    ],
)
def test_an_outcome_that_is_none_is_refused(message: dict[str, Json]) -> None:
    with pytest.raises(BadMessage):
        outcome_from_json(message)


@pytest.mark.parametrize(
    "message",
    [{}, {"stage": 1, "done": 1, "total": 1}, {"stage": "a", "done": "1", "total": 1},
     {"stage": "a", "done": 1}],
)  # fmt: skip
def test_a_progress_that_is_none_is_refused(message: dict[str, Json]) -> None:
    with pytest.raises(BadMessage):
        progress_from_json(message)


NAMES = st.sampled_from(["run_id", "exit_code", "attempt", "message", ""])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NAMES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from(["result", "error", "publish", "cancelled"]), JSON))
def test_whatever_a_job_sends_is_an_outcome_or_refused(message: dict[str, Json]) -> None:
    try:
        outcome = outcome_from_json(message)
    except BadMessage:
        return
    kinds = (outcome.result is not None, outcome.error is not None, outcome.cancelled)
    assert sum(kinds) == 1
