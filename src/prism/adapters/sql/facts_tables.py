"""Tables of the facts line: the index and the blueprints.

Every primary key leads with the project and nothing joins across projects, so that Postgres can
partition each table by it, or a distributed one shard it. For the same reason there is no sequence
(``counters`` gives numbers per project) and no foreign key: a check per row would double the cost
of bulk writes, and whoever deletes does it table by table, in batches.

Columns stand in the order in which rows are written: keys first, then the fields of the domain's
tuple in its own order (``fact_rows.py`` relies on it). Rows of a run are numbered as they come,
which keeps every tree of the database growing at its end. Paths and names know no limit of length
but index entries do, so a ``…_key`` column holds 64 bits of a path's hash, and symbols are looked
up by the beginning of their names.

What keeps every question cheap whatever the planners know: nothing is joined in SQL; where rows are
asked for by lists of keys, the primary key is the only index that begins with the project; on
SQLite, tables with an index beside their key keep their row ids (else it scans the run by its key);
and Postgres gathers no statistics on project and run (migration 0001): it would believe that those
younger than its statistics have one row, and read them whole rather than by the index at hand.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)

from prism.adapters.sql.metadata import Id, UtcTime
from prism.adapters.sql.metadata import facts_metadata as metadata
from prism.adapters.sql.texts import AnyJson, AnyText


def _key(name: str) -> Column[int]:
    return Column(name, Id, nullable=False, autoincrement=False)


def _texts(*names: str) -> list[Column[str]]:
    return [Column(name, AnyText, nullable=False) for name in names]


def _by_run(column: Column[Any]) -> Index:
    table = column.table
    return Index(f"{table.name}_{column.name}_idx", table.c.project_id, table.c.run_id, column)


def _numbers(*names: str) -> list[Column[int]]:
    return [Column(name, Integer, nullable=False) for name in names]


#: The last number given per project and kind ('run', 'blob', 'blueprint'). A purge leaves these
#: rows: a number never comes back, or a pointer somebody kept would name another run.
counters = Table(
    "prism_counters",
    metadata,
    _key("project_id"),
    *_texts("kind"),
    Column("last", Id, nullable=False),
    PrimaryKeyConstraint("project_id", "kind"),
    sqlite_with_rowid=False,
)

#: States beyond the domain's: 'discarded' (its rows are being deleted, nobody sees it any more),
#: 'thinning' and 'thinned' (finished; of its rows, metrics and findings stay).
runs = Table(
    "prism_runs",
    metadata,
    _key("project_id"),
    _key("run_id"),
    *_texts("commit_oid", "algorithm", "state"),
    Column("complete", Boolean, nullable=False),
    Column("stages", AnyJson, nullable=False),
    Column("coverage", AnyJson, nullable=False),
    Column("notices", AnyJson, nullable=False),
    Column("cuts", AnyJson, nullable=False),
    Column("settings", AnyJson, nullable=False),
    Column("job_id", Id),
    Column("attempt", Integer),
    Column("created_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    PrimaryKeyConstraint("project_id", "run_id"),
    CheckConstraint(
        "state IN ('building', 'discarded', 'finished', 'thinning', 'thinned')", name="state"
    ),
)

#: Facts of a file's bytes, shared by the runs of a project. With its row id on SQLite: the rows
#: are large.
blobs = Table(
    "prism_blobs",
    metadata,
    _key("project_id"),
    _key("blob_id"),
    *_texts("algorithm", "blob", "language", "extractor"),
    Column("outline", LargeBinary, nullable=False),
    Column("record", LargeBinary, nullable=False),
    PrimaryKeyConstraint("project_id", "blob_id"),
    UniqueConstraint(
        "blob", "project_id", "language", "extractor", "algorithm", name="prism_blobs_natural_key"
    ),
)

#: Compressed text of a blob, where it is kept.
blob_sources = Table(
    "prism_blob_sources",
    metadata,
    _key("project_id"),
    _key("blob_id"),
    Column("source", LargeBinary, nullable=False),
    PrimaryKeyConstraint("project_id", "blob_id"),
)

#: ``number``: place among the blob's symbols. ``lookup``: its name, cut (``fact_rows.lookup_of``).
#: ``tail``: the last part of the qualified name, cut, where that is another; else null.
symbols = Table(
    "prism_symbols",
    metadata,
    _key("project_id"),
    _key("blob_id"),
    *_numbers("number"),
    *_texts("lookup"),
    Column("tail", AnyText),
    *_texts("kind", "name", "qualname"),
    *_numbers("ordinal", "parent", "start_byte", "end_byte", "start_line", "end_line"),
    *_texts("signature", "docstring", "visibility"),
    *_numbers("flags"),
    Column("decorators", AnyJson, nullable=False),
    *_texts("body_hash"),
    *_numbers("complexity", "cognitive", "nesting"),
    PrimaryKeyConstraint("project_id", "blob_id", "number"),
)
Index("prism_symbols_lookup_idx", symbols.c.lookup, symbols.c.project_id)
Index(
    "prism_symbols_tail_idx",
    symbols.c.tail,
    symbols.c.project_id,
    postgresql_where=text("tail IS NOT NULL"),
    sqlite_where=text("tail IS NOT NULL"),
)


def _of_run(name: str, *columns: Column[Any], row_ids: bool = False) -> Table:
    return Table(
        name,
        metadata,
        _key("project_id"),
        _key("run_id"),
        *_numbers("number"),
        *columns,
        PrimaryKeyConstraint("project_id", "run_id", "number"),
        sqlite_with_rowid=row_ids,
    )


run_files = _of_run(
    "prism_run_files",
    Column("path_key", BigInteger, nullable=False),
    *_texts("path", "blob", "mode"),
    Column("size", BigInteger, nullable=False),
    *_texts("language", "status", "scope", "module"),
    *_numbers("lines"),
    *_texts("problem", "extractor"),
    row_ids=True,
)
_by_run(run_files.c.path_key)
_by_run(run_files.c.blob)

run_imports = _of_run(
    "prism_run_imports",
    Column("path_key", BigInteger, nullable=False),
    *_texts("path"),
    *_numbers("binding", "line"),
    *_texts("module", "imported", "local", "status", "target", "home", "home_symbol"),
    *_texts("distribution", "reason"),
    row_ids=True,
)
_by_run(run_imports.c.path_key)

run_edges = _of_run(
    "prism_run_edges",
    Column("source_key", BigInteger, nullable=False),
    Column("target_key", BigInteger, nullable=False),
    *_texts("source", "target", "kind", "timing", "erased", "form", "guard", "scope"),
    Column("facade", Boolean, nullable=False),
    Column("lines", AnyJson, nullable=False),
    row_ids=True,
)
_by_run(run_edges.c.source_key)
_by_run(run_edges.c.target_key)

run_metrics = _of_run(
    "prism_run_metrics",
    *_texts("path"),
    *_numbers("lines", "code_lines", "complexity", "functions", "fan_in", "fan_out"),
    Column("instability", Double, nullable=False),
    *_numbers("component", "commits"),
    Column("recency_churn", Double, nullable=False),
    *_numbers("hotspot"),
)

run_cut_edges = _of_run(
    "prism_run_cut_edges",
    *_numbers("component"),
    *_texts("source", "target"),
    *_numbers("weight"),
    Column("lines", AnyJson, nullable=False),
)

run_docs = _of_run(
    "prism_run_docs",
    *_texts("path"),
    *_numbers("line"),
    *_texts("kind"),
    *_numbers("level"),
    *_texts("title", "text"),
    row_ids=True,
)

run_cochanges = _of_run(
    "prism_run_cochanges",
    *_texts("first", "second"),
    *_numbers("together"),
)

#: The commits a run saw, newest first by ``number``.
run_commits = _of_run("prism_run_commits", *_texts("oid"))

#: Members, evidence and figures are JSON: they are read with their finding or not at all.
findings = _of_run(
    "prism_findings",
    *_texts("rule", "fingerprint", "severity"),
    Column("confidence", Double, nullable=False),
    *_texts("confidence_reason", "title", "why", "graph", "anchor"),
    Column("members", AnyJson, nullable=False),
    Column("evidence", AnyJson, nullable=False),
    Column("figures", AnyJson, nullable=False),
    row_ids=True,
)

#: History of the project, shared by its runs.
commits = Table(
    "prism_commits",
    metadata,
    _key("project_id"),
    *_texts("oid"),
    Column("time", BigInteger, nullable=False),
    *_texts("author", "subject"),
    Column("flags", AnyJson, nullable=False),
    PrimaryKeyConstraint("project_id", "oid"),
    sqlite_with_rowid=False,
)

#: ``number``: place among the commit's changes.
changes = Table(
    "prism_changes",
    metadata,
    _key("project_id"),
    *_texts("oid"),
    *_numbers("number"),
    *_texts("status", "path", "old_path", "blob", "old_blob"),
    PrimaryKeyConstraint("project_id", "oid", "number"),
    sqlite_with_rowid=False,
)

#: ``document`` is the whole, from which it is read; the columns and the two tables below are for
#: people who look with SELECT.
blueprints = Table(
    "prism_blueprints",
    metadata,
    _key("project_id"),
    _key("blueprint_id"),
    _key("run_id"),
    *_texts("commit_oid", "project_name", "title", "goal"),
    Column("focus", AnyJson, nullable=False),
    *_texts("generator"),
    Column("job_id", Id),
    Column("attempt", Integer),
    Column("created_at", UtcTime, nullable=False),
    Column("document", AnyJson, nullable=False),
    PrimaryKeyConstraint("project_id", "blueprint_id"),
)

phases = Table(
    "prism_phases",
    metadata,
    _key("project_id"),
    _key("blueprint_id"),
    *_numbers("phase"),
    *_texts("kind", "title", "goal"),
    PrimaryKeyConstraint("project_id", "blueprint_id", "phase"),
    sqlite_with_rowid=False,
)

#: ``place``: within the phase. ``milestone_id`` comes from content and is the same in the next
#: blueprint that proposes it.
milestones = Table(
    "prism_milestones",
    metadata,
    _key("project_id"),
    _key("blueprint_id"),
    *_numbers("phase", "place"),
    *_texts("milestone_id", "number", "title", "intent"),
    Column("key_files", AnyJson, nullable=False),
    *_texts("measure_name"),
    Column("measure_before", Double, nullable=False),
    Column("measure_after", Double, nullable=False),
    *_texts("measure_unit", "verification"),
    Column("depends_on", AnyJson, nullable=False),
    Column("findings", AnyJson, nullable=False),
    PrimaryKeyConstraint("project_id", "blueprint_id", "phase", "place"),
)
Index("prism_milestones_id_idx", milestones.c.project_id, milestones.c.milestone_id)
