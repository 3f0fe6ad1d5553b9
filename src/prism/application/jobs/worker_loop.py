"""The worker: reap, claim, run, wait, until it is told to stop."""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from prism.application.jobs.claim_and_execute import ClaimAndExecuteJob, ExecutedJob
from prism.application.jobs.reap_expired_jobs import ReapExpiredJobs
from prism.application.jobs.stopping import StopRequest, StopSwitch
from prism.application.jobs.watch_job import Ending
from prism.application.log_context import about_worker
from prism.application.ports.clock import Clock
from prism.application.ports.jobs import JobRepository, Wakeup
from prism.application.ports.metrics import UNMEASURED, JobMetrics
from prism.application.ports.runner import ScratchSpace
from prism.domain.errors import NoSpace, NotFound, SchemaMismatch, Transient
from prism.domain.jobs import JobError, JobState

log = logging.getLogger(__name__)

#: A worker that waits looks for expired leases this often, as a share of the lease.
REAP_SHARE = 1 / 3
BACKOFF_SECONDS_MAX = 30.0
#: With ``once``, how often to look for a dead worker's job whose backoff is over.
ONCE_WAIT_SECONDS = 1.0
_JITTER = 0.2
#: Another job would fare no better here now.
_NO_JOBS_FAULT = (Ending.OUT_OF_REACH, Ending.NOT_STARTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerEnd:
    """``jobs``: attempts that were run. ``interrupted``: stopped by a second request."""

    jobs: int
    interrupted: bool


class _Tally:
    """What changes while the loop runs."""

    __slots__ = ("failures", "jobs", "reaped_at", "waiting")

    def __init__(self) -> None:
        self.jobs = 0
        self.failures = 0
        self.reaped_at: float | None = None
        #: Jobs that were taken from dead workers and wait for their backoff.
        self.waiting: set[int] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLoop:
    """Runs one job at a time. Nothing that a job or the database does ends it.

    ``poll_seconds`` is how long an idle worker waits for a signal before it looks by itself,
    ±20 % by ``jitter`` (a number in [0, 1)) so that many workers do not look at once.
    """

    jobs: JobRepository
    execute: ClaimAndExecuteJob
    reap: ReapExpiredJobs
    scratch: ScratchSpace
    wakeup: Wakeup
    clock: Clock
    poll_seconds: float = 5.0
    jitter: Callable[[], float] = random.random
    switch: StopSwitch = field(default_factory=StopSwitch)
    metrics: JobMetrics = UNMEASURED

    def stop(self) -> None:
        """Once: take no new job, finish the current one. Twice: kill it and hand it back.

        Safe in a signal handler and from any thread.
        """
        self.switch.request()
        self.wakeup.set()

    def __call__(self, *, once: bool = False) -> WorkerEnd:
        """Work until ``stop``; ``once``: until nothing is due.

        A job whose worker died counts as due, even while it waits for its backoff. With ``once`` a
        database that is away, or a host that can start no process, raises ExternalFailure;
        otherwise it is waited for, however long.
        Raises SchemaMismatch: waiting does not mend that.
        """
        worker = self.execute.worker
        with about_worker(worker):
            self.metrics.working(worker)
            try:
                return self._work(once=once)
            finally:
                self.metrics.stopped(worker)

    def _work(self, *, once: bool) -> WorkerEnd:
        tally = _Tally()
        self._log("worker started", "worker_started")
        while True:
            self.wakeup.clear()
            if self.switch() is not StopRequest.NONE:
                break
            wait = self._turn(tally, once=once)
            if wait is None:
                break
            if wait > 0:
                self.wakeup.wait(wait)
        end = WorkerEnd(jobs=tally.jobs, interrupted=self.switch() is StopRequest.NOW)
        self._log("worker stopped", "worker_stopped", jobs=end.jobs, interrupted=end.interrupted)
        return end

    def _turn(self, tally: _Tally, *, once: bool) -> float | None:
        """Do what is due. The seconds to wait before the next turn, None when all is done."""
        try:
            self._look_after_the_dead(tally)
            executed = self.execute(stopping=self.switch)
            if executed is not None:
                return self._after(executed, tally, once=once)
            tally.failures = 0
            self.metrics.heard(self.execute.worker)
            if once and not self._still_waiting(tally):
                return None
            return min(self._poll_wait(), ONCE_WAIT_SECONDS) if once else self._poll_wait()
        except SchemaMismatch:
            raise
        except Exception as error:
            if once:
                raise
            # The database is away, or a bug shows: neither may take the worker down.
            told = JobError.of(error)
            self.metrics.failed(told.code)
            return self._backoff(tally, told)

    def _after(self, executed: ExecutedJob, tally: _Tally, *, once: bool) -> float:
        tally.jobs += 1
        tally.waiting.discard(executed.job_id)
        error = executed.error
        if error is not None and executed.ending is Ending.NOT_STARTED and once:
            raise Transient(error.message, hint=error.hint)
        if error is not None and (executed.ending in _NO_JOBS_FAULT or error.code == NoSpace.code):
            # Of a full disk too: other jobs will not fit either, and other hosts may have space.
            return self._backoff(tally, error)
        tally.failures = 0
        self.metrics.heard(self.execute.worker)
        return 0.0

    def _look_after_the_dead(self, tally: _Tally) -> None:
        """Take over from dead workers: their jobs, and the directories they left on this host."""
        now = self.clock.monotonic()
        due = self.execute.lease_seconds * REAP_SHARE
        if tally.reaped_at is not None and now - tally.reaped_at < min(due, self.poll_seconds):
            return
        reaped = self.reap()
        tally.waiting |= {job.id for job in reaped if job.state is JobState.PENDING}
        tally.reaped_at = now
        removed = self.scratch.sweep()
        if removed:
            self._log("scratch swept", "scratch_swept", directories=removed)

    def _still_waiting(self, tally: _Tally) -> bool:
        tally.waiting = {job_id for job_id in tally.waiting if self._is_pending(job_id)}
        return bool(tally.waiting)

    def _is_pending(self, job_id: int) -> bool:
        try:
            return self.jobs.get(job_id).state is JobState.PENDING
        except NotFound:
            return False

    def _poll_wait(self) -> float:
        return self.poll_seconds * (1 - _JITTER + 2 * _JITTER * self.jitter())

    def _backoff(self, tally: _Tally, error: JobError) -> float:
        tally.failures += 1
        wait = min(BACKOFF_SECONDS_MAX, 0.5 * 2.0 ** min(tally.failures - 1, 10))
        fields = {
            "action": "worker_backoff",
            "worker": self.execute.worker,
            "code": error.code,
            "error": error.message,
            "seconds": wait,
        }
        log.warning("worker backs off", extra=fields)
        return wait

    def _log(self, message: str, action: str, **more: object) -> None:
        log.info(message, extra={"action": action, "worker": self.execute.worker, **more})
