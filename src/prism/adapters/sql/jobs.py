"""The queue on either database: transitions in short transactions that hold the job's row."""

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, ParamSpec

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.exc import IntegrityError

from prism.adapters.sql import parking
from prism.adapters.sql.backlog import read_backlog
from prism.adapters.sql.driver_statements import DriverStatement, Returning
from prism.adapters.sql.engine import reading, writing
from prism.adapters.sql.job_rows import JobRow, changes, new_row, to_follow_up, to_job
from prism.adapters.sql.job_statements import (
    claim_statement,
    claimed_row,
    complete_statement,
    first_parked_statement,
    held_statement,
    job_statement,
    renew_statement,
    store_statement,
)
from prism.adapters.sql.jobs_tables import jobs, projects
from prism.adapters.sql.moments import Moments
from prism.adapters.sql.parking import RUNNING
from prism.adapters.sql.pointers import move_pointers, read_pointers
from prism.adapters.sql.signals import waking
from prism.application.ports.jobs import JobRepository
from prism.domain import job_transitions as transitions
from prism.domain.backlog import Backlog
from prism.domain.errors import Conflict, NotFound
from prism.domain.job_transitions import FollowUp
from prism.domain.jobs import (
    Claim,
    Job,
    JobError,
    JobState,
    Progress,
    Publication,
    Published,
    Renewal,
)
from prism.domain.values import JsonObject

_CLAIM_TRIES_MAX = 20
_PARK_ROUNDS_MAX = 500

_P = ParamSpec("_P")


