"""The sessions of a Postgres database as the server sees them: who is there, and to end them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import LiteralString, NamedTuple

import psycopg
from psycopg.sql import SQL, Identifier
from tests.support.command_line import wait_until

_OTHERS: LiteralString = (
    "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend'"
)


class Session(NamedTuple):
    """``query`` is the last statement, of an idle session too. ``waits``: for a lock."""

    pid: int
    query: str
    state: str
    waits: bool


class DatabaseSessions:
    """Looks on a connection of its own, which is not counted."""

    def __init__(self, connection: "psycopg.Connection[tuple[object, ...]]") -> None:
        self._connection = connection

    def all(self, *, query: str = "%") -> Sequence[Session]:
        """Those of this database whose last statement is like *query* (an SQL pattern)."""
        found = self._connection.execute(
            "SELECT pid, query, coalesce(state, ''), wait_event_type IS NOT DISTINCT FROM 'Lock'"
            f" FROM {_OTHERS} AND query LIKE %s ORDER BY pid",
            (query,),
        )
        return [Session(*row) for row in found]  # type: ignore[arg-type]  # columns as written

    def wait_for_waiting(self, count: int = 1) -> Session:
        """One of those that wait for a lock, once there are so many."""
        wait_until(lambda: sum(each.waits for each in self.all()) >= count)
        return next(each for each in self.all() if each.waits)

    def terminate(self, *pids: int) -> int:
        """End these sessions, all others by default; returns how many were there."""
        ended = self._connection.execute(
            f"SELECT pg_terminate_backend(pid) FROM {_OTHERS}"
            " AND (pid = ANY(%(pids)s) OR cardinality(%(pids)s::int[]) = 0)",
            {"pids": list(pids)},
        )
        return len(ended.fetchall())


@contextmanager
def sessions_of(url: str) -> Iterator[DatabaseSessions]:
    """Of the database at *url*."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield DatabaseSessions(connection)


@contextmanager
def holding(url: str, table: str) -> Iterator[None]:
    """Nobody else writes into *table* meanwhile: who tries waits for a lock."""
    with psycopg.connect(url) as connection:
        connection.execute(SQL("LOCK TABLE {} IN SHARE MODE").format(Identifier(table)))
        yield
        connection.rollback()


def listeners(url: str) -> Sequence[int]:
    """The sessions that listen: their last statement is LISTEN, or the question whether the
    server is still there."""
    with sessions_of(url) as sessions:
        return [each.pid for each in sessions.all(query="LISTEN%")]
