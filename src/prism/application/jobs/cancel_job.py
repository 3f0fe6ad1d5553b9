"""Cancel a job."""

from dataclasses import dataclass

from prism.application.ports.jobs import JobRepository
from prism.domain.jobs import JobState


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelJob:
    jobs: JobRepository

    def __call__(self, job_id: int) -> JobState:
        """CANCELLED for a job that waited; RUNNING for one that was asked to stop, which it does
        within about a second. Raises NotFound, or Conflict when the job has ended."""
        return self.jobs.request_cancel(job_id)
