"""What the command line tells of the queue to who looks after it."""

from pathlib import Path

import pytest
from tests.support.command_line import CommandLine
from tests.support.repositories import make_repository


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_what_waits_is_told_with_its_age_and_host(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    if database == "sqlite":
        prism = CommandLine(request.getfixturevalue("sqlite_directory"), cwd=tmp_path)
    else:
        url = request.getfixturevalue("postgres_database")
        prism = CommandLine(tmp_path / "data", {"PRISM_DATABASE_URL": url}, cwd=tmp_path)
    prism.variables["PRISM_HOST"] = "far"
    make_repository(tmp_path / "tool", {"a.py": "x = 1\n"})
    prism("project", "add", "tool").expect(0)
    job = prism("job", "add", "index", "tool", "--json").expect(0).json["job"]["id"]
    found = prism("job", "stats", "--json").expect(0).json
    assert (found["jobs"]["pending"], found["due"], found["running"]) == (1, 1, [])
    (waiting,) = found["waiting"]
    assert (waiting["kind"], waiting["host"], waiting["blocked"]) == ("index", "far", 0)
    assert found["oldest_due_seconds"] == waiting["oldest_due_seconds"] > 0
    assert "due: 1, the oldest for" in prism("job", "stats").expect(0).out
    assert "due for" in prism("job", "list").expect(0).out
    prism.variables["PRISM_HOST"] = "near"
    shown = prism("job", "show", str(job)).expect(0).out
    assert "waits for host far" in shown
    assert "time: due for" in shown
