"""What the benchmark asks of each queue system."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

#: What is enqueued: job number *n*, one at a time, as a program does that has one thing to do.
Enqueue = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimSeries:
    """Milliseconds of each whole call from Python that claimed a job; ``notes`` are for people.

    ``bar``: the state that lasts, to which the bar applies."""

    shape: str
    milliseconds: Sequence[float]
    notes: Sequence[str] = field(default_factory=tuple)
    bar: bool = True


class Peer(Protocol):
    """One system in a database of its own. ``prepare`` comes first."""

    name: str
    #: Version, and what was configured.
    configured: str

    @abstractmethod
    def prepare(self) -> None:
        """Install the system's tables."""

    @abstractmethod
    def enqueuing(self) -> AbstractContextManager[Enqueue]:
        """A connected enqueuer."""

    @abstractmethod
    def worker_command(self) -> Sequence[str]:
        """Module and arguments of a worker process (see ``recording``)."""

    @abstractmethod
    def done(self) -> int:
        """How many jobs the system itself says are completed."""

    @abstractmethod
    def leftover(self) -> int:
        """How many jobs are in any other state."""

    @abstractmethod
    def fill(self, *, finished: int, pending: int) -> None:
        """Rows in bulk, past the system's own API, then VACUUM ANALYZE."""

    @abstractmethod
    def claims(self, samples: int) -> Iterator[ClaimSeries]:
        """Claim (and finish, untimed) jobs of a filled queue. Series by series: each may change the
        queue for the next one."""

    @abstractmethod
    def close(self) -> None:
        """Drop connections."""


@contextmanager
def nothing_to_close(enqueue: Enqueue) -> Iterator[Enqueue]:
    yield enqueue
