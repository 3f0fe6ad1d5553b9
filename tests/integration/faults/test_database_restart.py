"""Fault 10: Postgres crashes and comes back at once, under a running job, an idle worker, a client.

Stopped by ``immediate`` shutdown, as a crash of the server: all sessions end without a word.
"""

import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from tests.support.command_line import wait_until
from tests.support.database_sessions import listeners
from tests.support.faults import FaultSite
from tests.support.git_server import git_server
from tests.support.postgres import PrivateServer
from tests.support.repositories import make_repository

from prism.domain.errors import PrismError, Transient
from prism.domain.jobs import JobRef, JobRequest
from prism.domain.projects import Source

LEASE = {"lease": 15.0}


def _crash_and_restart(postgres: PrivateServer) -> None:
    postgres.stop(signal.SIGQUIT)
    postgres.start()


def test_a_job_in_its_clone_does_not_notice(
    postgres: PrivateServer, stoppable: FaultSite, tmp_path: Path
) -> None:
    make_repository(tmp_path / "served" / "tool", {"a.py": "import b\n", "b.py": ""}, bare=True)
    with git_server(tmp_path / "served") as host:
        host.hold("tool")
        stoppable.variables |= {"PRISM_ALLOW_PRIVATE_NETWORKS": "1", **host.git_environment}
        project = stoppable.project("tool", Source.remote(host.url("tool")))
        job_id = stoppable.enqueue(project)
        with stoppable.worker(times=LEASE):
            wait_until(host.reached.is_set)
            assert stoppable.enqueue(project) == job_id  # asked for again while it runs
            _crash_and_restart(postgres)
            host.release()
            job = stoppable.wait_for(job_id, "completed")
            assert (job.attempt, job.failures, job.crashes, job.errors) == (1, 0, 0, ())
            [again] = [each.id for each in stoppable.jobs.list() if each.id != job_id]
            stoppable.wait_for(again, "completed")
    # The second run found nothing new to read, so that the first one's index stays current.
    assert stoppable.completions(job_id) == [1]
    assert stoppable.finished_runs(project) == [JobRef(job_id=job_id, attempt=1)]
    assert job.result is not None
    assert stoppable.published_by(project)[0] == job.result["run_id"]
    stoppable.assert_nothing_left()


def test_an_idle_worker_listens_again(
    postgres: PrivateServer, stoppable: FaultSite, database_url: str
) -> None:
    project = stoppable.project("tool")
    with stoppable.worker(times={**LEASE, "poll": 3600.0}):
        first = stoppable.enqueue(project, "hold", hold=0)
        stoppable.wait_for(first, "completed")
        wait_until(lambda: len(listeners(database_url)) == 1)
        _crash_and_restart(postgres)
        wait_until(lambda: len(listeners(database_url)) == 1)
        second = stoppable.enqueue(project, "hold", hold=0)
        assert stoppable.wait_for(second, "completed").attempt == 1
    stoppable.assert_nothing_left()


def test_what_was_acknowledged_to_clients_is_there(
    postgres: PrivateServer, stoppable: FaultSite
) -> None:
    project = stoppable.project("tool")
    client = _Client(stoppable, project.id)
    client.thread.start()
    wait_until(lambda: len(client.acknowledged) >= 20)
    postgres.stop(signal.SIGQUIT)
    refused = stoppable.prism("job", "add", "index", "tool").expect(6)
    assert [line for line in refused.err.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in refused.err
    postgres.start()
    before = len(client.acknowledged)
    wait_until(lambda: len(client.acknowledged) >= before + 20)
    client.stop()
    stored = {job.id for job in stoppable.jobs.list(limit=100_000)}
    assert set(client.acknowledged) <= stored
    assert {type(error) for error in client.errors} == {Transient}, client.errors


class _Client:
    """Asks for one blueprint after the other, each another one, and goes on after an error."""

    def __init__(self, site: FaultSite, project_id: int) -> None:
        self.acknowledged: list[int] = []
        self.errors: list[PrismError] = []
        self._site = site
        self._project_id = project_id
        self._done = threading.Event()
        self.thread = threading.Thread(target=self._ask)

    def stop(self) -> None:
        self._done.set()
        self.thread.join()

    def _ask(self) -> None:
        goals: Sequence[str] = [str(number) for number in range(100_000)]
        for goal in goals:
            if self._done.wait(0.001):
                return
            request = JobRequest(
                project_id=self._project_id, kind="blueprint", options={"goal": goal}
            )
            try:
                self.acknowledged.append(self._site.jobs.enqueue(request).job_id)
            except PrismError as error:
                self.errors.append(error)
