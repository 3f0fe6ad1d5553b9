"""Presence by lock files, with real processes that are killed, stopped and mistaken for others."""

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest
from tests.contracts.job_runner import claim_of, outcome_of, progress_of
from tests.contracts.worker_presence import WorkerPresenceContract
from tests.support.presence_program import (
    DEADLINE_SECONDS,
    PresenceProgram,
    wait_until_stopped,
)
from tests.support.toy_jobs import HANDLERS

from prism.adapters.processes.child_process import ChildProcessRunner
from prism.adapters.processes.file_locks import cannot_use, examined, take_lock
from prism.adapters.processes.presence import WorkerFiles
from prism.adapters.processes.process_table import Kernel, Process, sight, wait_until_ended
from prism.adapters.processes.worker_record import JobGroup, WorkerRecord
from prism.domain.errors import NoSpace, Transient

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
HERE = Kernel.here()
Start = Callable[..., PresenceProgram]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data" / "workers"


@pytest.fixture
def presence(directory: Path) -> Iterator[WorkerFiles]:
    presence = WorkerFiles(str(directory))
    yield presence
    presence.withdraw()


@pytest.fixture
def start(directory: Path) -> Iterator[Start]:
    with ExitStack() as open_:
        yield lambda *workers: open_.enter_context(closing(PresenceProgram(directory, *workers)))


class TestWorkerFiles(WorkerPresenceContract):
    @pytest.fixture
    def presence(self, directory: Path) -> Iterator[WorkerFiles]:
        presence = WorkerFiles(str(directory))
        yield presence
        presence.withdraw()

    @pytest.fixture
    def neighbour(self, start: Start) -> Start:
        return start


def has_ended(pid: int) -> bool:
    seen = sight(pid)
    return seen is None or seen.ended


def process_of(pid: int) -> Process:
    seen = sight(pid)
    assert seen is not None
    return seen.process


@contextmanager
def victim(code: str = "import sys; sys.stdin.read()") -> Iterator[subprocess.Popen[bytes]]:
    """A process that leads a group of its own and that nobody has a reason to kill."""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, process_group=0
    ) as process:
        yield process
        process.kill()


