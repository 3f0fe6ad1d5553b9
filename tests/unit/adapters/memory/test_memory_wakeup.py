"""The in-memory wake-up keeps the contract."""

import signal
import threading
from collections.abc import Callable, Iterator

import pytest
from tests.contracts.wakeup import LONG, WakeupContract

from prism.adapters.memory.clock import ManualClock
from prism.adapters.memory.database import MemoryDatabase
from prism.adapters.memory.jobs import MemoryJobRepository
from prism.adapters.memory.projects import MemoryProjectRepository
from prism.adapters.memory.wakeup import MemoryWakeup
from prism.application.ports.jobs import Wakeup
from prism.domain.jobs import JobRequest
from prism.domain.projects import Source


@pytest.fixture
def database() -> MemoryDatabase:
    return MemoryDatabase(ManualClock())


class TestMemoryWakeup(WakeupContract):
    @pytest.fixture
    def wakeup(self, database: MemoryDatabase) -> Iterator[Wakeup]:
        wakeup = MemoryWakeup(database)
        yield wakeup
        wakeup.close()

    @pytest.fixture
    def enqueue(self, database: MemoryDatabase) -> Callable[[], None]:
        source = Source.remote("https://example.org/shop.git")
        project = MemoryProjectRepository(database).add(name="shop", source=source)
        request = JobRequest(project_id=project.id, kind="index")

        def enqueue() -> None:
            MemoryJobRepository(database).enqueue(request)

        return enqueue

    def test_a_signal_handler_may_set_it_while_the_same_thread_waits(self, wakeup: Wakeup) -> None:
        before = signal.signal(signal.SIGUSR1, lambda *_: wakeup.set())
        main = threading.main_thread().ident
        assert main is not None
        try:
            threading.Timer(0.05, signal.pthread_kill, (main, signal.SIGUSR1)).start()
            assert wakeup.wait(LONG)
        finally:
            signal.signal(signal.SIGUSR1, before)
