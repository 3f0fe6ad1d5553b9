"""Signals of a process with several threads: each is heard, whichever thread it interrupts."""

import signal
import socket
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def heard(numbers: Collection[signal.Signals], act: Callable[[], None]) -> Iterator[None]:
    """Call *act*, in a thread of its own, for each of these signals. Enter it in the main thread.

    Python's handlers run in the main thread only, once that goes on by itself; what interrupts it
    is a signal that the kernel gives to it. One that comes while the whole process stands still may
    be given to any thread, and a main thread that waits for others would not notice before the next
    one comes. The descriptor is written to at once in any case (signal.set_wakeup_fd).
    """
    listening, told = socket.socketpair()
    told.setblocking(False)

    def listen() -> None:
        while came := listening.recv(64):
            for number in came:
                if number in numbers:
                    act()

    thread = threading.Thread(target=listen, name="prism-signals", daemon=True)
    before = signal.set_wakeup_fd(told.fileno())
    for number in numbers:
        signal.signal(number, _nothing)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        told.close()
        thread.join()
        listening.close()


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """A signal must have a handler to be written to the descriptor."""
