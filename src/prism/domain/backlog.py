"""What waits in the queue, counted: for metrics and for who looks after the workers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Pending jobs of one kind for one host (None: any)."""

    kind: str
    host: str | None
    #: All of them, also those whose time has not come.
    jobs: int
    #: Those whose time has come.
    due: int
    #: Those of the due ones that wait behind a running job of their project.
    blocked: int
    #: Since when the one that waits longest is due; None when none is.
    due_since: datetime | None

    def due_seconds(self, now: datetime) -> float:
        """How long the oldest has been due; 0 when none is."""
        return 0.0 if self.due_since is None else max(0.0, (now - self.due_since).total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """All pending jobs at one moment, which is told by the database's clock."""

    at: datetime
    #: By kind and host; sorted, and only where there are any.
    waiting: Sequence[Waiting]

    @property
    def due(self) -> int:
        return sum(each.due for each in self.waiting)

    @property
    def blocked(self) -> int:
        return sum(each.blocked for each in self.waiting)

    @property
    def oldest_due_seconds(self) -> float:
        """0 when nothing is due."""
        return max((each.due_seconds(self.at) for each in self.waiting), default=0.0)


def sorted_waiting(waiting: Sequence[Waiting]) -> tuple[Waiting, ...]:
    """In the order of ``Backlog.waiting``: by kind, jobs for any host first."""
    return tuple(sorted(waiting, key=lambda each: (each.kind, each.host or "")))
