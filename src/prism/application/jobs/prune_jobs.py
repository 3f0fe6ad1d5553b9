"""Delete the records of jobs that ended long ago."""

from dataclasses import dataclass

from prism.application.ports.jobs import JobRepository

KEEP_PER_PROJECT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneJobs:
    """In batches, one short transaction each, so that workers are not kept waiting."""

    jobs: JobRepository
    batch: int = 5000

    def __call__(
        self, *, older_than_seconds: float, keep_per_project: int = KEEP_PER_PROJECT
    ) -> int:
        """The number of jobs deleted. The newest of each project stay, however old they are."""
        total = 0
        while True:
            deleted = self.jobs.prune(
                older_than_seconds=older_than_seconds,
                keep_per_project=keep_per_project,
                limit=self.batch,
            )
            total += deleted
            if deleted < self.batch:
                return total
