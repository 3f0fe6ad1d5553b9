"""The fault campaign would notice: each of its rules is broken here once."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from benchmarks.chaos.audit import Note
from benchmarks.chaos.checks_queue import check_queue, replay
from benchmarks.chaos.checks_results import behind, check_results
from benchmarks.chaos.evidence import Evidence, Pointer, StoredRun
from benchmarks.chaos.plan import Scale, plan_faults
from benchmarks.chaos.rules import Rule
from benchmarks.chaos.world import Repository

from prism.domain.jobs import Job, JobState

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_NOTE = dict.fromkeys(Note._fields)
_JOB: dict[str, Any] = {
    "dedup_key": None, "priority": 0, "run_at": _AT, "host": None, "failures": 0,
    "failures_max": 3, "crashes": 0, "crashes_max": 3, "worker": None, "lease_until": None,
    "heartbeat_at": None, "cancel_requested_at": None, "rerun": False, "options": {},
    "progress": None, "clone_path": None, "result": None, "errors": (), "created_at": _AT,
    "started_at": None, "finished_at": None,
}  # fmt: skip


class Record:
    """Writes notes as the triggers do; each call is a transaction of its own."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self._transaction = 0

    def insert(self, job: int, *, project: int = 1, kind: str = "index") -> "Record":
        fields = {"kind": kind, "dedup": f"{kind}:{project}", "attempt": 0, "after": "pending"}
        return self._add("insert", job=job, project=project, **fields)

    def move(self, job: int, to: str, *, attempt: int = 1, **fields: Any) -> "Record":
        last = next(n for n in reversed(self.notes) if n.job == job and n.event != "pointer")
        told = {
            "kind": last.kind, "dedup": last.dedup, "before": last.after, "after": to,
            "attempt_before": last.attempt, "attempt": attempt, "failures_before": last.failures,
            "crashes_before": last.crashes, "failures": last.failures, "crashes": last.crashes,
            **fields,
        }  # fmt: skip
        return self._add("update", job=job, project=last.project, **told)

    def publish(self, job: int, run: int, *, attempt: int = 1, together: bool = True) -> "Record":
        if together:
            self._transaction -= 1
        return self._add("pointer", job=job, project=1, attempt=attempt, run=run)

    def _add(self, event: str, **fields: Any) -> "Record":
        self._transaction += 1
        seq = len(self.notes) + 1
        base = {
            **_NOTE, "seq": seq, "transaction": self._transaction, "at": float(seq), "event": event,
            "rerun_before": False, "failures_before": 0, "failures": 0, "crashes_before": 0,
            "crashes": 0,
        }  # fmt: skip
        self.notes.append(Note(**{**base, **fields}))
        return self


def job(number: int, state: JobState, *, attempt: int = 1, **fields: Any) -> Job:
    given = {"kind": "index", "project_id": 1, "dedup_key": "index:1", **fields}
    return Job(**{**_JOB, **given, "id": number, "state": state, "attempt": attempt})


def evidence(record: Record, *jobs: Job, **fields: Any) -> Evidence:
    base: dict[str, Any] = {
        "repositories": [], "pointers": {}, "runs": {}, "blueprints": frozenset(), "commits": {},
        "journal": [], "logs": [], "unreadable": [], "ledger": [],
    }  # fmt: skip
    return Evidence(notes=record.notes, jobs={each.id: each for each in jobs}, **{**base, **fields})


def broken(found: Evidence) -> set[Rule]:
    replayed = replay(found)
    checked = [*check_queue(found, replayed), *check_results(found, replayed)]
    return {each.rule for each in checked}


def published(number: int = 1, run: int = 1) -> Record:
    """A job that went as it should."""
    record = Record().insert(number).move(number, "running")
    return record.move(number, "completed").publish(number, run)


