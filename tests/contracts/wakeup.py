"""Contract of ``Wakeup``: a worker hears of new work, and misses nothing between two looks."""

import threading
from collections.abc import Callable

import pytest

from prism.application.ports.jobs import Wakeup

#: Long enough for the slowest machine; a signal ends the wait.
LONG = 30.0


class WakeupContract:
    """Subclasses give ``wakeup``, which listens already, and ``enqueue``, which stores a job."""

    @pytest.fixture
    def wakeup(self) -> Wakeup:
        raise NotImplementedError

    @pytest.fixture
    def enqueue(self) -> Callable[[], None]:
        raise NotImplementedError

    def test_without_a_signal_the_wait_runs_out(self, wakeup: Wakeup) -> None:
        wakeup.clear()
        assert not wakeup.wait(0.01)

    def test_a_new_job_ends_the_wait(self, wakeup: Wakeup, enqueue: Callable[[], None]) -> None:
        wakeup.clear()
        soon = threading.Timer(0.05, enqueue)
        soon.start()
        assert wakeup.wait(LONG)
        soon.join()

    def test_a_job_between_clear_and_wait_is_noticed(
        self, wakeup: Wakeup, enqueue: Callable[[], None]
    ) -> None:
        wakeup.clear()
        enqueue()
        assert wakeup.wait(LONG)

    def test_clearing_forgets_earlier_signals(
        self, wakeup: Wakeup, enqueue: Callable[[], None]
    ) -> None:
        wakeup.clear()
        enqueue()
        assert wakeup.wait(LONG)
        wakeup.clear()
        assert not wakeup.wait(0.01)

    def test_a_signal_lasts_until_it_is_cleared(self, wakeup: Wakeup) -> None:
        wakeup.set()
        assert wakeup.wait(LONG)
        assert wakeup.wait(LONG)

    def test_set_wakes_the_waiter_from_another_thread(self, wakeup: Wakeup) -> None:
        wakeup.clear()
        soon = threading.Timer(0.05, wakeup.set)
        soon.start()
        assert wakeup.wait(LONG)
        soon.join()

    def test_closing_twice_is_harmless(self, wakeup: Wakeup) -> None:
        wakeup.close()
        wakeup.close()
