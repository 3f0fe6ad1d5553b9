"""The metrics that only count keep the contract."""

import pytest
from tests.contracts.job_metrics import JobMetricsContract, Measured, Readings

from prism.adapters.memory.metrics import MemoryJobMetrics
from prism.application.ports.metrics import AttemptEnd
from prism.domain.jobs import JobState


class MemoryReadings(Readings):
    def __init__(self, metrics: MemoryJobMetrics) -> None:
        self._metrics = metrics

    def loops(self) -> float:
        return len(self._metrics.workers)

    def running(self) -> float:
        return self._metrics.running

    def attempts(self, kind: str, end: AttemptEnd) -> float:
        return self._metrics.attempts[kind, end]

    def seconds(self, kind: str) -> tuple[float, float]:
        durations = self._metrics.durations.get(kind, [])
        return len(durations), sum(durations)

    def pickups(self, kind: str) -> tuple[float, float]:
        waits = self._metrics.pickups.get(kind, [])
        return len(waits), sum(waits)

    def reaped(self, state: JobState) -> float:
        return self._metrics.reaped_to[state]

    def failures(self, code: str) -> float:
        return self._metrics.failures[code]

    def jobs(self, state: JobState) -> float:
        return self._metrics.counts[state]

    def oldest_due(self) -> float:
        assert self._metrics.backlog is not None
        return self._metrics.backlog.oldest_due_seconds


class TestMemoryJobMetrics(JobMetricsContract):
    @pytest.fixture
    def measured(self) -> Measured:
        metrics = MemoryJobMetrics()
        return Measured(metrics, MemoryReadings(metrics))
