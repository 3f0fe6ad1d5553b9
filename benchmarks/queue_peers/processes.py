"""Worker processes of the benchmark, and what they and the database server use."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import psutil
from benchmarks.queue_peers.recording import Began, read_record

ROOT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 30.0


class Worker(NamedTuple):
    process: "subprocess.Popen[str]"
    record: Path

    @property
    def lines(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def cpu(self) -> float:
        """Processor seconds of its process and all below it, those that ended too."""
        return cpu_of_tree(self.process.pid)

    def stop(self) -> list[Began]:
        """SIGTERM, and what it noted. Raises when it ended badly."""
        while not self.record.exists() and self.process.poll() is None:
            time.sleep(0.01)
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(STOP_SECONDS)
        if status != 0:
            raise RuntimeError(f"{self.process.args!r} ended with status {status}")
        return read_record(self.record)


@contextmanager
def workers(command: Sequence[str], count: int, *, live: bool = False) -> Iterator[list[Worker]]:
    """*count* processes of ``python -m *command*``; they are gone on leaving."""
    with tempfile.TemporaryDirectory(prefix="prism-bench-") as directory:
        records = [Path(directory) / f"{n}.json" for n in range(count)]
        arguments = [*command, "--together", str(count), *(["--live"] if live else [])]
        started = [Worker(_start(arguments, record, live=live), record) for record in records]
        try:
            yield started
        finally:
            for worker in started:
                if worker.process.poll() is None:
                    worker.process.kill()
                worker.process.communicate()


def _start(command: Sequence[str], record: Path, *, live: bool) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", *command, "--record", str(record)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if live else subprocess.DEVNULL,
        text=True,
    )


def cpu_of_tree(pid: int) -> float:
    """Processor seconds of a process, its living descendants, and those they have waited for."""
    top = psutil.Process(pid)
    total = 0.0
    for process in (top, *top.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue  # its parent counts it from now on
        total += times.user + times.system + times.children_user + times.children_system
    return total


def server_pid() -> int | None:
    """The Postgres that this process started, if it did."""
    for child in psutil.Process(os.getpid()).children():
        if child.name().startswith("postgres"):
            return child.pid
    return None
