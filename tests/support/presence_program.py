"""A process that works under some names, with jobs or without: something to kill and to stop.

``python -m tests.support.presence_program DIRECTORY NAME[=KIND]…`` announces each name in
DIRECTORY, starts a toy job of that kind for it, prints one JSON line with the ids of its processes
and waits until its input ends; then it withdraws.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from threading import Event

from prism.adapters.processes.presence import WorkerFiles
from prism.adapters.processes.process_table import sight

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_SECONDS = 60.0


class PresenceProgram:
    """The running program. ``server`` and ``jobs`` (by worker: leader, then its children) are ids
    of processes; there are none without a job."""

    def __init__(self, directory: Path, *workers: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.presence_program", str(directory), *workers],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        said = json.loads(self._process.stdout.readline())
        self.pid = self._process.pid
        self.server: int | None = said["server"]
        self.jobs: Mapping[str, list[int]] = said["jobs"]

    def die(self) -> None:
        self._process.kill()
        self._reap()

    def leave(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._reap()

    def stop(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)
        wait_until_stopped(self.pid)

    def close(self) -> None:
        self._process.kill()
        self._reap()
        assert self._process.stdin is not None
        self._process.stdin.close()

    def _reap(self) -> None:
        self._process.wait(DEADLINE_SECONDS)
        assert self._process.stdout is not None
        self._process.stdout.close()


def wait_until_stopped(pid: int) -> None:
    for _ in range(int(DEADLINE_SECONDS / 0.01)):
        seen = sight(pid)
        if seen is not None and seen.stopped:
            return
        Event().wait(0.01)
    raise AssertionError(f"process {pid} does not stop")


def main(directory: str, *workers: str) -> None:
    presence = WorkerFiles(directory)
    kinds = {name: kind for name, _, kind in (text.partition("=") for text in workers)}
    for name in kinds:
        presence.announce(name)
    with ExitStack() as open_:
        open_.callback(presence.withdraw)
        said = _start_jobs(open_, presence, kinds) if any(kinds.values()) else {}
        sys.stdout.write(json.dumps({"server": None, "jobs": {}, **said}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


def _start_jobs(
    open_: ExitStack, presence: WorkerFiles, kinds: Mapping[str, str]
) -> dict[str, object]:
    from tests.contracts.job_runner import claim_of
    from tests.support.toy_jobs import HANDLERS

    from prism.adapters.processes.child_process import ChildProcessRunner

    runner = ChildProcessRunner(
        handlers="tests.support.toy_jobs:handlers_for",
        settings="{}",
        environment=dict(os.environ),
        kinds=HANDLERS,
        presence=presence,
    )
    open_.enter_context(closing(runner))
    jobs: dict[str, list[int]] = {}
    for name, kind in kinds.items():
        claim = claim_of(kind)
        claim = replace(claim, job=replace(claim.job, worker=name))
        running = open_.enter_context(closing(runner.start(claim, token=None, scratch="/scratch")))
        while running.progress is None:
            assert running.wait(0.02) is None, "the job ended"
        jobs[name] = [n for n in (running.progress.total, running.progress.done) if n]
    return {"server": runner.server_pid, "jobs": jobs}


if __name__ == "__main__":
    main(*sys.argv[1:])
