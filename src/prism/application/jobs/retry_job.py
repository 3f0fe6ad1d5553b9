"""Try a failed or cancelled job again."""

from dataclasses import dataclass

from prism.application.ports.jobs import JobRepository
from prism.domain.jobs import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryJob:
    jobs: JobRepository

    def __call__(self, job_id: int) -> Job:
        """The job, pending, with fresh budgets of failures and crashes.

        Raises NotFound; Conflict when it is neither failed nor cancelled, or a job like it is
        active.
        """
        return self.jobs.retry(job_id)
