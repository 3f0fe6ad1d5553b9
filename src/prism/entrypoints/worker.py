"""``prism worker``: the loop with its signals and its log."""

import signal
from types import FrameType

from prism.application.jobs.stopping import StopSwitch
from prism.application.ports.jobs import Wakeup
from prism.entrypoints.container import opened

EXIT_INTERRUPTED = 130


def run_worker(*, once: bool, poll_seconds: float, log_format: str) -> int:
    """Work until stopped; returns the exit code.

    The handlers stand before the database is opened: a signal that comes meanwhile ends the worker
    before its first claim.
    """
    switch = StopSwitch()
    wakeups: list[Wakeup] = []

    def stop(_number: int, _frame: FrameType | None) -> None:
        switch.request()
        for wakeup in wakeups:
            wakeup.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with opened(log_format=log_format) as container:
        wakeups.append(container.wakeup())
        end = container.worker_loop(poll_seconds=poll_seconds, switch=switch)(once=once)
    return EXIT_INTERRUPTED if end.interrupted else 0
