"""The index and the blueprints."""

import sqlalchemy as sa
from alembic import op

from prism.adapters.sql.metadata import Id, UtcTime
from prism.adapters.sql.texts import AnyJson, AnyText

revision = "0001"
down_revision = None


def upgrade() -> None:
    _counters()
    _runs()
    _blobs()
    _blob_sources()
    _symbols()
    _run_files()
    _run_imports()
    _run_edges()
    _run_metrics()
    _run_cut_edges()
    _run_docs()
    _run_cochanges()
    _commits()
    _changes()
    _run_commits()
    _findings()
    _blueprints()
    _phases()
    _milestones()
    _without_statistics()


def _counters() -> None:
    op.create_table(
        "prism_counters",
        *_ids("project_id"),
        *_texts("kind"),
        *_ids("last"),
        sa.PrimaryKeyConstraint("project_id", "kind", name=op.f("prism_counters_pkey")),
        sqlite_with_rowid=False,
    )


def _runs() -> None:
    op.create_table(
        "prism_runs",
        *_ids("project_id", "run_id"),
        *_texts("commit_oid", "algorithm", "state"),
        *_switches("complete"),
        *_documents("stages", "coverage", "notices", "cuts", "settings"),
        sa.Column("job_id", Id, nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("finished_at", UtcTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('building', 'discarded', 'finished', 'thinning', 'thinned')",
            name=op.f("prism_runs_state_check"),
        ),
        sa.PrimaryKeyConstraint("project_id", "run_id", name=op.f("prism_runs_pkey")),
    )


def _blobs() -> None:
    op.create_table(
        "prism_blobs",
        *_ids("project_id", "blob_id"),
        *_texts("algorithm", "blob", "language", "extractor"),
        *_bytes("outline", "record"),
        sa.PrimaryKeyConstraint("project_id", "blob_id", name=op.f("prism_blobs_pkey")),
        sa.UniqueConstraint(
            "blob",
            "project_id",
            "language",
            "extractor",
            "algorithm",
            name="prism_blobs_natural_key",
        ),
    )


def _blob_sources() -> None:
    op.create_table(
        "prism_blob_sources",
        *_ids("project_id", "blob_id"),
        *_bytes("source"),
        sa.PrimaryKeyConstraint("project_id", "blob_id", name=op.f("prism_blob_sources_pkey")),
    )


def _symbols() -> None:
    op.create_table(
        "prism_symbols",
        *_ids("project_id", "blob_id"),
        *_numbers("number"),
        *_texts("lookup"),
        sa.Column("tail", AnyText(), nullable=True),
        *_texts("kind", "name", "qualname"),
        *_numbers("ordinal", "parent", "start_byte", "end_byte", "start_line", "end_line"),
        *_texts("signature", "docstring", "visibility"),
        *_numbers("flags"),
        *_documents("decorators"),
        *_texts("body_hash"),
        *_numbers("complexity", "cognitive", "nesting"),
        sa.PrimaryKeyConstraint("project_id", "blob_id", "number", name=op.f("prism_symbols_pkey")),
    )
    op.create_index("prism_symbols_lookup_idx", "prism_symbols", ["lookup", "project_id"])
    op.create_index(
        "prism_symbols_tail_idx",
        "prism_symbols",
        ["tail", "project_id"],
        postgresql_where=sa.text("tail IS NOT NULL"),
        sqlite_where=sa.text("tail IS NOT NULL"),
    )


def _run_files() -> None:
    op.create_table(
        "prism_run_files",
        *_ids("project_id", "run_id"),
        *_numbers("number"),
        *_large_numbers("path_key"),
        *_texts("path", "blob", "mode"),
        *_large_numbers("size"),
        *_texts("language", "status", "scope", "module"),
        *_numbers("lines"),
        *_texts("problem", "extractor"),
        sa.PrimaryKeyConstraint(
            "project_id", "run_id", "number", name=op.f("prism_run_files_pkey")
        ),
    )
    op.create_index("prism_run_files_blob_idx", "prism_run_files", ["project_id", "run_id", "blob"])
    op.create_index(
        "prism_run_files_path_key_idx", "prism_run_files", ["project_id", "run_id", "path_key"]
    )


def _run_imports() -> None:
    op.create_table(
        "prism_run_imports",
        *_ids("project_id", "run_id"),
        *_numbers("number"),
        *_large_numbers("path_key"),
        *_texts("path"),
        *_numbers("binding", "line"),
        *_texts(
            "module",
            "imported",
            "local",
            "status",
            "target",
            "home",
            "home_symbol",
            "distribution",
            "reason",
        ),
        sa.PrimaryKeyConstraint(
            "project_id", "run_id", "number", name=op.f("prism_run_imports_pkey")
        ),
    )
    op.create_index(
        "prism_run_imports_path_key_idx", "prism_run_imports", ["project_id", "run_id", "path_key"]
    )


def _run_edges() -> None:
    op.create_table(
        "prism_run_edges",
        *_ids("project_id", "run_id"),
        *_numbers("number"),
        *_large_numbers("source_key", "target_key"),
        *_texts("source", "target", "kind", "timing", "erased", "form", "guard", "scope"),
        *_switches("facade"),
        *_documents("lines"),
        sa.PrimaryKeyConstraint(
            "project_id", "run_id", "number", name=op.f("prism_run_edges_pkey")
        ),
    )
    op.create_index(
        "prism_run_edges_source_key_idx", "prism_run_edges", ["project_id", "run_id", "source_key"]
    )
    op.create_index(
        "prism_run_edges_target_key_idx", "prism_run_edges", ["project_id", "run_id", "target_key"]
    )


def _run_metrics() -> None:
    op.create_table(
        "prism_run_metrics",
        *_ids("project_id", "run_id"),
        *_numbers("number"),
        *_texts("path"),
        *_numbers("lines", "code_lines", "complexity", "functions", "fan_in", "fan_out"),
        *_measures("instability"),
        *_numbers("component", "commits"),
        *_measures("recency_churn"),
        *_numbers("hotspot"),
        sa.PrimaryKeyConstraint(
            "project_id", "run_id", "number", name=op.f("prism_run_metrics_pkey")
        ),
        sqlite_with_rowid=False,
    )


def _run_cut_edges() -> None:
    op.create_table(
        "prism_run_cut_edges",
        *_ids("project_id", "run_id"),
        *_numbers("number", "component"),
        *_texts("source", "target"),
        *_numbers("weight"),
        *_documents("lines"),
        sa.PrimaryKeyConstraint(
            "project_id", "run_id", "number", name=op.f("prism_run_cut_edges_pkey")
        ),
        sqlite_with_rowid=False,
    )


def _run_docs() -> None:
    op.create_table(
        "prism_run_docs",
        *_ids("project_id", "run_id"),
        *_numbers("number"),
        *_texts("path"),
        *_numbers("line"),
        *_texts("kind"),
        *_numbers("level"),
        *_texts("title", "text"),
        sa.PrimaryKeyConstraint("project_id", "run_id", "number", name=op.f("prism_run_docs_pkey")),
    )


def _run_cochanges() -> None:
    op.create_table(
        "prism_run_cochanges",
        *_ids("project_id", "run_id"),
        *_numbers("number"),
        *_texts("first", "second"),
        *_numbers("together"),
        sa.PrimaryKeyConstraint(
            "project_id", "run_id", "number", name=op.f("prism_run_cochanges_pkey")
        ),
        sqlite_with_rowid=False,
    )


def _commits() -> None:
    op.create_table(
        "prism_commits",
        *_ids("project_id"),
        *_texts("oid"),
        *_large_numbers("time"),
        *_texts("author", "subject"),
        *_documents("flags"),
        sa.PrimaryKeyConstraint("project_id", "oid", name=op.f("prism_commits_pkey")),
        sqlite_with_rowid=False,
    )


def _changes() -> None:
    op.create_table(
        "prism_changes",
        *_ids("project_id"),
        *_texts("oid"),
        *_numbers("number"),
        *_texts("status", "path", "old_path", "blob", "old_blob"),
        sa.PrimaryKeyConstraint("project_id", "oid", "number", name=op.f("prism_changes_pkey")),
        sqlite_with_rowid=False,
    )


def _run_commits() -> None:
    op.create_table(
        "prism_run_commits",
        *_ids("project_id", "run_id"),
        *_numbers("number"),
        *_texts("oid"),
        sa.PrimaryKeyConstraint(
            "project_id", "run_id", "number", name=op.f("prism_run_commits_pkey")
        ),
        sqlite_with_rowid=False,
    )


def _findings() -> None:
    op.create_table(
        "prism_findings",
        *_ids("project_id", "run_id"),
        *_numbers("number"),
        *_texts("rule", "fingerprint", "severity"),
        *_measures("confidence"),
        *_texts("confidence_reason", "title", "why", "graph", "anchor"),
        *_documents("members", "evidence", "figures"),
        sa.PrimaryKeyConstraint("project_id", "run_id", "number", name=op.f("prism_findings_pkey")),
    )


def _blueprints() -> None:
    op.create_table(
        "prism_blueprints",
        *_ids("project_id", "blueprint_id", "run_id"),
        *_texts("commit_oid", "project_name", "title", "goal"),
        *_documents("focus"),
        *_texts("generator"),
        sa.Column("job_id", Id, nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        *_documents("document"),
        sa.PrimaryKeyConstraint("project_id", "blueprint_id", name=op.f("prism_blueprints_pkey")),
    )


def _phases() -> None:
    op.create_table(
        "prism_phases",
        *_ids("project_id", "blueprint_id"),
        *_numbers("phase"),
        *_texts("kind", "title", "goal"),
        sa.PrimaryKeyConstraint(
            "project_id", "blueprint_id", "phase", name=op.f("prism_phases_pkey")
        ),
        sqlite_with_rowid=False,
    )


def _milestones() -> None:
    op.create_table(
        "prism_milestones",
        *_ids("project_id", "blueprint_id"),
        *_numbers("phase", "place"),
        *_texts("milestone_id", "number", "title", "intent"),
        *_documents("key_files"),
        *_texts("measure_name"),
        *_measures("measure_before", "measure_after"),
        *_texts("measure_unit", "verification"),
        *_documents("depends_on", "findings"),
        sa.PrimaryKeyConstraint(
            "project_id", "blueprint_id", "phase", "place", name=op.f("prism_milestones_pkey")
        ),
    )
    op.create_index("prism_milestones_id_idx", "prism_milestones", ["project_id", "milestone_id"])


def _ids(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, Id, autoincrement=False, nullable=False) for name in names]


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, AnyText(), nullable=False) for name in names]


def _documents(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, AnyJson(), nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _large_numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _measures(*names: str) -> list[sa.Column[float]]:
    return [sa.Column(name, sa.Double(), nullable=False) for name in names]


def _switches(*names: str) -> list[sa.Column[bool]]:
    return [sa.Column(name, sa.Boolean(), nullable=False) for name in names]


def _bytes(*names: str) -> list[sa.Column[bytes]]:
    return [sa.Column(name, sa.LargeBinary(), nullable=False) for name in names]


def _without_statistics() -> None:
    """Of project and run, on Postgres, where it has a choice of indexes (``facts_tables.py``)."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, column in (
        ("prism_blobs", "project_id"),
        ("prism_symbols", "project_id"),
        ("prism_run_files", "project_id"),
        ("prism_run_files", "run_id"),
        ("prism_run_imports", "project_id"),
        ("prism_run_imports", "run_id"),
        ("prism_run_edges", "project_id"),
        ("prism_run_edges", "run_id"),
    ):
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0")
