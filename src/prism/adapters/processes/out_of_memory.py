"""What tells that memory was short: the kernel's counters, and a limit that a job ran into."""

import os
import re
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from prism.domain.jobs import OUT_OF_MEMORY, Claim, JobError, out_of_memory

#: How a job's process exits that has no memory to say more (sysexits.h: a system error).
OUT_OF_MEMORY_STATUS = 71
_WATCH_SECONDS = 0.2
_WATCH_STACK_BYTES = 256 * 1024
_Death: TypeAlias = "threading.ExceptHookArgs | sys.UnraisableHookArgs"
_MIB = 1024 * 1024
_ROOT = Path("/")
_KILLS = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)


class MemoryWatch:
    """What can be said about memory when a job ends badly. ``limit_bytes`` is what each of its
    processes may have."""

    def __init__(
        self, claim: Claim, *, limit_bytes: int | None, oom_kills: Callable[[], int]
    ) -> None:
        self._claim = claim
        self._limit_bytes = limit_bytes
        self._oom_kills = oom_kills
        self._before = oom_kills()

    def ran_out(self) -> bool:
        """Has the kernel killed for want of memory since the job began?"""
        return self._oom_kills() > self._before

    def exhausted(self) -> JobError:
        """Of a process that exited with OUT_OF_MEMORY_STATUS."""
        return self.explain(out_of_memory(self._claim.attempt))

    def explain(self, error: JobError) -> JobError:
        """*error* as it is told of a job under the limit: the same limit would stop it again."""
        if error.code != OUT_OF_MEMORY or self._limit_bytes is None:
            return error
        return replace(
            error,
            message=f"the job needed more than the {self._limit_bytes // _MIB} MiB "
            "that each of its processes may have",
            hint="allow more by --job-memory or PRISM_JOB_MEMORY_MIB, "
            f"then `prism job retry {self._claim.id}`",
            exit_code=5,
            retryable=False,
        )


def exit_when_threads_lack_memory() -> None:
    """From now on a thread that dies for want of memory takes this process with it.

    Others may wait for it for ever: for what it should have read, or for its start, which a thread
    that fails that early never tells (``threading.Thread.start`` waits without an end). Such a
    thread has no memory for a Python function either, so it only leaves word, by native code that
    needs none, for a thread that is there already.
    """
    deaths: deque[_Death] = deque()
    size = threading.stack_size(_WATCH_STACK_BYTES)
    threading.Thread(target=_watch, args=(deaths,), name="memory", daemon=True).start()
    threading.stack_size(size)
    threading.excepthook = sys.unraisablehook = deaths.append


def _watch(deaths: "deque[_Death]") -> None:
    try:
        while True:
            time.sleep(_WATCH_SECONDS)
            while deaths:
                _take_note(deaths.popleft())
    except MemoryError:
        os._exit(OUT_OF_MEMORY_STATUS)


def _take_note(death: "_Death") -> None:
    if issubclass(death.exc_type, MemoryError):
        raise MemoryError
    if isinstance(death, threading.ExceptHookArgs):
        threading.__excepthook__(death)
    else:
        sys.__unraisablehook__(death)


def count_oom_kills(root: Path = _ROOT) -> int:
    """How many processes the kernel has killed for want of memory: of this process's cgroup where
    it has a count (version 2), else of the whole machine. 0 where nobody counts.

    *root* stands for ``/``.
    """
    for path in (_cgroup(root) / "memory.events", root / "proc/vmstat"):
        try:
            found = _KILLS.search(path.read_text("ascii"))
        except OSError:
            continue
        if found is not None:
            return int(found[1])
    return 0


def _cgroup(root: Path) -> Path:
    try:
        lines = (root / "proc/self/cgroup").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    own = next((line[3:] for line in lines if line.startswith("0::")), "/")
    return root / "sys/fs/cgroup" / own.lstrip("/")
