"""Follow a job that another worker runs."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prism.application.ports.jobs import JobRepository
from prism.domain.jobs import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowJob:
    jobs: JobRepository
    poll_seconds: float = 0.5
    pause: Callable[[float], None] = time.sleep

    def __call__(self, job_id: int) -> Iterator[Job]:
        """The job now, and again whenever it has changed; the last one has ended.

        Raises NotFound, also when the job is deleted meanwhile, and ExternalFailure.
        """
        seen: Job | None = None
        while seen is None or not seen.state.terminal:
            job = self.jobs.get(job_id)
            if job != seen:
                yield job
                seen = job
            if not job.state.terminal:
                self.pause(self.poll_seconds)