RUN = {(1, 1): StoredRun(1, 1, "c1", "finished", 1, 1)}
SHOWN = {"pointers": {1: Pointer(1, None, 1, 1)}, "runs": RUN}
DONE = job(1, JobState.COMPLETED)


def test_a_job_that_went_as_it_should_breaks_no_rule() -> None:
    said = {"action": "job_ended", "job_id": 1, "attempt": 1, "state": "completed", "worker": "w"}
    assert broken(evidence(published(), DONE, **SHOWN, logs=[said])) == set()


def test_a_job_without_an_end() -> None:
    record = Record().insert(1)
    assert broken(evidence(record, job(1, JobState.PENDING, attempt=0))) == {Rule.REST}


@pytest.mark.parametrize(
    "record",
    [
        Record().insert(1).move(1, "running", attempt=0),
        Record().insert(1).move(1, "running", attempt=2),
        Record().insert(1).move(1, "running").move(1, "pending", crashes=4),
        Record().insert(1).move(1, "running").move(1, "pending", failures=3),
        Record().insert(1).move(1, "running").move(1, "failed"),
        published().move(1, "pending"),
    ],
    ids=["same attempt", "attempt left out", "budget", "spent", "uncharged", "completed again"],
)
def test_a_transition_that_the_rules_do_not_allow(record: Record) -> None:
    assert Rule.TRANSITION in broken(evidence(record))


def test_two_running_jobs_of_a_project() -> None:
    record = Record().insert(1).insert(2, kind="blueprint").move(1, "running").move(2, "running")
    assert Rule.TWO_RUNNING in broken(evidence(record))


def test_two_workers_that_say_they_completed_a_job() -> None:
    said = {"action": "job_ended", "job_id": 1, "attempt": 1, "state": "completed"}
    logs = [{**said, "worker": "w"}, {**said, "worker": "v"}]
    assert broken(evidence(published(), DONE, **SHOWN, logs=logs)) == {Rule.TWICE}


def test_a_worker_that_says_completed_of_an_attempt_that_is_not() -> None:
    said = {"action": "job_ended", "job_id": 1, "attempt": 7, "state": "completed", "worker": "w"}
    assert broken(evidence(published(), DONE, **SHOWN, logs=[said])) == {Rule.TWICE}


def test_an_end_without_the_follow_up_that_was_asked_for() -> None:
    record = Record().insert(1).move(1, "running").move(1, "completed", rerun_before=True)
    assert broken(evidence(record.publish(1, 1), DONE, **SHOWN)) == {Rule.LOST}


def test_a_request_after_which_nothing_began() -> None:
    request = {"what": "requested", "job": 1, "project": 1, "kind": "index", "asked_at": 99.0}
    assert Rule.LOST in broken(evidence(published(), DONE, **SHOWN, journal=[request]))


def test_a_cancel_takes_back_what_was_asked_for_before() -> None:
    request = {"what": "requested", "job": 1, "project": 1, "kind": "index", "asked_at": 98.0}
    cancel = {"what": "cancelled", "job": 1, "at": 99.0}
    assert broken(evidence(published(), DONE, **SHOWN, journal=[request, cancel])) == set()


def test_a_promised_job_that_is_gone() -> None:
    request = {"what": "requested", "job": 5, "project": 1, "kind": "index", "asked_at": 1.0}
    assert broken(evidence(Record(), journal=[request])) == {Rule.LOST}


def test_a_cancelled_job_that_nobody_cancelled() -> None:
    record = Record().insert(1).move(1, "cancelled", attempt=0)
    assert broken(evidence(record, job(1, JobState.CANCELLED, attempt=0))) == {Rule.CANCELLED}


def test_a_job_that_published_twice() -> None:
    record = published().publish(1, 1)
    assert Rule.PUBLISHED_TWICE in broken(evidence(record, DONE, **SHOWN))


