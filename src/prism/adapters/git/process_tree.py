"""Ends a process with all its children, one by one: the job's process group is theirs too."""

import time
from contextlib import suppress
from subprocess import Popen
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

#: Nothing survives KILL; this only keeps a process that cannot be killed from hanging a job.
_GONE_SECONDS = 2.0
_POLL_SECONDS = 0.01


def kill_tree(process: Popen[bytes]) -> None:
    """End *process* and all below it; returns when they are gone.

    They are stopped first, from the top down, so that none starts another while the list is made.
    KILL, not TERM: a job's processes do not take it, and what git leaves goes with the directory.
    """
    import psutil

    if process.poll() is not None:
        return
    with suppress(psutil.NoSuchProcess):
        tree = _stop(psutil.Process(process.pid))
        for member in tree:
            _signal(member, "kill")
        _wait_until_gone(process, tree[1:])
    process.wait()


def _wait_until_gone(process: Popen[bytes], others: list["psutil.Process"]) -> None:
    """A zombie is gone: its new parent may be slow."""
    deadline = time.monotonic() + _GONE_SECONDS
    while process.poll() is None or any(_runs(other) for other in others):
        if time.monotonic() > deadline:
            return
        time.sleep(_POLL_SECONDS)


def _runs(process: "psutil.Process") -> bool:
    import psutil

    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _stop(root: "psutil.Process") -> list["psutil.Process"]:
    """Suspend *root* and its descendants until no new one turns up; the root comes first."""
    stopped = [root]
    _signal(root, "suspend")
    while new := [child for child in root.children(recursive=True) if child not in stopped]:
        for child in new:
            _signal(child, "suspend")
        stopped += new
    return stopped


def _signal(process: "psutil.Process", action: str) -> None:
    import psutil

    with suppress(psutil.Error):
        getattr(process, action)()
