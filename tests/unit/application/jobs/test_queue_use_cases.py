"""Enqueue, cancel, retry, reap, prune and follow: what people and commands do with jobs."""

import logging
from dataclasses import replace

import pytest
from tests.support.scripted_runner import ScriptedJob, ends_with
from tests.support.worker_bench import DONE, WorkerBench

from prism.application.jobs.cancel_job import CancelJob
from prism.application.jobs.enqueue_job import EnqueueJob
from prism.application.jobs.follow_job import FollowJob
from prism.application.jobs.prune_jobs import PruneJobs
from prism.application.jobs.retry_job import RetryJob
from prism.application.jobs.run_or_follow_job import RunOrFollowJob
from prism.application.jobs.stopping import StopRequest
from prism.application.ports.runner import JobOutcome
from prism.domain.errors import Conflict, NotFound, Permanent, Transient
from prism.domain.jobs import Enqueued, JobError, JobState, Progress, Renewal
from prism.domain.projects import Source


@pytest.fixture
def bench() -> WorkerBench:
    return WorkerBench()


# --- enqueue ---------------------------------------------------------------------------------


def test_a_job_of_a_local_project_stays_on_its_host(bench: WorkerBench) -> None:
    project = bench.projects.add(name="local", source=Source.local("there", "/code"))
    job = EnqueueJob(jobs=bench.jobs)(project, "index").job_id
    assert bench.job(job).host == "there"
    assert bench.execute()() is None


def test_a_job_that_reads_only_the_index_runs_anywhere(bench: WorkerBench) -> None:
    project = bench.projects.add(name="local", source=Source.local("there", "/code"))
    job = EnqueueJob(jobs=bench.jobs)(project, "blueprint").job_id
    assert bench.job(job).host is None


def test_a_job_of_a_url_runs_anywhere(bench: WorkerBench) -> None:
    job = EnqueueJob(jobs=bench.jobs)(bench.project(), "index").job_id
    assert bench.job(job).host is None


def test_options_and_priority_are_handed_on(bench: WorkerBench) -> None:
    enqueue = EnqueueJob(jobs=bench.jobs)
    job_id = enqueue(bench.project(), "blueprint", options={"goal": "x"}, priority=3).job_id
    job = bench.job(job_id)
    assert (job.options, job.priority) == ({"goal": "x"}, 3)


def test_a_second_request_joins_the_first(bench: WorkerBench) -> None:
    project, enqueue = bench.project(), EnqueueJob(jobs=bench.jobs)
    first, second = enqueue(project, "index"), enqueue(project, "index")
    assert (first.created, second.created) == (True, False)
    assert first.job_id == second.job_id


# --- cancel, retry, reap, prune --------------------------------------------------------------


def test_a_waiting_job_is_cancelled_at_once(bench: WorkerBench) -> None:
    assert CancelJob(jobs=bench.jobs)(bench.enqueue()) is JobState.CANCELLED


