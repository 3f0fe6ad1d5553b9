"""Write down how an attempt ended: one fenced step, repeated while the lease allows it."""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from prism.application.jobs.stopping import StopRequest
from prism.application.jobs.watch_job import Ending, Lease, Watched
from prism.application.ports.clock import Clock
from prism.application.ports.jobs import JobRepository
from prism.application.ports.metrics import UNMEASURED, JobMetrics
from prism.application.ports.runner import JobOutcome
from prism.domain.errors import ExternalFailure, PrismError, Transient
from prism.domain.jobs import Claim, JobError, JobState

log = logging.getLogger(__name__)

SETTLE_WAIT_SECONDS = 1.0

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """``state`` None: the lease is lost (or nobody could be told) and nothing was written."""

    state: JobState | None
    error: JobError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleJob:
    """Every step is fenced by the claim, so repeating one whose answer was lost is harmless.

    ``patience_seconds``: how long a step is repeated at most, even while the lease holds.
    """

    jobs: JobRepository
    clock: Clock
    pause: Callable[[float], None]
    stopping: Callable[[], StopRequest]
    patience_seconds: float = math.inf
    metrics: JobMetrics = UNMEASURED

    def __call__(self, claim: Claim, watched: Watched, *, lease: Lease, retry: bool) -> Settled:
        """Raises ExternalFailure when the database stays away until the lease is over."""
        match watched.ending:
            case Ending.FINISHED:
                assert watched.outcome is not None
                return self._finish(claim, watched.outcome, lease=lease, retry=retry)
            case Ending.CANCELLED:
                done = self._insist(lambda: self.jobs.acknowledge_cancel(claim), lease)
                return Settled(state=JobState.CANCELLED) if done else _lost(claim)
            case Ending.HANDED_BACK:
                done = self._insist(lambda: self.jobs.release(claim), lease)
                return Settled(state=JobState.PENDING) if done else _lost(claim)
            case Ending.TIME_LIMIT:
                return self._fail(claim, _ran_too_long(claim), lease=lease, retry=retry)
            case Ending.OUT_OF_REACH:
                return self._give_back(claim, _was_out_of_reach(claim), lease=lease)
            case Ending.NOT_STARTED:
                assert watched.outcome is not None
                assert watched.outcome.error is not None
                if not retry:
                    return self._fail(claim, watched.outcome.error, lease=lease, retry=False)
                return self._give_back(claim, watched.outcome.error, lease=lease)
            case Ending.LEASE_LOST:
                return _lost(claim)

    def _finish(self, claim: Claim, outcome: JobOutcome, *, lease: Lease, retry: bool) -> Settled:
        if outcome.error is not None:
            error = replace(outcome.error, attempt=claim.attempt)
            return self._fail(claim, error, lease=lease, retry=retry)
        result = outcome.result or {}
        try:
            done = self._insist(
                lambda: self.jobs.complete(claim, result=result, publish=outcome.publish), lease
            )
        except Transient:
            raise
        except PrismError as error:
            told = JobError.of(error, attempt=claim.attempt)
            return self._fail(claim, told, lease=lease, retry=retry)
        return Settled(state=JobState.COMPLETED) if done else _lost(claim)

    def _fail(self, claim: Claim, error: JobError, *, lease: Lease, retry: bool) -> Settled:
        again = retry and error.retryable
        state = self._insist(lambda: self.jobs.fail(claim, error, retry=again), lease)
        return _lost(claim) if state is None else Settled(state=state, error=error)

    def _give_back(self, claim: Claim, error: JobError, *, lease: Lease) -> Settled:
        """While the lease holds nothing needs to be charged for what is not the job's fault."""
        try:
            released = self._insist(
                lambda: self.jobs.release(claim), lease, until=StopRequest.FINISH
            )
        except ExternalFailure:
            return Settled(state=None, error=error)
        return Settled(state=JobState.PENDING, error=error) if released else _lost(claim)

    def _insist(
        self,
        step: Callable[[], _Answer],
        lease: Lease,
        *,
        until: StopRequest = StopRequest.NOW,
    ) -> _Answer:
        """Repeat *step* on Transient until the lease or the patience is over or somebody is in a
        hurry."""
        deadline = min(lease.over_at, self.clock.monotonic() + self.patience_seconds)
        while True:
            try:
                return step()
            except Transient as error:
                self.metrics.failed(error.code)
                over = self.clock.monotonic() + SETTLE_WAIT_SECONDS >= deadline
                if over or self.stopping() >= until:
                    raise
                log.warning("database away", extra={"action": "settle_failed", "code": error.code})
                self.pause(SETTLE_WAIT_SECONDS)


def _was_out_of_reach(claim: Claim) -> JobError:
    return JobError(
        code="out_of_reach",
        message="the database was out of reach",
        hint="the job runs again when it is back",
        exit_code=6,
        attempt=claim.attempt,
        retryable=True,
    )


def _lost(claim: Claim) -> Settled:
    error = JobError(
        code="lease_lost",
        message=f"the lease of job {claim.id} is lost: its result was not written",
        hint="another worker has it, or it was removed",
        exit_code=4,
        attempt=claim.attempt,
    )
    return Settled(state=None, error=error)


def _ran_too_long(claim: Claim) -> JobError:
    return JobError(
        code="time_limit",
        message="the job ran longer than its time limit and was stopped",
        exit_code=5,
        attempt=claim.attempt,
        retryable=True,
    )
