"""Deletes what of an index is not kept, in batches that each are a short transaction."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    delete,
    exists,
    func,
    select,
    update,
)

from prism.adapters.sql import facts_tables as tables
from prism.adapters.sql.bulk import delete_run
from prism.adapters.sql.engine import Database, reading, writing
from prism.domain.jobs import JobRef

#: What goes when a run is thinned; metrics and findings stay.
_THINNED = (
    tables.run_files,
    tables.run_imports,
    tables.run_edges,
    tables.run_cut_edges,
    tables.run_docs,
    tables.run_cochanges,
    tables.run_commits,
)
_OF_RUN = (*_THINNED, tables.run_metrics, tables.findings)


class _Shared(NamedTuple):
    """Facts that runs of a project share: a table with its key, what hangs on each row (the table
    itself last), and how many of them go in one transaction. ``listed``: does a run list a row?"""

    key: Column[Any]
    tables: tuple[Table, ...]
    listed: ColumnElement[bool]
    at_once: int


_BLOBS = _Shared(
    tables.blobs.c.blob_id,
    (tables.symbols, tables.blob_sources, tables.blobs),
    exists().where(
        tables.run_files.c.project_id == tables.blobs.c.project_id,
        tables.run_files.c.blob == tables.blobs.c.blob,
        tables.run_files.c.language == tables.blobs.c.language,
        tables.run_files.c.extractor == tables.blobs.c.extractor,
    ),
    100,
)
_COMMITS = _Shared(
    tables.commits.c.oid,
    (tables.changes, tables.commits),
    exists().where(
        tables.run_commits.c.project_id == tables.commits.c.project_id,
        tables.run_commits.c.oid == tables.commits.c.oid,
    ),
    200,
)


def sweep_index(
    database: Database, project_id: int, *, keep: Sequence[int], running: Sequence[JobRef]
) -> int:
    """See ``IndexStore.sweep``. Stopped half way, the next sweep finishes it."""
    kept, live = set(keep), {(ref.job_id, ref.attempt) for ref in running}
    runs = tables.runs
    of_project = select(runs.c.run_id, runs.c.state, runs.c.job_id, runs.c.attempt).where(
        runs.c.project_id == project_id, runs.c.state != "thinned"
    )
    with reading(database.facts) as connection:
        present = connection.execute(of_project.order_by(runs.c.run_id)).all()
    swept = 0
    for run_id, state, job_id, attempt in present:
        unwanted = run_id not in kept and (job_id, attempt) not in live
        if state == "discarded" or (state == "building" and unwanted):
            discard_run(database, project_id, run_id)
            swept += 1
        elif state == "thinning" or (state == "finished" and unwanted):
            _thin_run(database, project_id, run_id)
            swept += 1
    for shared in (_BLOBS, _COMMITS):
        _sweep_shared(database, shared, project_id)
    return swept


def discard_run(database: Database, project_id: int, run_id: int) -> None:
    """Delete an unfinished run. Marked first: from then on its writer adds nothing more."""
    _mark(database, project_id, run_id, "discarded")
    for table in _OF_RUN:
        delete_run(database, table, project_id, run_id)
    with writing(database.facts) as connection:
        connection.execute(delete(tables.runs).where(_the_run(project_id, run_id)))


def purge_index(database: Database, project_id: int) -> None:
    """See ``IndexStore.purge``. The runs go first: without them nobody can add rows."""
    with writing(database.facts) as connection:
        connection.execute(delete(tables.runs).where(tables.runs.c.project_id == project_id))
    for table in _OF_RUN:
        first = select(func.min(table.c.run_id)).where(table.c.project_id == project_id)
        while (run_id := _scalar(database, first)) is not None:
            delete_run(database, table, project_id, run_id)
    for shared in (_BLOBS, _COMMITS):
        while keys := _keys(database, shared, project_id, shared.key.is_not(None)):
            with writing(database.facts) as connection:
                _delete(connection, shared, project_id, keys)


def _thin_run(database: Database, project_id: int, run_id: int) -> None:
    _mark(database, project_id, run_id, "thinning")
    for table in _THINNED:
        delete_run(database, table, project_id, run_id)
    _mark(database, project_id, run_id, "thinned")


def _sweep_shared(database: Database, shared: _Shared, project_id: int) -> None:
    last: object = None
    while True:
        further = shared.key.is_not(None) if last is None else shared.key > last
        keys = _keys(database, shared, project_id, and_(further, ~shared.listed))
        if not keys:
            return
        with writing(database.facts) as connection:
            if _is_written(connection, project_id):
                return
            still = select(shared.key).where(
                shared.key.table.c.project_id == project_id, shared.key.in_(keys), ~shared.listed
            )
            _delete(connection, shared, project_id, connection.execute(still).scalars().all())
        last = keys[-1]


def _keys(
    database: Database, shared: _Shared, project_id: int, where: ColumnElement[bool]
) -> Sequence[object]:
    """The first keys for which *where* holds, found without holding a lock."""
    wanted = select(shared.key).where(shared.key.table.c.project_id == project_id, where)
    with reading(database.facts) as connection:
        found = connection.execute(wanted.order_by(shared.key).limit(shared.at_once))
        return found.scalars().all()


def _delete(
    connection: Connection, shared: _Shared, project_id: int, keys: Sequence[object]
) -> None:
    for table in shared.tables:
        of_keys = table.c[shared.key.name].in_(keys)
        connection.execute(delete(table).where(table.c.project_id == project_id, of_keys))


def _is_written(connection: Connection, project_id: int) -> bool:
    """Is a run of the project being built? None can begin until the transaction ends."""
    counters, runs = tables.counters, tables.runs
    counter = select(counters.c.last).where(
        counters.c.project_id == project_id, counters.c.kind == "run"
    )
    connection.execute(counter.with_for_update())
    building = select(runs.c.run_id).where(
        runs.c.project_id == project_id, runs.c.state == "building"
    )
    return connection.execute(building).first() is not None


def _mark(database: Database, project_id: int, run_id: int, state: str) -> None:
    with writing(database.facts) as connection:
        marked = update(tables.runs).where(_the_run(project_id, run_id)).values(state=state)
        connection.execute(marked)


def _the_run(project_id: int, run_id: int) -> ColumnElement[bool]:
    return and_(tables.runs.c.project_id == project_id, tables.runs.c.run_id == run_id)


def _scalar(database: Database, wanted: Select[Any]) -> Any:
    with reading(database.facts) as connection:
        return connection.execute(wanted).scalar()
