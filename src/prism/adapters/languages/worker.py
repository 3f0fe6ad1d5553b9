"""A parser process: reads jobs from stdin, writes records to stdout, ends at the end of stdin.

It runs native code over sources that nobody vouches for: it is started with an empty environment,
holds no file but its pipes, may write none, and says what it has in hand before it begins, so that
its death costs one file.
"""

import gc
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from typing import BinaryIO

from prism.adapters.languages.extraction import Extractor
from prism.adapters.languages.frames import ANSWER, JOB, Answer

#: Files between two collections of cyclic garbage; extraction itself leaves none.
_FILES_PER_COLLECTION = 500


def main(deadline_seconds: float, memory_bytes: int) -> None:
    """Serve until stdin ends. *memory_bytes* limits the process' data, heap and anonymous maps."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    jobs, answers = sys.stdin.buffer, _private_stdout()
    try:
        _limit(memory_bytes)
        extractor = Extractor(deadline_seconds)
    except Exception as error:  # noqa: BLE001  # the parent must learn why nothing works
        answers.send(Answer.BROKEN, 0, f"{type(error).__name__}: {error}".encode())
        return
    with suppress(BrokenPipeError):
        _serve(jobs, answers, extractor, deadline_seconds)


def _serve(jobs: BinaryIO, answers: "_Pipe", extractor: Extractor, deadline_seconds: float) -> None:
    gc.disable()
    done = 0
    while header := jobs.read(JOB.size):
        number, name_length, length = JOB.unpack(header)
        language = jobs.read(name_length).decode()
        data = jobs.read(length)
        if len(data) < length:  # the parent died while it wrote
            return
        answers.send(Answer.STARTED, number, b"")
        _limit_processor(deadline_seconds)
        record, problem = extractor.record(language, data)
        if problem:
            answers.send(Answer.FAILED, number, problem.encode("utf-8", "replace"))
        else:
            answers.send(Answer.DONE, number, record)
        done += 1
        if done % _FILES_PER_COLLECTION == 0:
            gc.collect()


class _Pipe:
    """Frames out, unbuffered."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def send(self, kind: Answer, number: int, payload: bytes) -> None:
        rest = memoryview(ANSWER.pack(kind, number, len(payload)) + payload)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]


def _private_stdout() -> _Pipe:
    """Frames go to a copy of stdout; what else is written there goes nowhere."""
    own = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return _Pipe(own)


def _limit(memory_bytes: int) -> None:
    """No core dumps, no files written, bounded memory."""
    for which, amount in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        # Not RLIMIT_AS: native allocators reserve far more than they use.
        (resource.RLIMIT_DATA, memory_bytes),
    ):
        _soft, hard = resource.getrlimit(which)
        # Root could raise what a whole job is allowed.
        allowed = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(which, (allowed, allowed))


def _limit_processor(deadline_seconds: float) -> None:
    """Kills this process (SIGXCPU) when native code loops on one file, parent or no parent."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    amount = int(time.process_time() + 2 * deadline_seconds) + 2
    if hard == resource.RLIM_INFINITY or amount < hard:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_CPU, (amount, hard))
