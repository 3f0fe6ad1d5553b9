"""The worker: it waits, works, survives, and stops when it is told to."""

import errno
import logging
import os
import signal
from collections.abc import Callable

import pytest
from tests.support.scripted_runner import ScriptedJob, ends_with
from tests.support.worker_bench import DONE, WorkerBench

from prism.adapters.memory.wakeup import MemoryWakeup
from prism.application.jobs.stopping import StopRequest, StopSwitch
from prism.application.jobs.worker_loop import WorkerEnd, WorkerLoop
from prism.application.ports.jobs import Wakeup
from prism.application.ports.runner import JobOutcome
from prism.domain.errors import SchemaMismatch, Transient
from prism.domain.jobs import JobError, JobState

AWAY = Transient("the database is away")


class TimedWakeup(Wakeup):
    """Time passes while it waits; at each wait something may happen."""

    def __init__(self, bench: WorkerBench) -> None:
        self._bench = bench
        self.waits: list[float] = []
        self.signalled = False
        self.happens: Callable[[int], None] = lambda number: None

    def clear(self) -> None:
        self.signalled = False

    def wait(self, seconds: float) -> bool:
        assert len(self.waits) < 1000, "the worker waits without end"
        self.waits.append(seconds)
        if not self.signalled:
            self._bench.clock.advance(seconds)
        self.happens(len(self.waits))
        return self.signalled

    def set(self) -> None:
        self.signalled = True

    def close(self) -> None:
        """Nothing listens."""


class LoopBench(WorkerBench):
    def __init__(self) -> None:
        super().__init__()
        self.wakeup = TimedWakeup(self)

    def loop(self, wakeup: Wakeup | None = None, **times: float | None) -> WorkerLoop:
        return WorkerLoop(
            jobs=self.jobs,
            execute=self.execute(**times),
            reap=self.reap(),
            scratch=self.scratch,
            wakeup=wakeup or self.wakeup,
            clock=self.clock,
            jitter=lambda: 0.5,
        )


@pytest.fixture
def bench() -> LoopBench:
    return LoopBench()


# --- a full disk -----------------------------------------------------------------------------


def test_after_a_full_disk_others_may_take_the_next_job(bench: LoopBench) -> None:
    job, other = bench.enqueue(bench.project("one")), bench.enqueue(bench.project("two"))
    full = JobError.of(OSError(errno.ENOSPC, "a text that nobody may read"))
    outcomes = iter([JobOutcome(error=full), DONE])
    bench.runner.script = lambda _running: next(outcomes)
    bench.loop()(once=True)
    assert bench.wakeup.waits == [0.5]
    assert bench.job(other).state is JobState.COMPLETED
    waiting = bench.job(job)
    assert (waiting.state, waiting.failures) == (JobState.PENDING, 0)
    assert waiting.error is not None
    assert (waiting.error.code, waiting.error.message) == (
        "no_space",
        "no space left on the device",
    )


# --- work ------------------------------------------------------------------------------------


def test_jobs_are_run_one_after_the_other_oldest_first(bench: LoopBench) -> None:
    ids = [bench.enqueue(bench.project(name)) for name in ("one", "two", "three")]
    assert bench.loop()(once=True) == WorkerEnd(jobs=3, interrupted=False)
    assert [job.claim.id for job in bench.runner.started] == ids
    assert all(job.closed for job in bench.runner.started)


def test_no_pause_between_jobs_that_are_due(bench: LoopBench) -> None:
    for name in ("one", "two"):
        bench.enqueue(bench.project(name))
    bench.loop()(once=True)
    assert bench.wakeup.waits == []


def test_an_idle_worker_waits_for_a_signal_or_its_poll_interval(bench: LoopBench) -> None:
    loop = bench.loop()
    bench.wakeup.happens = lambda number: loop.stop() if number == 3 else None
    loop()
    assert bench.wakeup.waits == [5.0, 5.0, 5.0]


@pytest.mark.parametrize(("jitter", "wait"), [(0.0, 4.0), (1.0, 6.0)])
def test_the_poll_interval_is_spread(bench: LoopBench, jitter: float, wait: float) -> None:
    loop = WorkerLoop(
        jobs=bench.jobs,
        execute=bench.execute(),
        reap=bench.reap(),
        scratch=bench.scratch,
        wakeup=bench.wakeup,
        clock=bench.clock,
        jitter=lambda: jitter,
    )
    bench.wakeup.happens = lambda number: loop.stop()
    loop()
    assert bench.wakeup.waits == pytest.approx([wait])


def test_a_job_that_comes_while_the_worker_waits_is_run(bench: LoopBench) -> None:
    loop = bench.loop()

    def happens(number: int) -> None:
        if number == 1:
            bench.enqueue()
        else:
            loop.stop()

    bench.wakeup.happens = happens
    assert loop().jobs == 1


