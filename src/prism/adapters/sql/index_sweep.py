"""Deletes what of an index is not kept, in batches that each are a short transaction."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, select, update

from prism.adapters.sql import facts_tables as tables
from prism.adapters.sql.bulk import delete_run, parts
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
#: In one transaction, with all that hangs on them: about a megabyte.
_BLOBS_AT_ONCE = 100
_COMMITS_AT_ONCE = 200
_OF_BLOB = (tables.symbols, tables.blob_sources, tables.blobs)
_OF_COMMIT = (tables.changes, tables.commits)


def sweep_index(
    database: Database,
    project_id: int,
    *,
    keep: Sequence[int],
    running: Sequence[JobRef],
    newest: int | None = None,
) -> int:
    """See ``IndexStore.sweep``. Stopped half way, the next sweep finishes it."""
    kept, live = set(keep), {(ref.job_id, ref.attempt) for ref in running}
    runs = tables.runs
    of_project = select(runs.c.run_id, runs.c.state, runs.c.job_id, runs.c.attempt).where(
        runs.c.project_id == project_id, runs.c.state != "thinned"
    )
    if newest is not None:
        of_project = of_project.where(runs.c.run_id <= newest)
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
    _sweep_shared(database, project_id)
    return swept


def discard_run(database: Database, project_id: int, run_id: int) -> None:
    """Delete an unfinished run. Marked first: from then on its writer adds nothing more."""
    _mark(database, project_id, run_id, "discarded")
    for table in _OF_RUN:
        delete_run(database, table, project_id, run_id)
    with writing(database.facts) as connection:
        connection.execute(delete(tables.runs).where(_the_run(project_id, run_id)))


def purge_index(database: Database, project_id: int) -> None:
    """See ``IndexStore.purge``. The runs are marked first: from then on nobody adds rows."""
    runs = tables.runs
    of_project = runs.c.project_id == project_id
    with writing(database.facts) as connection:
        connection.execute(update(runs).where(of_project).values(state="discarded"))
    with reading(database.facts) as connection:
        run_ids = connection.execute(select(runs.c.run_id).where(of_project)).scalars().all()
    for run_id in run_ids:
        discard_run(database, project_id, run_id)
    _delete_shared(database, project_id, _all_shared(database, project_id))


def _thin_run(database: Database, project_id: int, run_id: int) -> None:
    _mark(database, project_id, run_id, "thinning")
    for table in _THINNED:
        delete_run(database, table, project_id, run_id)
    _mark(database, project_id, run_id, "thinned")


class _Unlisted(NamedTuple):
    """Blobs and commits to delete, as long as ``last_run`` is the project's newest (None: in any
    case)."""

    blob_ids: Sequence[int]
    oids: Sequence[str]
    last_run: int | None


def _sweep_shared(database: Database, project_id: int) -> None:
    with reading(database.facts) as connection:
        if _is_written(connection, project_id):
            return
        unlisted = _Unlisted(
            _unlisted_blobs(connection, project_id),
            _unlisted_commits(connection, project_id),
            _last_run(connection, project_id),
        )
    _delete_shared(database, project_id, unlisted)


def _all_shared(database: Database, project_id: int) -> _Unlisted:
    blobs, commits = tables.blobs, tables.commits
    with reading(database.facts) as connection:
        ids = select(blobs.c.blob_id).where(blobs.c.project_id == project_id)
        oids = select(commits.c.oid).where(commits.c.project_id == project_id)
        return _Unlisted(
            connection.execute(ids).scalars().all(),
            connection.execute(oids).scalars().all(),
            None,
        )


def _unlisted_blobs(connection: Connection, project_id: int) -> Sequence[int]:
    """Ids of the blobs that no run lists. A blob's id tells its hash algorithm by its length."""
    files, blobs = tables.run_files, tables.blobs
    listed = select(files.c.blob, files.c.language, files.c.extractor).where(
        files.c.project_id == project_id
    )
    keys = {tuple(row) for row in connection.execute(listed.distinct())}
    stored = select(blobs.c.blob_id, blobs.c.blob, blobs.c.language, blobs.c.extractor).where(
        blobs.c.project_id == project_id
    )
    return [blob_id for blob_id, *key in connection.execute(stored) if tuple(key) not in keys]


def _unlisted_commits(connection: Connection, project_id: int) -> Sequence[str]:
    commits, listed = tables.commits, tables.run_commits
    stored = select(commits.c.oid).where(commits.c.project_id == project_id)
    kept = select(listed.c.oid).where(listed.c.project_id == project_id)
    return connection.execute(stored.except_(kept)).scalars().all()


def _delete_shared(database: Database, project_id: int, unlisted: _Unlisted) -> None:
    """Stops when a run has begun: it may have found what is about to go."""
    for of_key, name, keys, at_once in (
        (_OF_BLOB, "blob_id", unlisted.blob_ids, _BLOBS_AT_ONCE),
        (_OF_COMMIT, "oid", unlisted.oids, _COMMITS_AT_ONCE),
    ):
        for part in parts(sorted(keys), at_once):
            with writing(database.facts) as connection:
                if unlisted.last_run not in (None, _locked_last_run(connection, project_id)):
                    return
                for table in of_key:
                    of_part = table.c[name].in_(part)
                    connection.execute(
                        delete(table).where(table.c.project_id == project_id, of_part)
                    )


def _last_run(connection: Connection, project_id: int) -> int | None:
    """Number of the project's newest run."""
    return connection.execute(_counter(project_id)).scalar()


def _locked_last_run(connection: Connection, project_id: int) -> int | None:
    """The same; none can begin until the transaction ends."""
    return connection.execute(_counter(project_id).with_for_update()).scalar()


def _counter(project_id: int) -> Select[int]:
    counters = tables.counters
    return select(counters.c.last).where(
        counters.c.project_id == project_id, counters.c.kind == "run"
    )


def _is_written(connection: Connection, project_id: int) -> bool:
    runs = tables.runs
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
