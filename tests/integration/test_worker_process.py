"""The real ``prism worker``: real processes, real signals, on SQLite and on Postgres."""

import os
import signal
from pathlib import Path

import pytest
from tests.support.command_line import CommandLine, wait_until
from tests.support.git_server import git_server
from tests.support.repositories import make_repository

TOKEN = "token-0123456789abcdef"
FILES = {"pkg/__init__.py": "", "pkg/a.py": "from pkg import b\n", "pkg/b.py": "import os\n"}


@pytest.fixture(params=["sqlite", "postgres"])
def prism(request: pytest.FixtureRequest, tmp_path: Path) -> CommandLine:
    if request.param == "sqlite":
        return CommandLine(request.getfixturevalue("sqlite_directory"), cwd=tmp_path)
    url = request.getfixturevalue("postgres_database")
    return CommandLine(tmp_path / "data", {"PRISM_DATABASE_URL": url}, cwd=tmp_path)


def _job(prism: CommandLine, number: int) -> dict[str, object]:
    job: dict[str, object] = prism("job", "show", str(number), "--json").expect(0).json["job"]
    return job


def _queue(prism: CommandLine, tmp_path: Path, name: str = "tool") -> int:
    make_repository(tmp_path / name, FILES)
    prism("project", "add", name).expect(0)
    return int(prism("job", "add", "index", name, "--json").expect(0).json["job"]["id"])


def test_a_queued_job_is_run_and_its_index_published(prism: CommandLine, tmp_path: Path) -> None:
    job = _queue(prism, tmp_path)
    prism("worker", "--once").expect(0)
    assert _job(prism, job)["state"] == "completed"
    found = prism("deps", "tool", "pkg/a.py", "--json").expect(0).json
    assert [edge["target"] for edge in found["uses"]] == ["pkg/b.py"]


def test_once_with_nothing_due_exits_at_once(prism: CommandLine) -> None:
    prism("worker", "--once").expect(0)


def test_an_idle_worker_hears_of_a_new_job(prism: CommandLine, tmp_path: Path) -> None:
    with prism.start("worker", "--poll-interval", "3600") as worker:
        worker.wait_for_output("worker started")
        job = _queue(prism, tmp_path)
        wait_until(lambda: _job(prism, job)["state"] == "completed")
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_worker_stops_when_told(prism: CommandLine, number: signal.Signals) -> None:
    with prism.start("worker", "--poll-interval", "3600") as worker:
        worker.wait_for_output("worker started")
        worker.signal(number)
        assert worker.wait() == 0


def test_doctor_counts_the_workers_of_this_host(prism: CommandLine) -> None:
    def counted() -> str:
        checks = prism("doctor", "--json").expect(0).json["checks"]
        return str(next(check["detail"] for check in checks if check["name"] == "workers"))

    assert counted() == "0 at work on this host"
    with prism.start("worker", "--poll-interval", "3600") as worker:
        worker.wait_for_output("worker started")
        assert counted() == "1 at work on this host"
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
    assert counted() == "0 at work on this host"
    assert list((prism.data_dir / "workers").iterdir()) == []


def test_a_bad_job_does_not_end_the_worker(prism: CommandLine, tmp_path: Path) -> None:
    make_repository(tmp_path / "empty")
    make_repository(tmp_path / "gone", FILES)
    prism("project", "add", "gone").expect(0)
    (tmp_path / "gone").rename(tmp_path / "moved")
    bad = int(prism("job", "add", "index", "gone", "--json").expect(0).json["job"]["id"])
    plan = int(prism("job", "add", "blueprint", "gone", "--json").expect(0).json["job"]["id"])
    good = _queue(prism, tmp_path)
    prism("worker", "--once").expect(0)
    assert _job(prism, good)["state"] == "completed"
    assert _job(prism, bad)["state"] == "failed"
    error = _job(prism, plan)["errors"][0]  # type: ignore[index]
    assert "index it first" in error["hint"]
    prism("status").expect(0)


@pytest.fixture
def held(prism: CommandLine, tmp_path: Path):  # type: ignore[no-untyped-def]
    """A worker in the middle of a clone that the server holds back, and the job's id."""
    make_repository(tmp_path / "served" / "tool", FILES, bare=True)
    with git_server(tmp_path / "served", token=TOKEN) as server:
        server.hold("tool")
        prism.variables |= {
            "CREDENTIAL_ENCRYPTION_KEY": "5a" * 32, "PRISM_ALLOW_PRIVATE_NETWORKS": "1",
            **server.git_environment,
        }  # fmt: skip
        credential = ("--name", "work", "--provider", "github", "--host", server.host)
        prism("credential", "add", *credential, stdin=TOKEN).expect(0)
        prism("project", "add", server.url("tool"), "--credential", "work").expect(0)
        job = int(prism("job", "add", "index", "tool", "--json").expect(0).json["job"]["id"])
        with prism.start("worker") as worker:
            wait_until(server.reached.is_set)
            yield server, worker, job


def test_the_first_signal_lets_the_job_finish(prism: CommandLine, held) -> None:  # type: ignore[no-untyped-def]
    server, worker, job = held
    later = _queue(prism, prism.cwd or Path(), "later")
    worker.signal(signal.SIGTERM)
    server.release()
    assert worker.wait() == 0
    assert _job(prism, job)["state"] == "completed"
    assert _job(prism, later)["state"] == "pending"


