"""What a worker counts while it works, and how often it counts the queue."""

import pytest
from tests.support.scripted_runner import ScriptedJob, ends_with
from tests.support.worker_bench import DONE, WorkerBench

from prism.adapters.memory.wakeup import MemoryWakeup
from prism.application.jobs.sample_queue import SAMPLE_SECONDS, SAMPLE_SECONDS_MAX, SampleQueue
from prism.application.jobs.stopping import StopRequest
from prism.application.jobs.worker_loop import WorkerLoop
from prism.application.ports.metrics import AttemptEnd
from prism.application.ports.runner import JobOutcome
from prism.domain.backlog import Backlog
from prism.domain.errors import Permanent, Transient
from prism.domain.jobs import JobError, JobState

AWAY = Transient("the database is away")


class MeasuredBench(WorkerBench):
    def loop(self, **times: float | None) -> WorkerLoop:
        return WorkerLoop(
            jobs=self.jobs,
            execute=self.execute(**times),
            reap=self.reap(),
            scratch=self.scratch,
            wakeup=MemoryWakeup(self.database),
            clock=self.clock,
            metrics=self.metrics,
        )

    def attempt(self, job_id: int, **times: float | None) -> AttemptEnd:
        """Run it once; how its attempt was counted. Nothing is left running."""
        before = dict(self.metrics.attempts)
        self.execute(**times)(only=job_id)
        assert self.metrics.running == 0
        ((_, end),) = [k for k, n in self.metrics.attempts.items() if n != before.get(k, 0)]
        return end


@pytest.fixture
def bench() -> MeasuredBench:
    return MeasuredBench()


def test_a_completed_job_is_counted_with_its_time_and_wait(bench: MeasuredBench) -> None:
    bench.enqueue()
    bench.clock.advance(4)
    bench.runner.script = lambda job: DONE if job.seconds >= 2 else None
    bench.loop()(once=True)
    assert bench.metrics.attempts == {("index", AttemptEnd.COMPLETED): 1}
    assert bench.metrics.pickups == {"index": [4.0]}
    assert bench.metrics.durations == {"index": [pytest.approx(2.0)]}


def test_a_job_counts_as_running_while_it_runs(bench: MeasuredBench) -> None:
    seen: list[int] = []

    def script(job: ScriptedJob) -> JobOutcome:
        seen.append(bench.metrics.running)
        return DONE

    bench.enqueue()
    bench.runner.script = script
    bench.loop()(once=True)
    assert (seen, bench.metrics.running) == ([1], 0)


def test_a_failure_is_retried_or_final(bench: MeasuredBench) -> None:
    bench.runner.script = ends_with(JobOutcome(error=JobError.of(Transient("later"))))
    assert bench.attempt(bench.enqueue(bench.project("a"))) is AttemptEnd.RETRIED
    bench.runner.script = ends_with(JobOutcome(error=JobError.of(Permanent("never"))))
    assert bench.attempt(bench.enqueue(bench.project("b"))) is AttemptEnd.FAILED


def test_a_cancelled_job_is_counted_as_such(bench: MeasuredBench) -> None:
    bench.runner.script = ends_with(JobOutcome(cancelled=True))
    assert bench.attempt(bench.enqueue()) is AttemptEnd.CANCELLED


def test_a_job_that_ran_too_long_failed(bench: MeasuredBench) -> None:
    bench.runner.script = lambda job: None
    assert bench.attempt(bench.enqueue(), limit_seconds=10) is AttemptEnd.RETRIED


def test_a_job_that_was_handed_back_is_no_failure(bench: MeasuredBench) -> None:
    bench.enqueue()
    bench.runner.script = lambda job: None
    bench.execute()(stopping=lambda: StopRequest.NOW)
    assert bench.metrics.attempts == {("index", AttemptEnd.HANDED_BACK): 1}


def test_a_lost_lease_is_counted(bench: MeasuredBench) -> None:
    job_id = bench.enqueue()

    def script(job: ScriptedJob) -> JobOutcome | None:
        if job.seconds < 1:
            bench.jobs.reap(dead=["w1"])
        return None

    bench.runner.script = script
    assert bench.attempt(job_id) is AttemptEnd.LEASE_LOST


