"""Presence in memory passes the contract."""

import pytest
from tests.contracts.worker_presence import StartNeighbour, WorkerPresenceContract

from prism.adapters.memory.presence import MemoryWorkerPresence


class _Neighbour:
    def __init__(self, presence: MemoryWorkerPresence) -> None:
        self.die = presence.die
        self.leave = presence.withdraw


class TestMemoryPresence(WorkerPresenceContract):
    @pytest.fixture
    def presence(self) -> MemoryWorkerPresence:
        return MemoryWorkerPresence()

    @pytest.fixture
    def neighbour(self, presence: MemoryWorkerPresence) -> StartNeighbour:
        def start(*workers: str) -> _Neighbour:
            other = MemoryWorkerPresence(presence)
            for worker in workers:
                other.announce(worker)
            return _Neighbour(other)

        return start
