"""A job that needs more memory than it may have, and one that the kernel takes for want of it."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.contracts.job_runner import claim_of, outcome_of, progress_of
from tests.support.toy_jobs import HANDLERS

from prism.adapters.processes.child_process import ChildProcessRunner
from prism.adapters.processes.out_of_memory import count_oom_kills
from prism.application.ports.runner import JobOutcome
from prism.domain.jobs import JobError

LIMIT_MIB = 128
LIMIT = LIMIT_MIB * 1024 * 1024
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="macOS ignores RLIMIT_DATA")


@contextmanager
def runner_with(
    memory_bytes: int | None, oom_kills: Callable[[], int] = lambda: 0
) -> Iterator[ChildProcessRunner]:
    runner = ChildProcessRunner(
        handlers="tests.support.toy_jobs:handlers_for",
        settings="{}",
        environment=dict(os.environ),
        kinds=HANDLERS,
        memory_bytes=memory_bytes,
        oom_kills=oom_kills,
    )
    with closing(runner):
        yield runner


def ended(runner: ChildProcessRunner, kind: str, **options: str) -> JobOutcome:
    running = runner.start(claim_of(kind, attempt=2, options={**options}), token=None, scratch="/")
    with closing(running):
        return outcome_of(running)


def error_of(outcome: JobOutcome) -> JobError:
    assert outcome.error is not None
    return outcome.error


@pytest.mark.parametrize("how", ["at once", "in pieces", "wrapped", "by threads", "in a thread"])
def test_a_job_over_its_limit_says_so_and_is_not_tried_again(how: str) -> None:
    with runner_with(LIMIT) as runner:
        error = error_of(ended(runner, "eat_memory", how=how))
        assert error == JobError(
            code="out_of_memory",
            message="the job needed more than the 128 MiB that each of its processes may have",
            hint="allow more by --job-memory or PRISM_JOB_MEMORY_MIB, then `prism job retry 11`",
            exit_code=5,
            attempt=2,
            retryable=False,
        )
        assert ended(runner, "work").error is None


def test_the_limit_holds_for_the_job_and_what_it_starts() -> None:
    with runner_with(LIMIT) as runner:
        assert ended(runner, "look_at_limits").result == {"own": [LIMIT, LIMIT], "child": LIMIT}


def test_without_a_limit_there_is_none() -> None:
    with runner_with(None) as runner:
        assert ended(runner, "look_at_limits").result == {"own": [-1, -1], "child": -1}
        assert error_of(ended(runner, "lack_memory")).retryable


@pytest.mark.parametrize(
    ("kills", "message"),
    [
        ([7, 8], "killed by SIGKILL; the system ran out of memory meanwhile"),
        ([7, 7], "killed by SIGKILL"),
    ],
)
def test_a_killed_job_says_whether_memory_ran_out_meanwhile(kills: list[int], message: str) -> None:
    counts = iter(kills)
    with runner_with(None, lambda: next(counts)) as runner:
        running = runner.start(claim_of("ignore_cancel"), token=None, scratch="/")
        os.kill(progress_of(running, "deaf").done, signal.SIGKILL)
        error = error_of(outcome_of(running))
        assert (error.code, error.message) == ("job_lost", f"the job's process was {message}")
        running.close()


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


VMSTAT = "nr_free_pages 12\noom_kill 5\noom_kill_other 6\n"
EVENTS = "low 0\nmax 3\noom 4\noom_kill 2\noom_group_kill 1\n"
OWN = "sys/fs/cgroup/system.slice/prism.service/memory.events"
V2 = "0::/system.slice/prism.service\n"


@pytest.mark.parametrize(
    ("files", "count"),
    [
        ({"proc/vmstat": VMSTAT, "proc/self/cgroup": V2, OWN: EVENTS}, 2),
        ({"proc/vmstat": VMSTAT, "proc/self/cgroup": V2}, 5),
        ({"proc/vmstat": VMSTAT, "sys/fs/cgroup/memory.events": EVENTS,
          "proc/self/cgroup": "0::/\n"}, 2),
        ({"proc/vmstat": VMSTAT, "proc/self/cgroup": "4:memory:/x\n"}, 5),
        ({"proc/vmstat": "nr_free_pages 12\n"}, 0),
        ({}, 0),
    ],
    ids=["own cgroup", "no count there", "container", "version 1", "old kernel", "no /proc"],
)  # fmt: skip
def test_kills_are_counted_in_the_narrowest_place(
    tmp_path: Path, files: dict[str, str], count: int
) -> None:
    assert count_oom_kills(write(tmp_path, files)) == count


def test_this_machine_counts_its_kills() -> None:
    assert count_oom_kills() >= 0
