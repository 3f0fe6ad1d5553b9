"""Count the whole queue for the metrics, no oftener than it is worth."""

import logging
from dataclasses import dataclass

from prism.application.ports.clock import Clock
from prism.application.ports.jobs import JobRepository
from prism.application.ports.metrics import JobMetrics
from prism.domain.errors import PrismError

log = logging.getLogger(__name__)

SAMPLE_SECONDS = 15.0
SAMPLE_SECONDS_MAX = 300.0
#: How much of the time the database may count for one worker: with millions of ended jobs that
#: takes it seconds.
BUSY_SHARE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleQueue:
    jobs: JobRepository
    metrics: JobMetrics
    clock: Clock

    def __call__(self) -> float:
        """Tell the metrics how the queue is. The seconds to wait before the next time.

        Raises nothing: when the database is away the last sample stands, with its time.
        """
        began = self.clock.monotonic()
        try:
            self.metrics.sampled(self.jobs.counts(), self.jobs.backlog())
        except PrismError as error:
            self.metrics.failed(error.code)
            log.warning("queue not sampled", extra={"action": "sample_failed", "code": error.code})
            return SAMPLE_SECONDS
        cost = self.clock.monotonic() - began
        return min(SAMPLE_SECONDS_MAX, max(SAMPLE_SECONDS, cost / BUSY_SHARE))
