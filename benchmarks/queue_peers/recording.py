"""What a worker process of the queue benchmark notes about its jobs, whoever's queue it is.

A worker is started by ``python -m MODULE --at PLACE --record FILE [--live]`` and ended by SIGTERM.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import NamedTuple


class Began(NamedTuple):
    """``at``: CLOCK_MONOTONIC in seconds, the same for all processes of the machine; ``cpu``:
    processor seconds that the worker's process had used by then, all threads."""

    number: int
    at: float
    cpu: float


class Recorder:
    """Called by each no-op job with its number."""

    def __init__(self, file: str, *, live: bool) -> None:
        """``live``: also print a line for each job at once."""
        self._file = file
        self._live = live
        self._began: list[Began] = []

    def __call__(self, number: int) -> None:
        began = Began(number, time.monotonic(), time.process_time())
        self._began.append(began)
        if self._live:
            sys.stdout.write(f"{number} {began.at}\n")
            sys.stdout.flush()

    def write(self) -> None:
        """Leave the notes in the file."""
        Path(self._file).write_text(json.dumps(self._began), encoding="utf-8")


def read_record(file: Path) -> list[Began]:
    return [Began(*row) for row in json.loads(file.read_text("utf-8"))]


class WorkerArguments(NamedTuple):
    """``place``: URL of a database, or a data directory."""

    place: str
    recorder: Recorder
    variant: str


def worker_arguments() -> WorkerArguments:
    """Of the process that calls it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at", required=True)
    parser.add_argument("--record", required=True)
    parser.add_argument("--live", action="store_true")
    parser.add_argument("--variant", default="")
    given = parser.parse_args()
    return WorkerArguments(given.at, Recorder(given.record, live=given.live), given.variant)
