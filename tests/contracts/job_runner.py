"""What every place where jobs run has to do."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from tests.support.toy_jobs import DEADLINE_SECONDS

from prism.application.ports.runner import JobOutcome, JobRunner, RunningJob
from prism.domain.credentials import Secret
from prism.domain.errors import InvalidInput
from prism.domain.jobs import Claim, Job, JobState, Progress, Publication
from prism.domain.values import Json

_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def claim_of(kind: str, *, attempt: int = 1, options: dict[str, Json] | None = None) -> Claim:
    """A claim as a worker gets it."""
    return Claim(
        job=Job(
            id=11,
            project_id=3,
            kind=kind,
            dedup_key=f"{kind}:3",
            state=JobState.RUNNING,
            priority=0,
            run_at=_MOMENT,
            host=None,
            attempt=attempt,
            failures=0,
            failures_max=3,
            crashes=0,
            crashes_max=3,
            worker="w",
            lease_until=_MOMENT,
            heartbeat_at=_MOMENT,
            cancel_requested_at=None,
            rerun=False,
            options=options or {},
            progress=None,
            clone_path=None,
            result=None,
            errors=(),
            created_at=_MOMENT,
            started_at=_MOMENT,
            finished_at=None,
        )
    )


def outcome_of(running: RunningJob) -> JobOutcome:
    outcome = running.wait(DEADLINE_SECONDS)
    assert outcome is not None, "the job did not end"
    return outcome


def progress_of(running: RunningJob, stage: str) -> Progress:
    """Wait until the job has reported *stage*."""
    for _ in range(int(DEADLINE_SECONDS / 0.02)):
        assert running.wait(0.02) is None, "the job ended"
        if running.progress is not None and running.progress.stage == stage:
            return running.progress
    raise AssertionError(f"the job never reported {stage}")


class JobRunnerContract:
    @pytest.fixture
    def runner(self) -> Iterator[JobRunner]:
        raise NotImplementedError

    def run(self, runner: JobRunner, claim: Claim, *, token: Secret | None = None) -> JobOutcome:
        running = runner.start(claim, token=token, scratch="/scratch")
        try:
            return outcome_of(running)
        finally:
            running.close()

    def test_the_outcome_is_what_the_handler_returned(self, runner: JobRunner) -> None:
        outcome = self.run(runner, claim_of("work"))
        assert outcome.publish == Publication(run_id=7)
        assert outcome.error is None
        assert not outcome.cancelled

    def test_the_handler_gets_claim_token_and_scratch(self, runner: JobRunner) -> None:
        claim = claim_of("work", attempt=4, options={"goal": "é", "focus": ["a", "b"]})
        outcome = self.run(runner, claim, token=Secret("t0ken"))
        assert outcome.result == {
            "job": 11,
            "attempt": 4,
            "options": {"goal": "é", "focus": ["a", "b"]},
            "token": "t0ken",
            "scratch": "/scratch",
        }

    def test_a_job_without_a_token_gets_none(self, runner: JobRunner) -> None:
        outcome = self.run(runner, claim_of("work"))
        assert outcome.result is not None
        assert outcome.result["token"] is None

    def test_an_expected_error_keeps_its_words(self, runner: JobRunner) -> None:
        error = self.run(runner, claim_of("fail", attempt=2)).error
        assert error is not None
        assert (error.code, error.message, error.hint) == (
            "permanent_failure",
            "the repository is gone",
            "look for it",
        )
        assert (error.exit_code, error.attempt, error.retryable) == (6, 2, False)

    def test_a_transient_error_can_be_tried_again(self, runner: JobRunner) -> None:
        error = self.run(runner, claim_of("fail_for_now")).error
        assert error is not None
        assert error.retryable

    @pytest.mark.parametrize(
        ("kind", "name"), [("break_down", "RuntimeError"), ("leave", "SystemExit")]
    )
    def test_an_unexpected_error_is_a_bug_without_its_text(
        self, runner: JobRunner, kind: str, name: str
    ) -> None:
        error = self.run(runner, claim_of(kind)).error
        assert error is not None
        assert error.code == "bug"
        assert error.message == f"BUG: {name}"

    @pytest.mark.parametrize("kind", ["lack_memory", "lack_memory_to_fork"])
    def test_a_lack_of_memory_is_no_bug_and_may_pass(self, runner: JobRunner, kind: str) -> None:
        error = self.run(runner, claim_of(kind, attempt=3)).error
        assert error is not None
        assert (error.code, error.message) == ("out_of_memory", "out of memory")
        assert (error.exit_code, error.attempt, error.retryable) == (6, 3, True)

    def test_a_running_job_has_no_outcome_yet(self, runner: JobRunner) -> None:
        running = runner.start(claim_of("wait_for_cancel"), token=None, scratch="/scratch")
        assert running.wait(0.0) is None
        running.close()

    def test_the_outcome_can_be_asked_for_again(self, runner: JobRunner) -> None:
        running = runner.start(claim_of("work"), token=None, scratch="/scratch")
        first = outcome_of(running)
        assert running.wait(0.0) == first
        running.close()
        assert running.wait(0.0) == first

    def test_progress_and_the_clones_place_are_told_while_the_job_runs(
        self, runner: JobRunner
    ) -> None:
        running = runner.start(claim_of("report"), token=None, scratch="/scratch")
        assert progress_of(running, "structure") == Progress(stage="structure", done=3, total=9)
        assert running.clone_path == "/scratch/repo.git"
        running.close()

    def test_a_cancelled_job_says_so(self, runner: JobRunner) -> None:
        running = runner.start(claim_of("wait_for_cancel"), token=None, scratch="/scratch")
        progress_of(running, "waiting")
        running.cancel()
        outcome = outcome_of(running)
        running.close()
        assert outcome == JobOutcome(cancelled=True)

    def test_closing_ends_a_running_job(self, runner: JobRunner) -> None:
        running = runner.start(claim_of("wait_for_cancel"), token=None, scratch="/scratch")
        progress_of(running, "waiting")
        running.close()
        outcome = running.wait(0.0)
        assert outcome is not None
        assert outcome.result is None

    def test_closing_twice_is_fine(self, runner: JobRunner) -> None:
        running = runner.start(claim_of("work"), token=None, scratch="/scratch")
        running.close()
        running.close()

    def test_an_unknown_kind_is_refused(self, runner: JobRunner) -> None:
        with pytest.raises(InvalidInput, match="unknown job type 'dance'"):
            runner.start(claim_of("dance"), token=None, scratch="/scratch")

    def test_two_jobs_run_side_by_side(self, runner: JobRunner) -> None:
        first = runner.start(claim_of("wait_for_cancel"), token=None, scratch="/scratch")
        progress_of(first, "waiting")
        assert self.run(runner, claim_of("work")).error is None
        assert first.wait(0.0) is None
        first.close()

    def test_a_closed_runner_can_be_closed_again(self, runner: JobRunner) -> None:
        runner.close()
        runner.close()
