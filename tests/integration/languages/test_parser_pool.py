"""Parser processes: the contract, and what a hostile file can and cannot do."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.contracts.source_parser import SOURCE, SourceParserContract, blobs
from tests.support.crashing_source import CRASHING

from prism.adapters.languages.inline import InlineParser
from prism.adapters.languages.pool import TreeSitterParser
from prism.application.ports.source import ParsedBlob, SourceParser

DEADLINE_SECONDS = 30.0


def _children(pid: int | None = None) -> list[int]:
    """Those that run Python: the database server of a test run is a child too."""
    found = Path(f"/proc/{pid or os.getpid()}/task").glob("*/children")
    children = [int(child) for path in found for child in path.read_text().split()]
    return [child for child in children if _runs_python(child)]


def _runs_python(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/exe").samefile(sys.executable)
    except OSError:
        return False


def _wait_until_gone(pid: int) -> bool:
    pause = threading.Event()
    for _attempt in range(int(DEADLINE_SECONDS / 0.02)):
        if not Path(f"/proc/{pid}").exists():
            return True
        pause.wait(0.02)
    return False


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="asks /proc about processes"
)


class TestParserPool(SourceParserContract):
    def make_parser(self, *, deadline_seconds: float = 20.0) -> SourceParser:
        return TreeSitterParser(processes=2, deadline_seconds=deadline_seconds)


def _by_key(answers: Iterator[ParsedBlob]) -> dict[int, ParsedBlob]:
    return {answer.key: answer for answer in answers}


@pytest.mark.parametrize("processes", [1, 2])
def test_a_crash_costs_exactly_the_file_in_hand(processes: int) -> None:
    sources = [b"def f%d(): return %d\n" % (number, number) for number in range(60)]
    sources[20] = sources[40] = CRASHING
    answers = _by_key(TreeSitterParser(processes=processes).parse(blobs(*sources)))
    assert len(answers) == 60
    assert {key for key, answer in answers.items() if answer.problem} == {20, 40}
    assert answers[20].problem == f"crashed: signal {int(signal.SIGSEGV)}"
    names = [a.outline.symbols[0].name for a in answers.values() if a.outline is not None]
    assert sorted(names) == sorted(f"f{n}" for n in range(60) if n not in (20, 40))


def test_the_last_file_may_crash() -> None:
    answers = _by_key(TreeSitterParser(processes=1).parse(blobs(SOURCE, CRASHING)))
    assert answers[0].outline is not None
    assert answers[1].problem.startswith("crashed")


def test_processes_give_the_records_of_the_inline_parser() -> None:
    sources = [Path(__file__).read_bytes(), SOURCE, "é = 'ü'\n".encode(), b""]
    assert _by_key(TreeSitterParser().parse(blobs(*sources))) == _by_key(
        InlineParser().parse(blobs(*sources))
    )


def test_a_file_that_needs_too_much_memory_costs_only_itself() -> None:
    parser = TreeSitterParser(processes=1, memory_bytes=48 * 1024 * 1024)
    answers = _by_key(parser.parse(blobs(b"[" + b"1," * 400_000 + b"]", SOURCE)))
    assert answers[0].problem != ""
    assert answers[1].outline is not None


@needs_proc
def test_parser_processes_hold_no_environment() -> None:
    with closing(TreeSitterParser(processes=1).parse(blobs(*[SOURCE] * 200))) as answers:
        next(answers)
        [child] = _children()
        assert Path(f"/proc/{child}/environ").read_bytes() == b""


@needs_proc
def test_parser_processes_write_no_files_and_dump_no_core() -> None:
    with closing(TreeSitterParser(processes=1).parse(blobs(*[SOURCE] * 200))) as answers:
        next(answers)
        [child] = _children()
        limits = Path(f"/proc/{child}/limits").read_text().splitlines()
    hard = {line[:26].strip(): line[26:].split()[1] for line in limits[1:]}
    assert (hard["Max file size"], hard["Max core file size"]) == ("0", "0")


@needs_proc
def test_parser_processes_keep_to_a_limit_that_their_job_has() -> None:
    limit = 300 * 1024 * 1024
    code = (
        "import resource; from pathlib import Path\n"
        "from prism.adapters.languages.pool import TreeSitterParser\n"
        "from prism.application.ports.source import SourceBlob\n"
        f"resource.setrlimit(resource.RLIMIT_DATA, ({limit}, {limit}))\n"
        "blobs = [SourceBlob(n, 'python', b'x = 1') for n in range(300)]\n"
        "answers = TreeSitterParser(processes=1).parse(blobs); next(answers)\n"
        "[child] = Path('/proc/self/task').glob('*/children')\n"
        "print(Path(f'/proc/{child.read_text().strip()}/limits').read_text())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    [line] = [line for line in done.stdout.splitlines() if line.startswith("Max data size")]
    assert line.split()[3:5] == [str(limit), str(limit)]


@needs_proc
def test_small_inputs_take_one_process_and_large_ones_all() -> None:
    def started_for(source: bytes) -> int:
        with closing(TreeSitterParser(processes=3).parse(blobs(*[source] * 300))) as answers:
            next(answers)
            return len(_children())

    assert started_for(b"x = 1\n") == 1
    assert started_for(b"x = 1\n" * 1000) == 3


@needs_proc
def test_no_process_outlives_the_iteration() -> None:
    answers = TreeSitterParser(processes=2).parse(blobs(*[SOURCE * 100] * 300))
    next(answers)
    assert _children() != []
    answers.close()  # type: ignore[attr-defined]  # it is a generator
    assert _children() == []


@needs_proc
def test_no_process_outlives_its_parent() -> None:
    program = (
        "import sys\n"
        "from prism.adapters.languages.pool import TreeSitterParser\n"
        "from prism.application.ports.source import SourceBlob\n"
        "blobs = (SourceBlob(n, 'python', b'x = 1\\n' * 900) for n in range(10**9))\n"
        "answers = TreeSitterParser(processes=1).parse(blobs)\n"
        "next(answers); print('started', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"started\n"
        [child] = _children(parent.pid)
        parent.kill()
    assert _wait_until_gone(child)
