"""The database's own record of a campaign: triggers note each transition in its transaction.

What a worker logs can be lost with the worker, and what a row says is only its last state. A row of
``chaos_audit`` is there if and only if the transition was committed.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from prism.adapters.sql.engine import Database, reading, writing

_COLUMNS = (
    "event", "job", "project", "dedup", "kind", "before", "after", "attempt_before", "attempt",
    "rerun_before", "failures_before", "failures", "crashes_before", "crashes", "worker_before",
    "worker", "run", "blueprint",
)  # fmt: skip


class Note(NamedTuple):
    """One transition. ``event``: 'insert', 'update' or 'delete' of a job, 'pointer' for a move of
    a project's pointers (``job``, ``attempt``: who moved them). ``at``: seconds since 1970.

    ``transaction`` tells apart only on Postgres; on SQLite one transaction's notes are adjacent.
    """

    seq: int
    transaction: int
    at: float
    event: str
    job: int | None
    project: int
    dedup: str | None
    kind: str | None
    before: str | None
    after: str | None
    attempt_before: int | None
    attempt: int | None
    rerun_before: bool
    failures_before: int | None
    failures: int | None
    crashes_before: int | None
    crashes: int | None
    worker_before: str | None
    worker: str | None
    run: int | None
    blueprint: int | None


_INSERTED = (
    "'insert', NEW.id, NEW.project_id, NEW.dedup_key, NEW.kind, NULL, NEW.status, NULL,"
    " NEW.attempt, {no}, NULL, NEW.failures, NULL, NEW.crashes, NULL, NEW.worker, NULL, NULL"
)
_UPDATED = (
    "'update', NEW.id, NEW.project_id, NEW.dedup_key, NEW.kind, OLD.status, NEW.status,"
    " OLD.attempt, NEW.attempt, OLD.rerun, OLD.failures, NEW.failures, OLD.crashes, NEW.crashes,"
    " OLD.worker, NEW.worker, NULL, NULL"
)
_DELETED = (
    "'delete', OLD.id, OLD.project_id, OLD.dedup_key, OLD.kind, OLD.status, NULL, OLD.attempt,"
    " NULL, OLD.rerun, OLD.failures, NULL, OLD.crashes, NULL, OLD.worker, NULL, NULL, NULL"
)
_MOVED = (
    "'pointer', NEW.job_id, NEW.project_id, NULL, NULL, NULL, NULL, NULL, NEW.attempt, {no}, NULL,"
    " NULL, NULL, NULL, NULL, NULL, NEW.run_id, NEW.blueprint_id"
)
#: Heartbeats and progress are no transitions: they cost nothing here.
_CHANGED = "OLD.status <> NEW.status OR OLD.attempt <> NEW.attempt"
#: name -> (table, event, condition, values)
_TRIGGERS = {
    "chaos_job_inserted": ("prism_jobs", "INSERT", "", _INSERTED),
    "chaos_job_updated": ("prism_jobs", "UPDATE", _CHANGED, _UPDATED),
    "chaos_job_deleted": ("prism_jobs", "DELETE", "", _DELETED),
    "chaos_pointer_inserted": ("prism_pointers", "INSERT", "", _MOVED),
    "chaos_pointer_updated": ("prism_pointers", "UPDATE", "", _MOVED),
}


def install(database: Database) -> None:
    with writing(database.jobs) as connection:
        if database.embedded:
            _install_sqlite(connection)
        else:
            _install_postgres(connection)


def read_notes(database: Database) -> Sequence[Note]:
    """All transitions; those of one job, and those of one project, are in the order of commits."""
    with reading(database.jobs) as connection:
        rows: Sequence[Any] = connection.execute(
            text("SELECT * FROM chaos_audit ORDER BY seq")
        ).all()
    return [Note(*row)._replace(rerun_before=bool(row.rerun_before)) for row in rows]


def _install_sqlite(connection: Connection) -> None:
    """The clock of SQLite counts milliseconds."""
    columns = ", ".join(f"{name} {_type(name)}" for name in _COLUMNS)
    connection.exec_driver_sql(
        "CREATE TABLE chaos_audit (seq INTEGER PRIMARY KEY AUTOINCREMENT, tx INTEGER,"
        f" at REAL, {columns})"
    )
    for name, (table, event, condition, values) in _TRIGGERS.items():
        when = f" WHEN {condition}" if condition else ""
        connection.exec_driver_sql(
            f"CREATE TRIGGER {name} AFTER {event} ON {table}{when} BEGIN"
            f" INSERT INTO chaos_audit (tx, at, {', '.join(_COLUMNS)})"
            f" VALUES (0, (julianday('now') - 2440587.5) * 86400.0, {values.format(no='0')}); END"
        )


def _install_postgres(connection: Connection) -> None:
    columns = ", ".join(f"{name} {_type(name)}" for name in _COLUMNS)
    connection.exec_driver_sql(
        "CREATE TABLE chaos_audit (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tx bigint,"
        f" at double precision, {columns})"
    )
    for name, (table, event, condition, values) in _TRIGGERS.items():
        when = f" WHEN ({condition})" if condition else ""
        connection.exec_driver_sql(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" INSERT INTO chaos_audit (tx, at, {', '.join(_COLUMNS)})"
            " VALUES (txid_current(), extract(epoch FROM clock_timestamp()),"
            f" {values.format(no='false')}); RETURN NULL; END $$"
        )
        connection.exec_driver_sql(
            f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW{when}"
            f" EXECUTE FUNCTION {name}()"
        )


def _type(name: str) -> str:
    if name == "rerun_before":
        return "boolean"
    texts = ("event", "dedup", "kind", "before", "after", "worker_before", "worker")
    return "text" if name in texts else "bigint"
