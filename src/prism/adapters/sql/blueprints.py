"""Blueprints in the facts line's tables."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, delete, select

from prism.adapters.sql import facts_tables as tables
from prism.adapters.sql.bulk import Row, bulk_writing, insert_rows, take_numbers
from prism.adapters.sql.engine import Database, reading, writing
from prism.adapters.sql.moments import Moments
from prism.adapters.sql.texts import encode_json, encode_text
from prism.application.ports.blueprints import BlueprintStore
from prism.domain.blueprints.codec import blueprint_as_json, blueprint_from_json
from prism.domain.blueprints.model import Blueprint, Milestone, StoredBlueprint
from prism.domain.errors import NotFound
from prism.domain.jobs import JobRef


class SqlBlueprintStore(BlueprintStore):
    """On either database."""

    def __init__(self, database: Database, moments: Moments) -> None:
        self._database = database
        self._moments = moments

    def add(self, project_id: int, blueprint: Blueprint, *, job: JobRef | None = None) -> int:
        plan = {
            "project_id": project_id,
            "run_id": blueprint.run_id,
            "commit_oid": blueprint.commit,
            "project_name": blueprint.project_name,
            "title": blueprint.title,
            "goal": blueprint.request.goal,
            "focus": list(blueprint.request.focus),
            "generator": blueprint.generator,
            "job_id": None if job is None else job.job_id,
            "attempt": None if job is None else job.attempt,
            "created_at": self._moments.now(),
            "document": blueprint_as_json(blueprint),
        }
        with bulk_writing(self._database) as connection:
            blueprint_id = take_numbers(connection, project_id, "blueprint", 1)[0]
            connection.execute(tables.blueprints.insert().values(**plan, blueprint_id=blueprint_id))
            insert_rows(connection, tables.phases, _phases(project_id, blueprint_id, blueprint))
            insert_rows(
                connection, tables.milestones, _milestones(project_id, blueprint_id, blueprint)
            )
        return blueprint_id

    def get(self, project_id: int, blueprint_id: int) -> StoredBlueprint:
        blueprints = tables.blueprints
        wanted = select(blueprints).where(
            blueprints.c.project_id == project_id, blueprints.c.blueprint_id == blueprint_id
        )
        with reading(self._database.facts) as connection:
            row = connection.execute(wanted).mappings().one_or_none()
        if row is None:
            raise NotFound(
                f"project {project_id} has no blueprint {blueprint_id}",
                hint="`prism blueprints PROJECT` lists them",
            )
        return _to_stored(row)

    def list(self, project_id: int) -> Sequence[StoredBlueprint]:
        blueprints = tables.blueprints
        newest_first = (
            select(blueprints)
            .where(blueprints.c.project_id == project_id)
            .order_by(blueprints.c.blueprint_id.desc())
        )
        with reading(self._database.facts) as connection:
            return [_to_stored(row) for row in connection.execute(newest_first).mappings()]

    def purge(self, project_id: int) -> None:
        with writing(self._database.facts) as connection:
            for table in (tables.milestones, tables.phases, tables.blueprints):
                connection.execute(delete(table).where(table.c.project_id == project_id))


def _phases(project_id: int, blueprint_id: int, blueprint: Blueprint) -> Sequence[Row]:
    return [
        (
            project_id,
            blueprint_id,
            place,
            phase.kind.value,
            encode_text(phase.title),
            encode_text(phase.goal.text),
        )
        for place, phase in enumerate(blueprint.phases, 1)
    ]


def _milestones(project_id: int, blueprint_id: int, blueprint: Blueprint) -> Sequence[Row]:
    return [
        (project_id, blueprint_id, phase_place, place, *_milestone(milestone))
        for phase_place, phase in enumerate(blueprint.phases, 1)
        for place, milestone in enumerate(phase.milestones, 1)
    ]


def _milestone(milestone: Milestone) -> Row:
    measure = milestone.measure
    return (
        *map(encode_text, (milestone.id, milestone.number, milestone.title, milestone.intent.text)),
        encode_json(milestone.key_files),
        encode_text(measure.name),
        measure.before,
        measure.after,
        encode_text(measure.unit),
        encode_text(milestone.verification),
        encode_json(milestone.depends_on),
        encode_json(milestone.findings),
    )


def _to_stored(row: RowMapping) -> StoredBlueprint:
    return StoredBlueprint(
        project_id=row["project_id"],
        id=row["blueprint_id"],
        created_at=row["created_at"],
        blueprint=blueprint_from_json(row["document"]),
    )
