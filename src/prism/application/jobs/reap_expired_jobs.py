"""End the attempts of workers that stopped renewing their lease, or are known to be dead."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from prism.application.ports.clock import Clock
from prism.application.ports.jobs import JobRepository
from prism.application.ports.metrics import UNMEASURED, JobMetrics
from prism.application.ports.presence import WorkerPresence
from prism.domain.jobs import RENEW_SECONDS, Job

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReapExpiredJobs:
    """Every worker does it: nobody has to be alive for another one's job to be run again.

    A worker of this host that died is known at once; others are when their lease is over.

    ``evict``: the database is a file, whose only write lock a stopped process may hold for ever: so
    an attempt whose lease is over is ended with all its processes before it is run again. A worker
    that is still there gets ``patience_seconds`` more by this process's own clock, for after a
    suspension of the machine all leases are over and everybody is about to renew.
    """

    jobs: JobRepository
    presence: WorkerPresence
    clock: Clock
    evict: bool = False
    patience_seconds: float = RENEW_SECONDS
    metrics: JobMetrics = UNMEASURED
    _overdue_since: dict[tuple[int, int], float] = field(default_factory=dict, init=False)

    def __call__(self) -> Sequence[Job]:
        """The jobs whose attempt was ended, as they are now: pending, failed or cancelled."""
        dead = self.presence.find_dead()
        spare = self._evict_overdue() if self.evict else frozenset[str]()
        reaped = self.jobs.reap(dead=dead, spare=spare)
        if dead:
            self.presence.forget(dead)
        for job in reaped:
            fields = {
                "action": "job_reaped",
                "job_id": job.id,
                "attempt": job.attempt,
                "state": job.state.value,
                "crashes": job.crashes,
            }
            log.warning("job reaped", extra=fields)
            self.metrics.reaped(job)
        return reaped

    def _evict_overdue(self) -> frozenset[str]:
        """End what must not run any more; the names of those who still have time to renew."""
        overdue = {(job.id, job.attempt): job.worker or "" for job in self.jobs.expired()}
        for ref in self._overdue_since.keys() - overdue.keys():
            del self._overdue_since[ref]
        if not overdue:
            return frozenset()
        now = self.clock.monotonic()
        alive = self.presence.find_alive()
        spare: set[str] = set()
        for ref, worker in overdue.items():
            since = self._overdue_since.setdefault(ref, now)
            if worker in alive and now - since < self.patience_seconds:
                spare.add(worker)
            elif worker in alive and self.presence.evict(worker):
                fields = {"job_id": ref[0], "attempt": ref[1], "evicted": worker}
                log.warning("worker evicted", extra={"action": "worker_evicted", **fields})
        return frozenset(spare)
