"""End the attempts of workers that stopped renewing their lease."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from prism.application.ports.jobs import JobRepository
from prism.domain.jobs import Job

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReapExpiredJobs:
    """Every worker does it: nobody has to be alive for another one's job to be run again."""

    jobs: JobRepository

    def __call__(self) -> Sequence[Job]:
        """The jobs whose attempt was ended, as they are now: pending, failed or cancelled."""
        reaped = self.jobs.reap()
        for job in reaped:
            fields = {
                "action": "job_reaped",
                "job_id": job.id,
                "attempt": job.attempt,
                "state": job.state.value,
                "crashes": job.crashes,
            }
            log.warning("job reaped", extra=fields)
        return reaped
