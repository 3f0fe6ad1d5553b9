"""The worker's use case with real processes and real directories."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from tests.support.toy_jobs import DEADLINE_SECONDS, HANDLERS
from tests.support.worker_bench import WorkerBench

from prism.adapters.processes.child_process import ChildProcessRunner
from prism.adapters.processes.scratch import ScratchDirectories
from prism.adapters.system import SystemClock
from prism.application.jobs.claim_and_execute import ClaimAndExecuteJob, ExecutedJob
from prism.application.jobs.stopping import StopRequest
from prism.domain.jobs import Job, JobState


class RealBench(WorkerBench):
    """The queue's clock is the test's, the worker's is real."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root
        self.children = ChildProcessRunner(
            handlers="tests.support.toy_jobs:handlers_for",
            settings="{}",
            environment=dict(os.environ),
            kinds=HANDLERS,
        )

    def real(self, *, kill_seconds: float = 5.0) -> ClaimAndExecuteJob:
        return ClaimAndExecuteJob(
            jobs=self.jobs,
            projects=self.projects,
            credentials=self.credentials,
            tokens=self.tokens,
            runner=self.children,
            scratch=ScratchDirectories(str(self.root)),
            clock=SystemClock(),
            worker="w1",
            host="here",
            poll_seconds=0.02,
            kill_seconds=kill_seconds,
        )

    def while_it_runs(
        self, job_id: int, do: Callable[[Job], None], execute: Callable[[], ExecutedJob | None]
    ) -> ExecutedJob:
        """Call *do* once the job has told its progress; returns how the attempt ended."""
        ended: list[ExecutedJob | None] = []
        thread = Thread(target=lambda: ended.append(execute()))
        thread.start()
        for _ in range(int(DEADLINE_SECONDS / 0.01)):
            if self.job(job_id).progress is not None or not thread.is_alive():
                break
            Event().wait(0.01)
        do(self.job(job_id))
        thread.join(DEADLINE_SECONDS)
        (executed,) = ended
        assert executed is not None
        return executed


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[RealBench]:
    bench = RealBench(tmp_path / "scratch")
    yield bench
    bench.children.close()


def pids(job: Job) -> list[int]:
    assert job.progress is not None
    numbers = (job.progress["done"], job.progress["total"])
    return [number for number in numbers if isinstance(number, int) and number > 0]


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_job_runs_in_a_child_and_leaves_nothing(bench: RealBench) -> None:
    job_id = bench.enqueue(kind="work", goal="x")
    executed = bench.real()()
    assert executed is not None
    job = bench.job(job_id)
    assert job.state is JobState.COMPLETED
    assert job.result is not None
    assert job.result["options"] == {"goal": "x"}
    assert bench.jobs.published(job.project_id).run_id == 7
    assert list(bench.root.iterdir()) == []


def test_a_cancelled_job_leaves_no_process_and_no_directory(bench: RealBench) -> None:
    job_id = bench.enqueue(kind="start_grandchild")
    running: list[int] = []

    def cancel(job: Job) -> None:
        running.extend(pids(job))
        assert len(list(bench.root.iterdir())) == 2  # the directory and its lock
        bench.jobs.request_cancel(job_id)

    executed = bench.while_it_runs(job_id, cancel, bench.real())
    assert executed.state is JobState.CANCELLED
    assert len(running) == 2
    assert all(gone(pid) for pid in running)
    assert list(bench.root.iterdir()) == []


def test_a_job_that_ignores_its_cancel_is_killed(bench: RealBench) -> None:
    job_id = bench.enqueue(kind="ignore_cancel")
    running: list[int] = []

    def cancel(job: Job) -> None:
        running.extend(pids(job))
        bench.jobs.request_cancel(job_id)

    executed = bench.while_it_runs(job_id, cancel, bench.real(kill_seconds=0.05))
    assert executed.state is JobState.CANCELLED
    assert all(gone(pid) for pid in running)


def test_a_killed_job_is_charged_and_tried_again(bench: RealBench) -> None:
    job_id = bench.enqueue(kind="ignore_cancel")
    executed = bench.while_it_runs(
        job_id, lambda job: os.kill(pids(job)[0], signal.SIGKILL), bench.real()
    )
    assert executed.state is JobState.PENDING
    job = bench.job(job_id)
    assert (job.failures, job.crashes) == (1, 0)
    assert job.errors[-1].message == "the job's process was killed by SIGKILL"
    assert job.errors[-1].attempt == 1


def test_a_job_that_crashes_each_time_ends_as_failed_and_the_next_one_runs(
    bench: RealBench,
) -> None:
    poison = bench.enqueue(bench.project("poison"), kind="segfault")
    execute = bench.real()
    for _ in range(3):
        execute(only=poison)
        bench.clock.advance(600)
    assert bench.job(poison).state is JobState.FAILED
    good = bench.enqueue(bench.project("good"), kind="work")
    execute()
    assert bench.job(good).state is JobState.COMPLETED


def test_a_job_that_loses_its_lease_is_killed(bench: RealBench) -> None:
    job_id = bench.enqueue(kind="start_grandchild")
    running: list[int] = []

    def lose(job: Job) -> None:
        running.extend(pids(job))
        bench.clock.advance(3600)
        bench.jobs.reap()

    executed = bench.while_it_runs(job_id, lose, bench.real())
    assert executed.state is None
    assert all(gone(pid) for pid in running)
    assert list(bench.root.iterdir()) == []


def test_a_job_handed_back_is_gone_and_uncharged(bench: RealBench) -> None:
    job_id = bench.enqueue(kind="start_grandchild")
    stop = [StopRequest.NONE]
    running: list[int] = []

    def hurry(job: Job) -> None:
        running.extend(pids(job))
        stop[0] = StopRequest.NOW

    execute = bench.real()
    executed = bench.while_it_runs(job_id, hurry, lambda: execute(stopping=lambda: stop[0]))
    assert executed.state is JobState.PENDING
    assert all(gone(pid) for pid in running)
    assert bench.job(job_id).failures == 0
