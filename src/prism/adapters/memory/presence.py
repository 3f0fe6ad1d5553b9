"""Workers of one process under test, which a test lets die."""

from collections.abc import Collection, Sequence

from prism.application.ports.presence import WorkerPresence


class MemoryWorkerPresence(WorkerPresence):
    """``neighbours`` stands for the other processes of the host."""

    def __init__(self, neighbours: "MemoryWorkerPresence | None" = None) -> None:
        self._own: set[str] = set()
        self._alive: set[str] = set() if neighbours is None else neighbours._alive
        self._dead: set[str] = set() if neighbours is None else neighbours._dead
        #: Whom somebody evicted, in order.
        self.evicted: list[str] = [] if neighbours is None else neighbours.evicted

    def announce(self, worker: str) -> None:
        self._own.add(worker)
        self._alive.add(worker)

    def withdraw(self) -> None:
        self._alive -= self._own
        self._own.clear()

    def die(self) -> None:
        """As if the process were killed."""
        self._alive -= self._own
        self._dead |= self._own
        self._own.clear()

    def find_dead(self) -> Sequence[str]:
        return sorted(self._dead - self._alive)

    def find_alive(self) -> Collection[str]:
        return frozenset(self._alive)

    def forget(self, workers: Collection[str]) -> None:
        self._dead -= set(workers)

    def evict(self, worker: str) -> bool:
        if worker not in self._alive:
            return False
        self.evicted.append(worker)
        return True
