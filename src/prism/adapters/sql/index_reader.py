"""Reads one finished run from one snapshot."""

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, or_, select

from prism.adapters.sql import facts_tables as tables
from prism.adapters.sql.bulk import BINDS_MAX, parts
from prism.adapters.sql.fact_rows import (
    FIELDS,
    lookup_of,
    path_key,
    to_cut_edge,
    to_edge,
    to_finding,
    to_symbol,
)
from prism.application.ports.index_store import IndexReader, SymbolRow
from prism.domain.facts.files import FileStatus, RunFile
from prism.domain.facts.runs import (
    Change,
    CoChange,
    Commit,
    CutEdge,
    DocBlock,
    Edge,
    FileMetrics,
    ResolvedImport,
    Run,
)
from prism.domain.facts.structure import Symbol, is_named, place_in_file
from prism.domain.findings.model import Finding

#: Files whose symbols or records are held in memory at once.
_FILES_AT_ONCE = 500
_LASTING = (tables.run_metrics, tables.findings)
_T = TypeVar("_T")


class SqlIndexReader(IndexReader):
    """Over a connection whose transaction is the snapshot.

    Sorted here and not by the database: what the domain calls natural order is that of Python's
    tuples, and rows come almost sorted anyway.
    """

    def __init__(self, connection: Connection, run: Run) -> None:
        self._connection = connection
        self._run = run

    @property
    def run(self) -> Run:
        return self._run

    def files(self) -> Sequence[RunFile]:
        return self._sorted(tables.run_files, _make(RunFile))

    def symbols(self, *, name: str | None = None, path: str | None = None) -> Iterator[SymbolRow]:
        if name is not None:
            return iter(self._symbols_named(name, path))
        return self._all_symbols(() if path is None else (path,))

    def imports(self, *, path: str | None = None) -> Sequence[ResolvedImport]:
        table = tables.run_imports
        make = _make(ResolvedImport)
        if path is None:
            return self._sorted(table, make)
        return self._sorted(table, make, _is(table, "path", path))

    def edges(self, *, path: str | None = None) -> Sequence[Edge]:
        table = tables.run_edges
        if path is None:
            return self._sorted(table, to_edge)
        return self._sorted(
            table, to_edge, or_(_is(table, "source", path), _is(table, "target", path))
        )

    def metrics(self) -> Sequence[FileMetrics]:
        return self._sorted(tables.run_metrics, _make(FileMetrics))

    def cut_edges(self) -> Sequence[CutEdge]:
        return self._sorted(tables.run_cut_edges, to_cut_edge)

    def docs(self) -> Sequence[DocBlock]:
        return self._sorted(tables.run_docs, _make(DocBlock))

    def commits(self) -> Sequence[Commit]:
        if self._run.thinned:
            return []
        commits, listed = tables.commits, tables.run_commits
        newest_first = (
            select(*FIELDS[commits])
            .join(listed, _same_commit(commits))
            .where(self._of_run(listed))
            .order_by(listed.c.number)
        )
        changes = self._changes()
        return [
            Commit(oid, time, author, subject, tuple(flags), tuple(changes[oid]))
            for oid, time, author, subject, flags in self._connection.execute(newest_first)
        ]

    def _changes(self) -> Mapping[str, list[Change]]:
        changes, listed = tables.changes, tables.run_commits
        in_order = (
            select(changes.c.oid, *FIELDS[changes])
            .join(listed, _same_commit(changes))
            .where(self._of_run(listed))
            .order_by(changes.c.oid, changes.c.number)
        )
        found: defaultdict[str, list[Change]] = defaultdict(list)
        for oid, *fields in self._connection.execute(in_order):
            found[oid].append(Change(*fields))
        return found

    def cochanges(self) -> Sequence[CoChange]:
        return self._sorted(tables.run_cochanges, _make(CoChange))

    def findings(self) -> Sequence[Finding]:
        found = self._rows(tables.findings, to_finding)
        return sorted(found, key=lambda each: (each.rule, each.anchor, each.fingerprint))

    def sources(self, paths: Sequence[str]) -> Mapping[str, bytes]:
        if not paths:
            return {}
        found: dict[str, bytes] = {}
        for part in parts(self._facts_of(paths), _FILES_AT_ONCE):
            stored = self._of_blobs(part, tables.blob_sources, tables.blob_sources.c.source)
            texts = {blob_id: zlib.decompress(packed) for blob_id, packed in stored}
            found.update((path, texts[blob]) for path, _, blob in part if blob in texts)
        return found

    def records(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        for part in parts(self._facts_of(paths), _FILES_AT_ONCE):
            stored = self._of_blobs(part, tables.blobs, tables.blobs.c.record)
            records = {blob_id: record for blob_id, record in stored}  # noqa: C416 - rows, not pairs
            yield from ((path, records[blob_id]) for path, _, blob_id in part)

    def _all_symbols(self, paths: Sequence[str]) -> Iterator[SymbolRow]:
        for part in parts(self._facts_of(paths), _FILES_AT_ONCE):
            symbols: defaultdict[int, list[Symbol]] = defaultdict(list)
            columns = FIELDS[tables.symbols]
            for blob_id, *fields in self._of_blobs(part, tables.symbols, *columns):
                symbols[blob_id].append(to_symbol(fields))
            for path, module, blob_id in part:
                for symbol in sorted(symbols[blob_id], key=place_in_file):
                    yield SymbolRow(path, module, symbol)

    def _symbols_named(self, name: str, path: str | None) -> Sequence[SymbolRow]:
        if self._run.thinned:
            return []
        rows = self._connection.execute(symbols_named(self._run, name))
        found = [SymbolRow(row[0], row[1], to_symbol(row[2:])) for row in rows]
        chosen = [
            each
            for each in found
            if is_named(each.symbol, name) and (path is None or each.path == path)
        ]
        return sorted(chosen, key=lambda each: (each.path, place_in_file(each.symbol)))

    def _facts_of(self, paths: Sequence[str]) -> Sequence[tuple[str, str, int]]:
        """(path, module, blob id) of the files among *paths* that have facts, by path; all of them
        if empty."""
        if self._run.thinned:
            return []
        files = tables.run_files
        wanted = (
            select(files.c.path, files.c.module, tables.blobs.c.blob_id)
            .join(tables.blobs, tables.has_facts(self._run.algorithm))
            .where(self._of_run(files), files.c.status == FileStatus.INDEXED.value)
        )
        if not paths:
            return sorted(_tuples(self._connection, wanted))
        found: list[tuple[str, str, int]] = []
        for part in parts(sorted(set(paths)), BINDS_MAX // 2):
            keys = [path_key(path) for path in part]
            among = wanted.where(files.c.path_key.in_(keys), files.c.path.in_(part))
            found += _tuples(self._connection, among)
        return sorted(found)

    def _of_blobs(
        self, files: Sequence[tuple[str, str, int]], table: Table, *columns: ColumnElement[Any]
    ) -> Iterator[Row[*tuple[Any, ...]]]:
        """(blob id, *columns*) of the rows of *table* that belong to the blobs of *files*."""
        blob_ids = sorted({blob_id for _, _, blob_id in files})
        wanted = select(table.c.blob_id, *columns).where(
            table.c.project_id == self._run.project_id, table.c.blob_id.in_(blob_ids)
        )
        return iter(self._connection.execute(wanted))

    def _sorted(
        self, table: Table, make: Callable[[Sequence[Any]], _T], *where: ColumnElement[bool]
    ) -> list[_T]:
        return sorted(self._rows(table, make, *where))  # type: ignore[type-var]  # all are tuples

    def _rows(
        self, table: Table, make: Callable[[Sequence[Any]], _T], *where: ColumnElement[bool]
    ) -> Iterator[_T]:
        if self._run.thinned and table not in _LASTING:
            return iter(())
        wanted = select(*FIELDS[table]).where(self._of_run(table), *where)
        return map(make, self._connection.execute(wanted))

    def _of_run(self, table: Table) -> ColumnElement[bool]:
        return and_(table.c.project_id == self._run.project_id, table.c.run_id == self._run.id)


def symbols_named(run: Run, name: str) -> Select[Any]:
    """Path, module and symbol of all that may be called *name*, by the index of names.

    A symbol is found by its name, or by the last part of its qualified name where that is another.
    """
    symbols, blobs, files = tables.symbols, tables.blobs, tables.run_files
    whole, last = lookup_of(name), lookup_of(name.rpartition(".")[2])
    return (
        select(files.c.path, files.c.module, *FIELDS[symbols])
        .select_from(symbols)
        .join(
            blobs,
            and_(blobs.c.project_id == symbols.c.project_id, blobs.c.blob_id == symbols.c.blob_id),
        )
        .join(files, tables.has_facts(run.algorithm))
        .where(
            symbols.c.project_id == run.project_id,
            or_(symbols.c.lookup.in_([whole, last]), symbols.c.tail == last),
            files.c.run_id == run.id,
            files.c.status == FileStatus.INDEXED.value,
        )
    )


def _same_commit(table: Table) -> ColumnElement[bool]:
    listed = tables.run_commits
    return and_(table.c.project_id == listed.c.project_id, table.c.oid == listed.c.oid)


def _is(table: Table, column: str, path: str) -> ColumnElement[bool]:
    """*column* of *table* is *path*, found by the index of its key."""
    return and_(table.c[f"{column}_key"] == path_key(path), table.c[column] == path)


def _make(kind: Callable[..., _T]) -> Callable[[Sequence[Any]], _T]:
    return lambda fields: kind(*fields)


def _tuples(connection: Connection, wanted: Select[Any]) -> list[tuple[str, str, int]]:
    return [(path, module, blob_id) for path, module, blob_id in connection.execute(wanted)]
