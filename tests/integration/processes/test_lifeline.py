"""Both forms of the lifeline end a whole process group when the other end of the pipe goes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
#: Leads a group with a child of its own, says that it is ready, then holds on for ever.
PROGRAM = """
import os, subprocess, sys
from prism.adapters.processes import lifeline
os.setpgid(0, 0)
command = [sys.executable, "-c", "import threading; threading.Event().wait(60)"]
child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
lifeline.{form}(int(sys.argv[1]))
sys.stdout.write("ready\\n")
sys.stdout.flush()
child.wait()
"""


def program(form: str, read_end: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(form=form), str(read_end)],
        pass_fds=(read_end,), stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip


@pytest.mark.parametrize("form", ["arm", "arm_by_thread"])
def test_the_group_dies_when_the_pipe_closes(form: str) -> None:
    read_end, write_end = os.pipe()
    with program(form, read_end) as leader:
        os.close(read_end)
        assert leader.stdout is not None
        assert leader.stdout.readline() == "ready\n"
        os.close(write_end)
        # The end of the output says that the child, which holds it too, is gone as well.
        assert leader.stdout.read() == ""
        assert leader.wait() == -signal.SIGKILL


@pytest.mark.parametrize("form", ["arm", "arm_by_thread"])
def test_a_pipe_that_closed_before_kills_at_once(form: str) -> None:
    read_end, write_end = os.pipe()
    os.close(write_end)
    with program(form, read_end) as leader:
        os.close(read_end)
        assert leader.wait() == -signal.SIGKILL
