"""Which process a number means, and how it is: by /proc on Linux, by psutil elsewhere.

A process is its number and its start time together (proc(5), field 22: ticks since the boot, which
no change of the clock moves). Whatever cannot be identified so is never signalled.
"""

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

_LINUX = sys.platform == "linux"
_PROC = Path("/proc")
_LOOK_SECONDS = 0.005
# Fields of /proc/<pid>/stat that follow the name, counted from there (proc(5) counts from 3 on).
_STATE, _GROUP, _THREADS, _STARTED = 0, 2, 17, 19


class Process(NamedTuple):
    """``started``: as the kernel counts it; compared, never computed with."""

    pid: int
    started: str


class Sighting(NamedTuple):
    """A process at one moment. ``state``: the letter of proc(5)."""

    process: Process
    state: str
    group: int
    threads: int

    @property
    def stopped(self) -> bool:
        return self.state in "Tt"

    @property
    def ended(self) -> bool:
        """Nothing of it runs and no file of it is open: only its parent's attention is missing."""
        return self.state in "ZXx" and self.threads <= 1


class Kernel(NamedTuple):
    """Where process numbers have one meaning. ``boot``: this start of this machine (its name where
    the system tells no more), ``namespace``: of process ids."""

    boot: str
    namespace: str
    host: str

    @staticmethod
    def here() -> "Kernel":
        host = socket.gethostname()
        try:
            boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
            namespace = str((_PROC / "self/ns/pid").stat().st_ino)
        except OSError:
            boot, namespace = host, ""
        return Kernel(boot, namespace, host)

    def knows_numbers_of(self, other: "Kernel") -> bool:
        return (self.boot, self.namespace) == (other.boot, other.namespace)


def sight(pid: int) -> Sighting | None:
    """The process with that number, None when there is none or nothing can be told about it."""
    return sight_by_proc(pid) if _LINUX else sight_by_psutil(pid)


def find(process: Process) -> Sighting | None:
    """That very process, while it is there; a zombie is."""
    seen = sight(process.pid)
    return seen if seen is not None and seen.process == process else None


def kill(process: Process) -> bool:
    """SIGKILL to that very process. False when it is not there, or not ours to kill."""
    if process.pid <= 1 or find(process) is None:
        return False
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(process.pid, signal.SIGKILL)
        return True
    return False


def kill_group(leader: Process) -> bool:
    """SIGKILL to the group that *leader* leads. False when the leader is not there.

    A group whose leader is gone is left alone: its number may be somebody else's by now. While the
    leader is there, be it as a zombie, the kernel gives the number to nobody.
    """
    seen = find(leader)
    if leader.pid <= 1 or seen is None or seen.group in {0, 1, os.getpgrp()}:
        return False
    if seen.group != leader.pid:
        return False
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader.pid, signal.SIGKILL)
        return True
    return False


def wait_until_ended(
    processes: Collection[Process], *, groups: Collection[int] = (), seconds: float
) -> bool:
    """Wait until none of *processes* and nobody in *groups* runs; False when *seconds* are over."""
    deadline = time.monotonic() + seconds
    while any(_running(processes, groups)):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def _running(processes: Collection[Process], groups: Collection[int]) -> Iterator[bool]:
    for process in processes:
        seen = find(process)
        yield seen is not None and not seen.ended
    for pid in _numbers() if groups else ():
        seen = sight(pid)
        yield seen is not None and seen.group in groups and not seen.ended


def _numbers() -> Collection[int]:
    if _LINUX:
        return [int(name) for name in os.listdir(_PROC) if name.isdigit()]  # noqa: PTH208
    import psutil

    return psutil.pids()


def sight_by_proc(pid: int) -> Sighting | None:
    try:
        if os.readlink("/proc/self") != str(os.getpid()):  # noqa: PTH115 - a text, not a path
            return None  # mounted for another namespace: its numbers are not ours
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - half the time of Path
            # The name may hold anything, parentheses too: the last one closes it.
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    if len(fields) <= _STARTED:
        return None
    return Sighting(
        Process(pid, fields[_STARTED].decode()),
        fields[_STATE].decode(),
        int(fields[_GROUP]),
        int(fields[_THREADS]),
    )


def sight_by_psutil(pid: int) -> Sighting | None:
    import psutil

    letters = {psutil.STATUS_ZOMBIE: "Z", psutil.STATUS_DEAD: "X", psutil.STATUS_STOPPED: "T"}
    try:
        process = psutil.Process(pid)
        started = repr(process.create_time())
        state = letters.get(process.status(), "R")
        return Sighting(Process(pid, started), state, os.getpgid(pid), 1)
    except (psutil.Error, OSError):
        return None
