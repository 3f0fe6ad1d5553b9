"""What a worker is asked to measure for whom, and the thread that samples the queue for it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from prism.domain.errors import InvalidInput

#: A page without a host is for this machine only: it has no password.
LOCAL = "127.0.0.1"
_LAST_SAMPLE_SECONDS = 1.0


class Address(NamedTuple):
    """Where a page is served; port 0 picks a free one."""

    host: str
    port: int


def parse_address(text: str) -> Address:
    """``PORT``, ``HOST:PORT`` or ``[HOST]:PORT``. Raises InvalidInput."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host or (colon and not host):
        raise _no_address(text)
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65_535):
        raise _no_address(text)
    return Address(host or LOCAL, int(port))


def _no_address(text: str) -> InvalidInput:
    return InvalidInput(
        f"--metrics-listen is {text!r}, which is no address", hint="PORT or HOST:PORT, like 9177"
    )


def check_file(path: str) -> str:
    """*path*, where node_exporter would read it. Raises InvalidInput."""
    if not path.endswith(".prom"):
        raise InvalidInput(
            f"--metrics-file is {path!r}", hint="the name must end in .prom, or nobody reads it"
        )
    return path


@contextmanager
def repeating(act: Callable[[], float]) -> Iterator[None]:
    """Meanwhile do *act* again and again in a thread, each time after the seconds it returned."""
    stop = threading.Event()

    def run() -> None:
        wait = 0.0
        while not stop.wait(wait):
            wait = act()

    thread = threading.Thread(target=run, name="queue sampler", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        # One that waits for a database that is away is not waited for.
        thread.join(_LAST_SAMPLE_SECONDS)
