"""Claims and outcomes as JSON, and back. What a job's process says is checked, not trusted."""

from collections.abc import Mapping
from datetime import datetime

from prism.adapters.processes.channel import BadMessage
from prism.application.ports.runner import JobOutcome
from prism.domain.jobs import Claim, Job, JobError, JobState, Progress, Publication
from prism.domain.values import Json, JsonObject

_MOMENTS = (
    "run_at", "lease_until", "heartbeat_at", "cancel_requested_at", "created_at", "started_at",
    "finished_at",
)  # fmt: skip
_PLAIN = (
    "id", "project_id", "kind", "dedup_key", "priority", "host", "attempt", "failures",
    "failures_max", "crashes", "crashes_max", "worker", "rerun", "options", "progress",
    "clone_path", "result",
)  # fmt: skip


def claim_to_json(claim: Claim) -> dict[str, Json]:
    job = claim.job
    fields: dict[str, Json] = {name: getattr(job, name) for name in _PLAIN}
    for name in _MOMENTS:
        moment: datetime | None = getattr(job, name)
        fields[name] = None if moment is None else moment.isoformat()
    fields["state"] = job.state.value
    fields["errors"] = [error.as_json() for error in job.errors]
    return fields


def claim_from_json(fields: Mapping[str, Json]) -> Claim:
    """The inverse of ``claim_to_json``: only this process's own parent is ever read this way."""
    values: dict[str, object] = {name: fields[name] for name in _PLAIN}
    for name in _MOMENTS:
        text = fields[name]
        values[name] = None if text is None else datetime.fromisoformat(str(text))
    errors = fields["errors"]
    assert isinstance(errors, list)
    return Claim(
        job=Job(
            state=JobState(str(fields["state"])),
            errors=tuple(JobError.from_json(error) for error in errors),
            **values,  # type: ignore[arg-type] # the names are those of the dataclass, see the test
        )
    )


def outcome_to_json(outcome: JobOutcome) -> dict[str, Json]:
    publish = outcome.publish
    return {
        "result": outcome.result,
        "publish": None
        if publish is None
        else {"run_id": publish.run_id, "blueprint_id": publish.blueprint_id},
        "error": None if outcome.error is None else outcome.error.as_json(),
        "cancelled": outcome.cancelled,
    }


def outcome_from_json(fields: JsonObject) -> JobOutcome:
    """Raises BadMessage."""
    result = _object_or_none(fields, "result")
    error = _object_or_none(fields, "error")
    publish = _object_or_none(fields, "publish")
    cancelled = fields.get("cancelled") is True
    if sum((result is not None, error is not None, cancelled)) != 1:
        raise BadMessage("an outcome is not exactly one of result, error and cancelled")
    if error is not None:
        numbers = {"attempt": 0, **error}
        if None in (_number_or_none(numbers, "exit_code"), _number_or_none(numbers, "attempt")):
            raise BadMessage("an error without an exit code")
    return JobOutcome(
        result=result,
        publish=None
        if publish is None
        else Publication(
            run_id=_number_or_none(publish, "run_id"),
            blueprint_id=_number_or_none(publish, "blueprint_id"),
        ),
        error=None if error is None else JobError.from_json(error),
        cancelled=cancelled,
    )


def progress_from_json(fields: JsonObject) -> Progress:
    """Raises BadMessage."""
    stage = fields.get("stage")
    done, total = _number_or_none(fields, "done"), _number_or_none(fields, "total")
    if not isinstance(stage, str) or done is None or total is None:
        raise BadMessage("a progress without stage, done and total")
    return Progress(stage=stage, done=done, total=total)


def _object_or_none(fields: JsonObject, name: str) -> JsonObject | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, Mapping):
        raise BadMessage(f"{name} is not an object")
    return value


def _number_or_none(fields: JsonObject, name: str) -> int | None:
    value = fields.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise BadMessage(f"{name} is not a number")
    return value
