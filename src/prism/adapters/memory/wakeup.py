"""Waking idle workers that share one process with whoever enqueues."""

import queue

from prism.adapters.memory.database import MemoryDatabase
from prism.application.ports.jobs import Wakeup


class MemoryWakeup(Wakeup):
    """Signals are kept in a SimpleQueue: unlike those of an Event, its locks are safe to take in a
    signal handler that interrupted the very thread which waits."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database
        self._signals: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._closed = False
        database.listen(self.set)

    def clear(self) -> None:
        while not self._signals.empty():
            self._signals.get()

    def wait(self, seconds: float) -> bool:
        try:
            self._signals.get(timeout=seconds)
        except queue.Empty:
            return False
        self.set()  # until it is cleared
        return True

    def set(self) -> None:
        if self._signals.empty():
            self._signals.put(None)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._database.unlisten(self.set)
