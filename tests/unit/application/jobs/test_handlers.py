"""What each kind of job asks of its use case, and what it makes of the answer."""

import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from tests.contracts.job_runner import claim_of

from prism.application.blueprints.generate_blueprint import GenerateRequest
from prism.application.indexing.index_project import IndexRequest
from prism.application.jobs.handlers import blueprint_request, job_handlers
from prism.application.jobs.run_handler import run_handler
from prism.application.ports.runner import JobContext, JobOutcome, JobReporter
from prism.domain.blueprints.model import BlueprintRequest
from prism.domain.credentials import Secret
from prism.domain.errors import Cancelled, Conflict, InvalidInput, Transient
from prism.domain.facts.runs import Run, RunState, StageReport, StageStatus
from prism.domain.jobs import Claim, JobRef, Progress, Publication
from prism.domain.values import Json

RUN = Run(
    project_id=3,
    id=42,
    commit="c" * 40,
    algorithm="sha1",
    state=RunState.FINISHED,
    complete=True,
    stages=(StageReport(name="files", version=1, status=StageStatus.COMPLETED),),
    coverage=(),
    notices=(),
    cuts=(),
    settings={},
    job=JobRef(job_id=11, attempt=2),
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    finished_at=datetime(2026, 1, 1, tzinfo=UTC),
)


class Quiet(JobReporter):
    def progress(self, progress: Progress) -> None:
        """Nobody looks."""

    def cloned(self, path: str) -> None:
        """Nobody looks."""

    def check_cancelled(self) -> None:
        """Nobody cancels."""


@dataclass
class Answers:
    """Stands for each of the use cases: remembers what it was asked, answers or raises."""

    answer: object = None
    error: Exception | None = None
    asked: list[object] = field(default_factory=list)

    def __call__(self, request: object, *_more: object) -> object:
        self.asked.append(request)
        if self.error is not None:
            raise self.error
        return self.answer


@dataclass
class UseCases:
    index: Answers = field(default_factory=lambda: Answers(RUN))
    blueprint: Answers = field(default_factory=lambda: Answers(5))
    sweep_project: Answers = field(default_factory=Answers)
    sweep_runs: Answers = field(default_factory=lambda: Answers(0))
    made: list[str] = field(default_factory=list)

    def run(self, claim: Claim, token: Secret | None = None) -> JobOutcome:
        context = JobContext(claim=claim, token=token, scratch="/scratch/11-2", reporter=Quiet())
        handlers = job_handlers(
            index_project=lambda: self.make("index"),
            generate_blueprint=lambda: self.make("blueprint"),
            sweep_project=lambda: self.make("sweep_project"),
            sweep_runs=lambda: self.make("sweep_runs"),
        )
        return run_handler(handlers, context)

    def make(self, name: str):  # type: ignore[no-untyped-def]  # any of the use cases
        self.made.append(name)
        return getattr(self, name)


@pytest.fixture
def cases() -> UseCases:
    return UseCases()


# --- index -----------------------------------------------------------------------------------


def test_an_index_job_hands_on_all_that_the_use_case_needs(cases: UseCases) -> None:
    token = Secret("t")
    cases.run(claim_of("index", attempt=2, options={"history_limit": 5}), token)
    (request,) = cases.index.asked
    assert request == IndexRequest(
        project_id=3,
        scratch="/scratch/11-2",
        job=JobRef(job_id=11, attempt=2),
        token=token,
        options={"history_limit": 5},
    )


def test_force_is_an_option_of_the_job_and_no_setting_of_the_index(cases: UseCases) -> None:
    cases.run(claim_of("index", options={"history_limit": 5, "force": True}))
    (request,) = cases.index.asked
    assert isinstance(request, IndexRequest)
    assert (request.force, request.options) == (True, {"history_limit": 5})


def test_the_new_run_is_to_be_published(cases: UseCases) -> None:
    outcome = cases.run(claim_of("index"))
    assert outcome.publish == Publication(run_id=42)
    assert outcome.result == {
        "run_id": 42,
        "commit": "c" * 40,
        "complete": True,
        "failed_stages": [],
    }


