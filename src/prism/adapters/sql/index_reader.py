"""Reads one finished run from one snapshot."""

import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, select

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
        # Two questions, one index each; an edge from the file to itself answers both.
        starting = self._rows(table, to_edge, _is(table, "source", path))
        ending = self._rows(table, to_edge, _is(table, "target", path), table.c.source != path)
        return sorted([*starting, *ending])

    def metrics(self) -> Sequence[FileMetrics]:
        return self._sorted(tables.run_metrics, _make(FileMetrics))

    def cut_edges(self) -> Sequence[CutEdge]:
        return self._sorted(tables.run_cut_edges, to_cut_edge)

    def docs(self) -> Sequence[DocBlock]:
        return self._sorted(tables.run_docs, _make(DocBlock))

    def commits(self) -> Sequence[Commit]:
        if self._run.thinned:
            return []
        listed = tables.run_commits
        newest_first = select(listed.c.oid).where(self._of_run(listed)).order_by(listed.c.number)
        oids = self._connection.execute(newest_first).scalars().all()
        changes: defaultdict[str, list[Change]] = defaultdict(list)
        found: dict[str, Commit] = {}
        for part in parts(oids, BINDS_MAX):
            for oid, _number, *fields in self._of_commits(tables.changes, part):
                changes[oid].append(Change(*fields))
            for oid, time, author, subject, flags in self._of_commits(tables.commits, part):
                found[oid] = Commit(oid, time, author, subject, tuple(flags), tuple(changes[oid]))
        return [found[oid] for oid in oids]

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
        symbols: defaultdict[int, list[Symbol]] = defaultdict(list)
        for question in symbols_named(self._run.project_id, name):
            for blob_id, *fields in self._connection.execute(question):
                symbol = to_symbol(fields)
                if is_named(symbol, name):
                    symbols[blob_id].append(symbol)
        found = [
            SymbolRow(file, module, symbol)
            for file, module, blob_id in self._files_of(symbols)
            if path in (None, file)
            for symbol in symbols[blob_id]
        ]
        return sorted(found, key=lambda each: (each.path, place_in_file(each.symbol)))

    def _facts_of(self, paths: Sequence[str]) -> Sequence[tuple[str, str, int]]:
        """(path, module, blob id) of the files among *paths* that have facts, by path; all of them
        if empty."""
        wanted = set(paths)
        files = self._indexed_files()
        if 0 < len(wanted) <= BINDS_MAX // 2:
            keys = [path_key(path) for path in wanted]
            files = files.where(tables.run_files.c.path_key.in_(keys))
        rows = [row for row in self._connection.execute(files) if not wanted or row.path in wanted]
        blobs = {row.blob for row in rows}
        headers = self._headers()
        if len(blobs) <= BINDS_MAX // 2:
            headers = headers.where(tables.blobs.c.blob.in_(blobs))
        return _matched(rows, self._connection.execute(headers))

    def _files_of(self, blob_ids: Collection[int]) -> Sequence[tuple[str, str, int]]:
        """(path, module, blob id) of the run's files that have these facts, by path."""
        headers: list[Row[*tuple[Any, ...]]] = []
        for part in parts(sorted(blob_ids), BINDS_MAX):
            of_part = self._headers().where(tables.blobs.c.blob_id.in_(part))
            headers += self._connection.execute(of_part)
        blobs = {row.blob for row in headers}
        files = self._indexed_files()
        if len(blobs) <= BINDS_MAX // 2:
            files = files.where(tables.run_files.c.blob.in_(blobs))
        return _matched(self._connection.execute(files), headers)

    def _indexed_files(self) -> Select[*tuple[Any, ...]]:
        files = tables.run_files.c
        return select(files.path, files.module, files.blob, files.language, files.extractor).where(
            self._of_run(tables.run_files), files.status == FileStatus.INDEXED.value
        )

    def _headers(self) -> Select[*tuple[Any, ...]]:
        blobs = tables.blobs.c
        return select(blobs.blob_id, blobs.blob, blobs.language, blobs.extractor).where(
            blobs.project_id == self._run.project_id, blobs.algorithm == self._run.algorithm
        )

    def _of_commits(self, table: Table, oids: Sequence[str]) -> Iterator[Row[*tuple[Any, ...]]]:
        """Rows without their project, in the order of the key."""
        _, *columns = table.columns
        wanted = select(*columns).where(
            table.c.project_id == self._run.project_id, table.c.oid.in_(oids)
        )
        return iter(self._connection.execute(wanted.order_by(*table.primary_key.columns)))

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


def symbols_named(project_id: int, name: str) -> Sequence[Select[*tuple[Any, ...]]]:
    """Blob id and symbol of all that may be called *name*: questions to one index each.

    A symbol is found by its name, or by the last part of its qualified name where that is another.
    """
    symbols = tables.symbols
    whole, last = lookup_of(name), lookup_of(name.rpartition(".")[2])
    wanted = select(symbols.c.blob_id, *FIELDS[symbols]).where(symbols.c.project_id == project_id)
    names = sorted({whole, last})
    others = wanted.where(symbols.c.tail == last, symbols.c.lookup.not_in(names))
    return [*(wanted.where(symbols.c.lookup == each) for each in names), others]


def _matched(
    files: Iterable[Row[*tuple[Any, ...]]], headers: Iterable[Row[*tuple[Any, ...]]]
) -> Sequence[tuple[str, str, int]]:
    """(path, module, blob id), by path, of those *files* whose facts are among the *headers*."""
    ids = {(row.blob, row.language, row.extractor): row.blob_id for row in headers}
    found = [
        (row.path, row.module, ids.get((row.blob, row.language, row.extractor))) for row in files
    ]
    return sorted((path, module, blob_id) for path, module, blob_id in found if blob_id is not None)


def _is(table: Table, column: str, path: str) -> ColumnElement[bool]:
    """*column* of *table* is *path*, found by the index of its key."""
    return and_(table.c[f"{column}_key"] == path_key(path), table.c[column] == path)


def _make(kind: Callable[..., _T]) -> Callable[[Sequence[Any]], _T]:
    return lambda fields: kind(*fields)
