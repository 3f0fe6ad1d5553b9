"""One job from claim to end: what a worker does, and what it never does."""

import logging
from dataclasses import replace

import pytest
from tests.support.scripted_runner import ScriptedJob, ends_with
from tests.support.worker_bench import DONE, TOKEN, WorkerBench

from prism.adapters.memory.projects import MemoryProjectRepository
from prism.adapters.processes.in_process import InProcessRunner
from prism.application.jobs.stopping import StopRequest
from prism.application.jobs.watch_job import Ending
from prism.application.ports.metrics import AttemptEnd
from prism.application.ports.runner import JobContext, JobOutcome
from prism.application.ports.tokens import TokenDecryptor
from prism.domain.credentials import Credential, Secret
from prism.domain.errors import Conflict, InvalidInput, Permanent, Transient
from prism.domain.jobs import JobError, JobRequest, JobState, Progress, Published
from prism.domain.projects import Project


@pytest.fixture
def bench() -> WorkerBench:
    return WorkerBench()


AWAY = Transient("the database is away")


def failed_with(error: Exception) -> JobOutcome:
    return JobOutcome(error=JobError.of(error))


# --- claiming --------------------------------------------------------------------------------


def test_nothing_due_is_none(bench: WorkerBench) -> None:
    assert bench.execute()() is None


def test_the_oldest_job_is_run_and_one_only(bench: WorkerBench) -> None:
    first, second = (bench.enqueue(bench.project(name)) for name in ("one", "two"))
    executed = bench.execute()()
    assert executed is not None
    assert (executed.job_id, executed.attempt) == (first, 1)
    assert bench.job(second).state is JobState.PENDING
    assert len(bench.runner.started) == 1


def test_only_the_named_job_is_run(bench: WorkerBench) -> None:
    first, second = (bench.enqueue(bench.project(name)) for name in ("one", "two"))
    executed = bench.execute()(only=second)
    assert executed is not None
    assert executed.job_id == second
    assert bench.job(first).state is JobState.PENDING


# --- how a job ends --------------------------------------------------------------------------