def test_an_incomplete_run_is_published_and_says_what_failed(cases: UseCases) -> None:
    bad = StageReport(name="history", version=1, status=StageStatus.FAILED, error="git died")
    cases.index.answer = replace(RUN, complete=False, stages=(*RUN.stages, bad))
    outcome = cases.run(claim_of("index"))
    assert outcome.publish == Publication(run_id=42)
    assert outcome.result is not None
    assert (outcome.result["complete"], outcome.result["failed_stages"]) == (False, ["history"])


def test_old_runs_are_swept_after_an_index(cases: UseCases) -> None:
    cases.run(claim_of("index"))
    assert cases.sweep_runs.asked == [3]


def test_a_sweep_that_fails_does_not_cost_the_finished_run(
    cases: UseCases, caplog: pytest.LogCaptureFixture
) -> None:
    cases.sweep_runs.error = Transient("the database is locked")
    with caplog.at_level(logging.WARNING, "prism"):
        assert cases.run(claim_of("index")).publish == Publication(run_id=42)
    assert [vars(record)["action"] for record in caplog.records] == ["sweep_failed"]


def test_nothing_is_swept_after_an_index_that_failed(cases: UseCases) -> None:
    cases.index.error = Transient("the network is down")
    assert cases.run(claim_of("index")).error is not None
    assert cases.sweep_runs.asked == []


def test_a_cancelled_index_is_cancelled(cases: UseCases) -> None:
    cases.index.error = Cancelled("stopped")
    assert cases.run(claim_of("index")) == JobOutcome(cancelled=True)


# --- blueprint -------------------------------------------------------------------------------


def test_a_blueprint_job_hands_on_goal_and_focus(cases: UseCases) -> None:
    cases.run(claim_of("blueprint", options={"goal": "split it", "focus": ["src/api"]}))
    (request,) = cases.blueprint.asked
    assert request == GenerateRequest(
        project_id=3,
        request=BlueprintRequest(goal="split it", focus=("src/api",)),
        job=JobRef(job_id=11, attempt=1),
    )


def test_the_new_blueprint_is_to_be_published(cases: UseCases) -> None:
    outcome = cases.run(claim_of("blueprint"))
    assert outcome.publish == Publication(blueprint_id=5)
    assert outcome.result == {"blueprint_id": 5}


def test_a_blueprint_without_an_index_fails_clearly(cases: UseCases) -> None:
    cases.blueprint.error = Conflict("there is no index", hint="index it first")
    error = cases.run(claim_of("blueprint")).error
    assert error is not None
    assert (error.message, error.hint, error.retryable) == (
        "there is no index",
        "index it first",
        False,
    )


def test_a_blueprint_may_have_neither_goal_nor_focus() -> None:
    assert blueprint_request({}) == BlueprintRequest()


@pytest.mark.parametrize(
    ("options", "name"),
    [({"goal": 7}, "goal"), ({"focus": "src"}, "focus"), ({"focus": [1]}, "focus"),
     ({"gaol": "x"}, "gaol"), ({"goal": None}, "goal")],
)  # fmt: skip
def test_an_option_that_cannot_be_used_is_named(options: dict[str, Json], name: str) -> None:
    with pytest.raises(InvalidInput, match=name):
        blueprint_request(options)


# --- sweep, and others -----------------------------------------------------------------------


def test_a_sweep_job_sweeps_its_project_and_publishes_nothing(cases: UseCases) -> None:
    outcome = cases.run(claim_of("sweep"))
    assert cases.sweep_project.asked == [3]
    assert (outcome.result, outcome.publish) == ({}, None)


def test_a_job_pays_only_for_the_use_cases_it_needs(cases: UseCases) -> None:
    cases.run(claim_of("blueprint"))
    assert cases.made == ["blueprint"]


def test_an_unknown_job_type_is_an_error(cases: UseCases) -> None:
    error = cases.run(claim_of("dance")).error
    assert error is not None
    assert error.message == "unknown job type 'dance'"
    assert cases.made == []
