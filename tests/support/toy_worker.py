"""A program that starts one toy job and then does nothing: something to kill and to stop.

``python -m tests.support.toy_worker KIND [KEEP_ALIVE_SECONDS]`` prints one JSON line with the ids
of its processes once the job has reported progress, then waits until its input ends.
"""

import json
import os
import sys
from threading import Event

from tests.contracts.job_runner import claim_of
from tests.support.toy_jobs import HANDLERS

from prism.adapters.processes.child_process import ChildProcessRunner
from prism.domain.credentials import Secret


def main(kind: str, keep_alive: float | None) -> None:
    runner = ChildProcessRunner(
        handlers="tests.support.toy_jobs:handlers_for",
        settings="{}",
        environment=dict(os.environ),
        kinds=HANDLERS,
    )
    running = runner.start(claim_of(kind), token=Secret("t0ken-of-the-job"), scratch="/scratch")
    outcome = None
    while running.progress is None and outcome is None:
        outcome = running.wait(0.05)
    if keep_alive is not None:
        running.keep_alive(keep_alive)
    progress = running.progress
    said = {
        "server": runner.server_pid,
        "pids": [] if progress is None else [p for p in (progress.done, progress.total) if p],
    }
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    if outcome is None and sys.stdin.read() == "":
        Event().wait(0)
    running.close()
    runner.close()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else None)
