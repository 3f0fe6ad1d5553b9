"""The log of a real worker as JSON: every line is a record, and those of jobs say of which."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from tests.support.command_line import CommandLine, wait_until
from tests.support.repositories import make_repository

FILES = {"pkg/__init__.py": "", "pkg/a.py": "from pkg import b\n", "pkg/b.py": "import os\n"}
#: Records of the loop, that are about no job.
OF_THE_LOOP = {"worker_started", "worker_stopped"}


@pytest.fixture(params=["sqlite", "postgres"])
def prism(request: pytest.FixtureRequest, tmp_path: Path) -> CommandLine:
    if request.param == "sqlite":
        return CommandLine(request.getfixturevalue("sqlite_directory"), cwd=tmp_path)
    url = request.getfixturevalue("postgres_database")
    return CommandLine(tmp_path / "data", {"PRISM_DATABASE_URL": url}, cwd=tmp_path)


def _queue(prism: CommandLine, tmp_path: Path, name: str, kind: str = "index") -> dict[str, Any]:
    if not (tmp_path / name).exists():
        make_repository(tmp_path / name, FILES)
        prism("project", "add", name).expect(0)
    job: dict[str, Any] = prism("job", "add", kind, name, "--json").expect(0).json["job"]
    return job


def test_every_line_about_a_job_names_job_attempt_and_worker(
    prism: CommandLine, tmp_path: Path
) -> None:
    jobs = [_queue(prism, tmp_path, "one"), _queue(prism, tmp_path, "two")]
    failing = _queue(prism, tmp_path, "three", "blueprint")
    with prism.start("worker", "--concurrency", "2", "--log-format", "json") as worker:
        states = ("--state", "pending", "--state", "running")
        wait_until(lambda: not prism("job", "list", *states, "--json").expect(0).json["jobs"])
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
        records = [json.loads(line) for line in worker.output().splitlines()]
    about_jobs = [record for record in records if record["action"] not in OF_THE_LOOP]
    projects = {job["id"]: job["project_id"] for job in (*jobs, failing)}
    for record in about_jobs:
        assert record["project_id"] == projects[record["job_id"]], record
        assert record["attempt"] == 1, record
    claims = {r["job_id"]: r["worker"] for r in records if r["action"] == "job_claimed"}
    assert claims.keys() == projects.keys()
    assert all(record["worker"] == claims[record["job_id"]] for record in about_jobs)
    # Those of the job's own process too.
    stages = [record for record in about_jobs if record["action"] == "stage_ended"]
    assert {record["job_id"] for record in stages} == {job["id"] for job in jobs}
    (ended,) = [r for r in records if r["action"] == "job_ended" and r["job_id"] == failing["id"]]
    assert (ended["level"], ended["code"], ended["state"]) == ("warning", "not_found", "failed")
    assert all({"time", "level", "logger", "message"} <= record.keys() for record in records)


def test_lines_for_people_name_the_job_too(sqlite_directory: Path, tmp_path: Path) -> None:
    prism = CommandLine(sqlite_directory, cwd=tmp_path)
    job = _queue(prism, tmp_path, "one")
    lines = prism("worker", "--once").expect(0).err.splitlines()
    stages = [line for line in lines if "stage ended" in line]
    assert stages
    assert all(" attempt=1 " in line and f" job_id={job['id']} " in line for line in stages)
