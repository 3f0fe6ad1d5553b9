"""A pipe whose other end only the worker holds: when the worker is gone, so is the job's group.

On Linux the kernel itself sends SIGKILL to the whole process group when the pipe's last writer
goes (fcntl(2): F_SETSIG, F_SETOWN, O_ASYNC), even while the job's interpreter holds the GIL or is
stopped. Elsewhere a thread waits for that moment.
"""

import fcntl
import os
import select
import signal
import sys
import threading


def arm(read_end: int) -> None:
    """Bind the calling process's group, which it leads, to the pipe. *read_end* must stay open."""
    assert os.getpgrp() == os.getpid()
    if sys.platform == "linux":
        _arm_by_kernel(read_end)
    else:
        arm_by_thread(read_end)


def _arm_by_kernel(read_end: int) -> None:
    if sys.platform == "linux":  # for the type checker: F_SETSIG exists nowhere else
        fcntl.fcntl(read_end, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(read_end, fcntl.F_SETSIG, signal.SIGKILL)
        flags = fcntl.fcntl(read_end, fcntl.F_GETFL)
        fcntl.fcntl(read_end, fcntl.F_SETFL, flags | os.O_ASYNC)
    # The worker may have gone before: that moment sends no signal any more.
    poll = select.poll()
    poll.register(read_end, select.POLLIN)
    if poll.poll(0):
        os.killpg(0, signal.SIGKILL)


def arm_by_thread(read_end: int) -> None:
    """The portable form. Needs the GIL to act."""

    def wait() -> None:
        os.read(read_end, 1)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()
