"""Metrics get out by real sockets and files, whatever becomes of them."""

import logging
import socket
import threading
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from tests.support.command_line import wait_until

from prism.adapters.metrics.exposition import MetricsFile, MetricsPage
from prism.domain.errors import Permanent


@pytest.fixture
def registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    Counter("prism_things", "Things.", ["kind"], registry=registry).labels("small").inc()
    return registry


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost",
     pytest.param("::1", marks=pytest.mark.skipif(not _has_ipv6(), reason="no IPv6 here"))],
)  # fmt: skip
def test_a_page_is_served_until_it_is_closed(registry: CollectorRegistry, host: str) -> None:
    page = MetricsPage(host, 0, registry)
    with urlopen(page.url, timeout=60) as answer:
        assert b'prism_things_total{kind="small"} 1.0' in answer.read()
    page.close()
    page.close()
    with pytest.raises(OSError):
        urlopen(page.url, timeout=60)
    assert not any(thread.name == "metrics page" for thread in threading.enumerate())


def test_a_port_is_free_again_at_once(registry: CollectorRegistry) -> None:
    page = MetricsPage("127.0.0.1", 0, registry)
    with urlopen(page.url, timeout=60) as answer:
        answer.read()
    page.close()
    port = int(page.url.rpartition(":")[2].removesuffix("/metrics"))
    MetricsPage("127.0.0.1", port, registry).close()


def test_a_reader_that_hangs_up_is_logged_without_a_traceback(
    registry: CollectorRegistry,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = MetricsPage("127.0.0.1", 0, registry)
    port = int(page.url.rpartition(":")[2].removesuffix("/metrics"))
    with (
        caplog.at_level(logging.INFO, "prism"),
        socket.create_connection(("127.0.0.1", port)) as reader,
    ):
        # RST instead of FIN: the server's next read fails.
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        reader.sendall(b"GET /met")
        reader.close()
        wait_until(lambda: "a reader of the metrics failed" in caplog.messages)
    page.close()
    assert capsys.readouterr().err == ""


def test_openmetrics_is_served_to_who_asks_for_it(registry: CollectorRegistry) -> None:
    page = MetricsPage("127.0.0.1", 0, registry)
    request = Request(page.url, headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    with urlopen(request, timeout=60) as answer:
        (family,) = parse_openmetrics(answer.read().decode())
    page.close()
    assert [sample.name for sample in family.samples] == ["prism_things_total"]


def test_when_each_counter_was_made_is_not_told(
    registry: CollectorRegistry, tmp_path: Path
) -> None:
    path = tmp_path / "prism.prom"
    MetricsFile(str(path), registry, threading.Event()).close()
    assert path.read_text().splitlines() == [
        "# HELP prism_things_total Things.",
        "# TYPE prism_things_total counter",
        'prism_things_total{kind="small",process="prism"} 1.0',
    ]


def test_a_file_can_be_read_by_node_exporter(registry: CollectorRegistry, tmp_path: Path) -> None:
    path = tmp_path / "prism.prom"
    MetricsFile(str(path), registry, threading.Event()).close()
    assert path.stat().st_mode & 0o444 == 0o444


def test_a_change_is_written_soon(tmp_path: Path) -> None:
    registry, changed = CollectorRegistry(), threading.Event()
    things = Counter("prism_things", "Things.", registry=registry)
    path = tmp_path / "prism.prom"
    file = MetricsFile(str(path), registry, changed)
    things.inc()
    changed.set()
    wait_until(lambda: '{process="prism"} 1.0' in path.read_text())
    file.close()


def test_the_end_is_written_though_nobody_told_of_it(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    things = Counter("prism_things", "Things.", registry=registry)
    path = tmp_path / "prism.prom"
    file = MetricsFile(str(path), registry, threading.Event())
    things.inc()
    file.close()
    file.close()
    assert '{process="prism"} 1.0' in path.read_text()


def test_a_file_that_cannot_be_written_any_more_is_told_once_and_tried_again(
    registry: CollectorRegistry, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, away = tmp_path / "metrics", tmp_path / "away"
    folder.mkdir()
    changed = threading.Event()
    with caplog.at_level(logging.WARNING, "prism"):
        file = MetricsFile(str(folder / "prism.prom"), registry, changed)
        folder.rename(away)
        changed.set()
        wait_until(lambda: "metrics are not written" in caplog.messages)
        changed.set()
        wait_until(lambda: not changed.is_set())
        folder.mkdir()
        changed.set()
        wait_until((folder / "prism.prom").exists)
        file.close()
    assert caplog.messages.count("metrics are not written") == 1


def test_a_folder_that_is_not_there_is_refused(registry: CollectorRegistry, tmp_path: Path) -> None:
    path = tmp_path / "missing" / "prism.prom"
    with pytest.raises(Permanent, match="No such file or directory"):
        MetricsFile(str(path), registry, threading.Event())