def test_a_signal_between_the_claim_and_the_wait_is_not_lost(bench: LoopBench) -> None:
    """The wake-up is cleared before the claim, so one that comes later ends the wait at once."""
    loop = bench.loop()
    wakeup = bench.wakeup

    def comes_after_the_claim_has_looked() -> None:
        if not bench.runner.started and not wakeup.waits:
            wakeup.set()

    bench.jobs.at_claim = comes_after_the_claim_has_looked
    began = bench.clock.monotonic()
    passed: list[float] = []

    def happens(number: int) -> None:
        passed.append(bench.clock.monotonic() - began)
        loop.stop()

    wakeup.happens = happens
    loop()
    assert passed == [0.0]


# --- once ------------------------------------------------------------------------------------


def test_once_exits_when_nothing_is_due(bench: LoopBench) -> None:
    assert bench.loop()(once=True) == WorkerEnd(jobs=0, interrupted=False)
    assert bench.wakeup.waits == []


def test_once_does_not_wait_for_a_job_that_failed_and_comes_again(bench: LoopBench) -> None:
    job_id = bench.enqueue()
    bench.runner.script = ends_with(JobOutcome(error=JobError.of(Transient("later"))))
    assert bench.loop()(once=True).jobs == 1
    assert bench.job(job_id).state is JobState.PENDING


def test_once_takes_over_the_job_of_a_dead_worker(bench: LoopBench) -> None:
    job_id = bench.enqueue()
    assert bench.jobs.claim(worker="dead", host="here", lease_seconds=60) is not None
    bench.clock.advance(61)
    assert bench.loop()(once=True).jobs == 1
    assert bench.job(job_id).state is JobState.COMPLETED


def test_once_leaves_the_job_of_a_living_worker_alone(bench: LoopBench) -> None:
    job_id = bench.enqueue()
    assert bench.jobs.claim(worker="alive", host="here", lease_seconds=60) is not None
    assert bench.loop()(once=True).jobs == 0
    assert bench.job(job_id).worker == "alive"


def test_once_tells_that_the_database_is_away(bench: LoopBench) -> None:
    bench.jobs.away = AWAY
    with pytest.raises(Transient):
        bench.loop()(once=True)


# --- survive ---------------------------------------------------------------------------------


def test_no_single_job_crashes_the_worker(bench: LoopBench) -> None:
    outcomes = iter([ZeroDivisionError("boom"), None, KeyError("boom")])

    def script(job: ScriptedJob) -> JobOutcome | None:
        error = next(outcomes)
        if error is not None:
            raise error
        return DONE

    ids = [bench.enqueue(bench.project(name)) for name in ("one", "two", "three")]
    ids.append(bench.enqueue(bench.project("four"), kind="dance"))
    bench.runner.script = script
    assert bench.loop()(once=True).jobs == 4
    assert [bench.job(i).state for i in ids] == [
        JobState.PENDING,
        JobState.COMPLETED,
        JobState.PENDING,
        JobState.FAILED,
    ]


def test_a_worker_waits_for_its_database_longer_each_time_and_goes_on(bench: LoopBench) -> None:
    job_id = bench.enqueue()
    loop = bench.loop()
    bench.jobs.away = AWAY

    def happens(number: int) -> None:
        if number == 9:
            bench.jobs.away = None
        if number == 10:
            loop.stop()

    bench.wakeup.happens = happens
    assert loop() == WorkerEnd(jobs=1, interrupted=False)
    assert bench.wakeup.waits == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 5.0]
    assert bench.job(job_id).state is JobState.COMPLETED


def test_a_row_that_cannot_be_read_does_not_end_the_worker(bench: LoopBench) -> None:
    bench.jobs.away = ValueError("half a row")
    loop = bench.loop()
    bench.wakeup.happens = lambda number: loop.stop() if number == 2 else None
    assert loop().interrupted is False
    assert bench.wakeup.waits == [0.5, 1.0]


def test_a_database_of_another_version_ends_the_worker(bench: LoopBench) -> None:
    bench.jobs.away = SchemaMismatch("the database is newer than this program")
    with pytest.raises(SchemaMismatch):
        bench.loop()()


def test_a_job_that_lost_its_database_is_not_taken_again_in_a_hurry(bench: LoopBench) -> None:
    bench.enqueue()
    loop = bench.loop()

    def cut_off(job: ScriptedJob) -> JobOutcome | None:
        bench.jobs.away = AWAY if job.seconds > 5 else None
        return None

    bench.runner.script = cut_off
    bench.wakeup.happens = lambda number: loop.stop()
    loop()
    assert bench.wakeup.waits == [0.5]


