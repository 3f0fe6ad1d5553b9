"""Watch one running job until it ends: heartbeat, cancel, shutdown, time limit, self-fence."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from prism.application.jobs.stopping import StopRequest
from prism.application.ports.clock import Clock
from prism.application.ports.jobs import JobRepository
from prism.application.ports.metrics import JobMetrics
from prism.application.ports.runner import JobOutcome, RunningJob
from prism.domain.errors import ExternalFailure, NotFound
from prism.domain.jobs import Claim, JobState, Progress, Renewal

log = logging.getLogger(__name__)

#: Share of the lease after which a job without a confirmed renewal is killed.
FENCE_SHARE = 0.9
#: Longest time between two looks at the job and at the requests to stop.
TICK_SECONDS = 0.25


class JobObserver(Protocol):
    """Who wants to see a job run, like the progress bar of the command line."""

    def progress(self, progress: Progress) -> None: ...


class Ending(Enum):
    """Why nothing of a job runs any more."""

    FINISHED = "finished"
    CANCELLED = "cancelled"
    HANDED_BACK = "handed back"
    TIME_LIMIT = "time limit"
    LEASE_LOST = "lease lost"
    #: The database was out of reach for so long that another worker may have the job.
    OUT_OF_REACH = "out of reach"
    #: This worker cannot start a process for it, whatever the job is.
    NOT_STARTED = "not started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """``outcome`` is set when ``ending`` is FINISHED, or NOT_STARTED, and says why."""

    ending: Ending
    outcome: JobOutcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Times in seconds. ``grace``: how long a job may go on after the first request to stop, None
    = until it ends. ``limit``: how long a job may run at all, None = no limit."""

    lease: float
    renew: float
    poll: float
    kill: float
    grace: float | None = None
    limit: float | None = None


class Lease:
    """What this worker knows about its right to the job, by its own monotonic clock.

    A renewal counts from the moment *before* it was asked for: the database's answer cannot grant
    less than that.
    """

    __slots__ = ("confirmed_at", "seconds")

    def __init__(self, confirmed_at: float, seconds: float) -> None:
        self.confirmed_at = confirmed_at
        self.seconds = seconds

    @property
    def fence_at(self) -> float:
        """From then on the job must not run any more."""
        return self.confirmed_at + FENCE_SHARE * self.seconds

    @property
    def over_at(self) -> float:
        return self.confirmed_at + self.seconds