@pytest.mark.parametrize("together", [True, False])
def test_a_publication_beside_the_completion(together: bool) -> None:
    record = Record().insert(1).move(1, "running").move(1, "completed")
    record = record.publish(1, 1, together=together)
    assert broken(evidence(record, DONE, **SHOWN)) == (set() if together else {Rule.RESULT})


@pytest.mark.parametrize(
    "shown",
    [
        {**SHOWN, "pointers": {1: Pointer(1, None, 1, 2)}},
        {**SHOWN, "runs": {}},
        {**SHOWN, "runs": {(1, 1): StoredRun(1, 1, "c1", "thinned", 1, 1)}},
        {**SHOWN, "runs": {(1, 1): StoredRun(1, 1, "c1", "finished", 9, 1)}},
        {**SHOWN, "pointers": {1: Pointer(1, 8, 1, 1)}},
    ],
    ids=["attempt", "no run", "swept run", "run of another job", "no blueprint"],
)
def test_a_result_without_its_job(shown: dict[str, Any]) -> None:
    assert broken(evidence(published(), DONE, **shown)) == {Rule.RESULT}


def test_a_project_whose_published_commit_is_behind() -> None:
    request = {
        "what": "requested", "job": 1, "project": 1, "kind": "index", "commit": "c2",
        "asked_at": 0.0, "client": "0.1",
    }  # fmt: skip
    place = Repository(project=1, name="r", machine="a", path="/r", files=1, doomed=False)
    given = {"repositories": [place], "commits": {1: ["c1", "c2"]}, "journal": [request]}
    assert _counts(evidence(published(), DONE, **SHOWN, **given)) == (1, 0)
    failed = job(2, JobState.FAILED, finished_at=_AT)
    assert _counts(evidence(published(), DONE, failed, **SHOWN, **given)) == (0, 1)
    newer = {**SHOWN, "runs": {(1, 1): StoredRun(1, 1, "c2", "finished", 1, 1)}}
    assert _counts(evidence(published(), DONE, **newer, **given)) == (0, 0)


def _counts(found: Evidence) -> tuple[int, int]:
    lost, excused = behind(found)
    return len(lost), len(excused)


def _toy(*lines: tuple[str, int], marks: Sequence[str] = ()) -> list[dict[str, Any]]:
    return [
        {"what": what, "job": 1, "attempt": attempt, "requests": list(marks), "monotonic": 0.0}
        for what, attempt in lines
    ]


@pytest.mark.parametrize(
    "ledger",
    [_toy(("begun", 1)), _toy(("begun", 1), ("done", 1), ("done", 1))],
    ids=["completed without it", "twice"],
)
def test_an_effect_that_does_not_fit_its_job(ledger: list[dict[str, Any]]) -> None:
    record = Record().insert(1, kind="leave_effect").move(1, "running").move(1, "completed")
    done = job(1, JobState.COMPLETED, kind="leave_effect")
    assert broken(evidence(record, done, ledger=ledger)) == {Rule.EFFECT}


def test_a_request_that_no_completed_attempt_has_seen() -> None:
    record = Record().insert(1, kind="leave_effect").move(1, "running").move(1, "completed")
    done = job(1, JobState.COMPLETED, kind="leave_effect", dedup_key="leave_effect:1")
    request = {
        "what": "requested", "job": 1, "project": 1, "kind": "leave_effect", "asked_at": 0.0,
        "mark": "request:0.1:1",
    }  # fmt: skip
    seen = _toy(("begun", 1), ("done", 1), marks=["request:0.1:1"])
    assert broken(evidence(record, done, journal=[request], ledger=seen)) == set()
    unseen = _toy(("begun", 1), ("done", 1))
    assert broken(evidence(record, done, journal=[request], ledger=unseen)) == {Rule.LOST}


def test_the_plan_comes_from_the_seed() -> None:
    one, same, other = (
        plan_faults(seed, Scale(seconds=60), postgres=True, lease=4.0) for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other
    assert len({fault.kind for fault in one}) > 8
