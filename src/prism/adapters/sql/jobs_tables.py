"""Tables of the jobs line: projects, credentials, jobs, and the pointers they publish."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    false,
    text,
)

from prism.adapters.sql.metadata import Id, JsonDocument, UtcTime
from prism.adapters.sql.metadata import jobs_metadata as metadata

credentials = Table(
    "prism_credentials",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("provider", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("username", Text, nullable=False),
    Column("encrypted_token", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

projects = Table(
    "prism_projects",
    metadata,
    Column("id", Id, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("source_kind", Text, nullable=False),
    Column("source_location", Text, nullable=False),
    Column("source_host", Text),
    Column("source_key", Text, nullable=False),
    # No ON DELETE: a credential in use is not removed, the adapter says by which project.
    Column("credential_id", Text, ForeignKey(credentials.c.id)),
    Column("created_at", UtcTime, nullable=False),
    Column("removed_at", UtcTime),
    CheckConstraint("source_kind IN ('remote', 'local')", name="source_kind"),
    CheckConstraint("(source_kind = 'local') = (source_host IS NOT NULL)", name="local_host"),
    sqlite_autoincrement=True,
)
# Partial: a removed project frees its name and its source.
for _column in ("name", "source_key"):
    Index(
        f"prism_projects_{_column}_idx",
        projects.c[_column],
        unique=True,
        postgresql_where=text("removed_at IS NULL"),
        sqlite_where=text("removed_at IS NULL"),
    )
Index("prism_projects_credential_id_idx", projects.c.credential_id)

#: No foreign key to projects: the sweep job that deletes a project's last rows outlives the
#: project's row. ``enqueue`` looks for the project in its own statement.
jobs = Table(
    "prism_jobs",
    metadata,
    Column("id", Id, Identity(always=True), primary_key=True),
    Column("project_id", Id, nullable=False),
    Column("kind", Text, nullable=False),
    Column("dedup_key", Text),
    Column("status", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("run_at", UtcTime, nullable=False),
    Column("host", Text),
    # The fencing token: +1 per claim, never reset.
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("failures", SmallInteger, nullable=False, server_default=text("0")),
    Column("failures_max", SmallInteger, nullable=False),
    Column("crashes", SmallInteger, nullable=False, server_default=text("0")),
    Column("crashes_max", SmallInteger, nullable=False),
    Column("worker", Text),
    Column("lease_until", UtcTime),
    Column("heartbeat_at", UtcTime),
    Column("cancel_requested_at", UtcTime),
    Column("rerun", Boolean, nullable=False, server_default=false()),
    # Waits behind the running job of its project, outside the index that claims read (parking.py).
    Column("parked", Boolean, nullable=False, server_default=false()),
    Column("options", JsonDocument, nullable=False),
    Column("progress", JsonDocument),
    Column("clone_path", Text),
    Column("result", JsonDocument),
    Column("errors", JsonDocument, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
    CheckConstraint(
        "status IN ('pending', 'running', 'completed', 'failed', 'cancelled')", name="status"
    ),
    CheckConstraint("(status = 'running') = (lease_until IS NOT NULL)", name="running_has_lease"),
    CheckConstraint(
        "(status IN ('completed', 'failed', 'cancelled')) = (finished_at IS NOT NULL)",
        name="ended_has_finish",
    ),
    CheckConstraint("status = 'running' OR clone_path IS NULL", name="clone_only_running"),
    CheckConstraint("status = 'pending' OR NOT parked", name="parked_only_pending"),
    sqlite_autoincrement=True,
    # Room on each page for heartbeats (HOT updates), and vacuum long before 20 % are dead.
    postgresql_with={
        "fillfactor": 70,
        "autovacuum_vacuum_scale_factor": 0.02,
        "autovacuum_vacuum_threshold": 200,
    },
)


def _partial(name: str, *columns: object, where: str, unique: bool = False) -> Index:
    condition = text(where)
    return Index(name, *columns, unique=unique, postgresql_where=condition, sqlite_where=condition)  # type: ignore[arg-type]  # columns or expressions, all of this table


_order = (jobs.c.priority.desc(), jobs.c.run_at, jobs.c.id)
_partial("prism_jobs_claim", *_order, where="status = 'pending' AND NOT parked")
_partial("prism_jobs_parked", jobs.c.project_id, jobs.c.host, *_order, where="parked")
_partial("prism_jobs_lease", jobs.c.lease_until, where="status = 'running'")
_partial(
    "prism_jobs_dedup",
    jobs.c.dedup_key,
    where="status IN ('pending', 'running')",
    unique=True,
)
_partial("prism_jobs_one_running", jobs.c.project_id, where="status = 'running'", unique=True)
_partial("prism_jobs_prune", jobs.c.finished_at, where="finished_at IS NOT NULL")
Index("prism_jobs_project", jobs.c.project_id, jobs.c.id.desc())

#: What is current of a project. Beside the jobs, so that one transaction completes and publishes.
pointers = Table(
    "prism_pointers",
    metadata,
    Column(
        "project_id",
        Id,
        ForeignKey(projects.c.id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("run_id", Id),
    Column("blueprint_id", Id),
    # Who moved it last; null when published without a job.
    Column("job_id", Id),
    Column("attempt", Integer),
    Column("published_at", UtcTime, nullable=False),
)