def test_an_ended_job_cannot_be_cancelled(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    bench.execute()()
    with pytest.raises(Conflict):
        CancelJob(jobs=bench.jobs)(job_id)


def test_a_failed_job_can_be_retried(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    bench.run(ends_with(JobOutcome(error=JobError.of(Permanent("no")))))
    assert RetryJob(jobs=bench.jobs)(job_id).state is JobState.PENDING
    bench.run(ends_with(DONE))
    assert bench.job(job_id).state is JobState.COMPLETED


def test_reaping_tells_the_log_of_each_job(
    bench: WorkerBench, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = bench.enqueue()
    assert bench.jobs.claim(worker="dead", host="here", lease_seconds=60) is not None
    bench.clock.advance(61)
    with caplog.at_level(logging.INFO, "prism"):
        reaped = bench.reap()()
    assert [job.id for job in reaped] == [job_id]
    assert [(vars(r)["job_id"], vars(r)["state"]) for r in caplog.records] == [(job_id, "pending")]


def test_a_job_that_kills_its_worker_each_time_ends_as_failed(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    reap = bench.reap()
    for _ in range(3):
        assert bench.jobs.claim(worker="dies", host="here", lease_seconds=60) is not None
        bench.clock.advance(61)
        reap()
        bench.clock.advance(600)
    job = bench.job(job_id)
    assert job.state is JobState.FAILED
    assert job.errors[-1].message == "the worker died in each of 3 attempts"


def test_pruning_goes_on_until_nothing_is_left_to_prune(bench: WorkerBench) -> None:
    project = bench.project()
    for _ in range(7):
        bench.enqueue(project)
        bench.execute()()
    bench.clock.advance(100)
    prune = PruneJobs(jobs=bench.jobs, batch=2)
    assert prune(older_than_seconds=50, keep_per_project=1) == 6
    assert len(bench.jobs.list()) == 1


# --- follow ----------------------------------------------------------------------------------


def test_following_shows_each_change_and_ends_with_the_job(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    claim = bench.jobs.claim(worker="other", host="here", lease_seconds=60)
    assert claim is not None
    steps = iter(
        [
            lambda: bench.jobs.renew(claim, lease_seconds=60, progress=Progress(stage="one")),
            lambda: None,
            lambda: bench.jobs.complete(claim, result={}),
        ]
    )

    def pause(seconds: float) -> None:
        bench.clock.advance(seconds)
        next(steps)()

    seen = list(FollowJob(jobs=bench.jobs, pause=pause)(job_id))
    assert [(job.state.value, job.progress and job.progress["stage"]) for job in seen] == [
        ("running", None),
        ("running", "one"),
        ("completed", "one"),
    ]


def test_following_an_ended_job_shows_it_once(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    bench.execute()()
    assert len(list(FollowJob(jobs=bench.jobs)(job_id))) == 1


def test_a_job_that_never_was_cannot_be_followed(bench: WorkerBench) -> None:
    with pytest.raises(NotFound):
        list(FollowJob(jobs=bench.jobs)(7))


# --- run here, or follow ---------------------------------------------------------------------


class Stages:
    def __init__(self) -> None:
        self.seen: list[str] = []

    def progress(self, progress: Progress) -> None:
        self.seen.append(progress.stage)


def run_or_follow(bench: WorkerBench) -> RunOrFollowJob:
    return RunOrFollowJob(
        jobs=bench.jobs,
        execute=bench.execute(),
        reap=bench.reap(),
        pause=bench.clock.advance,
    )


def created(job_id: int) -> Enqueued:
    return Enqueued(job_id=job_id, created=True)


def test_a_waiting_job_is_run_here(bench: WorkerBench) -> None:
    job_id = bench.enqueue()

    def work(job: ScriptedJob) -> JobOutcome | None:
        job.news = Progress(stage="files")
        return DONE

    bench.runner.script = work
    stages = Stages()
    assert run_or_follow(bench)(created(job_id), observe=stages).state is JobState.COMPLETED
    assert stages.seen == ["files"]


def test_a_failure_in_the_foreground_is_final(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    bench.runner.script = ends_with(JobOutcome(error=JobError.of(Transient("no network"))))
    job = run_or_follow(bench)(created(job_id))
    assert (job.state, len(bench.runner.started)) == (JobState.FAILED, 1)


def test_a_job_that_a_worker_has_is_followed_and_its_outcome_taken(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    claim = bench.jobs.claim(worker="other", host="here", lease_seconds=60)
    assert claim is not None
    bench.jobs.renew(claim, lease_seconds=60, progress=Progress(stage="resolve", done=1, total=2))
    follow = run_or_follow(bench)

    def pause(seconds: float) -> None:
        bench.clock.advance(seconds)
        if bench.clock.monotonic() > 10:
            bench.jobs.complete(claim, result={"run_id": 9})

    stages = Stages()
    job = replace(follow, pause=pause)(created(job_id), observe=stages)
    assert (job.state, job.result) == (JobState.COMPLETED, {"run_id": 9})
    assert stages.seen == ["resolve"]
    assert bench.runner.started == []


def test_the_job_of_a_worker_that_died_is_taken_over(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    assert bench.jobs.claim(worker="dies", host="here", lease_seconds=60) is not None
    job = run_or_follow(bench)(created(job_id))
    assert (job.state, job.attempt) == (JobState.COMPLETED, 2)


def test_who_joined_a_running_job_gets_what_was_asked_for_meanwhile(bench: WorkerBench) -> None:
    project = bench.project()
    first = bench.enqueue(project)
    claim = bench.jobs.claim(worker="other", host="here", lease_seconds=60)
    assert claim is not None
    joined = EnqueueJob(jobs=bench.jobs)(project, "index")
    assert joined == Enqueued(job_id=first, created=False)
    follow = replace(
        run_or_follow(bench), pause=lambda _: bench.jobs.complete(claim, result={"run_id": 1})
    )
    job = follow(joined)
    assert (job.id > first, job.state) == (True, JobState.COMPLETED)
    assert len(bench.runner.started) == 1


def test_who_joined_a_waiting_job_is_served_by_it(bench: WorkerBench) -> None:
    project = bench.project()
    first = bench.enqueue(project)
    joined = EnqueueJob(jobs=bench.jobs)(project, "index")
    assert run_or_follow(bench)(joined).id == first
    assert len(bench.runner.started) == 1


def test_a_job_that_another_host_must_run_says_so(bench: WorkerBench) -> None:
    project = bench.projects.add(name="local", source=Source.local("there", "/code"))
    job_id = EnqueueJob(jobs=bench.jobs)(project, "index").job_id
    stages = Stages()
    stopping = iter([StopRequest.NONE, StopRequest.NOW])
    job = run_or_follow(bench)(created(job_id), observe=stages, stopping=lambda: next(stopping))
    assert (job.state, stages.seen) == (JobState.PENDING, ["waiting for host there"])


def test_who_stops_following_leaves_the_job_alone(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    assert bench.jobs.claim(worker="other", host="here", lease_seconds=60) is not None
    job = run_or_follow(bench)(created(job_id), stopping=lambda: StopRequest.NOW)
    assert (job.state, job.worker) == (JobState.RUNNING, "other")


def test_who_stops_a_job_that_runs_here_gets_it_back_pending(bench: WorkerBench) -> None:
    job_id = bench.enqueue()
    bench.runner.script = lambda job: None
    job = run_or_follow(bench)(created(job_id), stopping=lambda: StopRequest.NOW)
    assert job.state is JobState.PENDING


def _running_here(bench: WorkerBench) -> int:
    """A job of a worker of this host, whose lease ends in a minute."""
    bench.presence.announce("w")
    job_id = bench.enqueue()
    assert bench.jobs.claim(worker="w", host="here", lease_seconds=60) is not None
    return job_id


def test_the_job_of_a_worker_that_died_on_this_host_is_taken_over_at_once(
    bench: WorkerBench,
) -> None:
    job_id = _running_here(bench)
    bench.presence.die()
    assert [job.id for job in bench.reap()()] == [job_id]
    error = bench.job(job_id).error
    assert error is not None
    assert error.message == "the worker died"
    assert list(bench.presence.find_dead()) == []


def test_a_dead_worker_is_remembered_until_its_job_could_be_reaped(bench: WorkerBench) -> None:
    job_id = _running_here(bench)
    bench.presence.die()
    bench.jobs.away = Transient("the database is away")
    with pytest.raises(Transient):
        bench.reap()()
    bench.jobs.away = None
    assert [job.id for job in bench.reap()()] == [job_id]


def test_a_worker_that_is_there_gets_time_to_renew_before_it_is_evicted(
    bench: WorkerBench,
) -> None:
    job_id = _running_here(bench)
    reap = bench.reap(evict=True)
    bench.clock.advance(61)
    assert list(reap()) == []
    bench.clock.advance(14)
    assert list(reap()) == []
    bench.clock.advance(2)
    assert [job.id for job in reap()] == [job_id]
    assert bench.presence.evicted == ["w"]


def test_a_worker_that_renews_late_keeps_its_job(bench: WorkerBench) -> None:
    bench.presence.announce("w")
    bench.enqueue()
    claim = bench.jobs.claim(worker="w", host="here", lease_seconds=60)
    assert claim is not None
    reap = bench.reap(evict=True)
    for _ in range(3):
        bench.clock.advance(61)
        assert list(reap()) == []
        assert bench.jobs.renew(claim, lease_seconds=60) is Renewal.CONTINUE
        assert list(reap()) == []
    assert bench.presence.evicted == []


def test_nobody_is_evicted_where_the_database_can_do_without(bench: WorkerBench) -> None:
    job_id = _running_here(bench)
    bench.clock.advance(61)
    assert [job.id for job in bench.reap()()] == [job_id]
    assert bench.presence.evicted == []
