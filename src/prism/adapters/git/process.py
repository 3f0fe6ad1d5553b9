"""One running git: its streams, its limits, and its end."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import Popen
from typing import IO, TYPE_CHECKING, NamedTuple

from prism.adapters.git.process_tree import kill_tree
from prism.domain.errors import Cancelled, PrismError, Refused, Transient

if TYPE_CHECKING:
    from git import Git

STDERR_BYTES_MAX = 64 * 1024
CHUNK_BYTES = 64 * 1024
_WATCH_SECONDS = 0.1
#: Nothing holds the streams once the tree is gone; this only keeps a mistake from hanging a job.
_JOIN_SECONDS = 5.0


class GitFailed(Exception):
    """git ended with another status than 0. ``stderr`` holds no token; otherwise it is as git and
    the host wrote it: scrub it before it goes anywhere."""

    def __init__(self, status: int, stderr: str) -> None:
        super().__init__(f"git ended with status {status}")
        self.status = status
        self.stderr = stderr


class RunLimits(NamedTuple):
    """``seconds``: wall clock of the whole command. ``stall_seconds``: waiting for one read, for
    commands whose answers are taken as slowly as the reader likes. None: no limit.

    ``directory`` must not grow above ``bytes_max``.
    """

    seconds: float | None = 60.0
    stall_seconds: float | None = None
    directory: str | None = None
    bytes_max: int = 0


class RunningGit:
    """Reads standard output; drains and keeps the first 64 KiB of standard error.

    Every method that reads or waits raises what ended the command early (Cancelled, Transient for a
    time limit, Refused for the size), or GitFailed for a status other than 0.
    """

    def __init__(
        self,
        handle: "Git.AutoInterrupt",
        *,
        limits: RunLimits,
        questions: bytes | None,
        cancelled: Callable[[], bool],
        mask: Callable[[str], str],
    ) -> None:
        self._handle = handle  # ends git when it is collected: keep it as long as the process
        assert handle.proc is not None
        self._process: Popen[bytes] = handle.proc
        self._limits = limits
        self._cancelled = cancelled
        self._mask = mask
        self._started = time.monotonic()
        self._waiting_since: float | None = None
        self._stopped: PrismError | None = None
        self._ended = threading.Event()
        self._stderr = bytearray()
        self._stdout = _stream(self._process.stdout)
        self._threads = [self._thread(self._drain), self._thread(self._watch)]
        if questions is not None:
            self._threads.append(self._thread(lambda: self._feed(questions)))

    def read(self, size: int) -> bytes:
        """Exactly *size* bytes; fewer only at the end of the output."""
        self._waiting_since = time.monotonic()
        try:
            return self._stdout.read(size)
        finally:
            self._waiting_since = None

    def read_line(self) -> bytes:
        """One line with its end, b'' at the end of the output."""
        self._waiting_since = time.monotonic()
        try:
            return self._stdout.readline(CHUNK_BYTES)
        finally:
            self._waiting_since = None

    def records(self) -> Iterator[bytes]:
        """The NUL-terminated records of the output, read as they are asked for."""
        rest = b""
        while chunk := self.read(CHUNK_BYTES):
            *records, rest = (rest + chunk).split(b"\0")
            yield from records
        if rest:
            yield rest

    def finish(self) -> None:
        """Wait for the end; raises unless it was a good one."""
        self._waiting_since = time.monotonic()
        status = self._process.wait()
        self.close()
        if self._stopped is not None:
            raise self._stopped
        if status != 0:
            raise GitFailed(status, self._mask(self._stderr.decode("utf-8", "replace")))

    def close(self) -> None:
        """End it if it still runs, with its children. Idempotent."""
        self._ended.set()
        kill_tree(self._process)
        for thread in self._threads:
            thread.join(_JOIN_SECONDS)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()

    def _thread(self, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, name="git", daemon=True)
        thread.start()
        return thread

    def _drain(self) -> None:
        stream = _stream(self._process.stderr)
        while chunk := stream.read(CHUNK_BYTES):
            self._stderr += chunk[: STDERR_BYTES_MAX - len(self._stderr)]

    def _feed(self, questions: bytes) -> None:
        stream = _stream(self._process.stdin)
        with suppress(OSError):  # git ended before it read all: its status says why
            stream.write(questions)
            stream.close()

    def _watch(self) -> None:
        while not self._ended.wait(_WATCH_SECONDS):
            self._stopped = self._reason_to_stop()
            if self._stopped is not None:
                kill_tree(self._process)
                return

    def _reason_to_stop(self) -> PrismError | None:
        now, since, limits = time.monotonic(), self._waiting_since, self._limits
        if self._cancelled():
            return Cancelled("git was stopped because the job was cancelled")
        if limits.seconds is not None and now - self._started > limits.seconds:
            return _too_slow(limits.seconds)
        stall = limits.stall_seconds
        if stall is not None and since is not None and now - since > stall:
            return _too_slow(stall)
        return too_large(limits)


def too_large(limits: RunLimits) -> Refused | None:
    """What to raise when the directory has grown above its limit."""
    if limits.directory is None or _directory_bytes(limits.directory) <= limits.bytes_max:
        return None
    return Refused(
        f"the repository is larger than {limits.bytes_max // 2**20} MiB",
        hint="clone it yourself and index the local path",
    )


def _too_slow(seconds: float) -> Transient:
    return Transient(
        f"git did not answer within {seconds:g} seconds", hint="try again when the host is faster"
    )


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _directory_bytes(directory: str) -> int:
    """Bytes of the files below *directory*; those that go away meanwhile do not count."""
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            with suppress(OSError):
                total += (Path(folder) / name).lstat().st_size
    return total
