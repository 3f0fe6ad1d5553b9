"""Fault 14: what goes to Postgres is acknowledged, but never answered.

Neither keepalives nor time-outs of TCP or of the server notice that: the worker must.
"""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.faults import FaultSite, alive, postgres_site, wait_until_gone
from tests.support.postgres import PostgresServer
from tests.support.tcp_proxy import Mode, TcpProxy, tcp_proxy

from prism.domain.jobs import JobRef

#: Renewed each second; the worker waits as long for an answer.
TIMES = {"lease": 4.0, "poll": 0.2}
PATIENT = {"lease": 30.0, "poll": 0.2}


@pytest.fixture
def direct(postgres_database: str, tmp_path: Path) -> Iterator[FaultSite]:
    """A host that reaches Postgres, and the test itself. Postgres only: it is about networks."""
    with postgres_site(tmp_path / "data", postgres_database) as site:
        yield site


@pytest.fixture
def proxy(postgres_server: PostgresServer) -> Iterator[TcpProxy]:
    with tcp_proxy(postgres_server) as proxy:
        yield proxy


@pytest.fixture
def cut_off(direct: FaultSite, proxy: TcpProxy, tmp_path: Path) -> Iterator[FaultSite]:
    """Another host, which reaches Postgres through the proxy only."""
    with direct.elsewhere(tmp_path / "far", "far") as site:
        assert direct.url is not None
        site.variables["PRISM_DATABASE_URL"] = proxy.url(direct.url)
        yield site


def _wait_until_quick(site: FaultSite) -> None:
    """A worker's first job waits until its process can be forked: long, for a short lease."""
    site.wait_for(site.enqueue(site.project("first"), "hold", hold=0), "completed")


@pytest.mark.parametrize("hole", [Mode.SWALLOW, Mode.STALL])
def test_a_job_in_a_black_hole_is_killed_and_taken_over(
    direct: FaultSite, cut_off: FaultSite, proxy: TcpProxy, hole: Mode
) -> None:
    project = direct.project("tool")
    with cut_off.worker(times=TIMES) as lost:
        _wait_until_quick(direct)
        job_id = direct.enqueue(project, "hold_and_publish")
        held = direct.wait_until_held(job_id)
        assert direct.enqueue(project, "hold_and_publish") == job_id  # while it runs
        with direct.worker(times=PATIENT) as heir:
            proxy.mode = hole
            wait_until_gone(held)
            lost.wait_for_event("job_ended", job_id=job_id, ending="out of reach")
            assert cut_off.scratch() == []
            direct.wait_for(job_id, "pending", attempt=1)
            direct.hurry(job_id)
            job = direct.wait_for(job_id, "completed", attempt=2)
            assert alive(lost.pid)
            heir.signal(signal.SIGTERM)
            assert heir.wait() == 0
        proxy.mode = Mode.FORWARD  # what was stalled arrives now, long after its time
        later = direct.enqueue(direct.project("other"), "hold", hold=0)
        assert direct.wait_for(later, "completed").attempt == 1
        assert len(lost.events("job_claimed", job_id=later)) == 1
        assert direct.job(job_id) == job
    assert (job.failures, job.crashes) == (0, 1)
    assert [error.message for error in job.errors] == ["the worker stopped renewing its lease"]
    assert cut_off.completions(job_id) == []
    assert direct.completions(job_id) == [2]
    assert direct.published_by(project) == (102, JobRef(job_id=job_id, attempt=2))
    assert [each.id for each in direct.jobs.list(project_id=project.id)] == [job_id]
    cut_off.assert_nothing_left()
    direct.assert_nothing_left()


def test_a_worker_in_a_black_hole_still_obeys_signals(
    direct: FaultSite, cut_off: FaultSite, proxy: TcpProxy
) -> None:
    with cut_off.worker(times={**TIMES, "lease": 8.0}) as worker:
        _wait_until_quick(direct)
        job_id = direct.enqueue(direct.project("tool"), "hold")
        held = direct.wait_until_held(job_id)
        proxy.mode = Mode.SWALLOW
        worker.wait_for_event("renew_failed", job_id=job_id)
        worker.signal(signal.SIGTERM)
        assert alive(held)
        worker.signal(signal.SIGINT)  # two of the same could arrive as one
        assert worker.wait() == 130
        assert not alive(held)
        cut_off.assert_nothing_left()
    # It could tell nobody: the next worker of that host, or the lease, will.
    assert direct.job(job_id).state == "running"


def test_an_idle_worker_in_a_black_hole_stops_when_told(
    direct: FaultSite, cut_off: FaultSite, proxy: TcpProxy
) -> None:
    with cut_off.worker(times=TIMES) as worker:
        worker.wait_for_event("worker_started")
        proxy.mode = Mode.SWALLOW
        worker.wait_for_event("worker_backoff")
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
    cut_off.assert_nothing_left()


def test_a_worker_that_starts_in_a_black_hole_waits_for_its_end(
    direct: FaultSite, cut_off: FaultSite, proxy: TcpProxy
) -> None:
    job_id = direct.enqueue(direct.project("tool"), "hold", hold=0)
    proxy.mode = Mode.SWALLOW
    with cut_off.worker(times=TIMES) as worker:
        worker.wait_for_event("worker_waits")
        proxy.mode = Mode.FORWARD
        direct.wait_for(job_id, "completed")
    cut_off.assert_nothing_left()