class SqlJobRepository(JobRepository):
    """Everything that the two databases have in common; see ``jobs_postgres``, ``jobs_sqlite``."""

    def __init__(
        self,
        engine: Engine,
        moments: Moments,
        *,
        jitter: Callable[[], float] = random.random,
        park_from: int = parking.WORTH_PARKING,
    ) -> None:
        """``park_from``: so many jobs must wait behind running ones before they are parked."""
        self._engine = engine
        self._moments = moments
        self._jitter = jitter
        self._park_from = park_from
        remember = lru_cache(maxsize=16)
        self._claim_statement = remember(self._compiled(partial(claim_statement, moments)))
        self._renew_statement = remember(self._compiled(partial(renew_statement, moments)))
        self._store_statement = remember(self._compiled(store_statement))
        self._held_statement = DriverStatement(held_statement(moments), engine.dialect)
        completed = complete_statement(moments, tuple(waking(engine)))
        self._complete_statement = DriverStatement(completed, engine.dialect)
        self._parked_statement = DriverStatement(first_parked_statement(), engine.dialect)
        self._job_statement = DriverStatement(job_statement(), engine.dialect)

    def _compiled(self, build: Callable[_P, Returning]) -> Callable[_P, DriverStatement]:
        dialect = self._engine.dialect
        return lambda *given, **named: DriverStatement(build(*given, **named), dialect)

    def claim(
        self, *, worker: str, host: str, lease_seconds: float, only: int | None = None
    ) -> Claim | None:
        statement = self._claim_statement(lease_seconds, only is not None)
        for _ in range(_CLAIM_TRIES_MAX):
            try:
                row = statement.alone(self._engine, claimant=worker, on_host=host, job=only)
                return None if row is None else Claim(job=to_job(claimed_row(row, worker=worker)))
            except IntegrityError:
                # Another worker began another job of the same project at this very moment.
                continue
        return None

    def renew(
        self,
        claim: Claim,
        *,
        lease_seconds: float,
        progress: Progress | None = None,
        clone_path: str | None = None,
    ) -> Renewal:
        new: dict[str, object] = {}
        if progress is not None:
            new["progress"] = progress.as_json()
        if clone_path is not None:
            new["clone_path"] = clone_path
        statement = self._renew_statement(lease_seconds, frozenset(new))
        held = {"job": claim.id, "in_attempt": claim.attempt}
        row = statement.alone(self._engine, **held, **_new(new))
        if row is None:
            return Renewal.LEASE_LOST
        asked = row["cancel_requested_at"] is not None
        return Renewal.CANCEL_REQUESTED if asked else Renewal.CONTINUE

    def complete(
        self, claim: Claim, *, result: JsonObject, publish: Publication | None = None
    ) -> bool:
        with writing(self._engine) as connection:
            ended = self._complete_statement.one(
                connection, job=claim.id, in_attempt=claim.attempt, result=dict(result)
            )
            if ended is None:
                return self._already_completed(connection, claim)
            project, now = ended["project_id"], ended["finished_at"]
            if publish is not None:
                move_pointers(connection, project, publish, now=now, job=claim.ref)
            # A later statement than the one that locked the row: sees what was parked until then.
            if self._parked_statement.one(connection, project=project) is not None:
                parking.unpark_best(connection, project)
            if ended["rerun"]:
                served = update(jobs).where(jobs.c.id == claim.id).values(rerun=False)
                connection.execute(served)
                self._follow(connection, to_follow_up(ended), now)
            return True

    def fail(self, claim: Claim, error: JobError, *, retry: bool) -> JobState | None:
        with writing(self._engine) as connection:
            held = self._held(connection, claim)
            if held is None:
                return None
            job, now = held
            after = transitions.failed(job, error, retry=retry, now=now, jitter=self._jitter())
            self._end(connection, job, after, now)
            return after.state

    def release(self, claim: Claim) -> bool:
        with writing(self._engine) as connection:
            held = self._held(connection, claim)
            if held is not None:
                job, now = held
                self._end(connection, job, transitions.released(job, now=now), now)
            return held is not None

    def release_all(self, *, worker: str) -> Sequence[Job]:
        mine = select(jobs, self._moments.now().label("now"))
        mine = mine.where(RUNNING, jobs.c.worker == worker).with_for_update()
        with writing(self._engine) as connection:
            rows = connection.execute(mine).mappings().all()
            held = [(to_job(row), row["now"]) for row in rows]
            ended = [(job, transitions.released(job, now=now), now) for job, now in held]
            for before, after, now in ended:
                self._end(connection, before, after, now)
            return [after for _, after, _ in ended]

    def acknowledge_cancel(self, claim: Claim) -> bool:
        with writing(self._engine) as connection:
            held = self._held(connection, claim)
            if held is not None:
                job, now = held
                self._end(connection, job, transitions.cancelled(job, now=now), now)
            return held is not None

    def reap(
        self, *, limit: int = 50, dead: Collection[str] = (), spare: Collection[str] = ()
    ) -> Sequence[Job]:
        over = or_(jobs.c.lease_until <= self._moments.now(), jobs.c.worker.in_(sorted(dead)))
        expired = self._expired(over, limit).where(jobs.c.worker.not_in(sorted(spare)))
        reaped: list[Job] = []
        if self._any(expired):
            with writing(self._engine) as connection:
                locked = expired.with_for_update(skip_locked=True)
                for row in connection.execute(locked).mappings().all():
                    job, now = to_job(row), row["now"]
                    died = job.worker in dead
                    after = transitions.lost(job, died=died, now=now, jitter=self._jitter())
                    self._end(connection, job, after, now)
                    reaped.append(after)
        self._tidy()
        return reaped

    def expired(self, *, limit: int = 50) -> Sequence[Job]:
        overdue = self._expired(jobs.c.lease_until <= self._moments.now(), limit)
        with reading(self._engine) as connection:
            return tuple(to_job(row) for row in connection.execute(overdue).mappings())

    def _expired(self, over: ColumnElement[bool], limit: int) -> Select[*tuple[Any, ...]]:
        running = select(jobs, self._moments.now().label("now")).where(RUNNING, over)
        return running.order_by(jobs.c.lease_until).limit(limit)

    def _any(self, rows: Select[*tuple[object, ...]]) -> bool:
        """Looked at without the write lock, which on SQLite there is only one of."""
        with reading(self._engine) as connection:
            return connection.execute(rows.limit(1)).first() is not None

    def _tidy(self) -> None:
        """Keep claims flat: see ``parking``."""
        with reading(self._engine) as connection:
            stranded = parking.stranded(connection)
        for project_id in stranded:
            with writing(self._engine) as connection:
                parking.unpark_best(connection, project_id)
        for _ in range(_PARK_ROUNDS_MAX):
            with reading(self._engine) as connection:
                blocked = parking.count_blocked(connection, self._moments.now())
            if blocked < self._park_from:
                return
            with writing(self._engine) as connection:
                parking.park(connection, self._moments.now())

    def request_cancel(self, job_id: int) -> JobState:
        with writing(self._engine) as connection:
            job, now = self._locked(connection, job_id)
            if job.state.terminal:
                raise Conflict(f"job {job_id} is {job.state} already")
            after = transitions.cancel_requested(job, now=now)
            self._store(connection, after)
            return after.state

    def retry(self, job_id: int) -> Job:
        try:
            with writing(self._engine) as connection:
                job, now = self._locked(connection, job_id)
                if job.state not in (JobState.FAILED, JobState.CANCELLED):
                    raise Conflict(
                        f"job {job_id} is {job.state}",
                        hint="only failed and cancelled jobs can be retried",
                    )
                after = transitions.retried(job, now=now)
                self._store(connection, after)
                return after
        except IntegrityError as error:
            raise Conflict(
                f"a job like job {job_id} is pending or running already",
                hint="`prism job list` shows it",
            ) from error

    def get(self, job_id: int) -> Job:
        row = self._job_statement.alone(self._engine, job=job_id)
        if row is None:
            raise _no_job(job_id)
        return to_job(row)

    def list(
        self,
        *,
        project_id: int | None = None,
        states: Sequence[JobState] = (),
        limit: int = 50,
    ) -> Sequence[Job]:
        newest = select(jobs).order_by(jobs.c.id.desc()).limit(limit)
        if project_id is not None:
            newest = newest.where(jobs.c.project_id == project_id)
        if states:
            newest = newest.where(jobs.c.status.in_([state.value for state in states]))
        with reading(self._engine) as connection:
            return tuple(to_job(row) for row in connection.execute(newest).mappings())

    def counts(self) -> Mapping[JobState, int]:
        by_state = select(jobs.c.status, func.count()).group_by(jobs.c.status)
        with reading(self._engine) as connection:
            found = {row[0]: row[1] for row in connection.execute(by_state)}
        return {state: found.get(state.value, 0) for state in JobState}

    def backlog(self) -> Backlog:
        with reading(self._engine) as connection:
            return read_backlog(connection, self._moments)

    def prune(self, *, older_than_seconds: float, keep_per_project: int, limit: int = 5000) -> int:
        old = jobs.c.finished_at < self._moments.after(-older_than_seconds)
        newer = jobs.alias("newer")
        newest_kept = (
            select(newer.c.id)
            .where(newer.c.project_id == jobs.c.project_id)
            .order_by(newer.c.id.desc())
            .offset(max(keep_per_project, 1) - 1)
            .limit(1)
            .correlate(jobs)
            .scalar_subquery()
        )
        project = exists().where(
            projects.c.id == jobs.c.project_id, projects.c.removed_at.is_(None)
        )
        spare = ~project if keep_per_project > 0 else true()
        chosen = (
            select(jobs.c.id)
            .where(old, or_(spare, jobs.c.id < newest_kept))
            .order_by(jobs.c.finished_at)
            .limit(limit)
            .with_for_update(skip_locked=True, of=jobs)
            .cte("chosen")
            .prefix_with("MATERIALIZED", dialect="postgresql")
        )
        with writing(self._engine) as connection:
            pruned = delete(jobs).where(jobs.c.id.in_(select(chosen.c.id)))
            # Counted by rows: the driver of SQLite knows no row count of statements with a CTE.
            return len(connection.execute(pruned.returning(jobs.c.id)).all())

    def published(self, project_id: int) -> Published:
        with reading(self._engine) as connection:
            return read_pointers(connection, project_id)

    def publish(self, project_id: int, publication: Publication) -> None:
        with writing(self._engine) as connection:
            now = connection.execute(select(self._moments.now())).scalar_one()
            if not move_pointers(connection, project_id, publication, now=now, job=None):
                raise no_project(project_id)

    def running_refs(self, project_id: int) -> Sequence[tuple[int, int]]:
        running = select(jobs.c.id, jobs.c.attempt).where(jobs.c.project_id == project_id, RUNNING)
        with reading(self._engine) as connection:
            return [(row.id, row.attempt) for row in connection.execute(running)]

    def _held(self, connection: Connection, claim: Claim) -> tuple[Job, datetime] | None:
        """The claim's job and the time, its row locked; None when the lease is lost."""
        row = self._held_statement.one(connection, job=claim.id, in_attempt=claim.attempt)
        return None if row is None else _with_time(row)

    def _locked(self, connection: Connection, job_id: int) -> tuple[Job, datetime]:
        """Any job and the time, its row locked. Raises NotFound."""
        one = select(jobs, self._moments.now().label("now")).where(jobs.c.id == job_id)
        row = connection.execute(one.with_for_update()).mappings().one_or_none()
        if row is None:
            raise _no_job(job_id)
        return _with_time(row)

    def _already_completed(self, connection: Connection, claim: Claim) -> bool:
        state = select(jobs.c.status).where(jobs.c.id == claim.id, jobs.c.attempt == claim.attempt)
        return connection.execute(state).scalar() == JobState.COMPLETED.value

    def _store(self, connection: Connection, job: Job) -> None:
        """Store a changed job, wake workers, and let others of its project take part again."""
        new = changes(job)
        statement = self._store_statement(frozenset(new), tuple(waking(self._engine)))
        row = statement.one(connection, job=job.id, **_new(new))
        assert row is not None
        # A later statement than the one that locked the row: sees what was parked until then.
        if row["has_parked"] and job.state is not JobState.RUNNING:
            parking.unpark_best(connection, job.project_id)

    def _end(self, connection: Connection, before: Job, after: Job, now: datetime) -> None:
        """Store the end of an attempt and everything that follows from it."""
        self._store(connection, after)
        follow_up = transitions.follow_up(before, after)
        if follow_up is not None:
            self._follow(connection, follow_up, now)

    def _follow(self, connection: Connection, follow_up: FollowUp, now: datetime) -> None:
        row = {**new_row(follow_up), "run_at": now, "created_at": now}
        connection.execute(insert(jobs).values(row))


def _new(values: Mapping[str, object]) -> dict[str, object]:
    """Parameters of the new values of columns."""
    return {f"new_{name}": value for name, value in values.items()}


def _with_time(row: JobRow) -> tuple[Job, datetime]:
    return to_job(row), row["now"]


def _no_job(job_id: int) -> NotFound:
    return NotFound(f"there is no job {job_id}", hint="`prism job list` shows the newest")


def no_project(project_id: int) -> NotFound:
    return NotFound(f"there is no project {project_id}", hint="`prism project list` shows all")
