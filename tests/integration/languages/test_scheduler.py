"""The scheduler against processes that misbehave: small programs in the place of the worker."""

import sys

from tests.contracts.source_parser import blobs

from prism.adapters.languages.process import Launch
from prism.adapters.languages.scheduler import FALSE_STARTS_MAX, Scheduler
from prism.application.ports.source import ParsedBlob

_PRELUDE = """
import os, signal, sys
sys.path[:0] = {path!r}
from prism.adapters.languages.frames import ANSWER, JOB, Answer

def job():
    header = sys.stdin.buffer.read(JOB.size)
    if not header:
        sys.exit()
    number, name, length = JOB.unpack(header)
    sys.stdin.buffer.read(name)
    return number, sys.stdin.buffer.read(length)

def send(kind, number, payload=b""):
    os.write(1, ANSWER.pack(kind, number, len(payload)) + payload)

"""


def _run(program: str, *sources: bytes, patience_seconds: float = 60.0) -> list[ParsedBlob]:
    code = _PRELUDE.format(path=sys.path) + program
    command = [sys.executable, "-c", code]
    launch = Launch(command=command, environment={}, patience_seconds=patience_seconds)
    with Scheduler(launch, 1) as scheduler:
        return sorted(scheduler.run(iter(blobs(*sources))), key=lambda answer: answer.key)


def test_processes_that_do_not_start_are_not_started_for_ever() -> None:
    answers = _run("send(Answer.BROKEN, 0, b'no grammar')\n", b"a", b"b")
    assert [answer.problem for answer in answers] == [
        "the parser process does not start: no grammar"
    ] * 2
    assert FALSE_STARTS_MAX < 10


def test_a_process_that_hangs_is_killed_and_the_next_file_goes_on() -> None:
    program = """
while True:
    number, data = job()
    send(Answer.STARTED, number)
    if data == b"hang":
        signal.pause()
    send(Answer.FAILED, number, b"done with " + data)
"""
    answers = _run(program, b"one", b"hang", b"two", patience_seconds=0.5)
    assert [answer.problem for answer in answers] == ["done with one", "deadline", "done with two"]


def test_a_process_killed_by_its_processor_limit_counts_as_late() -> None:
    program = """
while True:
    number, data = job()
    send(Answer.STARTED, number)
    if data == b"loop":
        os.kill(os.getpid(), signal.SIGXCPU)
    send(Answer.FAILED, number, b"fine")
"""
    assert [a.problem for a in _run(program, b"loop", b"x")] == ["deadline", "fine"]


def test_a_process_that_talks_nonsense_loses_its_file_only() -> None:
    program = """
while True:
    number, data = job()
    send(Answer.STARTED, number)
    if data == b"evil":
        send(Answer.DONE, number + 77, b"?")
    send(Answer.FAILED, number, b"fine")
"""
    answers = _run(program, b"a", b"evil", b"b")
    assert [answer.problem for answer in answers] == [
        "fine",
        "nonsense from the parser process",
        "fine",
    ]


def test_facts_that_cannot_be_read_are_a_problem_of_the_file() -> None:
    program = """
while True:
    number, data = job()
    send(Answer.STARTED, number)
    send(Answer.DONE, number, b"\\x01\\x00\\x00\\x00\\x05hello")
"""
    [answer] = _run(program, b"a")
    assert answer.problem == "unreadable facts: a stored record of facts is damaged"


def test_a_process_may_die_between_two_files() -> None:
    program = """
number, data = job()
send(Answer.STARTED, number)
send(Answer.FAILED, number, b"fine")
sys.exit(3)
"""
    assert [a.problem for a in _run(program, b"a", b"b", b"c")] == ["fine"] * 3
