"""A project's pointers: which run and which blueprint are current."""

from datetime import datetime

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from prism.adapters.sql.jobs_tables import pointers, projects
from prism.domain.jobs import JobRef, Publication, Published


def read_pointers(connection: Connection, project_id: int) -> Published:
    found = select(pointers.c.run_id, pointers.c.blueprint_id).where(
        pointers.c.project_id == project_id
    )
    row = connection.execute(found).one_or_none()
    if row is None:
        return Published()
    return Published(run_id=row.run_id, blueprint_id=row.blueprint_id)


def move_pointers(
    connection: Connection,
    project_id: int,
    publication: Publication,
    *,
    now: datetime,
    job: JobRef | None,
) -> bool:
    """Move what *publication* names within the caller's transaction.

    False, and nothing moved, when the project does not exist or was removed.
    """
    project = select(projects.c.id).where(
        projects.c.id == project_id, projects.c.removed_at.is_(None)
    )
    if connection.execute(project.with_for_update(key_share=True, read=True)).first() is None:
        return False
    values = {
        "run_id": publication.run_id,
        "blueprint_id": publication.blueprint_id,
        "job_id": None if job is None else job.job_id,
        "attempt": None if job is None else job.attempt,
        "published_at": now,
    }
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    new = insert(pointers).values(project_id=project_id, **values)
    moved = new.on_conflict_do_update(
        index_elements=[pointers.c.project_id],
        set_={
            **{name: new.excluded[name] for name in values},
            "run_id": func.coalesce(new.excluded.run_id, pointers.c.run_id),
            "blueprint_id": func.coalesce(new.excluded.blueprint_id, pointers.c.blueprint_id),
        },
    )
    connection.execute(moved)
    return True