class WatchedJob:
    """One attempt while it runs. Only ``watch`` is called from outside, once."""

    def __init__(
        self,
        *,
        jobs: JobRepository,
        clock: Clock,
        pace: Pace,
        claim: Claim,
        lease: Lease,
        running: RunningJob,
        stopping: Callable[[], StopRequest],
        observe: JobObserver | None,
        metrics: JobMetrics,
    ) -> None:
        self._jobs = jobs
        self._clock = clock
        self._pace = pace
        self._claim = claim
        self._lease = lease
        self._running = running
        self._stopping = stopping
        self._observe = observe
        self._metrics = metrics
        self._started_at = clock.monotonic()
        # Not now: starting the job may have taken long.
        self._looked_at = self._renewed_at = lease.confirmed_at
        self._told: tuple[Progress | None, str | None] = (None, None)
        self._shown: Progress | None = None
        self._asked: Ending | None = None
        self._kill_at = 0.0
        self._grace_over_at: float | None = None

    def watch(self) -> Watched:
        """Block until the job has ended or must not go on (then it is killed already)."""
        self._keep_alive()
        tick = min(self._pace.poll, TICK_SECONDS)
        while True:
            outcome = self._running.wait(tick)
            self._show()
            if outcome is not None:
                return self._finished(outcome)
            ending = self._must_end()
            if ending is not None:
                log.warning("job killed", extra=self._fields("job_killed", why=ending.value))
                self._running.kill()
                return Watched(ending=ending)

    def _finished(self, outcome: JobOutcome) -> Watched:
        succeeded = outcome.error is None and not outcome.cancelled
        if outcome.error is not None and self._clock.monotonic() >= self._lease.fence_at:
            # It was killed because nobody renewed in time (this worker was stopped, say).
            return Watched(ending=Ending.OUT_OF_REACH)
        if succeeded or (self._asked is None and not outcome.cancelled):
            return Watched(ending=Ending.FINISHED, outcome=outcome)
        # Whatever a job says after it was asked to stop is a consequence of that.
        return Watched(ending=self._asked or Ending.CANCELLED)

    def _show(self) -> None:
        progress = self._running.progress
        if progress is not None and progress != self._shown:
            self._shown = progress
            if self._observe is not None:
                self._observe.progress(progress)

    def _must_end(self) -> Ending | None:
        stop = self._stopping()
        now = self._clock.monotonic()
        if stop is StopRequest.NOW:
            return self._asked or Ending.HANDED_BACK
        if self._asked is not None and now >= self._kill_at:
            return self._asked
        if now - self._looked_at >= min(self._pace.poll, self._pace.renew):
            self._looked_at = now
            if self._look(now) is Renewal.LEASE_LOST:
                return Ending.LEASE_LOST
            now = self._clock.monotonic()
        if now >= self._lease.fence_at:
            return Ending.OUT_OF_REACH
        if self._pace.limit is not None and now - self._started_at >= self._pace.limit:
            self._ask(Ending.TIME_LIMIT)
        if stop is StopRequest.FINISH and self._grace_is_over(now):
            # Not asked first: whoever stops the worker waits no longer than it was told to.
            return self._asked or Ending.HANDED_BACK
        return None

    def _grace_is_over(self, now: float) -> bool:
        if self._pace.grace is None:
            return False
        if self._grace_over_at is None:
            self._grace_over_at = now + self._pace.grace
        return now >= self._grace_over_at

    def _look(self, now: float) -> Renewal:
        """Ask the database about the job: a heartbeat when one is due or there is news to tell, a
        mere look otherwise (an idle second should not cost a write)."""
        news = (self._running.progress, self._running.clone_path)
        try:
            if news != self._told or now - self._renewed_at >= self._pace.renew:
                answer = self._renew(now, news)
            else:
                answer = self._read()
        except ExternalFailure as error:
            self._metrics.failed(error.code)
            log.warning("database away", extra=self._fields("renew_failed", code=error.code))
            return Renewal.CONTINUE
        self._metrics.heard(self._claim.job.worker or "")
        if answer is Renewal.CANCEL_REQUESTED:
            self._ask(Ending.CANCELLED)
        return answer

    def _renew(self, now: float, news: tuple[Progress | None, str | None]) -> Renewal:
        progress, clone_path = news
        answer = self._jobs.renew(
            self._claim, lease_seconds=self._pace.lease, progress=progress, clone_path=clone_path
        )
        if answer is not Renewal.LEASE_LOST:
            self._told = news
            self._renewed_at = self._lease.confirmed_at = now
            self._keep_alive()
        return answer

    def _keep_alive(self) -> None:
        self._running.keep_alive(max(0.0, self._lease.fence_at - self._clock.monotonic()))

    def _read(self) -> Renewal:
        try:
            job = self._jobs.get(self._claim.id)
        except NotFound:
            return Renewal.LEASE_LOST
        if job.attempt != self._claim.attempt or job.state is not JobState.RUNNING:
            return Renewal.LEASE_LOST
        if job.cancel_requested_at is not None:
            return Renewal.CANCEL_REQUESTED
        return Renewal.CONTINUE

    def _ask(self, why: Ending) -> None:
        """Ask the job to stop, once; it is killed when it does not within the pace's ``kill``."""
        if self._asked is None:
            self._asked = why
            self._kill_at = self._clock.monotonic() + self._pace.kill
            self._running.cancel()
            log.info("job asked to stop", extra=self._fields("job_asked", why=why.value))
        elif why is Ending.CANCELLED:
            self._asked = why

    def _fields(self, action: str, **more: object) -> dict[str, object]:
        job = self._claim.job
        fields = {"job_id": job.id, "attempt": job.attempt, "worker": job.worker}
        return {"action": action, **fields, **more}
