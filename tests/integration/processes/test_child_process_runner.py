"""Jobs in real child processes: they end, and leave nothing behind, in whatever way."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from tests.contracts.job_runner import JobRunnerContract, claim_of, outcome_of, progress_of
from tests.support.toy_jobs import DEADLINE_SECONDS, HANDLERS

from prism.adapters.processes.child_process import ChildProcessRunner
from prism.application.ports.runner import JobOutcome, JobRunner, RunningJob
from prism.domain.credentials import Secret
from prism.domain.errors import Permanent

ROOT = Path(__file__).resolve().parents[3]
TOY_HANDLERS = "tests.support.toy_jobs:handlers_for"
TOKEN = "t0ken-of-the-job"
LINUX = sys.platform == "linux"
needs_proc = pytest.mark.skipif(not LINUX, reason="looks into /proc")


def new_runner(handlers: str = TOY_HANDLERS, **environment: str) -> ChildProcessRunner:
    return ChildProcessRunner(
        handlers=handlers,
        settings="{}",
        environment={**os.environ, **environment},
        kinds=HANDLERS,
    )


@pytest.fixture
def runner() -> Iterator[ChildProcessRunner]:
    runner = new_runner()
    yield runner
    runner.close()


class TestChildProcessRunner(JobRunnerContract):
    @pytest.fixture
    def runner(self) -> Iterator[JobRunner]:
        runner = new_runner()
        yield runner
        runner.close()


def started(runner: JobRunner, kind: str) -> RunningJob:
    return runner.start(claim_of(kind), token=Secret(TOKEN), scratch="/scratch")


def ended(runner: JobRunner, kind: str) -> JobOutcome:
    running = started(runner, kind)
    outcome = outcome_of(running)
    running.close()
    return outcome


def is_gone(pid: int) -> bool:
    """A zombie is gone too: only its parent's attention is missing."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return not Path("/proc/self").exists() or not Path(f"/proc/{pid}").exists()
    return state in "ZX"


def wait_until_gone(*pids: int) -> None:
    for _ in range(int(DEADLINE_SECONDS / 0.02)):
        if all(is_gone(pid) for pid in pids):
            return
        Event().wait(0.02)
    raise AssertionError(f"still there: {[pid for pid in pids if not is_gone(pid)]}")


def result_of(outcome: JobOutcome) -> dict[str, object]:
    assert outcome.result is not None
    return dict(outcome.result)


def error_of(outcome: JobOutcome) -> str:
    assert outcome.error is not None
    assert outcome.error.retryable
    return outcome.error.message


# --- the process -----------------------------------------------------------------------------


def test_two_jobs_come_from_the_same_server_and_are_two_processes(
    runner: ChildProcessRunner,
) -> None:
    first, second = (result_of(ended(runner, "look_around")) for _ in range(2))
    assert first["parent"] == second["parent"] == runner.server_pid
    assert first["pid"] != second["pid"]


def test_a_job_imports_nothing_that_the_server_has_loaded(runner: ChildProcessRunner) -> None:
    assert result_of(ended(runner, "look_around"))["loaded_in"] == runner.server_pid


def test_a_job_leads_a_group_of_its_own(runner: ChildProcessRunner) -> None:
    seen = result_of(ended(runner, "look_around"))
    assert seen["group"] == seen["pid"]


def test_a_job_neither_imports_the_main_module_nor_depends_on_the_directory(
    runner: ChildProcessRunner,
) -> None:
    seen = result_of(ended(runner, "look_around"))
    assert (seen["main"], seen["directory"], seen["isolated"]) == ("", "/", True)


def test_the_sessions_of_a_job_carry_its_name(runner: ChildProcessRunner) -> None:
    seen = result_of(ended(runner, "look_around"))
    assert seen["session"] == claim_of("work").ref.session


def test_a_job_that_crashes_leaves_no_core_file(runner: ChildProcessRunner) -> None:
    assert result_of(ended(runner, "look_around"))["core_limit"] == 0