@contextmanager
def file_of(directory: Path, record: WorkerRecord | bytes, *, held: bool = False) -> Iterator[Path]:
    """A file as a process would have written it, with its owner there or gone."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "1-feedbeef.lock"
    path.write_bytes(record if isinstance(record, bytes) else record.to_bytes())
    with path.open("rb") as file:
        if held:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield path


def record_of(process: Process, *, kernel: Kernel = HERE) -> WorkerRecord:
    """A worker "w" in that process, which is also the leader of its job and its fork server."""
    job = JobGroup(leader=process, worker="w")
    return WorkerRecord(workers=("w",), process=process, kernel=kernel, server=process, jobs=(job,))


# --- files -----------------------------------------------------------------------------------


def test_withdrawing_leaves_nothing(presence: WorkerFiles, directory: Path) -> None:
    presence.announce("a")
    presence.announce("b")
    (path,) = directory.iterdir()
    modes = [each.stat().st_mode & 0o777 for each in (path, directory, directory.parent)]
    assert modes == [0o600, 0o700, 0o700]
    presence.withdraw()
    assert list(directory.iterdir()) == []


def test_a_process_that_leaves_leaves_nothing(start: Start, directory: Path) -> None:
    start("a=ignore_cancel").leave()
    assert list(directory.iterdir()) == []


def test_a_forgotten_worker_leaves_nothing(
    presence: WorkerFiles, start: Start, directory: Path
) -> None:
    start("a").die()
    assert len(list(directory.iterdir())) == 1
    presence.forget(presence.find_dead())
    assert list(directory.iterdir()) == []


def test_a_directory_that_cannot_be_made_is_an_error_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    presence = WorkerFiles(str(tmp_path / "file" / "data" / "workers"))
    with pytest.raises(Transient, match="Not a directory"):
        presence.announce("a")
    assert (list(presence.find_dead()), set(presence.find_alive())) == ([], set())
    presence.withdraw()


@pytest.mark.parametrize(
    ("name", "kind", "hint"),
    [("ENOSPC", NoSpace, "free space"), ("EROFS", Transient, "permissions"),
     ("ENOLCK", Transient, "flock")],
)  # fmt: skip
def test_an_error_says_what_to_do(name: str, kind: type[Transient], hint: str) -> None:
    import errno

    error = cannot_use(Path("/data/workers"), OSError(getattr(errno, name), "x"))
    assert type(error) is kind
    assert hint in error.hint


@pytest.mark.parametrize("length", [0, 1, 100, -1], ids=["empty", "begun", "half", "nearly done"])
def test_a_half_written_file_says_nothing_and_goes(
    presence: WorkerFiles, directory: Path, length: int
) -> None:
    with victim() as process, ExitStack() as open_:
        record = record_of(process_of(process.pid)).to_bytes()
        open_.enter_context(file_of(directory, record[:length]))
        assert list(presence.find_dead()) == []
        assert process.poll() is None
    assert list(directory.iterdir()) == []


def test_a_half_written_file_of_a_process_that_is_there_stays(
    presence: WorkerFiles, directory: Path
) -> None:
    with file_of(directory, b'{"workers": ', held=True) as path:
        assert (list(presence.find_dead()), set(presence.find_alive())) == ([], set())
        presence.forget(["w"])
        assert path.exists()


def test_a_file_of_a_later_version_says_nothing(presence: WorkerFiles, directory: Path) -> None:
    import zlib

    text = json.dumps({"workers": ["w"], "process": [1, "2"], "kernel": "?"}).encode()
    with file_of(directory, text + f"\n{zlib.crc32(text):08x}\n".encode()):
        assert list(presence.find_dead()) == []


def test_what_is_no_lock_file_is_left_alone(presence: WorkerFiles, directory: Path) -> None:
    directory.mkdir(parents=True)
    (directory / "README").touch()
    assert list(presence.find_dead()) == []
    assert (directory / "README").exists()


# --- races -----------------------------------------------------------------------------------


def test_two_readers_see_the_same_dead_worker(
    presence: WorkerFiles, start: Start, directory: Path
) -> None:
    start("a").die()
    (path,) = directory.iterdir()
    with examined(path) as (_, held):
        assert not held
        assert presence.find_dead() == ["a"]


def test_a_file_is_not_taken_while_a_reader_looks_at_it(tmp_path: Path) -> None:
    path = tmp_path / "1-a.lock"
    path.touch()
    with examined(path):
        assert take_lock(path) is None
    lock = take_lock(path)
    assert lock is not None
    with examined(path) as (_, held):
        assert held
    os.close(lock)


def test_readers_never_take_one_that_comes_and_goes_for_dead(directory: Path) -> None:
    stop = Event()
    wrong: list[object] = []

    def come_and_go(name: str) -> None:
        presence = WorkerFiles(str(directory))
        for _ in range(150):
            presence.announce(name)
            if name not in presence.find_alive():
                wrong.append(name)
            presence.withdraw()

    def read() -> None:
        presence = WorkerFiles(str(directory))
        while not stop.is_set():
            wrong.extend(presence.find_dead())

    readers = [Thread(target=read) for _ in range(2)]
    workers = [Thread(target=come_and_go, args=(name,)) for name in ("a", "b")]
    for thread in (*readers, *workers):
        thread.start()
    for thread in workers:
        thread.join()
    stop.set()
    for thread in readers:
        thread.join()
    assert wrong == []
    assert list(directory.iterdir()) == []


# --- processes -------------------------------------------------------------------------------


def test_a_stopped_worker_is_alive(presence: WorkerFiles, start: Start) -> None:
    worker = start("a")
    worker.stop()
    assert (list(presence.find_dead()), set(presence.find_alive())) == ([], {"a"})


def test_evicting_a_stopped_worker_ends_it_with_its_jobs_and_their_server(
    presence: WorkerFiles, start: Start
) -> None:
    worker = start("a=start_grandchild", "b=ignore_cancel")
    assert worker.server is not None
    worker.stop()
    assert presence.evict("a")
    everybody = [worker.pid, worker.server, *worker.jobs["a"], *worker.jobs["b"]]
    assert [pid for pid in everybody if not has_ended(pid)] == []
    assert presence.find_dead() == ["a", "b"]


def test_evicting_ends_a_worker_that_was_stopped_with_everything_below_it(
    presence: WorkerFiles, start: Start
) -> None:
    worker = start("a=start_grandchild")
    assert worker.server is not None
    below = [*worker.jobs["a"], worker.server]
    worker.stop()
    for pid in below:
        os.kill(pid, signal.SIGSTOP)
        wait_until_stopped(pid)
    assert presence.evict("a")
    assert [pid for pid in (worker.pid, *below) if not has_ended(pid)] == []


def test_evicting_a_running_worker_ends_its_job_and_nothing_else(
    presence: WorkerFiles, start: Start
) -> None:
    worker = start("a=start_grandchild", "b=start_grandchild")
    assert worker.server is not None
    assert presence.evict("a")
    assert [pid for pid in worker.jobs["a"] if not has_ended(pid)] == []
    spared = [worker.pid, worker.server, *worker.jobs["b"]]
    assert [pid for pid in spared if has_ended(pid)] == []
    assert set(presence.find_alive()) == {"a", "b"}


def test_what_a_dead_worker_left_running_is_ended(presence: WorkerFiles, start: Start) -> None:
    worker = start("a=start_grandchild")
    assert worker.server is not None
    os.kill(worker.server, signal.SIGSTOP)
    wait_until_stopped(worker.server)
    worker.die()
    assert presence.find_dead() == ["a"]
    left = [worker.server, *worker.jobs["a"]]
    assert [pid for pid in left if not has_ended(pid)] == []


OTHERS = {
    "later process": (False, HERE),
    "other boot": (True, HERE._replace(boot="another")),
    "other namespace": (True, HERE._replace(namespace="1")),
}


@pytest.mark.parametrize("which", OTHERS)
@pytest.mark.parametrize("stopped", [False, True], ids=["running", "stopped"])
def test_a_process_that_only_has_the_number_is_not_evicted(
    presence: WorkerFiles, directory: Path, which: str, stopped: bool
) -> None:
    same_process, kernel = OTHERS[which]
    with victim() as process:
        real = process_of(process.pid)
        if stopped:
            os.kill(process.pid, signal.SIGSTOP)
            wait_until_stopped(process.pid)
        meant = real if same_process else real._replace(started="1")
        with file_of(directory, record_of(meant, kernel=kernel), held=True):
            assert not presence.evict("w")
            assert set(presence.find_alive()) == {"w"}
        assert sight(process.pid) is not None
        assert not has_ended(process.pid)


@pytest.mark.parametrize("which", OTHERS)
def test_a_group_that_only_has_the_number_outlives_a_dead_worker(
    presence: WorkerFiles, directory: Path, which: str
) -> None:
    same_process, kernel = OTHERS[which]
    with victim() as process:
        real = process_of(process.pid)
        meant = real if same_process else real._replace(started="1")
        with file_of(directory, record_of(meant, kernel=kernel)):
            assert presence.find_dead() == ["w"]
        assert not has_ended(process.pid)


def test_a_group_without_its_leader_is_left_alone(presence: WorkerFiles, directory: Path) -> None:
    code = (
        "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', "
        "'import sys; sys.stdin.read()'], stdout=subprocess.DEVNULL); print(child.pid, flush=True)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0,
    ) as leader:  # fmt: skip
        gone = process_of(leader.pid)
        assert leader.stdout is not None
        member = int(leader.stdout.readline())
        leader.wait()
        with file_of(directory, record_of(gone)):
            assert presence.find_dead() == ["w"]
        assert not has_ended(member)
        os.kill(member, signal.SIGKILL)


def test_an_earlier_start_of_this_machine_is_dead(presence: WorkerFiles, directory: Path) -> None:
    record = record_of(Process(12345, "6789"), kernel=HERE._replace(boot="before"))
    with file_of(directory, record):
        assert presence.find_dead() == ["w"]


def test_of_another_machine_nothing_is_known(presence: WorkerFiles, directory: Path) -> None:
    kernel = HERE._replace(boot="theirs", host="another")
    with file_of(directory, record_of(Process(12345, "6789"), kernel=kernel)) as path:
        assert list(presence.find_dead()) == []
        presence.forget(["x"])
        assert path.exists()


def test_a_forked_child_does_not_keep_its_parent_alive(
    presence: WorkerFiles, directory: Path
) -> None:
    code = (
        "import os, sys; from prism.adapters.processes.presence import WorkerFiles\n"
        "presence = WorkerFiles(sys.argv[1]); presence.announce('a')\n"
        "if not os.fork():\n"
        "    presence.withdraw()\n"
        "    print(os.getpid(), flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(directory)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as parent:  # fmt: skip
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert set(presence.find_alive()) == {"a"}
        parent.kill()
        parent.wait()
        assert presence.find_dead() == ["a"]
        assert not has_ended(child)


@needs_proc
def test_no_process_below_a_worker_has_its_lock(start: Start, directory: Path) -> None:
    worker = start("a=start_grandchild")
    assert worker.server is not None
    (path,) = directory.iterdir()

    def opened(pid: int) -> list[Path]:
        links = [entry.readlink() for entry in Path(f"/proc/{pid}/fd").iterdir()]
        return [link for link in links if link == path]

    assert opened(worker.pid) == [path]
    assert [opened(pid) for pid in (worker.server, *worker.jobs["a"])] == [[], [], []]


# --- what the runner writes down -------------------------------------------------------------


def record_in(directory: Path) -> WorkerRecord:
    (path,) = directory.iterdir()
    record = WorkerRecord.from_bytes(path.read_bytes())
    assert record is not None
    return record


@pytest.fixture
def runner(presence: WorkerFiles) -> Iterator[ChildProcessRunner]:
    runner = ChildProcessRunner(
        handlers="tests.support.toy_jobs:handlers_for",
        settings="{}",
        environment=dict(os.environ),
        kinds=HANDLERS,
        presence=presence,
    )
    with closing(runner):
        yield runner


def test_a_job_is_written_down_while_it_runs(
    presence: WorkerFiles, runner: ChildProcessRunner, directory: Path
) -> None:
    presence.announce("w")
    running = runner.start(claim_of("ignore_cancel"), token=None, scratch="/scratch")
    leader = process_of(progress_of(running, "deaf").done)
    assert runner.server_pid is not None
    during = record_in(directory)
    assert during.jobs == (JobGroup(leader=leader, worker="w"),)
    assert during.server == process_of(runner.server_pid)
    assert during.process == process_of(os.getpid())
    running.close()
    assert record_in(directory).jobs == ()


def test_the_server_is_written_down_before_the_first_job(
    presence: WorkerFiles, runner: ChildProcessRunner, directory: Path
) -> None:
    presence.announce("w")
    runner.prepare()
    assert runner.server_pid is not None
    assert record_in(directory).server == process_of(runner.server_pid)


def test_a_job_that_began_before_its_worker_is_announced_is_written_down_too(
    presence: WorkerFiles, runner: ChildProcessRunner, directory: Path
) -> None:
    running = runner.start(claim_of("ignore_cancel"), token=None, scratch="/scratch")
    assert not directory.exists()
    presence.announce("w")
    assert len(record_in(directory).jobs) == 1
    running.close()


def test_jobs_of_many_threads_are_all_written_down_and_struck_out(
    presence: WorkerFiles, runner: ChildProcessRunner, directory: Path
) -> None:
    presence.announce("w")

    def work() -> None:
        for _ in range(3):
            running = runner.start(claim_of("work"), token=None, scratch="/scratch")
            outcome_of(running)
            running.close()

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replace(record_in(directory), server=None).jobs == ()


# --- the table of processes ------------------------------------------------------------------


@needs_proc
def test_a_name_that_looks_like_more_fields_is_only_a_name() -> None:
    code = "open('/proc/self/comm', 'w').write(') Z 1 (x'); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        before = process_of(process.pid)
        assert process.stdout is not None
        process.stdout.readline()
        assert b") Z 1 (x" in Path(f"/proc/{process.pid}/stat").read_bytes()
        seen = sight(process.pid)
        assert seen is not None
        assert (seen.process, seen.ended, seen.group) == (before, False, os.getpgrp())
        process.kill()


def test_waiting_for_a_process_that_does_not_end_has_an_end() -> None:
    with victim() as process:
        assert not wait_until_ended([process_of(process.pid)], seconds=0.01)
        assert not wait_until_ended([], groups={process.pid}, seconds=0.01)
        process.kill()
        assert wait_until_ended([], groups={process.pid}, seconds=DEADLINE_SECONDS)


@needs_proc
def test_psutil_tells_the_same_where_there_is_no_proc() -> None:
    from prism.adapters.processes.process_table import sight_by_proc, sight_by_psutil

    with victim() as process:
        os.kill(process.pid, signal.SIGSTOP)
        wait_until_stopped(process.pid)
        ours, theirs = sight_by_proc(process.pid), sight_by_psutil(process.pid)
        assert ours is not None
        assert theirs is not None
        assert (theirs.stopped, theirs.group) == (ours.stopped, ours.group) == (True, process.pid)
        assert theirs == sight_by_psutil(process.pid)
    assert sight_by_proc(process.pid) is sight_by_psutil(process.pid) is None
