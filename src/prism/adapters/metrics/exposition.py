"""How metrics get out: an HTTP page to be scraped, and a file for node_exporter."""

import logging
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app, write_to_textfile
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from prism.domain.errors import Permanent

log = logging.getLogger(__name__)

PATH = "/metrics"
#: The file is written after each change, but not more often than that, and at least that often.
FILE_PAUSE_SECONDS = 1.0
FILE_EVERY_SECONDS = 15.0
#: How long a reader may take for its request, and the disk for the last file.
_READER_SECONDS = 10.0
_LAST_WRITE_SECONDS = 5.0


class MetricsPage:
    """``http://HOST:PORT/metrics``, served by threads of its own until ``close``."""

    def __init__(self, host: str, port: int, registry: Collector) -> None:
        """*port* 0 picks a free one. Raises Permanent when the address cannot be listened on."""
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            kind = _Server6 if family is socket.AF_INET6 else _Server
            self._server = make_server(host, port, _page(registry), kind, _Handler)
        except (OSError, UnicodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "no host name"
            raise Permanent(
                f"metrics cannot be served on {host}:{port} ({why})",
                hint="choose another address with --metrics-listen; port 0 picks a free one",
            ) from error
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._server.server_port}{PATH}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="metrics page", daemon=True
        )
        self._thread.start()
        log.info("metrics are served", extra={"action": "metrics_served", "url": self.url})

    def close(self) -> None:
        """Serve no more. Idempotent."""
        asking = threading.Thread(target=self._server.shutdown, daemon=True)
        asking.start()
        # The server looks twice a second whether it shall stop; this wakes it now.
        with suppress(OSError):
            self._server.socket.shutdown(socket.SHUT_RDWR)
        asking.join()
        self._thread.join()
        self._server.server_close()


class MetricsFile:
    """A ``.prom`` file, replaced as a whole, for node_exporter's textfile collector.

    Files of several workers of one host are read together, so each sample says by a label which
    ``process`` it is of: the file's name. Written by a thread of its own until ``close``.
    """

    def __init__(self, path: str, registry: Collector, changed: threading.Event) -> None:
        """Writes the first one. Raises Permanent when that cannot be done."""
        self._path = path
        self._registry = _exposed(registry, {"process": Path(path).name.removesuffix(".prom")})
        self._changed = changed
        self._stop = threading.Event()
        self._failing = False
        try:
            write_to_textfile(path, self._registry)
        except OSError as error:
            raise Permanent(
                f"metrics cannot be written to {path} ({error.strerror})",
                hint="--metrics-file takes a file in a folder that is there",
            ) from error
        self._thread = threading.Thread(target=self._run, name="metrics file", daemon=True)
        self._thread.start()
        log.info("metrics are written", extra={"action": "metrics_written", "path": path})

    def close(self) -> None:
        """Write the last one. Idempotent."""
        self._stop.set()
        self._changed.set()
        self._thread.join(_LAST_WRITE_SECONDS)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._changed.wait(FILE_EVERY_SECONDS)
            self._changed.clear()
            self._write()
            self._stop.wait(FILE_PAUSE_SECONDS)
        self._write()

    def _write(self) -> None:
        """What cannot be written is told once, until it can be again: jobs are more important."""
        try:
            write_to_textfile(self._path, self._registry)
        except OSError as error:
            if not self._failing:
                fields = {"action": "metrics_failed", "path": self._path, "error": error.strerror}
                log.warning("metrics are not written", extra=fields)
            self._failing = True
        else:
            self._failing = False


def _exposed(registry: Collector, labels: Mapping[str, str]) -> CollectorRegistry:
    """What readers get to see: *labels* on each sample, and not when each counter was made."""
    shown = CollectorRegistry(support_collectors_without_names=True)
    shown.register(_Relabelled(registry, labels))
    return shown


class _Relabelled(Collector):
    def __init__(self, registry: Collector, labels: Mapping[str, str]) -> None:
        self._registry = registry
        self._labels = labels

    def collect(self) -> Iterable[Metric]:
        for family in self._registry.collect():
            family.samples = [
                sample._replace(labels={**sample.labels, **self._labels})
                for sample in family.samples
                if sample.name != f"{family.name}_created"
            ]
            yield family


def _page(registry: Collector) -> Callable[..., Iterable[bytes]]:
    metrics = make_wsgi_app(_exposed(registry, {}))

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == PATH:
            return metrics(environ, start)  # type: ignore[no-any-return]  # the library says so
        start("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"see {PATH}\n".encode()]

    return answer


class _Server(ThreadingMixIn, WSGIServer):
    """A thread per reader. A reader that hangs up is nothing to print a traceback for."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        del request, client_address
        log.info("a reader of the metrics failed", extra={"action": "metrics_reader_failed"})

    def server_bind(self) -> None:
        """Without asking a name server for our own name, which the page does not need."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = _READER_SECONDS

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name is given
        """Requests are not logged."""
