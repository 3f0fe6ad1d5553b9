"""How the queue is: for who looks after the workers and has no metrics at hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prism.application.ports.jobs import JobRepository
from prism.domain.backlog import Backlog
from prism.domain.jobs import Job, JobState

#: More jobs than this run nowhere at once.
RUNNING_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStatus:
    """``running``: newest first."""

    counts: Mapping[JobState, int]
    backlog: Backlog
    running: Sequence[Job]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowQueue:
    jobs: JobRepository

    def __call__(self) -> QueueStatus:
        return QueueStatus(
            counts=self.jobs.counts(),
            backlog=self.jobs.backlog(),
            running=self.jobs.list(states=(JobState.RUNNING,), limit=RUNNING_MAX),
        )