def test_dead_workers_jobs_are_reaped_while_this_one_waits(bench: LoopBench) -> None:
    job_id = bench.enqueue()
    assert bench.jobs.claim(worker="dead", host="here", lease_seconds=60) is not None
    loop = bench.loop()
    bench.wakeup.happens = lambda number: loop.stop() if bench.runner.started else None
    loop()
    job = bench.job(job_id)
    assert (job.state, job.attempt, job.crashes) == (JobState.COMPLETED, 2, 1)
    assert bench.clock.monotonic() < 60 + 5 + 6 + 5 + 5


def test_orphaned_directories_are_swept(bench: LoopBench) -> None:
    bench.scratch.orphans = 2
    bench.loop()(once=True)
    assert bench.scratch.orphans == 0


# --- stop ------------------------------------------------------------------------------------


def test_an_idle_worker_stops_at_once(bench: LoopBench) -> None:
    loop = bench.loop()
    bench.wakeup.happens = lambda number: loop.stop()
    assert loop() == WorkerEnd(jobs=0, interrupted=False)
    assert len(bench.wakeup.waits) == 1


def test_a_worker_stopped_before_its_first_claim_takes_no_job(bench: LoopBench) -> None:
    job_id = bench.enqueue()
    loop = bench.loop()
    loop.stop()
    assert loop() == WorkerEnd(jobs=0, interrupted=False)
    assert bench.job(job_id).state is JobState.PENDING


def test_the_first_request_finishes_the_current_job_and_takes_no_other(bench: LoopBench) -> None:
    first, second = (bench.enqueue(bench.project(name)) for name in ("one", "two"))
    loop = bench.loop()

    def script(job: ScriptedJob) -> JobOutcome | None:
        if job.seconds < 1:
            loop.switch.request() if loop.switch() is StopRequest.NONE else None
        return DONE if job.seconds > 300 else None

    bench.runner.script = script
    assert loop() == WorkerEnd(jobs=1, interrupted=False)
    assert bench.job(first).state is JobState.COMPLETED
    assert bench.job(second).state is JobState.PENDING


def test_the_second_request_hands_the_job_back_and_says_so(bench: LoopBench) -> None:
    job_id = bench.enqueue()
    loop = bench.loop()

    def script(job: ScriptedJob) -> JobOutcome | None:
        if job.seconds > 3:
            loop.stop()
        return None

    bench.runner.script = script
    assert loop() == WorkerEnd(jobs=1, interrupted=True)
    job = bench.job(job_id)
    assert (job.state, job.failures, job.crashes) == (JobState.PENDING, 0, 0)


def test_a_signal_handler_can_stop_a_waiting_worker() -> None:
    bench = LoopBench()
    with_signals = MemoryWakeup(bench.database)
    loop = bench.loop(with_signals)
    before = signal.signal(signal.SIGUSR1, lambda number, frame: loop.stop())
    bench.jobs.at_claim = lambda: os.kill(os.getpid(), signal.SIGUSR1)
    try:
        assert loop() == WorkerEnd(jobs=0, interrupted=False)
    finally:
        signal.signal(signal.SIGUSR1, before)
        with_signals.close()


def test_requests_to_stop_count_up_to_two() -> None:
    switch = StopSwitch()
    seen = [switch(), switch.request(), switch.request(), switch.request(), switch()]
    assert [int(each) for each in seen] == [0, 1, 2, 2, 2]


# --- the log ---------------------------------------------------------------------------------


def test_the_log_tells_start_backoff_and_stop(
    bench: LoopBench, caplog: pytest.LogCaptureFixture
) -> None:
    loop = bench.loop()
    bench.jobs.away = AWAY
    bench.wakeup.happens = lambda number: loop.stop()
    with caplog.at_level(logging.INFO, "prism"):
        loop()
    actions = [vars(record)["action"] for record in caplog.records]
    assert actions == ["worker_started", "worker_backoff", "worker_stopped"]


# --- a host on which nothing can be started --------------------------------------------------


def test_a_worker_that_can_start_nothing_waits_longer_each_time_and_uses_up_no_job(
    bench: LoopBench,
) -> None:
    job_id = bench.enqueue()
    bench.runner.refuses = Transient("no process can be started")
    loop = bench.loop()
    bench.wakeup.happens = lambda number: loop.stop() if number == 8 else None
    loop()
    assert bench.wakeup.waits == sorted(bench.wakeup.waits)
    assert bench.wakeup.waits[-1] > 10
    job = bench.job(job_id)
    assert (job.state, job.failures, job.crashes) == (JobState.PENDING, 0, 0)


def test_once_ends_when_nothing_can_be_started(bench: LoopBench) -> None:
    bench.enqueue()
    bench.runner.refuses = Transient("no process can be started")
    with pytest.raises(Transient, match="no process"):
        bench.loop()(once=True)
