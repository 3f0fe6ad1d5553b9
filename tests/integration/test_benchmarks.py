"""The benchmarks run, on tiny counts; what they measure is theirs alone."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from benchmarks.queue_peers.floor import Floor
from benchmarks.queue_peers.measures import NotOnce, Numbers, Spread, backlog, pick_ups
from benchmarks.queue_peers.peer import Enqueue
from benchmarks.queue_peers.prism_peer import Prism
from benchmarks.queue_peers.report import as_json, print_report
from benchmarks.queue_peers.runs import Run, Size, run_all
from tests.support.postgres import PostgresServer, create_database, drop_database

TINY = Size(jobs=6, rounds=1, pick_ups=4, rows=300, claims=5, child_jobs=3)


@pytest.fixture(scope="module")
def run(postgres_server: PostgresServer) -> Run:
    return run_all(TINY, postgres_server, seed=1, only="prism (postgres)")


def test_the_queue_is_measured_in_every_way(run: Run) -> None:
    (figures,) = run.figures
    assert [(one.jobs, one.workers) for one in figures.backlogs] == [(6, 1), (6, 2)]
    assert len(figures.pick_ups) == 4
    assert [len(series.milliseconds) for series in figures.claims] == [5, 40, 40, 5]
    assert figures.child is not None
    assert figures.child.wall.n == 2


def test_the_embedded_queue_is_measured_by_the_same_means(tmp_path: Path) -> None:
    peer = Prism(str(tmp_path))
    peer.prepare()
    numbers = Numbers()
    assert backlog(peer, numbers, jobs=4, processes=1).jobs == 4
    assert len(pick_ups(peer, numbers, jobs=3, seed=1)) == 3
    peer.fill(finished=100, pending=300)
    spread, _, parked = peer.claims(5)
    assert "prism_jobs_claim" in spread.notes[0]
    assert "parked" in parked.notes[0]
    peer.close()


def test_the_report_names_each_bar_and_whether_it_is_met(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    print_report(run)
    bars = capsys.readouterr().out.partition("Bars (Prism (Postgres))")[2]
    assert bars.count("met  ") + bars.count("MISSED") == 5
    assert "lost wake-ups" in bars


def test_the_figures_are_json(run: Run) -> None:
    figures = json.loads(json.dumps(as_json(run)))
    assert figures["size"]["rows"] == 300
    assert [system["pick_ups"]["n"] for system in figures["systems"]] == [4]
    assert len(figures["bars"]) == 5


class LosesOne(Floor):
    """Says it took each job, and forgets number 3."""

    @contextmanager
    def enqueuing(self) -> Iterator[Enqueue]:
        with super().enqueuing() as enqueue:
            yield lambda number: None if number == 3 else enqueue(number)

    def done(self) -> int:
        return max(super().done(), 5 if super().done() == 4 else 0)


def test_a_lost_job_is_a_wrong_run(postgres_server: PostgresServer) -> None:
    name = create_database(postgres_server, template="template0")
    peer = LosesOne(postgres_server.url(name))
    peer.prepare()
    with pytest.raises(NotOnce, match="1 never began"):
        backlog(peer, Numbers(), jobs=5, processes=1)
    peer.close()
    drop_database(postgres_server, name)


def test_percentiles_are_by_nearest_rank() -> None:
    assert Spread.of([float(n) for n in range(101)]) == (50.0, 99.0, 100.0, 101)
