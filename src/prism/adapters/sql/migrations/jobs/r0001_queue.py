"""Projects, credentials, jobs, and the pointers they publish."""

import sqlalchemy as sa
from alembic import op

from prism.adapters.sql.metadata import Id, JsonDocument, UtcTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    _credentials()
    _projects()
    _jobs()
    _job_indexes()
    _pointers()


def _credentials() -> None:
    op.create_table(
        "prism_credentials",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("encrypted_token", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("prism_credentials_pkey")),
        sa.UniqueConstraint("name", name=op.f("prism_credentials_name_key")),
    )


def _projects() -> None:
    op.create_table(
        "prism_projects",
        sa.Column("id", Id, sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source_kind", sa.Text(), nullable=False),
        sa.Column("source_location", sa.Text(), nullable=False),
        sa.Column("source_host", sa.Text(), nullable=True),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("removed_at", UtcTime(), nullable=True),
        sa.CheckConstraint(
            "(source_kind = 'local') = (source_host IS NOT NULL)",
            name=op.f("prism_projects_local_host_check"),
        ),
        sa.CheckConstraint(
            "source_kind IN ('remote', 'local')", name=op.f("prism_projects_source_kind_check")
        ),
        sa.ForeignKeyConstraint(
            ["credential_id"],
            ["prism_credentials.id"],
            name=op.f("prism_projects_credential_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("prism_projects_pkey")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "prism_projects_credential_id_idx", "prism_projects", ["credential_id"], unique=False
    )
    op.create_index(
        "prism_projects_name_idx",
        "prism_projects",
        ["name"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
        sqlite_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(
        "prism_projects_source_key_idx",
        "prism_projects",
        ["source_key"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
        sqlite_where=sa.text("removed_at IS NULL"),
    )


def _jobs() -> None:
    op.create_table(
        "prism_jobs",
        sa.Column("id", Id, sa.Identity(always=True), nullable=False),
        sa.Column("project_id", Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("dedup_key", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("run_at", UtcTime(), nullable=False),
        sa.Column("host", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failures", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("failures_max", sa.SmallInteger(), nullable=False),
        sa.Column("crashes", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("crashes_max", sa.SmallInteger(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", UtcTime(), nullable=True),
        sa.Column("heartbeat_at", UtcTime(), nullable=True),
        sa.Column("cancel_requested_at", UtcTime(), nullable=True),
        sa.Column("rerun", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("parked", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("options", JsonDocument, nullable=False),
        sa.Column("progress", JsonDocument, nullable=True),
        sa.Column("clone_path", sa.Text(), nullable=True),
        sa.Column("result", JsonDocument, nullable=True),
        sa.Column("errors", JsonDocument, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=True),
        sa.Column("finished_at", UtcTime(), nullable=True),
        sa.CheckConstraint(
            "(status = 'running') = (lease_until IS NOT NULL)",
            name=op.f("prism_jobs_running_has_lease_check"),
        ),
        sa.CheckConstraint(
            "(status IN ('completed', 'failed', 'cancelled')) = (finished_at IS NOT NULL)",
            name=op.f("prism_jobs_ended_has_finish_check"),
        ),
        sa.CheckConstraint(
            "status = 'pending' OR NOT parked", name=op.f("prism_jobs_parked_only_pending_check")
        ),
        sa.CheckConstraint(
            "status = 'running' OR clone_path IS NULL",
            name=op.f("prism_jobs_clone_only_running_check"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'running', 'completed', 'failed', 'cancelled')",
            name=op.f("prism_jobs_status_check"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("prism_jobs_pkey")),
        postgresql_with={
            "fillfactor": 70,
            "autovacuum_vacuum_scale_factor": 0.02,
            "autovacuum_vacuum_threshold": 200,
        },
        sqlite_autoincrement=True,
    )


def _job_indexes() -> None:
    op.create_index(
        "prism_jobs_claim",
        "prism_jobs",
        [sa.literal_column("priority DESC"), "run_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'pending' AND NOT parked"),
        sqlite_where=sa.text("status = 'pending' AND NOT parked"),
    )
    op.create_index(
        "prism_jobs_dedup",
        "prism_jobs",
        ["dedup_key"],
        unique=True,
        postgresql_where=sa.text("status IN ('pending', 'running')"),
        sqlite_where=sa.text("status IN ('pending', 'running')"),
    )
    op.create_index(
        "prism_jobs_lease",
        "prism_jobs",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("status = 'running'"),
        sqlite_where=sa.text("status = 'running'"),
    )
    op.create_index(
        "prism_jobs_one_running",
        "prism_jobs",
        ["project_id"],
        unique=True,
        postgresql_where=sa.text("status = 'running'"),
        sqlite_where=sa.text("status = 'running'"),
    )
    op.create_index(
        "prism_jobs_parked",
        "prism_jobs",
        ["project_id", "host", sa.literal_column("priority DESC"), "run_at", "id"],
        unique=False,
        postgresql_where=sa.text("parked"),
        sqlite_where=sa.text("parked"),
    )
    op.create_index(
        "prism_jobs_project",
        "prism_jobs",
        ["project_id", sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "prism_jobs_prune",
        "prism_jobs",
        ["finished_at"],
        unique=False,
        postgresql_where=sa.text("finished_at IS NOT NULL"),
        sqlite_where=sa.text("finished_at IS NOT NULL"),
    )


def _pointers() -> None:
    op.create_table(
        "prism_pointers",
        sa.Column("project_id", Id, autoincrement=False, nullable=False),
        sa.Column("run_id", Id, nullable=True),
        sa.Column("blueprint_id", Id, nullable=True),
        sa.Column("job_id", Id, nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("published_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["prism_projects.id"],
            name=op.f("prism_pointers_project_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("prism_pointers_pkey")),
    )