def test_jobs_can_be_started_from_many_threads(runner: ChildProcessRunner) -> None:
    outcomes: list[JobOutcome] = []
    threads = [Thread(target=lambda: outcomes.append(ended(runner, "work"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.error for outcome in outcomes] == [None] * 6


@needs_proc
def test_finished_jobs_leave_no_descriptor_open(runner: ChildProcessRunner) -> None:
    ended(runner, "work")
    folders = [Path("/proc/self/fd"), Path(f"/proc/{runner.server_pid}/fd")]
    before = [len(list(folder.iterdir())) for folder in folders]
    for _ in range(5):
        ended(runner, "work")
    for _ in range(int(DEADLINE_SECONDS / 0.02)):  # the server closes its end after telling
        now = [len(list(folder.iterdir())) for folder in folders]
        if all(n <= b for n, b in zip(now, before, strict=True)):
            return
        Event().wait(0.02)
    raise AssertionError(f"descriptors: {before} before, {now} now")


def test_a_prepared_runner_uses_the_server_that_it_prepared(runner: ChildProcessRunner) -> None:
    runner.prepare()
    pid = runner.server_pid
    runner.prepare()
    assert pid is not None
    assert result_of(ended(runner, "look_around"))["parent"] == pid


def test_a_prepared_runner_that_is_never_used_leaves_no_server(
    runner: ChildProcessRunner,
) -> None:
    runner.prepare()
    pid = runner.server_pid
    assert pid is not None
    runner.close()
    assert is_gone(pid)


def test_a_module_that_cannot_be_loaded_is_named() -> None:
    runner = new_runner(handlers="tests.support.no_such_module:handlers_for")
    with pytest.raises(Permanent, match=r"ModuleNotFoundError: .*no_such_module"):
        started(runner, "work")
    runner.close()


def test_handlers_that_cannot_be_built_fail_the_job() -> None:
    runner = new_runner(handlers="tests.support.toy_jobs:broken_handlers")
    assert error_of(ended(runner, "work")) == "the database is away"
    runner.close()


# --- how it ends -----------------------------------------------------------------------------


def test_a_killed_job_can_be_tried_again_and_says_what_killed_it(
    runner: ChildProcessRunner,
) -> None:
    running = started(runner, "ignore_cancel")
    os.kill(progress_of(running, "deaf").done, signal.SIGKILL)
    assert error_of(outcome_of(running)) == "the job's process was killed by SIGKILL"
    running.close()


def test_a_crash_is_an_error_and_the_next_job_runs(runner: ChildProcessRunner) -> None:
    assert error_of(ended(runner, "segfault")) == "the job's process was killed by SIGSEGV"
    assert ended(runner, "work").error is None


def test_a_job_that_exits_without_a_word_is_an_error(runner: ChildProcessRunner) -> None:
    assert error_of(ended(runner, "exit_without_a_word")) == (
        "the job's process exited with status 5"
    )


def test_a_result_that_is_no_json_is_an_error(runner: ChildProcessRunner) -> None:
    assert error_of(ended(runner, "answer_nonsense")) == "BUG: ValueError"


def test_a_job_that_talks_nonsense_is_killed(runner: ChildProcessRunner) -> None:
    assert "talks nonsense" in error_of(ended(runner, "talk_nonsense"))


def test_a_job_that_ignores_a_cancel_can_be_killed(runner: ChildProcessRunner) -> None:
    running = started(runner, "ignore_cancel")
    pid = progress_of(running, "deaf").done
    running.cancel()
    running.kill()
    assert error_of(outcome_of(running)) == "the job's process was killed by SIGKILL"
    running.close()
    assert is_gone(pid)


def test_a_stopped_job_can_be_killed(runner: ChildProcessRunner) -> None:
    running = started(runner, "ignore_cancel")
    pid = progress_of(running, "deaf").done
    os.kill(pid, signal.SIGSTOP)
    running.close()
    assert is_gone(pid)


def test_closing_a_job_ends_what_it_started(runner: ChildProcessRunner) -> None:
    running = started(runner, "start_grandchild")
    grandchild = progress_of(running, "grandchild").done
    running.close()
    assert is_gone(grandchild)


def test_the_outcome_is_told_only_when_the_whole_group_is_gone(
    runner: ChildProcessRunner,
) -> None:
    running = started(runner, "leave_grandchild")
    grandchild = result_of(outcome_of(running))["grandchild"]
    assert isinstance(grandchild, int)
    assert is_gone(grandchild)
    running.close()


def test_signals_for_the_service_do_not_end_a_job_nor_what_it_started(
    runner: ChildProcessRunner,
) -> None:
    running = started(runner, "start_grandchild")
    told = progress_of(running, "grandchild")
    grandchild, pid = told.done, told.total
    assert runner.server_pid is not None
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        for each in (pid, grandchild, runner.server_pid):
            os.kill(each, signum)
    assert running.wait(0.1) is None
    assert not is_gone(grandchild)
    running.cancel()
    assert outcome_of(running).cancelled
    running.close()


def test_a_job_whose_worker_renews_no_more_is_killed(runner: ChildProcessRunner) -> None:
    running = started(runner, "ignore_cancel")
    progress_of(running, "deaf")
    running.keep_alive(0.01)
    assert error_of(outcome_of(running)) == "the job's process was killed by SIGKILL"
    running.close()


def test_a_job_whose_worker_goes_on_renewing_lives(runner: ChildProcessRunner) -> None:
    running = started(runner, "wait_for_cancel")
    running.keep_alive(0.0001 + DEADLINE_SECONDS)
    progress_of(running, "waiting")
    running.cancel()
    assert outcome_of(running).cancelled
    running.close()


# --- the server dies -------------------------------------------------------------------------


def test_a_job_ends_with_its_server_and_the_next_one_gets_a_new_server(
    runner: ChildProcessRunner,
) -> None:
    running = started(runner, "start_grandchild")
    progress = progress_of(running, "grandchild")
    dead = runner.server_pid
    assert dead is not None
    os.kill(dead, signal.SIGKILL)
    assert error_of(outcome_of(running)) == "the process that starts jobs died"
    running.close()
    wait_until_gone(progress.done, progress.total)
    assert ended(runner, "work").error is None
    assert runner.server_pid != dead


def test_a_closed_runner_leaves_no_server(runner: ChildProcessRunner) -> None:
    ended(runner, "work")
    pid = runner.server_pid
    assert pid is not None
    runner.close()
    assert is_gone(pid)


# --- the worker dies -------------------------------------------------------------------------


@contextmanager
def toy_worker(kind: str, *more: str) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A worker in a process of its own, and the ids of all processes below it."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.support.toy_worker", kind, *more],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with worker:
        assert worker.stdout is not None
        said = json.loads(worker.stdout.readline())
        yield worker, [said["server"], *said["pids"]]
        worker.kill()


@pytest.mark.parametrize("kind", ["start_grandchild", "ignore_cancel"])
def test_nothing_outlives_a_killed_worker(kind: str) -> None:
    with toy_worker(kind) as (worker, below):
        worker.kill()
        wait_until_gone(*below)


def test_a_stopped_job_does_not_outlive_a_killed_worker() -> None:
    with toy_worker("start_grandchild") as (worker, below):
        for pid in below[1:]:
            os.kill(pid, signal.SIGSTOP)
        worker.kill()
        wait_until_gone(*below)


def test_a_job_outlives_neither_worker_nor_server_killed_together() -> None:
    with toy_worker("start_grandchild") as (worker, below):
        worker.kill()
        os.kill(below[0], signal.SIGKILL)
        wait_until_gone(*below)


def test_the_job_of_a_stopped_worker_ends_when_its_lease_does() -> None:
    with toy_worker("ignore_cancel", "0.2") as (worker, below):
        worker.send_signal(signal.SIGSTOP)
        wait_until_gone(*below[1:])


def test_output_of_a_job_does_not_mix_with_the_workers_data() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "tests.support.toy_worker", "write_output"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "written by a job" not in answer.stdout
    assert "written by a job" in answer.stderr


# --- secrets ---------------------------------------------------------------------------------


@needs_proc
def test_the_token_is_in_no_argument_and_no_environment() -> None:
    with toy_worker("start_grandchild") as (worker, below):
        for pid in (worker.pid, *below):
            for name in ("environ", "cmdline"):
                assert TOKEN not in Path(f"/proc/{pid}/{name}").read_text("utf-8")


@needs_proc
def test_the_key_and_the_databases_address_are_in_no_environment_below_the_worker() -> None:
    withheld = {
        "CREDENTIAL_ENCRYPTION_KEY": "k" * 64,
        "CREDENTIAL_ENCRYPTION_KEY_FILE": "/the-key",
        "CREDENTIALS_DIRECTORY": "/credentials",
        "PRISM_DATABASE_URL": "postgresql://u:p@h/d",
    }
    runner = new_runner(**withheld)
    running = started(runner, "start_grandchild")
    progress = progress_of(running, "grandchild")
    for pid in (runner.server_pid, progress.done, progress.total):
        names = Path(f"/proc/{pid}/environ").read_text("utf-8").split("\0")
        assert not [name for name in names if name.partition("=")[0] in withheld]
    running.close()
    runner.close()


@needs_proc
def test_what_a_job_executes_inherits_none_of_its_ends(runner: ChildProcessRunner) -> None:
    running = started(runner, "start_grandchild")
    grandchild = progress_of(running, "grandchild").done
    targets = [link_target(entry) for entry in Path(f"/proc/{grandchild}/fd").iterdir()]
    standard = [link_target(Path(f"/proc/{grandchild}/fd/{number}")) for number in range(3)]
    extra = [t for t in targets if t.startswith(("pipe:", "socket:")) and t not in standard]
    assert extra == []
    running.close()


def link_target(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except FileNotFoundError:
        return ""  # it was closed meanwhile