def test_a_database_out_of_reach_is_counted_and_so_is_each_question(bench: MeasuredBench) -> None:
    def script(job: ScriptedJob) -> JobOutcome | None:
        bench.jobs.away = AWAY
        return None

    bench.runner.script = script
    assert bench.attempt(bench.enqueue()) is AttemptEnd.OUT_OF_REACH
    assert bench.metrics.failures["transient_failure"] > 10


def test_an_end_that_could_not_be_written_down_is_counted_too(bench: MeasuredBench) -> None:
    def script(job: ScriptedJob) -> JobOutcome | None:
        bench.jobs.away = AWAY
        return DONE

    bench.enqueue()
    bench.runner.script = script
    with pytest.raises(Transient):
        bench.execute()()
    assert bench.metrics.attempts == {("index", AttemptEnd.OUT_OF_REACH): 1}
    assert bench.metrics.running == 0


def test_an_interrupted_foreground_hands_its_job_back(bench: MeasuredBench) -> None:
    def script(job: ScriptedJob) -> JobOutcome | None:
        raise KeyboardInterrupt

    bench.enqueue()
    bench.runner.script = script
    with pytest.raises(KeyboardInterrupt):
        bench.execute()()
    assert bench.metrics.attempts == {("index", AttemptEnd.HANDED_BACK): 1}


def test_the_job_of_a_dead_worker_is_counted(bench: MeasuredBench) -> None:
    bench.enqueue()
    bench.jobs.claim(worker="dead", host="here", lease_seconds=60)
    bench.clock.advance(61)
    bench.reap()()
    assert bench.metrics.reaped_to == {JobState.PENDING: 1}


def test_a_loop_is_there_while_it_works_and_heard_of_each_round(bench: MeasuredBench) -> None:
    seen: list[dict[str, int]] = []
    bench.enqueue(bench.project("a"))
    bench.enqueue(bench.project("b"))
    bench.jobs.at_claim = lambda: seen.append(dict(bench.metrics.workers))
    bench.loop()(once=True)
    assert seen == [{"w1": 0}, {"w1": 1}, {"w1": 2}]
    assert bench.metrics.workers == {}


def test_a_long_job_s_looks_at_the_database_are_heard_of(bench: MeasuredBench) -> None:
    bench.enqueue()
    bench.runner.script = lambda job: DONE if job.seconds >= 30 else None
    bench.metrics.working("w1")
    bench.execute()()
    assert 25 <= bench.metrics.workers["w1"] <= 35


def test_a_failing_round_is_counted_by_its_code(bench: MeasuredBench) -> None:
    loop = bench.loop()

    def at_claim() -> None:
        loop.stop()
        raise AWAY

    bench.jobs.at_claim = at_claim
    loop()
    assert bench.metrics.failures == {"transient_failure": 1}


# --- the queue -------------------------------------------------------------------------------


def test_the_queue_is_counted(bench: MeasuredBench) -> None:
    bench.enqueue()
    bench.clock.advance(7)
    sample = SampleQueue(jobs=bench.jobs, metrics=bench.metrics, clock=bench.clock)
    assert sample() == SAMPLE_SECONDS
    assert bench.metrics.counts[JobState.PENDING] == 1
    assert bench.metrics.backlog is not None
    assert bench.metrics.backlog.oldest_due_seconds == 7.0


@pytest.mark.parametrize(
    ("cost", "wait"), [(0.27, SAMPLE_SECONDS), (1.0, 50.0), (60.0, SAMPLE_SECONDS_MAX)]
)
def test_the_longer_counting_takes_the_rarer_it_is_done(
    bench: MeasuredBench, cost: float, wait: float
) -> None:
    sample = SampleQueue(jobs=bench.jobs, metrics=bench.metrics, clock=bench.clock)
    bench.jobs.at_backlog = lambda: bench.clock.advance(cost)
    assert sample() == pytest.approx(wait)


def test_when_the_queue_cannot_be_counted_the_last_figures_stand(bench: MeasuredBench) -> None:
    sample = SampleQueue(jobs=bench.jobs, metrics=bench.metrics, clock=bench.clock)
    sample()
    before: Backlog | None = bench.metrics.backlog

    def away() -> None:
        raise AWAY

    bench.jobs.at_backlog = away
    assert sample() == SAMPLE_SECONDS
    assert bench.metrics.backlog is before
    assert bench.metrics.failures == {"transient_failure": 1}
