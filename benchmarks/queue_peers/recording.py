"""What a worker process of the queue benchmark notes about its jobs, whoever's queue it is.

A worker is started by ``python -m MODULE --at PLACE --record FILE …`` and ended by SIGTERM.
"""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NamedTuple

TOGETHER_SECONDS_MAX = 20.0


class Began(NamedTuple):
    """``at``: CLOCK_MONOTONIC in seconds, the same for all processes of the machine; ``cpu``:
    processor seconds that the worker's process had used by then, all threads."""

    number: int
    at: float
    cpu: float


class Recorder:
    """Called by each no-op job with its number."""

    def __init__(self, file: Path, *, live: bool, together: int) -> None:
        """``live``: also print a line for each job at once. ``together``: so many workers run, and
        the first job of each waits for those of the others."""
        self._file = file
        self._live = live
        self._together = together
        self._began: list[Began] = []

    def __call__(self, number: int) -> None:
        if not self._began and self._together > 1:
            self._wait_for_others()
        began = Began(number, time.monotonic(), time.process_time())
        self._began.append(began)
        if self._live:
            sys.stdout.write(f"{number} {began.at}\n")
            sys.stdout.flush()

    def write(self) -> None:
        """Leave the notes in the file."""
        self._file.write_text(json.dumps(self._began), encoding="utf-8")

    def stop_early(self, _number: int, _frame: FrameType | None) -> None:
        """A signal before the worker listens to it by itself."""
        self.write()
        os._exit(0)

    def _wait_for_others(self) -> None:
        self._file.with_suffix(".began").touch()
        deadline = time.monotonic() + TOGETHER_SECONDS_MAX
        while len([*self._file.parent.glob("*.began")]) < self._together:
            if time.monotonic() > deadline:
                return
            time.sleep(0.001)


def read_record(file: Path) -> list[Began]:
    return [Began(*row) for row in json.loads(file.read_text("utf-8"))]


class WorkerArguments(NamedTuple):
    """``place``: URL of a database, or a data directory; ``directory``: private, soon removed."""

    place: str
    recorder: Recorder
    variant: str
    directory: str


def worker_arguments() -> WorkerArguments:
    """Of the process that calls it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at", required=True)
    parser.add_argument("--record", required=True)
    parser.add_argument("--live", action="store_true")
    parser.add_argument("--together", type=int, default=1)
    parser.add_argument("--variant", default="")
    given = parser.parse_args()
    file = Path(given.record)
    recorder = Recorder(file, live=given.live, together=given.together)
    signal.signal(signal.SIGTERM, recorder.stop_early)
    recorder.write()  # tells that the signal is heeded from now on
    return WorkerArguments(given.at, recorder, given.variant, str(file.parent))
