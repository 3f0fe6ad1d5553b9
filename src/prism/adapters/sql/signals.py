"""Telling waiting workers that something may be due."""

from sqlalchemy import Connection, func, select

#: Workers LISTEN on it.
CHANNEL = "prism_jobs"
NOTIFY = func.pg_notify(CHANNEL, "")


def wake_workers(connection: Connection) -> None:
    """Wake them when this transaction commits. On SQLite they watch the file instead."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(NOTIFY))
