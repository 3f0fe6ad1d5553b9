"""The index in the facts line's tables."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Select, select

from prism.adapters.sql import facts_tables as tables
from prism.adapters.sql.bulk import BINDS_MAX, bulk_writing, parts, take_numbers
from prism.adapters.sql.engine import Database, reading, reading_for_long
from prism.adapters.sql.fact_rows import to_run
from prism.adapters.sql.index_reader import SqlIndexReader
from prism.adapters.sql.index_sweep import discard_run, purge_index, sweep_index
from prism.adapters.sql.index_writer import SqlIndexWriter
from prism.adapters.sql.moments import Moments
from prism.application.ports.index_store import IndexReader, IndexStore, IndexWriter
from prism.domain.errors import NotFound, PrismError
from prism.domain.facts.files import BlobKey
from prism.domain.facts.runs import Run, RunState
from prism.domain.jobs import JobRef
from prism.domain.values import JsonObject

_log = logging.getLogger(__name__)
_VISIBLE = tables.runs.c.state != "discarded"


class SqlIndexStore(IndexStore):
    """On either database."""

    def __init__(self, database: Database, moments: Moments) -> None:
        self._database = database
        self._moments = moments

    @contextmanager
    def begin(
        self,
        project_id: int,
        *,
        commit: str,
        algorithm: str,
        settings: JsonObject,
        job: JobRef | None = None,
    ) -> Iterator[IndexWriter]:
        run_id = self._add_run(project_id, commit, algorithm, settings, job)
        writer = SqlIndexWriter(
            self._database,
            self._moments,
            project_id=project_id,
            run_id=run_id,
            algorithm=algorithm,
        )
        try:
            yield writer
        except BaseException:
            if not writer.finished:
                self._discard_quietly(project_id, run_id)
            raise
        if not writer.finished:
            discard_run(self._database, project_id, run_id)

    def outlines(self, project_id: int, keys: Sequence[BlobKey]) -> Mapping[BlobKey, bytes]:
        blobs = tables.blobs
        found: dict[BlobKey, bytes] = {}
        alike = sorted(set(keys), key=_all_but_blob)
        with reading(self._database.facts) as connection:
            for (algorithm, language, extractor), group in groupby(alike, _all_but_blob):
                for part in parts([key.blob for key in group], BINDS_MAX):
                    there = select(blobs.c.blob, blobs.c.outline).where(
                        blobs.c.project_id == project_id,
                        blobs.c.blob.in_(part),
                        blobs.c.language == language,
                        blobs.c.extractor == extractor,
                        blobs.c.algorithm == algorithm,
                    )
                    for blob, outline in connection.execute(there):
                        found[BlobKey(algorithm, blob, language, extractor)] = outline
        return found

    def run(self, project_id: int, run_id: int) -> Run:
        with reading(self._database.facts) as connection:
            return _run(connection, project_id, run_id)

    def runs(self, project_id: int) -> Sequence[Run]:
        newest_first = _runs_of(project_id).order_by(tables.runs.c.run_id.desc())
        with reading(self._database.facts) as connection:
            return [to_run(row) for row in connection.execute(newest_first).mappings()]

    @contextmanager
    def read(self, project_id: int, run_id: int) -> Iterator[IndexReader]:
        with reading_for_long(self._database.facts) as connection:
            # The first look takes the snapshot, on SQLite too.
            run = _run(connection, project_id, run_id)
            if run.state is not RunState.FINISHED:
                raise _no_run(project_id, run_id)
            yield SqlIndexReader(connection, run)

    def sweep(
        self,
        project_id: int,
        *,
        keep: Sequence[int],
        running: Sequence[JobRef],
        newest: int | None = None,
    ) -> int:
        return sweep_index(self._database, project_id, keep=keep, running=running, newest=newest)

    def purge(self, project_id: int) -> None:
        purge_index(self._database, project_id)

    def _add_run(
        self,
        project_id: int,
        commit: str,
        algorithm: str,
        settings: JsonObject,
        job: JobRef | None,
    ) -> int:
        with bulk_writing(self._database) as connection:
            run_id = take_numbers(connection, project_id, "run", 1)[0]
            row = {
                "project_id": project_id,
                "run_id": run_id,
                "commit_oid": commit,
                "algorithm": algorithm,
                "state": "building",
                "complete": False,
                "stages": [],
                "coverage": [],
                "notices": [],
                "cuts": [],
                "settings": settings,
                "job_id": None if job is None else job.job_id,
                "attempt": None if job is None else job.attempt,
                "created_at": self._moments.now(),
            }
            connection.execute(tables.runs.insert().values(row))
        return run_id

    def _discard_quietly(self, project_id: int, run_id: int) -> None:
        """Where this fails too, the next sweep does it; the first error is what counts."""
        try:
            discard_run(self._database, project_id, run_id)
        except PrismError as error:
            _log.warning(
                "an abandoned run stays until the next sweep",
                extra={"action": "run_discard_failed", "run_id": run_id, "code": error.code},
            )


def _run(connection: Connection, project_id: int, run_id: int) -> Run:
    wanted = _runs_of(project_id).where(tables.runs.c.run_id == run_id)
    row = connection.execute(wanted).mappings().one_or_none()
    if row is None:
        raise _no_run(project_id, run_id)
    return to_run(row)


def _runs_of(project_id: int) -> Select[*tuple[Any, ...]]:
    return select(tables.runs).where(tables.runs.c.project_id == project_id, _VISIBLE)


def _no_run(project_id: int, run_id: int) -> NotFound:
    return NotFound(
        f"project {project_id} has no finished run {run_id}",
        hint="index it again, or read its current run",
    )


def _all_but_blob(key: BlobKey) -> tuple[str, str, str]:
    return key.algorithm, key.language, key.extractor
