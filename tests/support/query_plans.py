"""What a repository sends to its database, and how the database carries that out."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection


class Sent(NamedTuple):
    """A statement as the driver got it. On SQLite the values are written into the text."""

    statement: str
    values: Any


@contextmanager
def sent_to(engine: Engine) -> Iterator[list[Sent]]:
    """Collects what the driver is given meanwhile, whoever gives it."""
    sent: list[Sent] = []

    class Noting(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **more: Any) -> Any:
            sent.append(Sent(query, params))
            return super().execute(query, params, **more)

    def taken(connection: DBAPIConnection, *_: object) -> None:
        if isinstance(connection, psycopg.Connection):
            connection.cursor_factory = Noting
        else:
            connection.set_trace_callback(lambda text: sent.append(Sent(text, ())))

    def given_back(connection: DBAPIConnection | None, *_: object) -> None:
        if isinstance(connection, psycopg.Connection):
            connection.cursor_factory = psycopg.Cursor
        elif connection is not None:
            connection.set_trace_callback(None)

    event.listen(engine, "checkout", taken)
    event.listen(engine, "checkin", given_back)
    try:
        yield sent
    finally:
        event.remove(engine, "checkout", taken)
        event.remove(engine, "checkin", given_back)


def generic_plan(url: str, sent: Sent) -> Any:
    """Postgres' plan, as JSON, of a prepared statement that does not look at its parameters."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        names.append(match[1])
        return f"${len(names)}"

    numbered = re.sub(r"%\((\w+)\)s", number, sent.statement)
    with psycopg.connect(url) as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        connection.execute(f"PREPARE wanted AS {numbered}".encode())
        arguments = ", ".join(["%s"] * len(names))
        explain = f"EXPLAIN (FORMAT JSON) EXECUTE wanted({arguments})".encode()
        cursor = psycopg.ClientCursor(connection)
        row = cursor.execute(explain, [sent.values[name] for name in names]).fetchone()
    assert row is not None
    return row[0]


def indexes(plan: Any) -> set[str]:
    """Names of the indexes that a plan of Postgres reads."""
    return set(re.findall(r'"Index Name": "(\w+)"', json.dumps(plan)))


def node_types(plan: Any) -> set[str]:
    return set(re.findall(r'"Node Type": "([\w ]+)"', json.dumps(plan)))


def sqlite_plan(engine: Engine, sent: Sent) -> list[str]:
    """The lines of EXPLAIN QUERY PLAN."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sent.statement}").all()
    return [str(row[-1]) for row in rows]