def test_a_finished_job_is_completed_and_published_in_one_step(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    executed = bench.execute()()
    assert executed is not None
    assert (executed.state, executed.error) == (JobState.COMPLETED, None)
    job = bench.job(job_id)
    assert (job.state, job.result) == (JobState.COMPLETED, {"run_id": 1})
    assert bench.jobs.published(job.project_id) == Published(run_id=1)


def test_a_failure_that_may_pass_is_tried_again_later(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    bench.run(ends_with(failed_with(Transient("the network is down"))))
    job = bench.job(job_id)
    assert (job.state, job.failures) == (JobState.PENDING, 1)
    assert job.run_at > bench.clock.now()


def test_a_permanent_failure_is_not_tried_again(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    bench.run(ends_with(failed_with(Permanent("404"))))
    job = bench.job(job_id)
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert (job.error.message, job.error.attempt) == ("404", 1)


def test_the_foreground_does_not_try_again_behind_the_users_back(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    bench.runner.script = ends_with(failed_with(Transient("the network is down")))
    executed = bench.execute()(retry=False)
    assert executed is not None
    assert executed.state is JobState.FAILED
    assert bench.job(job_id).state is JobState.FAILED


def test_a_failed_job_publishes_nothing(bench: WorkerBench) -> None:
    project = bench.project()
    bench.enqueue(project)
    bench.run(ends_with(failed_with(Permanent("404"))))
    assert bench.jobs.published(project.id) == Published()


def test_an_unknown_job_type_fails_for_good(bench: WorkerBench) -> None:
    job_id = bench.enqueue(kind="dance")
    bench.execute()()
    job = bench.job(job_id)
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error.message == "unknown job type 'dance'"


def test_a_bug_in_a_job_is_recorded_without_its_text(bench: WorkerBench) -> None:
    def handler(context: JobContext) -> JobOutcome:
        raise RuntimeError(f"cannot send {TOKEN}")

    job_id = bench.enqueue()
    bench.execute(runner=InProcessRunner({"index": handler}), poll_seconds=0.01)()
    job = bench.job(job_id)
    assert job.error is not None
    assert job.error.message == "BUG: RuntimeError"
    assert TOKEN not in repr(job)


def test_a_bug_in_the_runner_fails_the_job_and_not_the_worker(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    bench.runner.refuses = ZeroDivisionError("secret")
    executed = bench.execute()()
    assert executed is not None
    assert bench.job(job_id).errors[-1].message == "BUG: ZeroDivisionError"


def test_a_bug_while_a_job_is_watched_kills_the_job_and_not_the_worker(
    bench: WorkerBench,
) -> None:
    def broken(job: ScriptedJob) -> JobOutcome | None:
        raise KeyError("secret")

    job_id = bench.enqueue()
    bench.run(broken)
    assert bench.runner.started[0].closed
    assert bench.job(job_id).errors[-1].message == "BUG: KeyError"


@pytest.mark.parametrize("error", [Transient("no process"), Permanent("not installed")])
def test_a_worker_that_can_start_nothing_hands_the_job_back_uncharged(
    bench: WorkerBench, error: Exception
) -> None:
    job_id = bench.enqueue()
    bench.runner.refuses = error
    executed = bench.execute()()
    assert executed is not None
    assert (executed.ending, executed.end) == (Ending.NOT_STARTED, AttemptEnd.HANDED_BACK)
    job = bench.job(job_id)
    assert (job.state, job.failures, job.crashes) == (JobState.PENDING, 0, 0)


def test_the_foreground_is_told_that_nothing_can_be_started(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    bench.runner.refuses = Transient("no process can be started")
    bench.execute()(retry=False)
    job = bench.job(job_id)
    assert job.state is JobState.FAILED
    assert job.errors[-1].message == "no process can be started"


def test_a_refused_completion_fails_the_job(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    bench.jobs.refuses_completion = Conflict("the run is gone")
    executed = bench.execute()()
    assert executed is not None
    assert executed.state is JobState.FAILED
    assert bench.job(job_id).errors[-1].message == "the run is gone"


def test_a_database_that_breaks_at_the_end_is_raised(bench: WorkerBench) -> None:
    job_id = bench.enqueue()

    def finish(job: ScriptedJob) -> JobOutcome | None:
        bench.jobs.away = Permanent("the disk is broken")
        return DONE

    with pytest.raises(Permanent):
        bench.run(finish)
    assert bench.job(job_id).state is JobState.RUNNING  # the reaper's, when the lease is over


def test_a_request_during_the_run_runs_once_more(bench: WorkerBench) -> None:
    project = bench.project()
    bench.enqueue(project)

    def ask_again(job: ScriptedJob) -> JobOutcome | None:
        bench.enqueue(project)
        return DONE

    bench.run(ask_again)
    bench.runner.script = ends_with(DONE)
    second = bench.execute()()
    assert second is not None
    assert second.state is JobState.COMPLETED
    assert bench.execute()() is None


# --- project, credential, scratch ------------------------------------------------------------


def test_the_token_is_decrypted_here_and_handed_to_the_job(bench: WorkerBench) -> None:
    bench.enqueue(bench.project(credential=bench.credential()))
    bench.execute()()
    token = bench.runner.started[0].token
    assert token is not None
    assert token.reveal() == TOKEN


def test_a_project_without_a_credential_gives_no_token(bench: WorkerBench) -> None:
    bench.enqueue()
    bench.execute()()
    assert bench.runner.started[0].token is None


def test_a_job_that_needs_no_token_gets_none(bench: WorkerBench) -> None:
    bench.enqueue(bench.project(credential=bench.credential()), kind="blueprint")
    bench.execute()()
    assert bench.runner.started[0].token is None


def test_a_missing_key_fails_the_job_and_names_the_variable(bench: WorkerBench) -> None:
    class NoKey(TokenDecryptor):
        def decrypt(self, credential: Credential) -> Secret:
            raise InvalidInput("CREDENTIAL_ENCRYPTION_KEY is not set")

    job_id = bench.enqueue(bench.project(credential=bench.credential()))
    bench.tokens = NoKey()  # type: ignore[assignment]  # a decryptor is all the worker needs
    bench.execute()()
    job = bench.job(job_id)
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert "CREDENTIAL_ENCRYPTION_KEY" in job.error.message
    assert bench.runner.started == []


def test_a_credential_for_another_host_is_never_decrypted(bench: WorkerBench) -> None:
    job_id = bench.enqueue(bench.project(credential=bench.credential(host="evil.example")))
    bench.execute()()
    job = bench.job(job_id)
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert "evil.example" in job.error.message
    assert bench.runner.started == []


def test_a_job_of_a_removed_project_fails_for_good(bench: WorkerBench) -> None:
    project = bench.project()
    job_id = bench.enqueue(project)
    bench.jobs.at_claim = lambda: bench.database.projects.pop(project.id, None) and None
    bench.execute()()
    job = bench.job(job_id)
    assert job.state is JobState.FAILED
    assert bench.runner.started == []


def test_a_sweep_runs_although_its_project_is_removed(bench: WorkerBench) -> None:
    project = bench.project()
    bench.projects.mark_removed(project.id)
    job_id = bench.jobs.enqueue(JobRequest(project_id=project.id, kind="sweep")).job_id
    bench.run(ends_with(JobOutcome(result={})))
    assert bench.job(job_id).state is JobState.COMPLETED


def test_each_attempt_has_a_directory_of_its_own_and_none_is_left(bench: WorkerBench) -> None:
    bench.enqueue()
    there: list[str] = []

    def look(job: ScriptedJob) -> JobOutcome | None:
        there.extend(bench.scratch.there)
        return failed_with(Transient("again"))

    bench.run(look)
    bench.clock.advance(600)
    bench.run(look)
    assert there == ["1-1", "1-2"]
    assert bench.scratch.there == []


@pytest.mark.parametrize("script", [ends_with(DONE), ends_with(failed_with(Permanent("no")))])
def test_the_job_is_closed_and_its_directory_gone_before_its_end_is_written(
    bench: WorkerBench, script: object
) -> None:
    job_id = bench.enqueue()
    seen: list[tuple[bool, list[str]]] = []
    bench.database.listen(
        lambda: seen.append((bench.runner.started[0].closed, list(bench.scratch.there)))
    )
    bench.run(script)  # type: ignore[arg-type]
    assert bench.job(job_id).state.terminal
    assert seen == [(True, [])]


def test_a_directory_that_cannot_be_made_fails_the_attempt(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    bench.scratch.refuses = Transient("/scratch cannot be used (No space left on device)")
    bench.execute()()
    job = bench.job(job_id)
    assert job.state is JobState.PENDING
    assert "No space left" in job.errors[-1].message


# --- while it runs ---------------------------------------------------------------------------


def test_the_clones_place_is_on_the_row_while_the_job_runs_and_not_afterwards(
    bench: WorkerBench,
) -> None:
    job_id = bench.enqueue()
    seen: list[str | None] = []

    def clone(job: ScriptedJob) -> JobOutcome | None:
        job.clone = "/scratch/1-1/repo.git"
        seen.append(bench.job(job_id).clone_path)
        return DONE if job.seconds > 3 else None

    bench.run(clone)
    assert seen[0] is None
    assert seen[-1] == "/scratch/1-1/repo.git"
    assert bench.job(job_id).clone_path is None


@pytest.mark.parametrize("error", [Permanent("no"), Transient("not now")])
def test_the_clones_place_is_cleared_when_the_pipeline_raises(
    bench: WorkerBench, error: Exception
) -> None:
    job_id = bench.enqueue()

    def clone(job: ScriptedJob) -> JobOutcome | None:
        job.clone = "/scratch/1-1/repo.git"
        return failed_with(error) if job.seconds > 3 else None

    bench.run(clone)
    assert bench.job(job_id).clone_path is None
    assert bench.scratch.there == []


def test_progress_is_stored_at_most_once_a_second(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    rows: list[object] = []

    def work(job: ScriptedJob) -> JobOutcome | None:
        job.news = Progress(stage="structure", done=int(job.seconds * 4))
        rows.append(bench.job(job_id).progress)
        return DONE if job.seconds >= 5 else None

    bench.run(work)
    assert {"stage": "structure", "done": 4, "total": 0} in rows
    assert len(bench.jobs.renewals) <= 5


def test_a_job_with_nothing_to_tell_renews_by_its_interval_only(bench: WorkerBench) -> None:
    bench.enqueue()
    bench.run(lambda job: DONE if job.seconds > 50 else None, renew_seconds=15)
    assert len(bench.jobs.renewals) == 3
    assert bench.jobs.looks >= 40


def test_a_lease_shorter_than_the_polls_is_renewed_by_its_own_interval(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    bench.run(
        lambda job: DONE if job.seconds > 10 else None,
        lease_seconds=0.8, renew_seconds=0.2, poll_seconds=1.0,
    )  # fmt: skip
    assert bench.job(job_id).state is JobState.COMPLETED


def test_a_job_that_took_long_to_start_is_renewed_at_once(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    bench.runner.starts_in = 50.0  # of a lease of 60
    bench.run(lambda job: DONE if job.seconds > 10 else None)
    assert bench.job(job_id).state is JobState.COMPLETED


def test_a_job_outlives_its_first_lease(bench: WorkerBench) -> None:
    job_id = bench.enqueue()

    def work(job: ScriptedJob) -> JobOutcome | None:
        assert bench.jobs.reap() == []
        return DONE if job.seconds > 600 else None

    bench.run(work)
    assert bench.job(job_id).state is JobState.COMPLETED


def test_the_runner_is_told_how_long_the_lease_allows_the_job_to_run(bench: WorkerBench) -> None:
    bench.enqueue()
    bench.run(lambda job: DONE if job.seconds > 20 else None, renew_seconds=15, lease_seconds=60)
    alive_for = bench.runner.started[0].alive_for
    assert len(alive_for) == 2
    assert alive_for == pytest.approx([54, 54])


def test_an_observer_sees_each_progress_once(bench: WorkerBench) -> None:
    class Seen:
        def __init__(self) -> None:
            self.stages: list[str] = []

        def progress(self, progress: Progress) -> None:
            self.stages.append(progress.stage)

    def work(job: ScriptedJob) -> JobOutcome | None:
        job.news = Progress(stage="one" if job.seconds < 2 else "two")
        return DONE if job.seconds > 4 else None

    bench.enqueue()
    bench.runner.script = work
    seen = Seen()
    bench.execute()(observe=seen)
    assert seen.stages == ["one", "two"]


# --- cancel ----------------------------------------------------------------------------------


def test_a_cancel_reaches_the_job_within_about_a_second(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    asked_at: list[float] = []

    def work(job: ScriptedJob) -> JobOutcome | None:
        if job.seconds >= 3 and not asked_at:
            bench.jobs.request_cancel(job_id)
            asked_at.append(bench.clock.monotonic())
        return None if job.cancelled_at is None else JobOutcome(cancelled=True)

    bench.run(work)
    cancelled_at = bench.runner.started[0].cancelled_at
    assert cancelled_at is not None
    assert cancelled_at - asked_at[0] <= 1.25
    assert bench.job(job_id).state is JobState.CANCELLED


def test_a_job_that_ignores_a_cancel_is_killed_after_its_grace(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    bench.database.jobs[job_id] = bench.job(job_id)

    def deaf(job: ScriptedJob) -> JobOutcome | None:
        if job.seconds < 1:
            bench.jobs.request_cancel(job_id)
        return None

    bench.run(deaf, kill_seconds=5)
    job = bench.runner.started[0]
    assert (job.killed, job.closed) == (True, True)
    assert job.cancelled_at is not None
    assert 5 <= bench.clock.monotonic() - job.cancelled_at <= 6
    assert bench.job(job_id).state is JobState.CANCELLED


def test_a_job_that_fails_because_it_was_cancelled_is_cancelled(bench: WorkerBench) -> None:
    job_id = bench.enqueue()

    def work(job: ScriptedJob) -> JobOutcome | None:
        if job.seconds < 1:
            bench.jobs.request_cancel(job_id)
        return failed_with(Permanent("git was killed")) if job.cancelled_at is not None else None

    bench.run(work)
    assert bench.job(job_id).state is JobState.CANCELLED


def test_a_job_that_finished_before_it_heard_of_a_cancel_is_completed(bench: WorkerBench) -> None:
    job_id = bench.enqueue()

    def work(job: ScriptedJob) -> JobOutcome | None:
        bench.jobs.request_cancel(job_id)
        return DONE

    bench.run(work)
    assert bench.job(job_id).state is JobState.COMPLETED


# --- the lease is lost -----------------------------------------------------------------------


def test_a_job_whose_lease_is_lost_is_killed_and_writes_nothing(bench: WorkerBench) -> None:
    job_id = bench.enqueue()

    def taken_over(job: ScriptedJob) -> JobOutcome | None:
        if job.seconds < 1:
            bench.clock.advance(61)
            bench.jobs.reap()
            bench.clock.advance(600)
            assert bench.jobs.claim(worker="w2", host="here", lease_seconds=6000) is not None
        return None

    bench.runner.script = taken_over
    executed = bench.execute()()
    assert executed is not None
    assert (executed.state, executed.ending) == (None, Ending.LEASE_LOST)
    assert bench.runner.started[0].killed
    job = bench.job(job_id)
    assert (job.state, job.worker, job.attempt) == (JobState.RUNNING, "w2", 2)


def test_a_result_that_comes_after_the_lease_was_lost_is_not_published(bench: WorkerBench) -> None:
    project = bench.project()
    bench.enqueue(project)

    def late(job: ScriptedJob) -> JobOutcome | None:
        bench.clock.advance(61)
        bench.jobs.reap()
        return DONE

    bench.runner.script = late
    executed = bench.execute()()
    assert executed is not None
    assert executed.state is None
    assert executed.error is not None
    assert executed.error.code == "lease_lost"
    assert bench.jobs.published(project.id) == Published()


def test_a_deleted_job_is_a_lost_lease(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    bench.runner.script = lambda job: bench.database.jobs.pop(job_id, None) and None
    executed = bench.execute()()
    assert executed is not None
    assert executed.ending is Ending.LEASE_LOST


# --- the database goes away ------------------------------------------------------------------


def test_a_short_absence_of_the_database_is_not_noticed_by_the_job(bench: WorkerBench) -> None:
    job_id = bench.enqueue()

    def work(job: ScriptedJob) -> JobOutcome | None:
        bench.jobs.away = AWAY if 5 < job.seconds < 30 else None
        return DONE if job.seconds > 70 else None

    bench.run(work)
    assert bench.job(job_id).state is JobState.COMPLETED
    assert bench.job(job_id).attempt == 1


def test_a_job_without_a_confirmed_renewal_is_killed_before_the_lease_is_over(
    bench: WorkerBench,
) -> None:
    job_id = bench.enqueue()

    def work(job: ScriptedJob) -> JobOutcome | None:
        bench.jobs.away = AWAY if job.seconds > 5 else None
        return None

    bench.runner.script = work
    executed = bench.execute(lease_seconds=60, renew_seconds=15)()
    assert executed is not None
    assert (executed.ending, executed.state) == (Ending.OUT_OF_REACH, None)
    job = bench.runner.started[0]
    assert job.killed
    assert 54 <= job.seconds < 60
    assert bench.job(job_id).state is JobState.RUNNING  # the reaper's, when the lease is over


def test_a_job_whose_project_could_not_be_read_is_handed_back_when_the_database_is_there(
    bench: WorkerBench,
) -> None:
    job_id = bench.enqueue()

    class AwayProjects(MemoryProjectRepository):
        def get(self, project_id: int) -> Project:
            bench.jobs.away = AWAY
            raise AWAY

    def come_back(seconds: float) -> None:
        bench.clock.advance(seconds)
        bench.jobs.away = AWAY if bench.clock.monotonic() - claimed_at < 5 else None

    claimed_at = bench.clock.monotonic()
    projects = AwayProjects(bench.database)
    executed = replace(bench.execute(), projects=projects, pause=come_back)()
    assert executed is not None
    assert (executed.ending, executed.state) == (Ending.OUT_OF_REACH, JobState.PENDING)
    job = bench.job(job_id)
    assert (job.state, job.attempt, job.crashes) == (JobState.PENDING, 1, 0)


def test_a_job_that_died_while_its_worker_was_stopped_is_not_charged(bench: WorkerBench) -> None:
    """The runner killed it, since nobody renewed: that is no failure of the job."""
    job_id = bench.enqueue()

    def stopped(job: ScriptedJob) -> JobOutcome | None:
        bench.clock.advance(55)
        return failed_with(Transient("the job's process was killed by SIGKILL"))

    bench.run(stopped)
    job = bench.job(job_id)
    assert (job.state, job.failures, job.crashes) == (JobState.PENDING, 0, 0)


def test_a_worker_that_was_stopped_until_another_took_its_job_says_that_the_lease_is_lost(
    bench: WorkerBench,
) -> None:
    job_id = bench.enqueue()

    def stopped(job: ScriptedJob) -> JobOutcome | None:
        bench.clock.advance(100)
        bench.jobs.reap()
        return failed_with(Transient("the job's process was killed by SIGKILL"))

    bench.runner.script = stopped
    executed = bench.execute()()
    assert executed is not None
    assert executed.state is None
    assert executed.error is not None
    assert executed.error.code == "lease_lost"
    assert bench.job(job_id).crashes == 1


def test_a_completion_is_repeated_until_the_database_is_back(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    bench.jobs.away = None
    passed: list[float] = []

    def pause(seconds: float) -> None:
        bench.clock.advance(seconds)
        passed.append(seconds)
        if sum(passed) > 20:
            bench.jobs.away = None

    def finish(job: ScriptedJob) -> JobOutcome | None:
        bench.jobs.away = AWAY
        return DONE

    bench.runner.script = finish
    executed = bench.execute(pause=pause)()  # type: ignore[arg-type]
    assert executed is not None
    assert executed.state is JobState.COMPLETED
    assert bench.job(job_id).state is JobState.COMPLETED


def test_a_completion_is_given_up_when_the_lease_is_over(bench: WorkerBench) -> None:
    bench.enqueue()

    def finish(job: ScriptedJob) -> JobOutcome | None:
        bench.jobs.away = AWAY
        return DONE

    bench.runner.script = finish
    began = bench.clock.monotonic()
    with pytest.raises(Transient):
        bench.execute(lease_seconds=60)()
    assert 55 <= bench.clock.monotonic() - began <= 60


def test_the_foreground_gives_a_completion_up_sooner(bench: WorkerBench) -> None:
    bench.enqueue()

    def finish(job: ScriptedJob) -> JobOutcome | None:
        bench.jobs.away = AWAY
        return DONE

    bench.runner.script = finish
    began = bench.clock.monotonic()
    with pytest.raises(Transient):
        bench.execute(lease_seconds=60, settle_seconds=3)()
    assert bench.clock.monotonic() - began <= 4


def test_a_database_that_is_away_at_the_claim_is_raised(bench: WorkerBench) -> None:
    bench.enqueue()
    bench.jobs.away = AWAY
    with pytest.raises(Transient):
        bench.execute()()


def test_a_claim_whose_answer_was_lost_is_given_back_and_made_again(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    bench.jobs.loses_claim = AWAY
    execute = bench.execute()
    with pytest.raises(Transient):
        execute()
    assert bench.job(job_id).state is JobState.RUNNING
    executed = execute()
    assert executed is not None
    assert (executed.attempt, executed.state) == (2, JobState.COMPLETED)
    job = bench.job(job_id)
    assert (job.failures, job.crashes) == (0, 0)


def test_an_end_that_could_not_be_written_is_given_back_before_the_next_claim(
    bench: WorkerBench,
) -> None:
    job_id = bench.enqueue()

    def finish(job: ScriptedJob) -> JobOutcome | None:
        bench.jobs.away = AWAY
        return DONE

    bench.runner.script = finish
    execute = bench.execute(lease_seconds=60, settle_seconds=3)
    with pytest.raises(Transient):
        execute()
    with pytest.raises(Transient):
        execute()
    bench.jobs.away = None
    bench.runner.script = ends_with(DONE)
    executed = execute()
    assert executed is not None
    assert (executed.attempt, executed.state) == (2, JobState.COMPLETED)
    assert bench.job(job_id).crashes == 0


def test_who_is_not_in_doubt_gives_nothing_back(bench: WorkerBench) -> None:
    bench.enqueue(bench.project("a"))
    held = bench.jobs.claim(worker="w1", host="here", lease_seconds=60)
    assert held is not None
    bench.enqueue(bench.project("b"))
    assert bench.execute()() is not None
    assert bench.job(held.id).state is JobState.RUNNING


# --- stopping --------------------------------------------------------------------------------


def test_a_first_request_to_stop_lets_the_job_finish(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    bench.runner.script = lambda job: DONE if job.seconds > 3600 else None
    executed = bench.execute(grace_seconds=None)(stopping=lambda: StopRequest.FINISH)
    assert executed is not None
    assert bench.job(job_id).state is JobState.COMPLETED


def test_a_job_that_outlasts_the_grace_is_handed_back_uncharged(bench: WorkerBench) -> None:
    job_id = bench.enqueue()

    def work(job: ScriptedJob) -> JobOutcome | None:
        return None if job.cancelled_at is None else JobOutcome(cancelled=True)

    bench.runner.script = work
    executed = bench.execute(grace_seconds=25)(stopping=lambda: StopRequest.FINISH)
    assert executed is not None
    assert (executed.ending, executed.state) == (Ending.HANDED_BACK, JobState.PENDING)
    assert 25 <= bench.runner.started[0].seconds <= 27
    job = bench.job(job_id)
    assert (job.failures, job.crashes, job.errors) == (0, 0, ())
    assert job.run_at <= bench.clock.now()


def test_a_second_request_kills_the_job_and_hands_it_back(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    bench.runner.script = lambda job: None
    executed = bench.execute()(stopping=lambda: StopRequest.NOW)
    assert executed is not None
    assert executed.state is JobState.PENDING
    assert bench.runner.started[0].killed
    assert bench.runner.started[0].seconds <= 1
    assert bench.job(job_id).failures == 0


def test_a_second_request_does_not_undo_a_cancel(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    stop = [StopRequest.NONE]

    def deaf(job: ScriptedJob) -> JobOutcome | None:
        if job.seconds < 1:
            bench.jobs.request_cancel(job_id)
        if job.cancelled_at is not None:
            stop[0] = StopRequest.NOW
        return None

    bench.runner.script = deaf
    bench.execute()(stopping=lambda: stop[0])
    assert bench.job(job_id).state is JobState.CANCELLED


def test_an_interrupt_in_the_foreground_hands_the_job_back(bench: WorkerBench) -> None:
    job_id = bench.enqueue()

    def interrupted(job: ScriptedJob) -> JobOutcome | None:
        raise KeyboardInterrupt

    bench.runner.script = interrupted
    with pytest.raises(KeyboardInterrupt):
        bench.execute()()
    assert bench.job(job_id).state is JobState.PENDING
    assert bench.runner.started[0].closed
    assert bench.scratch.there == []


# --- time limit ------------------------------------------------------------------------------


def test_a_job_that_runs_too_long_is_stopped_and_charged(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    bench.run(lambda job: None, limit_seconds=1800)
    assert 1800 <= bench.runner.started[0].seconds <= 1807
    job = bench.job(job_id)
    assert (job.state, job.failures) == (JobState.PENDING, 1)
    assert job.errors[-1].code == "time_limit"


# --- the log ---------------------------------------------------------------------------------


def test_the_log_names_job_attempt_worker_and_how_it_ended(
    bench: WorkerBench, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = bench.enqueue()
    with caplog.at_level(logging.INFO, "prism"):
        bench.run(ends_with(failed_with(Permanent("404"))))
    ended = next(r for r in caplog.records if vars(r).get("action") == "job_ended")
    said = vars(ended)
    assert (said["job_id"], said["attempt"], said["worker"]) == (job_id, 1, "w1")
    assert (said["state"], said["code"], said["error"]) == ("failed", "permanent_failure", "404")


def test_no_secret_is_in_the_log_or_on_the_row(
    bench: WorkerBench, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = bench.enqueue(bench.project(credential=bench.credential()))
    with caplog.at_level(logging.DEBUG):
        bench.execute()()
    assert TOKEN not in "".join(repr(vars(record)) for record in caplog.records)
    assert TOKEN not in repr(bench.job(job_id))
