"""Many rows at once: COPY on Postgres, one prepared statement on SQLite, never a statement per row.

Rows are tuples in the order of their table's columns, texts and JSON already in their stored form.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Table, delete, func, select, text
from sqlalchemy.dialects import postgresql, sqlite

from prism.adapters.sql.driver_errors import driver_errors
from prism.adapters.sql.engine import Database, reading, writing
from prism.adapters.sql.facts_tables import counters

Row = tuple[Any, ...]
_T = TypeVar("_T")

#: A transaction on SQLite holds the file's only write lock, so it ends after some tens of
#: milliseconds; Postgres is the faster the more comes at once.
ROWS_MAX = {"sqlite": 2_000, "postgresql": 20_000}
BYTES_MAX = {"sqlite": 1 << 20, "postgresql": 8 << 20}
#: Values per statement, below the bind limits of both (32,766 and 65,535).
BINDS_MAX = 1_000


@contextmanager
def bulk_writing(database: Database) -> Iterator[Connection]:
    """``writing`` on the facts, with the errors of COPY translated as well."""
    with driver_errors(database.place), writing(database.facts) as connection:
        yield connection


def parts(values: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    """*values* in pieces of at most *size*."""
    return (values[start : start + size] for start in range(0, len(values), size))


def parts_by_weight(
    values: Iterable[_T], weight: Callable[[_T], int], weight_max: int
) -> Iterator[list[_T]]:
    """*values* in pieces that end as soon as they weigh *weight_max*."""
    part: list[_T] = []
    total = 0
    for value in values:
        part.append(value)
        total += weight(value)
        if total >= weight_max:
            yield part
            part, total = [], 0
    if part:
        yield part


def take_numbers(connection: Connection, project_id: int, kind: str, count: int) -> range:
    """*count* numbers that this project never had for this *kind*, counting from 1.

    Locks the project's counter until the transaction ends.
    """
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    new = insert(counters).values(project_id=project_id, kind=kind, last=count)
    taken = new.on_conflict_do_update(
        index_elements=[counters.c.project_id, counters.c.kind],
        set_={"last": counters.c.last + new.excluded.last},
    ).returning(counters.c.last)
    last = connection.execute(taken).scalar_one()
    return range(last - count + 1, last + 1)


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Store *rows*, none of which is there yet."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_insertion(table), list(rows))
    else:
        _copy(connection, table, table.name, rows)


def insert_new(
    connection: Connection, table: Table, rows: Iterable[Row], key: Sequence[Column[Any]]
) -> list[Row]:
    """Store those *rows* whose *key* (unique within a project, its first column the most telling)
    is not there yet; returns them, by key. All are of one project."""
    places = [list(table.columns).index(column) for column in key]
    key_of = itemgetter(*places) if len(places) > 1 else _single(places[0])
    # Sorted, so that two who store the same rows wait for each other instead of in a circle.
    new = sorted({key_of(row): row for row in rows}.items())
    if not new:
        return []
    sort = _new_by_lookup if connection.dialect.name == "sqlite" else _new_by_conflict
    stored = sort(connection, table, [row for _, row in new], key)
    return [row for identity, row in new if identity in stored]


def delete_run(database: Database, table: Table, project_id: int, run_id: int) -> None:
    """Delete a run's rows of a table that numbers them from 0."""
    of_run = (table.c.project_id == project_id, table.c.run_id == run_id)
    with reading(database.facts) as connection:
        last = connection.execute(select(func.max(table.c.number)).where(*of_run)).scalar()
    size = ROWS_MAX[database.facts.dialect.name]
    for low in range(0, 0 if last is None else last + 1, size):
        part = delete(table).where(*of_run, table.c.number >= low, table.c.number < low + size)
        with writing(database.facts) as connection:
            connection.execute(part)


def _single(place: int) -> Callable[[Row], tuple[object]]:
    return lambda row: (row[place],)


def _new_by_lookup(
    connection: Connection, table: Table, rows: list[Row], key: Sequence[Column[Any]]
) -> set[Row]:
    """On SQLite: nobody else writes between the look and the insertion."""
    columns = list(table.columns)
    places = [columns.index(column) for column in key]
    project, lead = columns.index(table.c.project_id), places[0]
    found: set[Row] = set()
    for part in parts(rows, BINDS_MAX):
        there = select(*key).where(
            table.c.project_id == part[0][project], key[0].in_([row[lead] for row in part])
        )
        found.update(tuple(row) for row in connection.execute(there))
    new = [row for row in rows if tuple(row[place] for place in places) not in found]
    insert_rows(connection, table, new)
    return {tuple(row[place] for place in places) for row in new}


def _new_by_conflict(
    connection: Connection, table: Table, rows: list[Row], key: Sequence[Column[Any]]
) -> set[Row]:
    """On Postgres: COPY knows no ON CONFLICT, so by way of a table that the transaction drops."""
    names = ", ".join(column.name for column in key)
    connection.execute(text(f"CREATE TEMP TABLE incoming (LIKE {table.name}) ON COMMIT DROP"))
    _copy(connection, table, "incoming", rows)
    insertion = text(
        f"INSERT INTO {table.name} SELECT * FROM incoming ORDER BY {names}"  # noqa: S608 - names of our own tables
        f" ON CONFLICT DO NOTHING RETURNING {names}"
    )
    return {tuple(row) for row in connection.execute(insertion)}


@lru_cache
def _insertion(table: Table) -> str:
    names = [column.name for column in table.columns]
    listed = ", ".join(f'"{name}"' for name in names)
    return f"INSERT INTO {table.name} ({listed}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608 - names of our own tables


def _copy(connection: Connection, table: Table, target: str, rows: Iterable[Row]) -> None:
    import psycopg  # 80 ms that embedded files do not need

    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    with raw.cursor() as cursor, cursor.copy(f"COPY {target} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