def test_the_second_signal_hands_the_job_back_uncharged(prism: CommandLine, held) -> None:  # type: ignore[no-untyped-def]
    _, worker, job = held
    worker.signal(signal.SIGTERM)
    worker.signal(signal.SIGINT)
    assert worker.wait() == 130
    found = _job(prism, job)
    assert (found["state"], found["failures"], found["crashes"]) == ("pending", 0, 0)
    assert found["clone_path"] is None


def test_a_cancelled_job_leaves_no_process_and_no_directory(prism: CommandLine, held) -> None:  # type: ignore[no-untyped-def]
    _, worker, job = held
    prism("job", "cancel", str(job)).expect(0)
    wait_until(lambda: _job(prism, job)["state"] == "cancelled")
    assert list((prism.data_dir / "scratch").glob("*-*/")) == []
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 0


def test_index_joins_a_worker_that_has_the_job(prism: CommandLine, held) -> None:  # type: ignore[no-untyped-def]
    server, worker, job = held
    with prism.start("index", "tool") as follower:
        follower.wait_for_output(f"joining job {job}")
        server.release()
        assert follower.wait() == 0
        assert "1 import edges" in follower.output()
    # The request came while the job ran: it runs once more, and then there is nothing left to do.
    wait_until(lambda: not _jobs(prism, "pending", "running"))
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 0


def test_ctrl_c_only_stops_following_a_job_that_was_joined(prism: CommandLine, held) -> None:  # type: ignore[no-untyped-def]
    server, worker, job = held
    with prism.start("index", "tool") as follower:
        follower.wait_for_output(f"joining job {job}")
        follower.signal(signal.SIGINT)
        assert follower.wait() == 130
    assert _job(prism, job)["state"] == "running"
    server.release()
    wait_until(lambda: _job(prism, job)["state"] == "completed")
    worker.signal(signal.SIGTERM)
    worker.wait()


def test_ctrl_c_cancels_the_job_that_the_command_created(
    prism: CommandLine, tmp_path: Path
) -> None:
    make_repository(tmp_path / "served" / "slow", FILES, bare=True)
    with git_server(tmp_path / "served") as server:
        server.hold("slow")
        prism.variables |= {"PRISM_ALLOW_PRIVATE_NETWORKS": "1", **server.git_environment}
        with prism.start("index", server.url("slow")) as command:
            wait_until(server.reached.is_set)
            command.signal(signal.SIGINT)
            assert command.wait() == 130
            assert "Traceback" not in command.output()
    assert [job["state"] for job in _jobs(prism)] == ["cancelled"]
    assert list((prism.data_dir / "scratch").glob("*-*/")) == []


def _jobs(prism: CommandLine, *states: str) -> list[dict[str, object]]:
    chosen = [option for state in states for option in ("--state", state)]
    jobs: list[dict[str, object]] = prism("job", "list", "--json", *chosen).expect(0).json["jobs"]
    return jobs


def test_the_clone_is_shown_while_the_job_runs_and_gone_afterwards(
    prism: CommandLine, tmp_path: Path
) -> None:
    make_repository(tmp_path / "served" / "tool", FILES, bare=True)
    with git_server(tmp_path / "served") as server:
        server.hold("tool", when=b"filter blob:none")  # the files are there, the history is not
        prism.variables |= {"PRISM_ALLOW_PRIVATE_NETWORKS": "1", **server.git_environment}
        prism("project", "add", server.url("tool")).expect(0)
        job = int(prism("job", "add", "index", "tool", "--json").expect(0).json["job"]["id"])
        with prism.start("worker") as worker:
            wait_until(lambda: _job(prism, job)["clone_path"] is not None)
            clone = Path(str(_job(prism, job)["clone_path"]))
            assert clone.is_dir()
            assert f"clone at {clone}" in prism("status", "tool").out
            server.release()
            wait_until(lambda: _job(prism, job)["state"] == "completed")
            assert _job(prism, job)["clone_path"] is None
            assert not clone.exists()
            worker.signal(signal.SIGTERM)
            assert worker.wait() == 0


def test_no_secret_is_in_any_process_log_or_file(prism: CommandLine, held) -> None:  # type: ignore[no-untyped-def]
    _, worker, _ = held
    seen = _processes_below(worker.process.pid)
    assert len(seen) >= 4, seen  # worker, fork server, job, git
    for pid in seen:
        for what in ("cmdline", "environ") if pid != worker.process.pid else ("cmdline",):
            text = Path(f"/proc/{pid}/{what}").read_bytes()
            assert TOKEN.encode() not in text, (pid, what)
            assert b"5a5a5a5a" not in text, (pid, what)
    for path in prism.data_dir.rglob("*"):
        if path.is_file():
            assert TOKEN.encode() not in path.read_bytes(), path


def _processes_below(root: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    found, frontier = [root], [root]
    while frontier:
        frontier = [pid for pid, parent in parents.items() if parent in frontier]
        found += frontier
    return [pid for pid in found if os.path.exists(f"/proc/{pid}")]  # noqa: PTH110
