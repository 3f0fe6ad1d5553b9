"""Connections to Postgres on which every wait has an end.

A peer that acknowledges packets but never answers (a stopped proxy, a half-dead host) is noticed
neither by keepalives nor by ``tcp_user_timeout``, and ``statement_timeout`` is the server's. So the
client counts how long it has heard nothing.
"""

import math
import select
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus
from psycopg.waiting import Wait
from sqlalchemy import Dialect, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from prism.adapters.sql.driver_errors import NO_ANSWER

#: What needs no work of the server (to connect, a ping, a rollback) is answered within this, or
#: never.
QUICK_SECONDS: Final = 10.0
#: A pooled connection used a moment ago is not asked whether it lives: a round trip saved.
TRUSTED_SECONDS: Final = 5.0
#: How often a wait looks up while nothing comes; also the precision of the deadline.
_LOOK_SECONDS: Final = 0.1
_RESTING_SINCE: Final = "prism_resting_since"


class NoAnswer(psycopg.OperationalError):
    """The server was silent for too long; the connection is closed."""

    sqlstate = NO_ANSWER


class AnsweredConnection(psycopg.Connection[tuple[Any, ...]]):
    """Gives up and closes itself after ``answer_seconds`` in which one wait heard nothing.

    Whatever arrives, and whatever the peer's host takes, starts the count anew: a long answer or a
    large COPY is not cut while it moves. What was sent may still be carried out: whoever commits
    has to ask. All that psycopg does on an open connection goes through ``wait`` (queries, COPY,
    BEGIN, COMMIT, ROLLBACK). A wait that brings its own end (``notifies(timeout=...)``) keeps it.
    https://www.psycopg.org/psycopg3/docs/api/connections.html#psycopg.Connection.wait
    """

    answer_seconds: float = math.inf

    def wait(
        self, gen: PQGen[RV], interval: float = _LOOK_SECONDS, timeout: float | None = None
    ) -> RV:
        """Raises NoAnswer; the connection is closed then."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            wanted = next(gen)
        except StopIteration as end:  # nothing to wait for, as when only a setting changes
            value: RV = end.value
            return value
        return super().wait(self._heard(gen, wanted, interval), interval)

    def rollback(self) -> None:
        """One that is lost or given up has rolled back by that: then the error that led here is the
        one to tell, and there is no point in waiting for long. Outside of a transaction, where the
        pool asks for one each time, nothing is done."""
        if self.pgconn.transaction_status == TransactionStatus.IDLE:
            return
        try:
            if not self.closed:
                with self._impatient():
                    super().rollback()
        except psycopg.OperationalError:
            if not self.closed:
                raise

    def ask(self, statement: bytes) -> None:
        """Run a statement that is answered at once, outside of a transaction."""
        before = self.autocommit
        self.autocommit = True
        try:
            with self._impatient():
                self.execute(statement, prepare=False)
        finally:
            if not self.closed:
                self.autocommit = before

    def has_unread(self) -> bool:
        """Something came unasked: most often the server's good-bye. Costs no round trip."""
        poll = select.poll()
        poll.register(self.pgconn.socket, select.POLLIN)
        return bool(poll.poll(0))

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Another ``answer_seconds`` for a while."""
        before, self.answer_seconds = self.answer_seconds, seconds
        try:
            yield
        finally:
            self.answer_seconds = before

    def _impatient(self) -> AbstractContextManager[None]:
        return self.within(min(self.answer_seconds, QUICK_SECONDS))

    def _heard(self, gen: PQGen[RV], wanted: Wait, interval: float) -> PQGen[RV]:
        """*gen*, which waits for *wanted* first, until nothing was ready for too long.

        The wait functions of psycopg send a false value after each *interval* without news. Only
        intervals count in which this process was awake: after a pause of the whole machine the
        answer may be a moment behind.
        """
        silent = 0.0
        try:
            while True:
                ready = yield wanted
                silent = 0.0 if ready else silent + interval
                if silent < self.answer_seconds:
                    wanted = gen.send(ready)
                else:
                    wanted = gen.throw(self._give_up())
        except StopIteration as end:
            value: RV = end.value
            return value

    def _give_up(self) -> NoAnswer:
        self.pgconn.finish()
        return NoAnswer("the server does not answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How connections of an engine are made and kept. ``at_first``: said on each new one."""

    answer_seconds: float
    at_first: bytes = b""
    trusted_seconds: float = TRUSTED_SECONDS


def bind(engine: Engine, habits: Habits) -> None:
    """Connections of *engine* are ``AnsweredConnection``; its pool gives none out that is dead.

    A pooled one that rested for more than ``trusted_seconds``, or that has something unread, is
    asked first (one round trip); when it fails, all that rest in the pool are made anew. One that
    is known to be lost is an OperationalError.
    """

    @event.listens_for(engine, "do_connect")
    def connect(
        _dialect: Dialect,
        _entry: ConnectionPoolEntry,
        arguments: list[str],
        parameters: dict[str, Any],
    ) -> object:
        parameters.update(_connect_parameters(habits.answer_seconds))
        connection = AnsweredConnection.connect(*arguments, **parameters)
        connection.answer_seconds = habits.answer_seconds
        try:
            if habits.at_first:
                connection.ask(habits.at_first)
        except BaseException:
            connection.close()
            raise
        return connection

    @event.listens_for(engine, "checkin")
    def rest(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        entry.info[_RESTING_SINCE] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def test(connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: object) -> None:
        assert isinstance(connection, AnsweredConnection)
        since = entry.info.get(_RESTING_SINCE)  # None: new
        try:
            if since is not None and (
                time.monotonic() - since > habits.trusted_seconds or connection.has_unread()
            ):
                connection.ask(b"")
        except psycopg.Error as error:
            raise InvalidatePoolError from error
        if connection.closed:
            # A new one too, when it is lost in the rollback after SQLAlchemy's first questions:
            # the next to touch it would be told that its settings cannot be changed.
            raise psycopg.OperationalError("the connection is lost")


def _connect_parameters(answer_seconds: float) -> dict[str, int]:
    """Connecting is bounded for each address of each host (by two seconds at least), and idle
    connections notice a peer that is gone.

    https://www.postgresql.org/docs/current/libpq-connect.html
    """
    return {
        "connect_timeout": math.ceil(min(QUICK_SECONDS, answer_seconds)),
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }
