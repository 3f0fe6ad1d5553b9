"""Records are about a job without anybody saying so, and tell no secret."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.support.worker_bench import WorkerBench

from prism.application.log_context import about_job, about_worker
from prism.domain.errors import InvalidInput
from prism.domain.jobs import Claim
from prism.entrypoints.logs import configure

log = logging.getLogger("prism.somewhere")
library = logging.getLogger("library")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Loggers belong to the process, which goes on with other tests."""
    loggers = (logging.getLogger(), logging.getLogger("prism"))
    before = [(logger.handlers, logger.level) for logger in loggers]
    yield
    for logger, (handlers, level) in zip(loggers, before, strict=True):
        logger.handlers = handlers
        logger.setLevel(level)


Logged = Callable[[Callable[[], object]], list[dict[str, Any]]]


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Logged:
    """What an act logs as JSON."""

    def run(act: Callable[[], object]) -> list[dict[str, Any]]:
        configure("json")
        act()
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    return run


@pytest.fixture
def claim() -> Claim:
    bench = WorkerBench()
    bench.enqueue()
    claim = bench.jobs.claim(worker="w1", host="here", lease_seconds=60)
    assert claim is not None
    return claim


def test_a_record_within_a_job_names_it(claim: Claim, logged: Logged) -> None:
    def act() -> None:
        with about_job(claim):
            log.info("cloning", extra={"action": "clone"})

    (record,) = logged(act)
    assert (record["job_id"], record["attempt"], record["worker"]) == (claim.id, 1, "w1")
    assert (record["message"], record["action"]) == ("cloning", "clone")


def test_what_a_record_says_itself_counts(claim: Claim, logged: Logged) -> None:
    def act() -> None:
        with about_worker("w2"), about_job(claim):
            log.info("another one", extra={"job_id": 99})

    (record,) = logged(act)
    assert (record["job_id"], record["worker"]) == (99, "w1")


def test_after_a_job_records_are_the_worker_s_again(claim: Claim, logged: Logged) -> None:
    def act() -> None:
        with about_worker("w2"):
            with about_job(claim):
                pass
            log.info("idle")
        log.info("gone")

    idle, gone = logged(act)
    assert (idle["worker"], "job_id" in idle) == ("w2", False)
    assert "worker" not in gone


def test_jobs_of_other_threads_are_not_mixed_up(claim: Claim, logged: Logged) -> None:
    def act() -> None:
        with about_job(claim):
            other = threading.Thread(target=lambda: log.info("from elsewhere"))
            other.start()
            other.join()

    (record,) = logged(act)
    assert "job_id" not in record


def test_text_lines_name_the_job_too(claim: Claim, capsys: pytest.CaptureFixture[str]) -> None:
    configure("text")
    with about_job(claim):
        log.info("cloning")
    assert f"attempt=1 job_id={claim.id} kind=index" in capsys.readouterr().err


def test_no_record_holds_a_traceback(logged: Logged) -> None:
    def act() -> None:
        try:
            raise ValueError("s3cret")
        except ValueError:
            log.exception("it broke")

    (record,) = logged(act)
    assert "s3cret" not in json.dumps(record)


def test_a_library_is_heard_from_warnings_on_and_without_values(logged: Logged) -> None:
    def act() -> None:
        library.info("connected")
        library.warning("cannot reach %s", "https://user:s3cret@example.org")
        library.error(ValueError("s3cret"))

    warning, error = logged(act)
    assert (warning["logger"], warning["message"]) == ("library", "cannot reach %s")
    assert error["message"] == "ValueError"


def test_a_line_break_stays_within_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    for log_format in ("text", "json"):
        configure(log_format)
        log.warning("two\nlines", extra={"path": "a\nb"})
        assert capsys.readouterr().err.count("\n") == 1


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(InvalidInput, match="xml"):
        configure("xml")


def test_what_a_worker_does_for_the_jobs_of_dead_ones_names_both(logged: Logged) -> None:
    bench = WorkerBench()
    job_id = bench.enqueue()
    assert bench.jobs.claim(worker="dead", host="here", lease_seconds=60) is not None
    bench.clock.advance(61)

    def act() -> None:
        with about_worker("w1"):
            bench.reap()()

    (record,) = logged(act)
    assert (record["action"], record["job_id"], record["attempt"]) == ("job_reaped", job_id, 1)
    assert record["worker"] == "w1"
