"""Hands blobs to parser processes and collects their answers, with a bounded number in flight."""

import selectors
from collections import deque
from collections.abc import Iterator
from time import monotonic
from types import TracebackType
from typing import Self

from prism.adapters.languages.frames import Answer
from prism.adapters.languages.inline import answer
from prism.adapters.languages.process import Launch, ParserProcess
from prism.application.ports.source import ParsedBlob, SourceBlob
from prism.domain.errors import PrismError

#: In flight per process: enough that it never waits, few enough that memory stays bounded.
BYTES_IN_FLIGHT = 256 * 1024
JOBS_IN_FLIGHT = 64
#: Below this many bytes in all, a second process costs more than it saves.
SMALL_INPUT_BYTES = 64 * 1024
#: Processes in a row that may die without having begun a file.
FALSE_STARTS_MAX = 3
_LOOK_SECONDS = 1.0


class Scheduler:
    """One run over a sequence of blobs; a context that ends every process it started."""

    def __init__(self, launch: Launch, processes: int) -> None:
        self._launch = launch
        self._limit = processes
        self._selector = selectors.DefaultSelector()
        self._processes: list[ParserProcess] = []
        self._waiting: deque[SourceBlob] = deque()
        self._answers: deque[ParsedBlob] = deque()
        self._number = 0
        self._bytes_seen = 0
        self._false_starts = 0
        self._reason = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes:
            process.stop()
        self._processes.clear()
        self._selector.close()

    def run(self, blobs: Iterator[SourceBlob]) -> Iterator[ParsedBlob]:
        """One answer for each of *blobs*, as they come."""
        more = True
        while True:
            more = more and self._fill(blobs)
            while self._answers:
                yield self._answers.popleft()
            if not more and not self._waiting and not self._busy():
                return
            self._turn()

    def _busy(self) -> bool:
        return any(process.jobs for process in self._processes)

    # -- giving ------------------------------------------------------------------------------

    def _fill(self, blobs: Iterator[SourceBlob]) -> bool:
        """Give blobs to processes until all have enough. False when *blobs* is at its end."""
        while True:
            if not self._waiting:
                blob = next(blobs, None)
                if blob is None:
                    return False
                self._bytes_seen += len(blob.data)
                self._waiting.append(blob)
            if not self._give_waiting():
                return True

    def _give_waiting(self) -> bool:
        """Give what waits. False when something still waits for room."""
        while self._waiting:
            if self._false_starts >= FALSE_STARTS_MAX:
                self._refuse(self._waiting.popleft())
                continue
            process = self._process_with_room()
            if process is None:
                return False
            self._number += 1
            process.give(self._number & 0xFFFFFFFF, self._waiting.popleft())
            self._watch(process)
        return True

    def _process_with_room(self) -> ParserProcess | None:
        wanted = 1 if self._bytes_seen <= SMALL_INPUT_BYTES else self._limit
        if len(self._processes) < wanted:
            started = self._start()
            if started is not None or not self._processes:
                return started
        process = min(self._processes, key=lambda item: item.bytes_in_flight)
        full = process.bytes_in_flight >= BYTES_IN_FLIGHT or len(process.jobs) >= JOBS_IN_FLIGHT
        return None if full else process

    def _start(self) -> ParserProcess | None:
        try:
            process = ParserProcess(self._launch)
        except OSError as error:  # no memory or no process left: perhaps a moment later
            self._false_starts += not self._processes
            self._reason = error.strerror or str(error)
            return None
        self._processes.append(process)
        self._selector.register(process.out_of, selectors.EVENT_READ, process)
        return process

    def _watch(self, process: ParserProcess) -> None:
        """Listen for room in its pipe while, and only while, something is to be sent."""
        process.send()
        listening = process.into in self._selector.get_map()
        if process.has_unsent and not listening:
            self._selector.register(process.into, selectors.EVENT_WRITE, process)
        elif listening and not process.has_unsent:
            self._selector.unregister(process.into)

    def _refuse(self, blob: SourceBlob) -> None:
        problem = f"the parser process does not start: {self._reason}"
        self._answers.append(answer(blob.key, b"", problem))

    # -- taking ------------------------------------------------------------------------------

    def _turn(self) -> None:
        """Wait for the processes, and hear what they have to say."""
        heard: set[int] = set()
        for key, events in self._selector.select(_LOOK_SECONDS):
            process: ParserProcess = key.data
            if process not in self._processes:
                continue  # its end was among the events of this turn
            if events & selectors.EVENT_WRITE:
                self._watch(process)
                continue
            heard.add(id(process))
            alive = process.receive()
            self._take(process)
            if not alive:
                self._bury(process)
        now = monotonic()
        for process in self._processes:
            # Whoever was heard in this turn may have answered long ago, while nobody listened.
            late = now - process.since > self._launch.patience_seconds
            if process.current is not None and late and id(process) not in heard:
                process.expire()
        self._give_waiting()

    def _take(self, process: ParserProcess) -> None:
        for kind, number, payload in process.answers():
            if kind is Answer.STARTED:
                process.current, process.since = number, monotonic()
                self._false_starts = 0
            elif kind is Answer.BROKEN:
                process.trouble = payload.decode("utf-8", "replace")
            else:
                blob = process.finish(number)
                self._answers.append(_parsed(blob.key, kind, payload))

    def _bury(self, process: ParserProcess) -> None:
        """A process ended before its jobs did: the file in hand is lost, the rest goes on."""
        self._selector.unregister(process.out_of)
        if process.into in self._selector.get_map():
            self._selector.unregister(process.into)
        self._processes.remove(process)
        process.stop()
        if process.current is not None:
            blob = process.finish(process.current)
            self._answers.append(answer(blob.key, b"", process.verdict()))
        else:
            self._false_starts += 1
            self._reason = process.verdict()
        self._waiting.extendleft(reversed(process.jobs.values()))


def _parsed(key: int, kind: Answer, payload: bytes) -> ParsedBlob:
    if kind is Answer.FAILED:
        return answer(key, b"", payload.decode("utf-8", "replace"))
    try:
        return answer(key, payload, "")
    except PrismError as error:
        return answer(key, b"", f"unreadable facts: {error.message}")
