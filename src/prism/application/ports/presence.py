"""Which workers of this host are alive: what a lease only tells after it has run out."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Protocol


class WorkerPresence(Protocol):
    """Workers of one host that share a data directory; of all others it knows nothing.

    It decides nothing about who runs what: it only knows earlier than the lease that a process is
    gone for good, and can end what a stopped process still holds.

    Contract (``tests/contracts/worker_presence.py``): a worker counts as dead only when its process
    is known to have ended without ``withdraw``; one that is stopped, or unknown, never does.
    """

    @abstractmethod
    def announce(self, worker: str) -> None:
        """This process works as *worker* until it ends, in whatever way. Idempotent; a process may
        have several names.

        Raises Transient when that cannot be written down (no space, read-only)."""

    @abstractmethod
    def withdraw(self) -> None:
        """This process works no more; it leaves nothing to look after. Idempotent."""

    @abstractmethod
    def find_dead(self) -> Sequence[str]:
        """Names of workers whose process has ended without ``withdraw``, sorted, until they are
        forgotten. What their jobs left running is killed before this returns."""

    @abstractmethod
    def find_alive(self) -> Collection[str]:
        """Names of workers whose process is there, this one's included."""

    @abstractmethod
    def forget(self, workers: Collection[str]) -> None:
        """Their jobs are taken care of: they are not told again."""

    @abstractmethod
    def evict(self, worker: str) -> bool:
        """End the jobs of *worker*, whose lease has run out, with all their processes; the worker
        itself too when it is stopped, for it may hold a lock of the database.

        False when it is not of this host, or cannot be told from a later process with its number.
        """
