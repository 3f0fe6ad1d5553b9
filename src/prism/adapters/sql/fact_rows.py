"""Facts as rows of ``facts_tables.py`` and back."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, RowMapping, Table

from prism.adapters.sql import facts_tables as tables
from prism.adapters.sql.bulk import Row
from prism.adapters.sql.texts import AnyJson, AnyText, encode_json, encode_text, is_odd
from prism.application.ports.index_store import BlobFacts
from prism.domain.facts.files import RunFile
from prism.domain.facts.runs import (
    Commit,
    CutEdge,
    CutSummary,
    Edge,
    LanguageCoverage,
    Notice,
    ResolvedImport,
    Run,
    RunState,
    StageReport,
    StageStatus,
)
from prism.domain.facts.structure import Symbol
from prism.domain.findings.model import Evidence, Finding
from prism.domain.jobs import JobRef
from prism.domain.values import Json

#: Characters of a name that its index entry holds: Postgres refuses entries above 2,700 bytes.
LOOKUP_LENGTH = 100
_DECORATORS = Symbol._fields.index("decorators")


@lru_cache(maxsize=1 << 16)
def path_key(path: str) -> int:
    """64 bits of the hash of *path*, for index entries of one length."""
    digest = blake2b(path.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def lookup_of(name: str) -> str:
    """What the index of names holds of *name*."""
    return name[:LOOKUP_LENGTH]


class _Packing:
    """Turns the fields of a domain tuple into the last columns of a row of *table*."""

    def __init__(self, table: Table, fields: int) -> None:
        columns = list(table.columns)[-fields:]
        self.columns = columns
        self._texts = [i for i, column in enumerate(columns) if isinstance(column.type, AnyText)]
        self._json = [i for i, column in enumerate(columns) if isinstance(column.type, AnyJson)]
        self._text_values = itemgetter(*self._texts)

    def __call__(self, values: Sequence[Any]) -> Sequence[object]:
        odd = is_odd("".join(self._text_values(values)))
        if not odd and not self._json:
            return values
        packed = list(values)
        for place in self._json:
            packed[place] = encode_json(packed[place])
        if odd:
            for place in self._texts:
                packed[place] = encode_text(packed[place])
        return packed


_FILE = _Packing(tables.run_files, len(RunFile._fields))
_IMPORT = _Packing(tables.run_imports, len(ResolvedImport._fields))
_EDGE = _Packing(tables.run_edges, len(Edge._fields))
_SYMBOL = _Packing(tables.symbols, len(Symbol._fields) - 1)
_COMMIT = _Packing(tables.commits, len(Commit._fields) - 1)
_CHANGE = _Packing(tables.changes, 5)
#: Tables of a run whose rows are number and fields, nothing else.
_PLAIN = {
    table: _Packing(table, len(table.columns) - 3)
    for table in (
        tables.run_metrics,
        tables.run_cut_edges,
        tables.run_docs,
        tables.run_cochanges,
        tables.run_commits,
        tables.findings,
    )
}

#: What is read back of a table: the columns that are fields of the domain's tuple.
FIELDS: dict[Table, list[Column[Any]]] = {
    tables.run_files: _FILE.columns,
    tables.run_imports: _IMPORT.columns,
    tables.run_edges: _EDGE.columns,
    tables.symbols: _SYMBOL.columns,
    tables.commits: _COMMIT.columns,
    tables.changes: _CHANGE.columns,
    **{table: packing.columns for table, packing in _PLAIN.items()},
}


def file_row(project_id: int, run_id: int, number: int, file: RunFile) -> Row:
    return (project_id, run_id, number, path_key(file.path), *_FILE(file))


def import_row(project_id: int, run_id: int, number: int, each: ResolvedImport) -> Row:
    return (project_id, run_id, number, path_key(each.path), *_IMPORT(each))


def edge_row(project_id: int, run_id: int, number: int, edge: Edge) -> Row:
    keys = (path_key(edge.source), path_key(edge.target))
    return (project_id, run_id, number, *keys, *_EDGE(edge))


def plain_row(table: Table, project_id: int, run_id: int, number: int, fact: Row) -> Row:
    """Of a table whose columns are number and fields."""
    return (project_id, run_id, number, *_PLAIN[table](fact))


def blob_row(project_id: int, blob_id: int, facts: BlobFacts) -> Row:
    return (project_id, blob_id, *facts.key, facts.outline_record, facts.record)


def symbol_rows(project_id: int, blob_id: int, symbols: Iterable[Symbol]) -> Iterable[Row]:
    for number, symbol in enumerate(symbols):
        lookup = lookup_of(symbol.name)
        tail: str | None = lookup_of(symbol.qualname.rpartition(".")[2])
        if tail == lookup:
            tail = None
        elif tail is not None and is_odd(tail):
            tail = encode_text(tail)
        if is_odd(lookup):
            lookup = encode_text(lookup)
        yield (project_id, blob_id, number, lookup, tail, *_SYMBOL(symbol[:-1]))


def commit_row(project_id: int, commit: Commit) -> Row:
    return (project_id, *_COMMIT(commit[:-1]))


def change_rows(project_id: int, commit: Commit) -> Iterable[Row]:
    for number, change in enumerate(commit.changes):
        yield (project_id, commit.oid, number, *_CHANGE(change))


def to_symbol(fields: Sequence[Any]) -> Symbol:
    decorators = tuple(fields[_DECORATORS])
    return Symbol._make((*fields[:_DECORATORS], decorators, *fields[_DECORATORS + 1 :], ()))


def to_edge(fields: Sequence[Any]) -> Edge:
    return Edge._make((*fields[:-1], tuple(fields[-1])))


def to_cut_edge(fields: Sequence[Any]) -> CutEdge:
    return CutEdge._make((*fields[:-1], tuple(fields[-1])))


def to_finding(fields: Sequence[Any]) -> Finding:
    members, evidence, figures = fields[-3:]
    places = tuple(Evidence._make(each) for each in evidence)
    return Finding._make((*fields[:-3], tuple(members), places, figures))


def stages_as_json(stages: Iterable[StageReport]) -> list[Json]:
    return [
        {
            "name": stage.name,
            "version": stage.version,
            "status": stage.status.value,
            "counts": stage.counts,
            "seconds": stage.seconds,
            "error": stage.error,
        }
        for stage in stages
    ]


def to_run(row: RowMapping) -> Run:
    state = row["state"]
    job = None if row["job_id"] is None else JobRef(job_id=row["job_id"], attempt=row["attempt"])
    return Run(
        project_id=row["project_id"],
        id=row["run_id"],
        commit=row["commit_oid"],
        algorithm=row["algorithm"],
        state=RunState.BUILDING if state == "building" else RunState.FINISHED,
        complete=row["complete"],
        stages=tuple(
            StageReport(**{**each, "status": StageStatus(each["status"])}) for each in row["stages"]
        ),
        coverage=tuple(LanguageCoverage(**each) for each in row["coverage"]),
        notices=tuple(Notice(**each) for each in row["notices"]),
        cuts=tuple(CutSummary(**each) for each in row["cuts"]),
        settings=row["settings"],
        job=job,
        created_at=row["created_at"],
        finished_at=row["finished_at"],
        thinned=state in ("thinning", "thinned"),
    )
