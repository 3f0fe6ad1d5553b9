"""A TCP proxy before a test's Postgres: black holes, cut connections, lost answers.

    with tcp_proxy(postgres_server) as proxy:
        database = open_database(url=proxy.url(postgres_database), ...)
        proxy.mode = Mode.SWALLOW

It listens on 127.0.0.1 in threads of the test's own process, so worker processes can use it too.
What passes is in clear text (no TLS).
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto

from sqlalchemy import make_url
from tests.support.postgres import PostgresServer

#: How psycopg says it. (The word alone is part of READ COMMITTED, with which transactions begin.)
COMMIT = b"COMMIT\0"
_CHUNK_BYTES = 65_536


class Mode(Enum):
    """What happens to each byte, on the connections there are and on new ones."""

    FORWARD = auto()
    #: A black hole: everything is accepted and acknowledged, nothing passes, no end is told to the
    #: other side. A connection that was there in this mode stays a hole for good: it lacks bytes.
    SWALLOW = auto()
    #: Like a stopped process: new connections are acknowledged, nothing is read, until the buffers
    #: of the kernel are full. Nothing is lost: it passes as soon as the mode is FORWARD again.
    STALL = auto()
    #: Connections end at once on both sides, new ones too.
    CUT = auto()


@contextmanager
def tcp_proxy(server: PostgresServer) -> Iterator["TcpProxy"]:
    """A proxy before *server*, forwarding; leaving the context cuts everything."""
    proxy = TcpProxy(server)
    try:
        yield proxy
    finally:
        proxy.close()


class TcpProxy(PostgresServer):
    """May be used from any thread."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._mode = Mode.FORWARD
        self._links: list[_Link] = []
        self._loss = _Loss()
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def url(self, database: str) -> str:
        """Through this proxy, to *database*: a name, or the URL that it has without the proxy."""
        name = make_url(database).database if "://" in database else database
        host, port = self._listener.getsockname()
        straight = make_url(self._server.url(name or ""))
        query = {key: value for key, value in straight.query.items() if key not in ("host", "port")}
        proxied = straight.set(host=host, port=port, query={**query, "sslmode": "disable"})
        return proxied.render_as_string(hide_password=False)

    @property
    def mode(self) -> Mode:
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        with self._lock:
            self._mode = mode
            for link in self._links:
                link.enter(mode)

    def lose_answer_of(self, text: bytes, *, after: bytes = b"") -> None:
        """Once: what a client sends with *text* in it (as ``COMMIT``; of a statement that psycopg
        prepares only the first rounds hold its text) is forwarded, but the server's answer to it is
        dropped and the connection is cut. ``wait_until_lost`` tells that it happened. Only on a
        connection on which *after* was sent from now on."""
        self._loss.expect(text, after)

    def wait_until_lost(self, seconds: float = 30.0) -> bool:
        """Whether the answer was lost within that time: the server has given it then."""
        return self._loss.happened.wait(seconds)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._listener.close()
        self.mode = Mode.CUT
        for link in self._links:
            link.join()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with self._lock:
                    link = _Link(client, self._server, self._loss)
                    self._links.append(link)
                    link.enter(self._mode)
                    link.start()


class _Loss:
    """The answer that is to be lost."""

    def __init__(self) -> None:
        self.happened = threading.Event()
        self._lock = threading.Lock()
        self._text = self._after = b""
        self._prepared: set[_Link] = set()

    def expect(self, text: bytes, after: bytes) -> None:
        with self._lock:
            self.happened.clear()
            self._text, self._after = text, after
            self._prepared.clear()

    def begins_with(self, sent: bytes, link: "_Link") -> bool:
        """Whether the answer to what is *sent* now on *link* is the one."""
        with self._lock:
            if self._after in sent:
                self._prepared.add(link)
            begins = self._text != b"" and self._text in sent and link in self._prepared
            if begins:
                self._text = b""
            return begins


class _Link:
    """One client's connection and, unless it is a hole from the start, one to the server.

    Both ends stay open until they are cut or the proxy is closed: a hole tells of no end.
    """

    def __init__(self, client: socket.socket, server: PostgresServer, loss: _Loss) -> None:
        self._client = client
        self._server_url = server.url("postgres")
        self._loss = loss
        self._server: socket.socket | None = None
        self._hole = False
        self._losing = False
        self._flows = threading.Event()
        self._threads: list[threading.Thread] = []

    def enter(self, mode: Mode) -> None:
        self._hole = self._hole or mode is Mode.SWALLOW
        if mode is Mode.CUT:
            self._end()
        if mode is Mode.STALL:
            self._flows.clear()
        else:
            self._flows.set()

    def start(self) -> None:
        self._run(self._serve)

    def join(self) -> None:
        """Once it was cut."""
        serving, *_ = self._threads
        serving.join()
        self._end()  # what it opened meanwhile
        for thread in self._threads:
            thread.join()
        self._client.close()
        if self._server is not None:
            self._server.close()

    def _run(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            if not self._hole:
                self._server = _connect(self._server_url)
                self._run(self._forward_answers)
            self._forward_requests()
        self._end_unless_hole()

    def _forward_requests(self) -> None:
        while data := self._received(self._client):
            if self._server is not None and not self._hole:
                self._losing = self._losing or self._loss.begins_with(data, self)
                self._server.sendall(data)

    def _forward_answers(self) -> None:
        assert self._server is not None
        with contextlib.suppress(OSError):
            while data := self._received(self._server):
                if self._losing:
                    self._end()
                    self._loss.happened.set()
                elif not self._hole:
                    self._client.sendall(data)
        self._end_unless_hole()

    def _received(self, source: socket.socket) -> bytes:
        self._flows.wait()
        data = source.recv(_CHUNK_BYTES)
        self._flows.wait()
        return data

    def _end_unless_hole(self) -> None:
        if not self._hole:
            self._end()

    def _end(self) -> None:
        for end in (self._client, self._server):
            with contextlib.suppress(OSError):
                if end is not None:
                    end.shutdown(socket.SHUT_RDWR)


def _connect(url: str) -> socket.socket:
    """To a server itself. Raises OSError."""
    straight = make_url(url)
    place, port = straight.query.get("host"), straight.query.get("port", straight.port or 5432)
    if isinstance(place, str) and place.startswith("/"):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(f"{place}/.s.PGSQL.{port}")
        return connection
    return socket.create_connection((straight.host or "localhost", int(str(port))))
