"""The queue in words: what waits, since when, and who works on what."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.worker_bench import DONE, WorkerBench

from prism.application.queries.show_queue import QueueStatus, ShowQueue
from prism.domain.jobs import JobRequest
from prism.entrypoints.cli.queue_reports import duration, job_time, print_queue, queue_json


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0s"), (0.9, "0s"), (59.9, "59s"), (60, "1m"), (200, "3m 20s"), (3600, "1h"),
     (3605, "1h"), (7500, "2h 5m"), (273_600, "3d 4h"), (86_400 * 400, "400d"), (-5, "0s")],
)  # fmt: skip
def test_a_duration_is_told_by_its_two_largest_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_job_tells_how_long_it_is_due_runs_or_took() -> None:
    bench = WorkerBench()
    job_id = bench.enqueue()
    bench.clock.advance(200)
    assert job_time(bench.job(job_id), bench.clock.now()) == "due for 3m 20s"
    claim = bench.jobs.claim(worker="w1", host="here", lease_seconds=60)
    assert claim is not None
    bench.clock.advance(5)
    assert job_time(bench.job(job_id), bench.clock.now()) == "runs for 5s"
    bench.jobs.complete(claim, result={})
    bench.clock.advance(1000)
    assert job_time(bench.job(job_id), bench.clock.now()) == "took 5s"


def test_a_job_whose_time_has_not_come_tells_when_it_does() -> None:
    bench = WorkerBench()
    job = bench.job(bench.enqueue())
    later = replace(job, run_at=job.run_at + timedelta(seconds=90))
    assert job_time(later, bench.clock.now()) == "due in 1m 30s"


def test_a_job_that_was_cancelled_before_it_ran_took_no_time() -> None:
    bench = WorkerBench()
    job_id = bench.enqueue()
    bench.jobs.request_cancel(job_id)
    assert job_time(bench.job(job_id), bench.clock.now()) == ""


@pytest.fixture
def status() -> QueueStatus:
    """One job has ended, one runs and blocks one; one waits for another host."""
    bench = WorkerBench()
    bench.enqueue(bench.project("done"))
    bench.run(lambda job: DONE)
    busy, far = bench.project("busy"), bench.project("far")
    bench.enqueue(busy)
    assert bench.jobs.claim(worker="w9", host="here", lease_seconds=60) is not None
    bench.clock.advance(10)
    bench.enqueue(busy, kind="blueprint")
    bench.jobs.enqueue(JobRequest(project_id=far.id, kind="index", host="there"))
    bench.clock.advance(65)
    return ShowQueue(jobs=bench.jobs)()


def test_the_queue_as_json(status: QueueStatus) -> None:
    found = json.loads(json.dumps(queue_json(status)))
    assert found["jobs"] == {"pending": 2, "running": 1, "completed": 1, "failed": 0,
                             "cancelled": 0}  # fmt: skip
    assert (found["due"], found["blocked"], found["oldest_due_seconds"]) == (2, 1, 65.0)
    waiting = {(w["kind"], w["host"]): (w["due"], w["blocked"]) for w in found["waiting"]}
    assert waiting == {("blueprint", None): (1, 1), ("index", "there"): (1, 0)}
    (running,) = found["running"]
    assert (running["worker"], running["attempt"], running["seconds"]) == ("w9", 1, 75.0)
    assert running["heartbeat_seconds"] == 75.0


def test_the_queue_for_people(status: QueueStatus, capsys: pytest.CaptureFixture[str]) -> None:
    print_queue(status)
    text = capsys.readouterr().out
    assert "due: 2, the oldest for 1m 5s; 1 of them behind a running job" in text
    lines = [line.split() for line in text.splitlines()]
    assert ["index", "there", "1", "1", "0", "1m", "5s"] in lines
    assert ["blueprint", "any", "1", "1", "1", "1m", "5s"] in lines
    assert lines[-1][3:] == ["1", "1m", "15s", "1m", "15s", "ago", "w9"]


def test_an_empty_queue_is_told_in_a_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_queue(ShowQueue(jobs=WorkerBench().jobs)())
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == [
        "JOBS", "0", "0", "0", "0", "0",
    ]  # fmt: skip
