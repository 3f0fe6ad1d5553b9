"""What tells that memory was short: the kernel's counters, and a limit that a job ran into."""

import re
from dataclasses import replace
from pathlib import Path

from prism.domain.jobs import OUT_OF_MEMORY, Claim, JobError

_ROOT = Path("/")
_KILLS = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)
MIB = 1024 * 1024


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


def of_limit(error: JobError | None, claim: Claim, memory_bytes: int | None) -> JobError | None:
    """*error* as a job under that limit tells it: the same limit would stop it again."""
    if error is None or error.code != OUT_OF_MEMORY or memory_bytes is None:
        return error
    return replace(
        error,
        message=f"the job needed more than the {memory_bytes // MIB} MiB "
        "that each of its processes may have",
        hint="allow more by --job-memory or PRISM_JOB_MEMORY_MIB, "
        f"then `prism job retry {claim.id}`",
        exit_code=5,
        retryable=False,
    )
