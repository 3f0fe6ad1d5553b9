"""Telling waiting workers that something may be due."""

from sqlalchemy import ColumnElement, Connection, Engine, func

#: Workers LISTEN on it.
CHANNEL = "prism_jobs"
NOTIFY: ColumnElement[object] = func.pg_notify(CHANNEL, "")


def waking(database: Connection | Engine) -> list[ColumnElement[object]]:
    """What to select or return to wake them when this transaction commits.

    Nothing on SQLite: there they watch the file.
    """
    return [NOTIFY] if database.dialect.name == "postgresql" else []
