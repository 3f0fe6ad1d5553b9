"""Fault 13: clocks of hosts that are an hour fast or slow. On Postgres only the server's counts."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.faults import FaultSite, FaultWorker, alive, events_of, postgres_site

from prism.domain.jobs import JobRequest, JobState

HOUR = 3600
ROUNDS_MAX = 100


@pytest.fixture
def site(postgres_database: str, tmp_path: Path) -> Iterator[FaultSite]:
    """Postgres only: an embedded file is on one host, which has one clock."""
    with postgres_site(tmp_path / "data", postgres_database) as site:
        yield site


@pytest.fixture
def fast(site: FaultSite, tmp_path: Path) -> Iterator[FaultSite]:
    with site.elsewhere(tmp_path / "fast", "fast") as other:
        yield other


@pytest.fixture
def slow(site: FaultSite, tmp_path: Path) -> Iterator[FaultSite]:
    with site.elsewhere(tmp_path / "slow", "slow") as other:
        yield other


def test_clocks_of_workers_do_not_matter(site: FaultSite, fast: FaultSite, slow: FaultSite) -> None:
    _work_side_by_side([(site, 0), (fast, HOUR), (slow, -HOUR)])


def test_clocks_of_hosts_do_not_matter(site: FaultSite, fast: FaultSite, slow: FaultSite) -> None:
    library = _faketime()
    for host, offset in ((fast, f"+{HOUR}s"), (slow, f"-{HOUR}s")):
        host.variables |= {
            "LD_PRELOAD": library, "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip
    _work_side_by_side([(site, 0), (fast, 0), (slow, 0)])
    for host, expected in ((fast, HOUR), (slow, -HOUR)):
        assert abs(_seconds_fast(host) - expected) < HOUR / 2


def _work_side_by_side(hosts: Sequence[tuple[FaultSite, float]]) -> None:
    """A worker on each host, whose clock is so many seconds fast: it holds a job with one of its
    loops and looks for others with the other one."""
    site, _ = hosts[0]
    times = {"lease": 15.0, "poll": 0.2}
    later = _in_a_minute(site)
    with ExitStack() as open_:
        workers: list[FaultWorker] = []
        held: dict[int, int] = {}
        for host, offset in hosts:
            running = host.worker(concurrency=2, times=times, clock_offset=offset)
            workers.append(open_.enter_context(running))
            job_id = _hold(site, workers[-1])
            held[job_id] = site.wait_until_held(job_id)
        _all_take_part(site, workers)
        for job_id, process in held.items():
            job = site.job(job_id)
            assert (job.state, job.attempt) == (JobState.RUNNING, 1)
            assert alive(process)
        assert (site.job(later).state, site.job(later).attempt) == (JobState.PENDING, 0)
        for job_id in held:
            site.release(job_id)
            job = site.wait_for(job_id, "completed")
            assert (job.attempt, job.failures, job.crashes) == (1, 0, 0)
    assert site.job(later).state is JobState.PENDING
    for host, _ in hosts:
        host.assert_nothing_left()


def _in_a_minute(site: FaultSite) -> int:
    moment = datetime.now(UTC) + timedelta(seconds=60)
    request = JobRequest(project_id=site.project("later").id, kind="hold", run_at=moment)
    return site.jobs.enqueue(request).job_id


def _hold(site: FaultSite, worker: FaultWorker) -> int:
    """A held job of that worker, whichever is the quickest to take one."""
    project = site.project(f"held by {worker.pid}")
    worker.wait_for_event("worker_started")
    for _ in range(ROUNDS_MAX):
        job_id = site.enqueue(project, "hold")
        site.wait_until_held(job_id)
        if worker.events("job_claimed", job_id=job_id):
            return job_id
        site.release(job_id)
        site.wait_for(job_id, "completed")
    raise AssertionError("the worker got no job")


def _all_take_part(site: FaultSite, workers: list[FaultWorker]) -> None:
    """Jobs that end at once, until each worker has begun some since."""
    project = site.project("quick")
    before = [len(worker.events("job_claimed")) for worker in workers]
    for _ in range(ROUNDS_MAX):
        site.wait_for(site.enqueue(project, "hold", hold=0), "completed")
        now = [len(worker.events("job_claimed")) for worker in workers]
        if all(new > old for new, old in zip(now, before, strict=True)):
            return
    raise AssertionError("a worker got no job")


def _faketime() -> str:
    """What libfaketime's own command loads into a process."""
    if shutil.which("faketime") is None:
        pytest.skip("faketime is not installed; an injected offset is tested in its place")
    told = subprocess.run(["faketime", "-f", "+0", "env"], capture_output=True, text=True)
    return dict(line.partition("=")[::2] for line in told.stdout.splitlines())["LD_PRELOAD"]


def _seconds_fast(site: FaultSite) -> float:
    """By what the site's worker logged when it started."""
    [log] = site.data_dir.glob("log-*")
    started = datetime.fromisoformat(events_of(log)[0]["time"])
    return (started - datetime.now(UTC)).total_seconds()
