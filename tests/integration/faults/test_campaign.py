"""A short fault campaign: see ``benchmarks/chaos``, which runs long ones."""

from pathlib import Path

import pytest
from benchmarks.chaos.campaign import run_campaign
from benchmarks.chaos.plan import Scale

SEED = 20_260_11
SCALE = Scale(
    seconds=12.0,
    workers=3,
    clients=2,
    gap=0.5,
    pause=0.8,
    nap=0.8,
    limit=10.0,
    hangs=False,
    repositories=(2, 5, 12, 30),
)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_faults_lose_no_request_and_complete_nothing_twice(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server = request.getfixturevalue("postgres") if database == "postgres" else None
    report = run_campaign(tmp_path, server, seed=SEED, scale=SCALE)
    assert report.broken == [], f"seed {SEED}, in {tmp_path}: {report.figures}"
    assert min(report.requests, report.faults, report.completed) > 0
