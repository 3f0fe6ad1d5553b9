"""Waking idle workers: LISTEN on Postgres, the file's data version on SQLite."""

import math
import queue
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.pq import ExecStatus
from sqlalchemy import Engine

from prism.adapters.sql.signals import CHANNEL
from prism.application.ports.jobs import Wakeup
from prism.domain.errors import PrismError

_PING_SECONDS = 10.0
_ANSWER_SECONDS_MAX = 10.0
#: The thread may be connecting; it is a daemon.
_JOIN_SECONDS_MAX = 2.0
_RECONNECT_SECONDS = (0.1, 5.0)
_POLL_SECONDS = 0.02
#: How long notifications may stay unread while nobody waits for one.
_REST_SECONDS = 1.0


class _Signal:
    """An event that may be set in a signal handler which interrupted the waiting thread itself:
    the lock of a ``threading.Event`` could be held at that moment, SimpleQueue's is safe."""

    def __init__(self) -> None:
        self._signals: queue.SimpleQueue[None] = queue.SimpleQueue()

    def set(self) -> None:
        if self._signals.empty():
            self._signals.put(None)

    def clear(self) -> None:
        while not self._signals.empty():
            self._signals.get()

    def wait(self, seconds: float) -> bool:
        try:
            self._signals.get(timeout=seconds)
        except queue.Empty:
            return False
        self.set()  # until it is cleared
        return True


class SilentWakeup(Wakeup):
    """Hears nobody but ``set``: for poolers, which carry no LISTEN. Connects to nothing."""

    def __init__(self) -> None:
        self._signal = _Signal()

    def clear(self) -> None:
        self._signal.clear()

    def wait(self, seconds: float) -> bool:
        return self._signal.wait(seconds)

    def set(self) -> None:
        self._signal.set()

    def close(self) -> None:
        """There is nothing to stop."""


class PollingWakeup(Wakeup):
    """Looks 50 times a second whether another connection has committed to the embedded file.

    Reading the data version costs microseconds and no lock
    (https://www.sqlite.org/pragma.html#pragma_data_version).
    """

    def __init__(self, engine: Engine) -> None:
        pooled = engine.raw_connection()
        pooled.detach()  # ours alone from here on: the version is one of this connection's view
        self._connection = pooled
        self._signal = _Signal()
        self._seen = self._version()

    def clear(self) -> None:
        self._signal.clear()
        self._seen = self._version()

    def wait(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            if self._signal.wait(max(0.0, min(left, _POLL_SECONDS))):
                return True
            if self._version() != self._seen:
                self._signal.set()
                return True
            if left <= 0.0:
                return False

    def set(self) -> None:
        self._signal.set()

    def close(self) -> None:
        self._connection.close()

    def _version(self) -> int:
        cursor = self._connection.cursor()
        try:
            cursor.execute("PRAGMA data_version")
            return int(cursor.fetchall()[0][0])
        finally:
            cursor.close()


class PostgresWakeup(Wakeup):
    """Listens on a connection of its own, in a thread; reconnects for ever, with backoff.

    Every (re)connection counts as a signal: notifications sent meanwhile went unheard. A server
    that takes packets but gives no answer is noticed by a question every few seconds.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        ping_seconds: float = _PING_SECONDS,
        answer_seconds: float = _ANSWER_SECONDS_MAX,
    ) -> None:
        """Asks the server every *ping_seconds* without news; waits *answer_seconds* for it."""
        self._engine = engine
        self._ping_seconds = ping_seconds
        self._answer_seconds = answer_seconds
        self._signal = _Signal()
        #: Somebody waits: only then is the connection listened to without a pause.
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self._closer, self._closed = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="prism-listen", daemon=True)
        self._thread.start()

    def clear(self) -> None:
        self._signal.clear()

    def wait(self, seconds: float) -> bool:
        self._wanted.set()
        try:
            return self._signal.wait(seconds)
        finally:
            self._wanted.clear()

    def set(self) -> None:
        self._signal.set()

    def close(self) -> None:
        if not self._closing.is_set():
            self._closing.set()
            self._wanted.set()
            self._closer.send(b"x")
            self._thread.join(_JOIN_SECONDS_MAX)
            self._closer.close()
            self._closed.close()

    def _run(self) -> None:
        wait, longest = _RECONNECT_SECONDS
        while not self._closing.is_set():
            try:
                with self._connected() as server:
                    server.ask(f"LISTEN {CHANNEL}")
                    wait, _ = _RECONNECT_SECONDS
                    self._signal.set()
                    self._hear(server)
            except (PrismError, psycopg.Error):
                self._closing.wait(wait)
                wait = min(longest, wait * 2)

    @contextmanager
    def _connected(self) -> Iterator["_Listener"]:
        pooled = self._engine.raw_connection()
        connection = pooled.driver_connection
        assert isinstance(connection, psycopg.Connection)
        pooled.detach()  # ours alone from here on
        try:
            yield _Listener(connection, self._closed, self._answer_seconds)
        finally:
            connection.close()

    def _hear(self, server: "_Listener") -> None:
        """Each job of each worker sends notifications. While nobody waits for one they stay in the
        socket, and are read once a second: a worker with a backlog shall not be woken for each."""
        heard_at = time.monotonic()
        while not self._closing.is_set():
            wanted = self._wanted.wait(min(_REST_SECONDS, self._ping_seconds))
            if server.has_news(self._ping_seconds if wanted else 0.0):
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at >= self._ping_seconds:
                server.ask("SELECT 1")
                heard_at = time.monotonic()
            if server.was_notified():
                self._signal.set()


class _Listener:
    """One connection, used through libpq itself: there every wait has an end.

    https://www.postgresql.org/docs/current/libpq-async.html
    """

    def __init__(
        self,
        connection: psycopg.Connection[object],
        closed: socket.socket,
        answer_seconds: float,
    ) -> None:
        self._libpq = connection.pgconn
        self._closed = closed
        self._answer_seconds = answer_seconds

    def has_news(self, seconds: float) -> bool:
        """Wait for data. Raises OperationalError: the connection is lost, or ours to close."""
        poll = select.poll()
        poll.register(self._libpq.socket, select.POLLIN)
        poll.register(self._closed, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(math.ceil(seconds * 1000))}
        if self._closed.fileno() in ready:
            raise psycopg.OperationalError("closing")
        if not ready:
            return False
        self._libpq.consume_input()
        return True

    def was_notified(self) -> bool:
        """Take what arrived so far."""
        notified = False
        while self._libpq.notifies() is not None:
            notified = True
        return notified

    def ask(self, statement: str) -> None:
        """Run *statement*. Raises OperationalError when it fails or no answer comes in time."""
        self._libpq.send_query(statement.encode())
        deadline = time.monotonic() + self._answer_seconds
        while self._libpq.is_busy():
            left = deadline - time.monotonic()
            if left <= 0.0 or not self.has_news(left):
                raise psycopg.OperationalError("the server does not answer")
        while (result := self._libpq.get_result()) is not None:
            if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
                raise psycopg.OperationalError("the server refused to listen")
