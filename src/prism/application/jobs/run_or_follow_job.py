"""Run a job in the foreground, or follow it where a worker has it already."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from prism.application.jobs.claim_and_execute import ClaimAndExecuteJob
from prism.application.jobs.reap_expired_jobs import ReapExpiredJobs
from prism.application.jobs.stopping import StopRequest, never_stopping
from prism.application.jobs.watch_job import JobObserver
from prism.application.ports.jobs import JobRepository
from prism.domain.jobs import Enqueued, Job, JobState, Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrFollowJob:
    """What ``prism index`` and ``prism blueprint`` do: the same steps as a worker, one job only.

    Where a worker has the job, its progress is shown and its outcome taken; should that worker die,
    the job is taken over here once its lease is over.
    """

    jobs: JobRepository
    execute: ClaimAndExecuteJob
    reap: ReapExpiredJobs
    poll_seconds: float = 0.5
    pause: Callable[[float], None] = time.sleep

    def __call__(
        self,
        enqueued: Enqueued,
        *,
        observe: JobObserver | None = None,
        stopping: Callable[[], StopRequest] = never_stopping,
    ) -> Job:
        """The job as it ended, or as it is when ``stopping`` says so (pending or running then).

        Who joined a job that was running already may have asked for what it had read before: then
        the job is the one that follows it. A failure is final: nothing is tried again behind the
        user's back. Raises NotFound and ExternalFailure.
        """
        job = self._to_the_end(enqueued.job_id, observe=observe, stopping=stopping)
        follower = None if enqueued.created else self._follower_of(job)
        if follower is None:
            return job
        return self._to_the_end(follower.id, observe=observe, stopping=stopping)

    def _follower_of(self, job: Job) -> Job | None:
        """The job that was asked for while *job* ran."""
        if not job.state.terminal:
            return None
        active = self.jobs.list(
            project_id=job.project_id, states=(JobState.PENDING, JobState.RUNNING)
        )
        return next((a for a in active if a.dedup_key == job.dedup_key and a.id > job.id), None)

    def _to_the_end(
        self,
        job_id: int,
        *,
        observe: JobObserver | None,
        stopping: Callable[[], StopRequest],
    ) -> Job:
        shown: Progress | None = None
        while True:
            self.execute(only=job_id, retry=False, observe=observe, stopping=stopping)
            job = self.jobs.get(job_id)
            if job.state.terminal or stopping() is not StopRequest.NONE:
                return job
            progress = self._progress(job)
            if observe is not None and progress is not None and progress != shown:
                shown = progress
                observe.progress(progress)
            self.pause(self.poll_seconds)
            self.reap()

    def _progress(self, job: Job) -> Progress | None:
        """What the worker that has the job tells, or what the job waits for."""
        if job.state is JobState.PENDING:
            if job.host not in (None, self.execute.host):
                return Progress(stage=f"waiting for host {job.host}")
            return Progress(stage="waiting")
        if job.progress is None:
            return None
        return Progress(
            stage=str(job.progress.get("stage", "")),
            done=_count(job.progress.get("done")),
            total=_count(job.progress.get("total")),
        )


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
