"""Fault 15: the disk with the data directory is full. Needs root: elsewhere there is no portable
way to make a small disk."""

import os
import random
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.faults import FaultSite, postgres_site, sqlite_site
from tests.support.git_server import GitServer, git_server
from tests.support.repositories import make_repository

from prism.domain.jobs import Job, JobError, JobRef
from prism.domain.projects import Project, Source

SMALL, LARGE = "4m", "100m"
TIMES = {"lease": 15.0, "poll": 0.2}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    mount = tmp_path / "disk"
    mount.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    options = ["-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(mount)]
    if subprocess.run(["mount", *options], capture_output=True).returncode:
        pytest.skip("this root may not mount a small disk")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


def _give_space(disk: Path) -> None:
    subprocess.run(["mount", "-o", f"remount,size={LARGE}", str(disk)], check=True)


@pytest.fixture
def embedded(sqlite_template: Path, disk: Path) -> Iterator[FaultSite]:
    directory = Path(shutil.copytree(sqlite_template, disk / "data"))
    with sqlite_site(directory) as site:
        yield site


@pytest.fixture
def with_postgres(postgres_database: str, disk: Path) -> Iterator[FaultSite]:
    """Only scratch directories are on the small disk."""
    with postgres_site(disk / "data", postgres_database) as site:
        yield site


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Repositories to clone: one whose facts, and one whose objects do not fit on the disk, and a
    small one."""
    root = tmp_path_factory.mktemp("served")
    bytes_of = random.Random(15).randbytes
    wordy = {f"m{n}.py": f"MARK = {n}\n" + _functions(2000) for n in range(12)}
    # With the clone goes enough for the queue to write down what happened.
    make_repository(root / "wordy", {**wordy, "some.bin": bytes_of(600_000)}, bare=True)
    heavy = {f"{n}.bin": bytes_of(900_000) for n in range(6)}
    make_repository(root / "heavy", {**heavy, "a.py": "import b\n"}, bare=True)
    make_repository(root / "small", {"a.py": "import b\n", "b.py": ""}, bare=True)
    return root


def _functions(count: int) -> str:
    return "".join(f"def function_{n}(a, b):\n    return a + {n}\n" for n in range(count))


@contextmanager
def _trusting(site: FaultSite, root: Path) -> Iterator[GitServer]:
    with git_server(root) as host:
        site.variables |= {"PRISM_ALLOW_PRIVATE_NETWORKS": "1", **host.git_environment}
        yield host


def test_facts_that_do_not_fit_wait_for_space(
    embedded: FaultSite, disk: Path, served: Path
) -> None:
    with _trusting(embedded, served) as host, embedded.worker(times=TIMES) as worker:
        project = embedded.project("wordy", Source.remote(host.url("wordy")))
        small = embedded.project("small", Source.remote(host.url("small")))
        job_id = embedded.enqueue(project)
        error = _waits_for_space(embedded.wait_for(job_id, "pending", attempt=1))
        assert error.message.startswith("no space left for database")
        assert embedded.scratch() == []
        _give_space(disk)
        other = embedded.enqueue(small)
        assert embedded.wait_for(other, "completed").attempt == 1
        _completes_now(embedded, project, job_id)
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
    embedded.assert_nothing_left()


def test_a_clone_that_does_not_fit_waits_for_space(
    with_postgres: FaultSite, disk: Path, served: Path
) -> None:
    site = with_postgres
    with _trusting(site, served) as host, site.worker(times=TIMES) as worker:
        project = site.project("heavy", Source.remote(host.url("heavy")))
        small = site.project("small", Source.remote(host.url("small")))
        job_id = site.enqueue(project)
        error = _waits_for_space(site.wait_for(job_id, "pending", attempt=1))
        assert error.message.startswith("cannot clone https://127.0.0.1")
        assert site.scratch() == []
        # What fits can be done meanwhile.
        assert site.wait_for(site.enqueue(small), "completed").attempt == 1
        _give_space(disk)
        _completes_now(site, project, job_id)
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
    site.assert_nothing_left()


def _completes_now(site: FaultSite, project: Project, job_id: int) -> None:
    """A new request does not wait for the end of the backoff."""
    assert site.job(job_id).attempt == 1
    assert site.enqueue(project) == job_id
    job = site.wait_for(job_id, "completed")
    assert (job.attempt, job.failures, job.crashes) == (2, 0, 0)
    assert site.published_by(project)[1] == JobRef(job_id=job_id, attempt=2)
    assert site.finished_runs(project) == [JobRef(job_id=job_id, attempt=2)]


def _waits_for_space(job: Job) -> JobError:
    assert (job.failures, job.crashes) == (0, 0)
    [error] = job.errors
    assert (error.code, error.exit_code, error.retryable) == ("no_space", 6, True)
    assert "no space left" in error.message
    assert error.hint
    # Longer than after any failure of its own: others and the operator come first.
    assert (job.run_at - job.created_at).total_seconds() > 40
    return error
