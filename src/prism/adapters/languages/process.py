"""One parser process as its parent sees it: jobs out, answers in, and how it ended."""

import os
import signal
import subprocess
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from prism.adapters.languages.frames import ANSWER, JOB, PAYLOAD_MAX, Answer
from prism.application.ports.source import SourceBlob

_READ_BYTES = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How a parser process is started, and for how long it may be silent about one file."""

    command: Sequence[str]
    environment: Mapping[str, str]
    patience_seconds: float


class ParserProcess:
    """A child with non-blocking pipes. Jobs are answered in the order they are given.

    ``jobs`` are those without an answer; ``current`` is the number of the one in hand, None between
    two; ``since`` when it was begun (set by whoever reads the clock).
    """

    def __init__(self, launch: Launch) -> None:
        self._child = subprocess.Popen(
            list(launch.command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(launch.environment),
            close_fds=True,
        )
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self.into = self._child.stdin.fileno()
        self.out_of = self._child.stdout.fileno()
        os.set_blocking(self.into, False)
        os.set_blocking(self.out_of, False)
        self.jobs: dict[int, SourceBlob] = {}
        self.bytes_in_flight = 0
        self.current: int | None = None
        self.since = 0.0
        self.expired = False
        self.trouble = ""
        self._unsent: deque[memoryview] = deque()
        self._unread = bytearray()

    @property
    def has_unsent(self) -> bool:
        return bool(self._unsent)

    def give(self, number: int, blob: SourceBlob) -> None:
        """Queue a job; ``send`` writes it."""
        language = blob.language.encode("utf-8", "replace")
        self.jobs[number] = blob
        self.bytes_in_flight += len(blob.data)
        header = JOB.pack(number, len(language), len(blob.data))
        self._unsent.append(memoryview(header + language))
        if blob.data:
            self._unsent.append(memoryview(blob.data))

    def send(self) -> None:
        """Write what the pipe takes now."""
        try:
            while self._unsent:
                written = os.write(self.into, self._unsent[0])
                if written < len(self._unsent[0]):
                    self._unsent[0] = self._unsent[0][written:]
                else:
                    self._unsent.popleft()
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._unsent.clear()  # it died: the end of its answers says so

    def receive(self) -> bool:
        """Read what is there now. False at the end: the process is gone, or going."""
        try:
            data = os.read(self.out_of, _READ_BYTES)
        except BlockingIOError:
            return True
        self._unread += data
        return bool(data)

    def answers(self) -> Iterator[tuple[Answer, int, bytes]]:
        """Complete frames that were received. Kills a process that talks nonsense."""
        at = 0
        while len(self._unread) - at >= ANSWER.size:
            kind, number, length = ANSWER.unpack_from(self._unread, at)
            if kind > Answer.BROKEN or length > PAYLOAD_MAX or not self._expects(kind, number):
                self.trouble = "nonsense from the parser process"
                self._child.kill()
                break
            end = at + ANSWER.size + length
            if len(self._unread) < end:
                break
            yield Answer(kind), number, bytes(self._unread[at + ANSWER.size : end])
            at = end
        del self._unread[:at]

    def _expects(self, kind: int, number: int) -> bool:
        if kind == Answer.BROKEN:
            return True
        if kind == Answer.STARTED:
            return self.current is None and number in self.jobs
        return number == self.current

    def finish(self, number: int) -> SourceBlob:
        """Job *number* has its answer."""
        blob = self.jobs.pop(number)
        self.bytes_in_flight -= len(blob.data)
        self.current = None
        return blob

    def expire(self) -> None:
        """Kill it: the file in hand takes too long."""
        self.expired = True
        self._child.kill()

    def stop(self) -> None:
        """End it and wait; it holds nothing that could be lost."""
        self._child.kill()
        for stream in (self._child.stdin, self._child.stdout):
            if stream is not None:
                with suppress(OSError):  # unsent bytes of a closed pipe
                    stream.close()
        self._child.wait()

    def verdict(self) -> str:
        """Why it ended, after ``stop``."""
        code = self._child.returncode
        if self.expired or code == -signal.SIGXCPU:
            return "deadline"
        if self.trouble:
            return self.trouble
        return f"crashed: signal {-code}" if code < 0 else f"crashed: exit code {code}"
