"""Ends a process with all its children, one by one: the job's process group is theirs too."""

import time
from contextlib import suppress
from subprocess import Popen
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

#: How long they get between TERM and KILL.
GRACE_SECONDS = 2.0
_POLL_SECONDS = 0.01


def terminate_tree(process: Popen[bytes], *, grace_seconds: float = GRACE_SECONDS) -> None:
    """End *process* and all below it; returns when they are gone.

    They are stopped first, from the top down, so that none starts another while the list is made;
    then TERM (git removes its temporary files), and KILL for what is left.
    """
    import psutil

    if process.poll() is not None:
        return
    with suppress(psutil.NoSuchProcess):
        tree = _stop(psutil.Process(process.pid))
        for member in tree:
            _signal(member, "terminate")
        for member in tree:
            _signal(member, "resume")
        if not _gone(process, tree[1:], grace_seconds):
            for member in tree:
                _signal(member, "kill")
            _gone(process, tree[1:], grace_seconds)
    process.wait()


def _gone(process: Popen[bytes], others: list["psutil.Process"], seconds: float) -> bool:
    """Have all ended within *seconds*? A zombie has: its new parent may be slow."""
    deadline = time.monotonic() + seconds
    while process.poll() is None or any(_runs(other) for other in others):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


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
