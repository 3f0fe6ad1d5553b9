"""The metrics of a real worker: the page it serves, the file it writes, and what it refuses."""

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from tests.support.command_line import CommandLine, Running, wait_until
from tests.support.repositories import make_repository

FILES = {"pkg/__init__.py": "", "pkg/a.py": "from pkg import b\n", "pkg/b.py": "import os\n"}


@pytest.fixture(params=["sqlite", "postgres"])
def prism(request: pytest.FixtureRequest, tmp_path: Path) -> CommandLine:
    if request.param == "sqlite":
        return CommandLine(request.getfixturevalue("sqlite_directory"), cwd=tmp_path)
    url = request.getfixturevalue("postgres_database")
    return CommandLine(tmp_path / "data", {"PRISM_DATABASE_URL": url}, cwd=tmp_path)


@pytest.fixture
def embedded(sqlite_directory: Path, tmp_path: Path) -> CommandLine:
    return CommandLine(sqlite_directory, cwd=tmp_path)


def _queue(prism: CommandLine, tmp_path: Path, name: str = "tool") -> None:
    make_repository(tmp_path / name, FILES)
    prism("project", "add", name).expect(0)
    prism("job", "add", "index", name).expect(0)


def _samples(text: str) -> list[Sample]:
    return [s for family in text_string_to_metric_families(text) for s in family.samples]


def _value(samples: list[Sample], name: str, **labels: str) -> float | None:
    """Of the samples with these labels, and perhaps others, the sum; None without any."""
    found = [
        s.value for s in samples if s.name == f"prism_{name}" and labels.items() <= s.labels.items()
    ]
    return sum(found) if found else None


@contextmanager
def _measured(
    prism: CommandLine, *options: str, until: str = "worker started"
) -> Iterator[tuple[Running, str]]:
    """A worker that serves its metrics, and where."""
    arguments = ("--metrics-listen", "0", "--log-format", "json", *options)
    with prism.start("worker", "--poll-interval", "3600", *arguments) as worker:
        worker.wait_for_output(until)
        lines = [json.loads(line) for line in worker.output().splitlines()]
        (url,) = [line["url"] for line in lines if line.get("action") == "metrics_served"]
        yield worker, url


def _scrape(url: str) -> list[Sample]:
    with urlopen(url, timeout=60) as page:
        assert page.headers["Content-Type"].startswith("text/plain")
        return _samples(page.read().decode())


def test_a_worker_serves_what_it_did(prism: CommandLine, tmp_path: Path) -> None:
    with _measured(prism) as (worker, url):
        assert url.startswith("http://127.0.0.1:")
        _queue(prism, tmp_path)
        done = {"kind": "index", "outcome": "completed"}
        wait_until(lambda: _value(_scrape(url), "attempts_total", **done) == 1)
        samples = _scrape(url)
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
    assert _value(samples, "attempts_total") == 1
    assert _value(samples, "attempt_duration_seconds_count", kind="index") == 1
    assert _value(samples, "pickup_seconds_count", kind="index") == 1
    assert _value(samples, "worker_loops") == 1
    assert _value(samples, "worker_info", version="0.1.0") == 1
    assert _value(samples, "running_jobs") == 0
    assert _value(samples, "process_cpu_seconds_total") is not None


def test_the_loops_of_a_worker_share_its_page_and_see_the_whole_queue(
    prism: CommandLine, tmp_path: Path
) -> None:
    _queue(prism, tmp_path)
    prism.variables["PRISM_HOST"] = "another"
    with _measured(prism, "--concurrency", "2") as (_, url):
        wait_until(lambda: _value(_scrape(url), "jobs", state="pending") == 1)
        samples = _scrape(url)
    assert _value(samples, "worker_loops") == 2
    assert _value(samples, "due_jobs") == 1
    waiting = [s for s in samples if s.name == "prism_due_jobs" and s.value]
    assert [s.labels["kind"] for s in waiting] == ["index"]
    assert waiting[0].labels["host"] not in ("", "another")
    assert (_value(samples, "oldest_due_job_age_seconds") or 0) > 0


def test_only_the_metrics_are_served(embedded: CommandLine) -> None:
    with _measured(embedded) as (_, url):
        with pytest.raises(HTTPError, match="404"):
            urlopen(url.removesuffix("/metrics") + "/", timeout=60)
        with urlopen(url + "?name[]=prism_worker_loops", timeout=60) as page:
            assert _value(_samples(page.read().decode()), "worker_loops") == 1


def test_a_worker_that_waits_for_its_database_says_so(tmp_path: Path) -> None:
    nowhere = {"PRISM_DATABASE_URL": "postgresql://127.0.0.1:1/nowhere"}
    prism = CommandLine(tmp_path / "data", nowhere, cwd=tmp_path)
    with _measured(prism, until="database away") as (worker, url):
        wait_until(lambda: (_value(_scrape(url), "database_failures_total") or 0) > 1)
        assert _value(_scrape(url), "worker_loops") == 0
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0


def test_a_worker_writes_what_it_did_to_a_file(prism: CommandLine, tmp_path: Path) -> None:
    _queue(prism, tmp_path)
    file = tmp_path / "prism-a.prom"
    with prism.start("worker", "--metrics-file", str(file)) as worker:
        done = {"outcome": "completed", "process": "prism-a"}
        wait_until(lambda: file.exists())
        wait_until(lambda: _value(_samples(file.read_text()), "attempts_total", **done) == 1)
        wait_until(
            lambda: _value(_samples(file.read_text()), "jobs", state="completed") is not None
        )
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
    samples = _samples(file.read_text())
    assert {sample.labels["process"] for sample in samples} == {"prism-a"}
    assert _value(samples, "worker_loops") == 0
    assert [path.name for path in tmp_path.glob("*.prom*")] == ["prism-a.prom"]


def test_one_round_of_work_is_in_the_file_too(embedded: CommandLine, tmp_path: Path) -> None:
    _queue(embedded, tmp_path)
    embedded("worker", "--once", "--metrics-file", "once.prom").expect(0)
    samples = _samples((tmp_path / "once.prom").read_text())
    assert _value(samples, "attempts_total", outcome="completed") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [(("--metrics-listen", "nowhere"), 2, "nowhere"),
     (("--metrics-listen", "127.0.0.1:99999"), 2, "99999"),
     (("--metrics-listen", "no.such.host.invalid:0"), 6, "no.such.host.invalid"),
     (("--metrics-file", "metrics.txt"), 2, ".prom"),
     (("--metrics-file", "missing/metrics.prom"), 6, "missing/metrics.prom")],
)  # fmt: skip
def test_what_cannot_be_shown_is_said_at_once(
    embedded: CommandLine, arguments: tuple[str, str], code: int, word: str
) -> None:
    answer = embedded("worker", "--once", *arguments).expect(code)
    errors = [line for line in answer.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert word in answer.err
    assert "hint:" in answer.err
    assert "Traceback" not in answer.err


def test_a_port_that_is_taken_is_said_at_once(embedded: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        answer = embedded("worker", "--once", "--metrics-listen", port).expect(6)
    assert (
        f"error: metrics cannot be served on 127.0.0.1:{port} (Address already in use)"
        in answer.err
    )
