"""What a job's own process costs, and how soon it ends with its worker.

``python -m benchmarks.job_process [JOBS]`` prints milliseconds: from the start of a job that does
nothing to its outcome (the first one starts the fork server), and from ``kill -9`` of a worker to
the end of its job and of what that job started.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.contracts.job_runner import claim_of
from tests.support.toy_jobs import HANDLERS

from prism.adapters.processes.child_process import ChildProcessRunner
from prism.domain.credentials import Secret

ROOT = Path(__file__).resolve().parents[1]
#: The heavy part of what the container has its fork server load.
PRELOAD = ("git", "tree_sitter", "prism.adapters.git.cloner", "prism.adapters.sql.repositories")


def job_times(jobs: int, preload: Sequence[str]) -> list[float]:
    runner = ChildProcessRunner(
        handlers="tests.support.toy_jobs:handlers_for",
        settings="{}",
        environment=dict(os.environ),
        preload=preload,
        kinds=HANDLERS,
    )
    times = []
    for _ in range(jobs + 1):
        began = time.perf_counter()
        running = runner.start(claim_of("work"), token=Secret("t"), scratch="/scratch")
        outcome = running.wait(60)
        times.append((time.perf_counter() - began) * 1000)
        running.close()
        assert outcome is not None
        assert outcome.error is None
    runner.close()
    return times


def death_times(workers: int) -> list[float]:
    """For each worker: until neither its job nor that job's own child is there any more."""
    times = []
    for _ in range(workers):
        with subprocess.Popen(
            [sys.executable, "-m", "tests.support.toy_worker", "start_grandchild"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as worker:  # fmt: skip
            assert worker.stdout is not None
            pids = json.loads(worker.stdout.readline())["pids"]
            worker.kill()
            began = time.perf_counter()
            while not all(_is_gone(pid) for pid in pids):
                time.sleep(0.0005)
            times.append((time.perf_counter() - began) * 1000)
    return times


def _is_gone(pid: int) -> bool:
    """A zombie runs no more."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rpartition(")")[2].split()[0] in "ZX"


def main(jobs: int) -> None:
    for name, preload in (
        ("nothing else loaded", ()),
        ("git, SQLAlchemy and tree-sitter loaded", PRELOAD),
    ):
        first, *others = job_times(jobs, preload)
        print(
            f"job that does nothing, {name}: first {first:.0f} ms, median "
            f"{statistics.median(others):.1f}, max {max(others):.1f} of {jobs}"
        )
    deaths = death_times(10)
    print(
        f"kill -9 of the worker to the end of its job: median {statistics.median(deaths):.1f} ms, "
        f"max {max(deaths):.1f} of {len(deaths)}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
