"""What a campaign leaves behind: rows, the database's record, logs, journals, the toys' ledger."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.chaos.audit import Note, read_notes
from benchmarks.chaos.world import Place, Repository, World
from sqlalchemy import Connection, select, text
from tests.support.repositories import git

from prism.adapters.sql import facts_tables
from prism.adapters.sql.engine import Database, reading
from prism.adapters.sql.job_rows import to_job
from prism.adapters.sql.jobs_tables import jobs, pointers
from prism.adapters.sql.metadata import facts_metadata
from prism.domain.jobs import Job

Line = Mapping[str, Any]


class Pointer(NamedTuple):
    run: int | None
    blueprint: int | None
    job: int | None
    attempt: int | None


class StoredRun(NamedTuple):
    """``state``: as stored, see ``facts_tables.runs``."""

    project: int
    run: int
    commit: str
    state: str
    job: int | None
    attempt: int | None


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Read while nothing runs. ``commits``: those of each project, the oldest first;
    ``unreadable``: lines of workers' logs that are no JSON."""

    repositories: Sequence[Repository]
    jobs: Mapping[int, Job]
    notes: Sequence[Note]
    pointers: Mapping[int, Pointer]
    runs: Mapping[tuple[int, int], StoredRun]
    blueprints: frozenset[tuple[int, int]]
    commits: Mapping[int, Sequence[str]]
    journal: Sequence[Line]
    logs: Sequence[Line]
    unreadable: Sequence[str]
    ledger: Sequence[Line]

    @property
    def removed(self) -> frozenset[int]:
        """Projects that a client removed or was going to."""
        return frozenset(line["project"] for line in self.journal if line["what"] == "removing")

    @property
    def requests(self) -> Sequence[Line]:
        return [line for line in self.journal if line["what"] == "requested"]

    def was_cancelled(self, request: Line) -> bool:
        """Did a client ask to cancel the request's job afterwards? It takes back what was asked for
        while the job runs, too, even when the job completes before it hears of that."""
        return bool(self._cancelled_at.get(request["job"], -math.inf) >= request["asked_at"])

    @cached_property
    def _cancelled_at(self) -> Mapping[int, float]:
        """Until when a job may have been cancelled: for ever where no answer is in the journal."""
        latest: dict[int, float] = {}
        for line in self.journal:  # by time
            if line["what"] == "cancelling":
                latest[line["job"]] = math.inf
            elif line["what"] == "cancelled":
                latest[line["job"]] = line["at"]
        return latest


def gather(world: World, database: Database) -> Evidence:
    place = world.place
    logs, unreadable = _logs(place)
    return Evidence(
        repositories=world.repositories,
        jobs=_jobs(database),
        notes=read_notes(database),
        pointers=_pointers(database),
        runs=_runs(database),
        blueprints=_blueprints(database),
        commits={each.project: _commits(each) for each in world.repositories},
        journal=sorted(_lines(place.journals.glob("*.jsonl")), key=lambda line: line["at"]),
        logs=logs,
        unreadable=unreadable,
        ledger=list(_lines([place.ledger])),
    )


def count_rows_of(database: Database, project: int) -> Mapping[str, int]:
    """How many rows each table of facts has of a project, where there are any."""
    found = {}
    with reading(database.facts) as connection:
        for table in facts_metadata.sorted_tables:
            if table.name != facts_tables.counters.name:
                count = _count(connection, f"{table.name} WHERE project_id = {project}")
                if count:
                    found[table.name] = count
    return found


def count_orphans(database: Database) -> Mapping[str, int]:
    """Rows of runs that are not there (any more), and blobs that no run lists."""
    found = {}
    with reading(database.facts) as connection:
        for table in facts_metadata.sorted_tables:
            if "run_id" in table.c and table.name not in ("prism_runs", "prism_blueprints"):
                orphans = (
                    f"{table.name} t WHERE NOT EXISTS (SELECT 1 FROM prism_runs r WHERE"
                    " r.project_id = t.project_id AND r.run_id = t.run_id)"
                )
                found[table.name] = _count(connection, orphans)
        found["prism_blobs"] = _count(
            connection,
            "prism_blobs t WHERE NOT EXISTS (SELECT 1 FROM prism_run_files f WHERE"
            " f.project_id = t.project_id AND f.blob = t.blob AND f.language = t.language"
            " AND f.extractor = t.extractor)",
        )
        for name in ("prism_blob_sources", "prism_symbols"):
            found[name] = _count(
                connection,
                f"{name} t WHERE NOT EXISTS (SELECT 1 FROM prism_blobs b WHERE"
                " b.project_id = t.project_id AND b.blob_id = t.blob_id)",
            )
    return {name: count for name, count in found.items() if count}


def _count(connection: Connection, what: str) -> int:
    return int(connection.execute(text(f"SELECT count(*) FROM {what}")).scalar_one())


def _jobs(database: Database) -> Mapping[int, Job]:
    with reading(database.jobs) as connection:
        rows = connection.execute(select(jobs).order_by(jobs.c.id)).mappings()
        return {row["id"]: to_job(row) for row in rows}


def _pointers(database: Database) -> Mapping[int, Pointer]:
    columns = [pointers.c[n] for n in ("project_id", "run_id", "blueprint_id", "job_id", "attempt")]
    with reading(database.jobs) as connection:
        return {row[0]: Pointer(*row[1:]) for row in connection.execute(select(*columns))}


def _runs(database: Database) -> Mapping[tuple[int, int], StoredRun]:
    runs = facts_tables.runs
    names = ("project_id", "run_id", "commit_oid", "state", "job_id", "attempt")
    with reading(database.facts) as connection:
        rows = connection.execute(select(*(runs.c[name] for name in names)))
        return {(row[0], row[1]): StoredRun(*row) for row in rows}


def _blueprints(database: Database) -> frozenset[tuple[int, int]]:
    table = facts_tables.blueprints
    with reading(database.facts) as connection:
        rows = connection.execute(select(table.c.project_id, table.c.blueprint_id))
        return frozenset((row[0], row[1]) for row in rows)


def _commits(repository: Repository) -> Sequence[str]:
    listed = git(repository.path, "rev-list", "--reverse", "--first-parent", "HEAD")
    return listed.decode().split()


def _lines(files: Iterator[Path] | Sequence[Path]) -> Iterator[Line]:
    for file in files:
        if file.exists():
            for line in file.read_text("utf-8").splitlines():
                yield json.loads(line)


def _logs(place: Place) -> tuple[Sequence[Line], Sequence[str]]:
    """What workers and their jobs logged. The last line of a killed one may be cut."""
    logs: list[Line] = []
    unreadable: list[str] = []
    for file in sorted(place.logs.glob("worker-*.log")):
        for line in file.read_text("utf-8", "replace").splitlines():
            try:
                logs.append({**json.loads(line), "file": file.name})
            except (ValueError, TypeError):
                unreadable.append(f"{file.name}: {line}")
    return logs, unreadable
