"""Writes one run of the index in short transactions; nobody reads it before it is finished."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection, Table, func, select, update

from prism.adapters.sql import fact_rows as rows
from prism.adapters.sql import facts_tables as tables
from prism.adapters.sql.bulk import (
    BYTES_MAX,
    ROWS_MAX,
    Row,
    bulk_writing,
    insert_new,
    insert_rows,
    parts,
    parts_by_weight,
    take_numbers,
)
from prism.adapters.sql.engine import Database, reading
from prism.adapters.sql.moments import Moments
from prism.application.ports.index_store import BlobFacts, IndexWriter
from prism.domain.errors import LeaseLost, Transient
from prism.domain.facts.files import FileStatus, RunFile
from prism.domain.facts.runs import (
    CoChange,
    Commit,
    CutEdge,
    CutSummary,
    DocBlock,
    Edge,
    FileMetrics,
    LanguageCoverage,
    Notice,
    ResolvedImport,
    Run,
    StageReport,
)
from prism.domain.findings.model import Finding

#: Stored bytes of a symbol's row and index entries, roughly: only chunk sizes hang on it.
_SYMBOL_BYTES = 400
_COMPRESSION_LEVEL = 6
_BLOB_KEY = [tables.blobs.c[name] for name in ("blob", "language", "extractor", "algorithm")]
_BLOB_ID = list(tables.blobs.columns).index(tables.blobs.c.blob_id)
_OID = list(tables.commits.columns).index(tables.commits.c.oid)
_Fact = TypeVar("_Fact")


class SqlIndexWriter(IndexWriter):
    """Each transaction first makes sure that the run is still being built.

    So rows cannot outlive it: whoever discards a run marks it, and from then on the writer, which
    may belong to an attempt that lost its lease, gets LeaseLost.
    """

    def __init__(
        self, database: Database, moments: Moments, *, project_id: int, run_id: int, algorithm: str
    ) -> None:
        self._database = database
        self._moments = moments
        self._project_id = project_id
        self._run_id = run_id
        self._algorithm = algorithm
        self._written: dict[Table, int] = {}
        self._rows_max = ROWS_MAX[database.facts.dialect.name]
        self._bytes_max = BYTES_MAX[database.facts.dialect.name]
        self.finished = False

    @property
    def run_id(self) -> int:
        return self._run_id

    def add_blobs(self, batch: Sequence[BlobFacts]) -> None:
        for part in parts_by_weight(batch, _weight, self._bytes_max):
            self._add_blobs(part, [_compressed(each.source) for each in part])

    def add_files(self, batch: Sequence[RunFile]) -> None:
        self._add(tables.run_files, batch, rows.file_row)

    def add_imports(self, batch: Sequence[ResolvedImport]) -> None:
        self._add(tables.run_imports, batch, rows.import_row)

    def add_edges(self, batch: Sequence[Edge]) -> None:
        self._add(tables.run_edges, batch, rows.edge_row)

    def add_metrics(self, batch: Sequence[FileMetrics]) -> None:
        self._add(tables.run_metrics, batch, partial(rows.plain_row, tables.run_metrics))

    def add_cut_edges(self, batch: Sequence[CutEdge]) -> None:
        self._add(tables.run_cut_edges, batch, partial(rows.plain_row, tables.run_cut_edges))

    def add_docs(self, batch: Sequence[DocBlock]) -> None:
        self._add(tables.run_docs, batch, partial(rows.plain_row, tables.run_docs))

    def add_commits(self, batch: Sequence[Commit]) -> None:
        for part in parts_by_weight(batch, lambda commit: 2 + len(commit.changes), self._rows_max):
            self._add_commits(part)

    def add_cochanges(self, batch: Sequence[CoChange]) -> None:
        self._add(tables.run_cochanges, batch, partial(rows.plain_row, tables.run_cochanges))

    def add_findings(self, batch: Sequence[Finding]) -> None:
        self._add(tables.findings, batch, partial(rows.plain_row, tables.findings))

    def finish(
        self,
        *,
        stages: Sequence[StageReport],
        coverage: Sequence[LanguageCoverage],
        notices: Sequence[Notice],
        cuts: Sequence[CutSummary],
        complete: bool,
    ) -> Run:
        self._check_facts()
        runs = tables.runs
        finished = (
            update(runs)
            .where(runs.c.project_id == self._project_id, runs.c.run_id == self._run_id)
            .values(
                state="finished",
                complete=complete,
                stages=rows.stages_as_json(stages),
                coverage=[each._asdict() for each in coverage],
                notices=[each._asdict() for each in notices],
                cuts=[each._asdict() for each in cuts],
                finished_at=self._moments.now(),
            )
            .returning(runs)
        )
        with self._transaction() as connection:
            row = connection.execute(finished).mappings().one()
        self.finished = True
        return rows.to_run(row)

    def _add(
        self, table: Table, facts: Sequence[_Fact], to_row: Callable[[int, int, int, _Fact], Row]
    ) -> None:
        for part in parts(facts, self._rows_max):
            numbers = self._numbers(table, len(part))
            made = [
                to_row(self._project_id, self._run_id, number, fact)
                for number, fact in zip(numbers, part, strict=True)
            ]
            with self._transaction() as connection:
                insert_rows(connection, table, made)

    def _add_blobs(self, part: Sequence[BlobFacts], sources: Sequence[bytes | None]) -> None:
        project_id = self._project_id
        # Ids in a transaction of their own: the counter is not locked while rows are stored.
        with bulk_writing(self._database) as connection:
            ids = take_numbers(connection, project_id, "blob", len(part))
        facts_of = dict(zip(ids, zip(part, sources, strict=True), strict=True))
        headers = [rows.blob_row(project_id, i, facts) for i, (facts, _) in facts_of.items()]
        with self._transaction() as connection:
            stored = insert_new(connection, tables.blobs, headers, _BLOB_KEY)
            symbols: list[Row] = []
            texts: list[Row] = []
            for blob_id in sorted(row[_BLOB_ID] for row in stored):
                facts, source = facts_of[blob_id]
                symbols.extend(rows.symbol_rows(project_id, blob_id, facts.symbols))
                if source is not None:
                    texts.append((project_id, blob_id, source))
            insert_rows(connection, tables.symbols, symbols)
            insert_rows(connection, tables.blob_sources, texts)

    def _add_commits(self, part: Sequence[Commit]) -> None:
        project_id = self._project_id
        numbers = self._numbers(tables.run_commits, len(part))
        listed = [
            rows.plain_row(tables.run_commits, project_id, self._run_id, number, (commit.oid,))
            for number, commit in zip(numbers, part, strict=True)
        ]
        commit_of = {commit.oid: commit for commit in part}
        made = [rows.commit_row(project_id, commit) for commit in part]
        with self._transaction() as connection:
            stored = insert_new(connection, tables.commits, made, [tables.commits.c.oid])
            new = [commit_of[row[_OID]] for row in stored]
            changes = [row for commit in new for row in rows.change_rows(project_id, commit)]
            insert_rows(connection, tables.changes, changes)
            insert_rows(connection, tables.run_commits, listed)

    def _numbers(self, table: Table, count: int) -> range:
        """The next places among the run's rows of *table*."""
        start = self._written.get(table, 0)
        self._written[table] = start + count
        return range(start, start + count)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        assert not self.finished, "written to after finish"
        state = (
            select(tables.runs.c.state)
            .where(
                tables.runs.c.project_id == self._project_id, tables.runs.c.run_id == self._run_id
            )
            .with_for_update(read=True)
        )
        with bulk_writing(self._database) as connection:
            if connection.execute(state).scalar() != "building":
                raise LeaseLost(
                    f"run {self._run_id} was removed while it was written",
                    hint="another worker has taken the job over; nothing is to be done here",
                )
            yield connection

    def _check_facts(self) -> None:
        files, blobs = tables.run_files, tables.blobs
        named = select(files.c.blob, files.c.language, files.c.extractor).where(
            files.c.project_id == self._project_id,
            files.c.run_id == self._run_id,
            files.c.status == FileStatus.INDEXED.value,
            files.c.extractor != "",
        )
        there = select(blobs.c.blob, blobs.c.language, blobs.c.extractor).where(
            blobs.c.project_id == self._project_id, blobs.c.algorithm == self._algorithm
        )
        missing = select(func.count()).select_from(named.except_(there).subquery())
        with reading(self._database.facts) as connection:
            count = connection.execute(missing).scalar_one()
        if count:
            raise Transient(
                f"the stored facts of {count} blobs were removed while run {self._run_id} was"
                " written",
                hint="index again; do not sweep a project while it is indexed",
            )


def _weight(facts: BlobFacts) -> int:
    """About how many bytes these facts take."""
    stored = len(facts.record) + len(facts.outline_record) + len(facts.source or b"") // 4
    return stored + _SYMBOL_BYTES * (1 + len(facts.symbols))


def _compressed(source: bytes | None) -> bytes | None:
    return None if source is None else zlib.compress(source, _COMPRESSION_LEVEL)
