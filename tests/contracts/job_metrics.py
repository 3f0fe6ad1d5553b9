"""Contract of ``JobMetrics``: what workers tell can be read again, by kind and outcome."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

import pytest
from tests.support.worker_bench import WorkerBench

from prism.application.ports.metrics import AttemptEnd, JobMetrics
from prism.domain.jobs import Job, JobState


class Readings(Protocol):
    """The figures, as whoever looks after the workers reads them."""

    @abstractmethod
    def loops(self) -> float: ...

    @abstractmethod
    def running(self) -> float: ...

    @abstractmethod
    def attempts(self, kind: str, end: AttemptEnd) -> float: ...

    @abstractmethod
    def seconds(self, kind: str) -> tuple[float, float]:
        """How many durations of attempts, and their sum."""

    @abstractmethod
    def pickups(self, kind: str) -> tuple[float, float]:
        """How many waits before a claim, and their sum."""

    @abstractmethod
    def reaped(self, state: JobState) -> float: ...

    @abstractmethod
    def failures(self, code: str) -> float: ...

    @abstractmethod
    def jobs(self, state: JobState) -> float: ...

    @abstractmethod
    def oldest_due(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Measured:
    metrics: JobMetrics
    readings: Readings


def a_claimed_job(kind: str = "index", *, waited: float = 0.0) -> Job:
    """As it was claimed *waited* seconds after it was due."""
    bench = WorkerBench()
    bench.enqueue(kind=kind)
    bench.clock.advance(waited)
    claim = bench.jobs.claim(worker="w1", host="here", lease_seconds=60)
    assert claim is not None
    return claim.job


class JobMetricsContract:
    """Subclasses give ``measured``; its adapter knows the kinds index, blueprint and sweep."""

    @pytest.fixture
    def measured(self) -> Measured:
        raise NotImplementedError

    def test_nothing_was_told_yet(self, measured: Measured) -> None:
        readings = measured.readings
        assert (readings.loops(), readings.running()) == (0, 0)
        assert readings.attempts("index", AttemptEnd.COMPLETED) == 0
        assert readings.seconds("index") == (0, 0.0)

    def test_loops_are_counted_while_they_work(self, measured: Measured) -> None:
        for worker in ("w1", "w2"):
            measured.metrics.working(worker)
            measured.metrics.heard(worker)
        assert measured.readings.loops() == 2
        measured.metrics.stopped("w1")
        measured.metrics.stopped("w1")
        assert measured.readings.loops() == 1

    def test_a_job_runs_from_its_claim_to_its_end(self, measured: Measured) -> None:
        first, second = a_claimed_job(), a_claimed_job("blueprint")
        measured.metrics.claimed(first)
        measured.metrics.claimed(second)
        assert measured.readings.running() == 2
        measured.metrics.ended(first, AttemptEnd.COMPLETED, seconds=1.0)
        assert measured.readings.running() == 1

    @pytest.mark.parametrize("end", AttemptEnd)
    def test_attempts_are_counted_by_kind_and_outcome(
        self, measured: Measured, end: AttemptEnd
    ) -> None:
        job = a_claimed_job()
        measured.metrics.claimed(job)
        measured.metrics.ended(job, end, seconds=2.5)
        assert measured.readings.attempts("index", end) == 1
        others = set(AttemptEnd) - {end}
        assert {measured.readings.attempts("index", other) for other in others} == {0}
        assert measured.readings.attempts("blueprint", end) == 0

    def test_durations_are_kept_by_kind(self, measured: Measured) -> None:
        for kind, seconds in (("index", 2.5), ("index", 4.0), ("sweep", 0.25)):
            job = a_claimed_job(kind)
            measured.metrics.claimed(job)
            measured.metrics.ended(job, AttemptEnd.COMPLETED, seconds=seconds)
        assert measured.readings.seconds("index") == (2, 6.5)
        assert measured.readings.seconds("sweep") == (1, 0.25)

    def test_the_wait_of_a_job_ends_with_its_claim(self, measured: Measured) -> None:
        measured.metrics.claimed(a_claimed_job(waited=3.0))
        assert measured.readings.pickups("index") == (1, 3.0)

    def test_a_wait_begins_when_the_job_is_due_and_not_before_it_exists(
        self, measured: Measured
    ) -> None:
        job = a_claimed_job(waited=3.0)
        due_later = replace(job, run_at=job.run_at + timedelta(seconds=2))
        for_long = replace(job, run_at=job.run_at - timedelta(days=365))
        measured.metrics.claimed(due_later)
        assert measured.readings.pickups("index") == (1, 1.0)
        measured.metrics.claimed(for_long)
        assert measured.readings.pickups("index") == (2, 4.0)

    def test_reaped_jobs_are_counted_by_what_they_became(self, measured: Measured) -> None:
        job = a_claimed_job()
        for state in (JobState.PENDING, JobState.PENDING, JobState.FAILED):
            measured.metrics.reaped(replace(job, state=state))
        assert measured.readings.reaped(JobState.PENDING) == 2
        assert measured.readings.reaped(JobState.FAILED) == 1
        assert measured.readings.reaped(JobState.CANCELLED) == 0

    def test_failed_questions_are_counted_by_code(self, measured: Measured) -> None:
        measured.metrics.failed("transient_failure")
        measured.metrics.failed("transient_failure")
        measured.metrics.failed("bug")
        assert measured.readings.failures("transient_failure") == 2
        assert measured.readings.failures("bug") == 1

    def test_the_newest_sample_of_the_queue_counts(self, measured: Measured) -> None:
        bench = WorkerBench()
        bench.enqueue(kind="index")
        bench.clock.advance(20)
        bench.enqueue(kind="sweep", project=bench.project("other"))
        measured.metrics.sampled(bench.jobs.counts(), bench.jobs.backlog())
        assert measured.readings.jobs(JobState.PENDING) == 2
        assert measured.readings.oldest_due() == 20.0
        for _ in range(2):
            bench.jobs.claim(worker="w1", host="here", lease_seconds=60)
        measured.metrics.sampled(bench.jobs.counts(), bench.jobs.backlog())
        assert measured.readings.jobs(JobState.PENDING) == 0
        assert measured.readings.jobs(JobState.RUNNING) == 2
        assert measured.readings.oldest_due() == 0.0
