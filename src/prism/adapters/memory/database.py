"""What the in-memory repositories share, as the tables of one database are shared."""

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

from prism.application.ports.clock import Clock
from prism.domain.credentials import Credential
from prism.domain.jobs import Job, Published
from prism.domain.projects import Project

_Document = TypeVar("_Document")


class MemoryDatabase:
    """Rows by id. Every repository method holds ``lock``: that makes it one transaction."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.jobs: dict[int, Job] = {}
        self.projects: dict[int, Project] = {}
        self.credentials: dict[str, Credential] = {}
        self.pointers: dict[int, Published] = {}
        # Never back to an earlier one: ids do not come back.
        self.job_ids: Iterator[int] = itertools.count(1)
        self.project_ids: Iterator[int] = itertools.count(1)
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call *listener* whenever a job may have become due."""
        with self.lock:
            self._listeners.append(listener)

    def unlisten(self, listener: Callable[[], None]) -> None:
        with self.lock:
            self._listeners.remove(listener)

    def wake(self) -> None:
        for listener in tuple(self._listeners):
            listener()


def stored(document: _Document) -> _Document:
    """*document* as a database gives it back: a copy, of JSON's types only."""
    copied: _Document = json.loads(json.dumps(document))
    return copied
