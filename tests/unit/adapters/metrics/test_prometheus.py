"""The metrics for Prometheus keep the contract, and its conventions."""

from collections.abc import Iterator

import pytest
from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from tests.contracts.job_metrics import JobMetricsContract, Measured, Readings, a_claimed_job
from tests.support.worker_bench import WorkerBench

from prism.adapters.metrics.prometheus import DURATION_BUCKETS, PrometheusMetrics
from prism.application.ports.metrics import AttemptEnd
from prism.domain.jobs import JobKind, JobRequest, JobState


def _metrics(now: float = 1000.0) -> PrometheusMetrics:
    return PrometheusMetrics(version="1.2.3", host="here", kinds=tuple(JobKind), now=lambda: now)


class PrometheusReadings(Readings):
    def __init__(self, metrics: PrometheusMetrics) -> None:
        self._metrics = metrics

    def value(self, name: str, **labels: str) -> float:
        """0 for what there is none of, as a query with ``or vector(0)`` would say."""
        return self._metrics.registry.get_sample_value(f"prism_{name}", labels) or 0.0

    def loops(self) -> float:
        return self.value("worker_loops")

    def running(self) -> float:
        return self.value("running_jobs")

    def attempts(self, kind: str, end: AttemptEnd) -> float:
        return self.value("attempts_total", kind=kind, outcome=end.value)

    def seconds(self, kind: str) -> tuple[float, float]:
        name = "attempt_duration_seconds"
        return self.value(f"{name}_count", kind=kind), self.value(f"{name}_sum", kind=kind)

    def pickups(self, kind: str) -> tuple[float, float]:
        name = "pickup_seconds"
        return self.value(f"{name}_count", kind=kind), self.value(f"{name}_sum", kind=kind)

    def reaped(self, state: JobState) -> float:
        return self.value("reaped_jobs_total", state=state.value)

    def failures(self, code: str) -> float:
        return self.value("database_failures_total", code=code)

    def jobs(self, state: JobState) -> float:
        return self.value("jobs", state=state.value)

    def oldest_due(self) -> float:
        ages = _samples(self._metrics, "prism_oldest_due_job_age_seconds")
        return max(sample.value for sample in ages)


class TestPrometheusMetrics(JobMetricsContract):
    @pytest.fixture
    def measured(self) -> Measured:
        metrics = _metrics()
        return Measured(metrics, PrometheusReadings(metrics))


def _samples(metrics: PrometheusMetrics, name: str) -> list[Sample]:
    return [s for family in metrics.registry.collect() for s in family.samples if s.name == name]


def _lived() -> PrometheusMetrics:
    """All that can be told was told."""
    metrics = _metrics()
    bench = WorkerBench()
    bench.enqueue()
    metrics.working("w1")
    job = a_claimed_job("dance")
    metrics.claimed(job)
    metrics.ended(job, AttemptEnd.FAILED, seconds=7200.0)
    metrics.reaped(job)
    metrics.failed("transient_failure")
    metrics.sampled(bench.jobs.counts(), bench.jobs.backlog())
    return metrics


def _families(metrics: PrometheusMetrics) -> Iterator[Metric]:
    return iter(text_string_to_metric_families(generate_latest(metrics.registry).decode()))


def test_both_text_formats_can_be_parsed() -> None:
    metrics = _lived()
    names = {family.name for family in _families(metrics)}
    assert {"prism_attempts", "prism_oldest_due_job_age_seconds", "prism_worker_info"} <= names
    text = generate_openmetrics(metrics.registry).decode()
    assert {family.name for family in parse_openmetrics(text)} >= {"prism_worker", "prism_attempts"}


def test_every_metric_has_a_help_text_and_our_prefix() -> None:
    for family in _families(_lived()):
        assert family.name.startswith("prism_")
        assert family.documentation


def test_counts_begin_at_zero_before_anything_happened() -> None:
    """Prometheus sees the first increase of a counter only if it saw the zero before."""
    metrics = _metrics()
    ends = _samples(metrics, "prism_attempts_total")
    assert len(ends) == len(JobKind) * len(AttemptEnd)
    assert _samples(metrics, "prism_database_failures_total")
    assert len(_samples(metrics, "prism_reaped_jobs_total")) == 3


def test_kinds_that_nobody_knows_share_one_label() -> None:
    metrics = _metrics()
    bench = WorkerBench()
    for number in range(3):
        job = a_claimed_job(f"kind-{number}")
        metrics.claimed(job)
        metrics.ended(job, AttemptEnd.FAILED, seconds=1.0)
        bench.enqueue(bench.project(str(number)), kind=f"kind-{number}")
    metrics.sampled(bench.jobs.counts(), bench.jobs.backlog())
    readings = PrometheusReadings(metrics)
    assert readings.attempts("other", AttemptEnd.FAILED) == 3
    assert readings.value("due_jobs", kind="other", host="") == 3
    assert "kind-1" not in generate_latest(metrics.registry).decode()


def test_waiting_jobs_are_told_by_host_and_as_zero_where_there_are_none() -> None:
    metrics = _metrics()
    bench = WorkerBench()
    project = bench.project()
    bench.jobs.enqueue(JobRequest(project_id=project.id, kind="index", host="there"))
    metrics.sampled(bench.jobs.counts(), bench.jobs.backlog())
    value = PrometheusReadings(metrics).value
    assert value("due_jobs", kind="index", host="there") == 1
    assert value("blocked_jobs", kind="index", host="there") == 0
    assert metrics.registry.get_sample_value("prism_due_jobs", {"kind": "index", "host": ""}) == 0


def test_the_queue_is_not_told_before_it_was_looked_at() -> None:
    assert _samples(_metrics(), "prism_jobs") == []


def test_the_heartbeat_is_that_of_the_loop_that_heard_of_the_database_longest_ago() -> None:
    moments = iter([1.0, 2.0, 30.0])
    metrics = PrometheusMetrics(
        version="1", host="here", kinds=("index",), now=lambda: next(moments)
    )
    metrics.working("w1")
    metrics.working("w2")
    metrics.heard("w1")
    assert PrometheusReadings(metrics).value("worker_heartbeat_timestamp_seconds") == 2.0


def test_the_workers_of_a_process_and_its_version_are_named() -> None:
    metrics = _metrics()
    metrics.working("w1")
    metrics.working("w2")
    metrics.stopped("w2")
    (info,) = _samples(metrics, "prism_worker_info")
    assert info.labels == {"version": "1.2.3", "host": "here", "worker": "w1"}


def test_an_hour_is_the_last_bucket() -> None:
    metrics = _lived()
    buckets = _samples(metrics, "prism_attempt_duration_seconds_bucket")
    of_other = {s.labels["le"]: s.value for s in buckets if s.labels["kind"] == "other"}
    assert (of_other["3600.0"], of_other["+Inf"]) == (0, 1)
    assert (DURATION_BUCKETS[0], DURATION_BUCKETS[-1]) == (0.01, 3600)


def test_changes_are_told_and_heartbeats_are_none() -> None:
    metrics = _metrics()
    metrics.heard("w1")
    assert not metrics.changed.is_set()
    metrics.failed("bug")
    assert metrics.changed.is_set()
