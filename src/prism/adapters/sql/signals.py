"""Telling waiting workers that something may be due."""

from sqlalchemy import ColumnElement, Connection, func

#: Workers LISTEN on it.
CHANNEL = "prism_jobs"
NOTIFY: ColumnElement[object] = func.pg_notify(CHANNEL, "")


def waking(connection: Connection) -> list[ColumnElement[object]]:
    """What to select or return to wake them when this transaction commits.

    Nothing on SQLite: there they watch the file.
    """
    return [NOTIFY] if connection.dialect.name == "postgresql" else []
