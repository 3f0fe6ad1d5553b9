"""The queue in memory: for embedding, and for tests of use cases."""

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from prism.adapters.memory.database import MemoryDatabase, stored
from prism.application.ports.jobs import JobRepository
from prism.domain import job_transitions as transitions
from prism.domain.backlog import Backlog, Waiting, sorted_waiting
from prism.domain.errors import Conflict, NotFound
from prism.domain.job_transitions import FollowUp
from prism.domain.jobs import (
    CRASHES_MAX,
    FAILURES_MAX,
    Claim,
    Enqueued,
    Job,
    JobError,
    JobKind,
    JobRequest,
    JobState,
    Progress,
    Publication,
    Published,
    Renewal,
)
from prism.domain.values import JsonObject


class MemoryJobRepository(JobRepository):
    """Thread-safe; the clock is the database's."""

    def __init__(
        self, database: MemoryDatabase, *, jitter: Callable[[], float] = random.random
    ) -> None:
        self._database = database
        self._jitter = jitter

    def enqueue(self, request: JobRequest) -> Enqueued:
        with self._database.lock:
            self._check_project(request)
            request = replace(request, options=stored(request.options))
            active = self._active(request.dedup_key)
            if active is not None:
                now = self._database.clock.now()
                self._store(transitions.joined(active, request, now=now))
                self._database.wake()
                return Enqueued(job_id=active.id, created=False)
            job = self._insert(request)
            self._database.wake()
            return Enqueued(job_id=job.id, created=True)

    def _check_project(self, request: JobRequest) -> None:
        project = self._database.projects.get(request.project_id)
        # The sweep deletes what a removed project left.
        if project is None or (project.removed_at is not None and request.kind != JobKind.SWEEP):
            raise no_project(request.project_id)

    def _active(self, dedup_key: str | None) -> Job | None:
        jobs = self._database.jobs.values()
        same = (j for j in jobs if j.dedup_key == dedup_key and not j.state.terminal)
        return None if dedup_key is None else next(same, None)

    def _insert(self, request: JobRequest | FollowUp) -> Job:
        now = self._database.clock.now()
        run_at = request.run_at if isinstance(request, JobRequest) else None
        job = Job(
            id=next(self._database.job_ids),
            project_id=request.project_id,
            kind=str(request.kind),
            dedup_key=request.dedup_key,
            state=JobState.PENDING,
            priority=request.priority,
            run_at=run_at or now,
            host=request.host,
            attempt=0,
            failures=0,
            failures_max=FAILURES_MAX,
            crashes=0,
            crashes_max=CRASHES_MAX,
            worker=None,
            lease_until=None,
            heartbeat_at=None,
            cancel_requested_at=None,
            rerun=False,
            options=request.options,
            progress=None,
            clone_path=None,
            result=None,
            errors=(),
            created_at=now,
            started_at=None,
            finished_at=None,
        )
        self._store(job)
        return job

    def claim(
        self, *, worker: str, host: str, lease_seconds: float, only: int | None = None
    ) -> Claim | None:
        with self._database.lock:
            due = [job for job in self._due(host) if only is None or job.id == only]
            if not due:
                return None
            job = min(due, key=lambda job: (-job.priority, job.run_at, job.id))
            now = self._database.clock.now()
            job = transitions.claimed(job, worker=worker, lease_seconds=lease_seconds, now=now)
            self._store(job)
            return Claim(job=job)

    def _due(self, host: str) -> Sequence[Job]:
        jobs = self._database.jobs.values()
        now = self._database.clock.now()
        busy = {job.project_id for job in jobs if job.state is JobState.RUNNING}
        return [
            job
            for job in jobs
            if job.state is JobState.PENDING
            and job.run_at <= now
            and job.host in (None, host)
            and job.project_id not in busy
        ]

    def renew(
        self,
        claim: Claim,
        *,
        lease_seconds: float,
        progress: Progress | None = None,
        clone_path: str | None = None,
    ) -> Renewal:
        with self._database.lock:
            job = self._held(claim)
            if job is None:
                return Renewal.LEASE_LOST
            now = self._database.clock.now()
            self._store(
                replace(
                    job,
                    lease_until=now + timedelta(seconds=lease_seconds),
                    heartbeat_at=now,
                    progress=job.progress if progress is None else progress.as_json(),
                    clone_path=job.clone_path if clone_path is None else clone_path,
                )
            )
            asked = job.cancel_requested_at is not None
            return Renewal.CANCEL_REQUESTED if asked else Renewal.CONTINUE

    def complete(
        self, claim: Claim, *, result: JsonObject, publish: Publication | None = None
    ) -> bool:
        with self._database.lock:
            job = self._held(claim)
            if job is None:
                return self._already_completed(claim)
            if publish is not None:
                self._move_pointers(job.project_id, publish)
            now = self._database.clock.now()
            self._end(job, transitions.completed(job, result=stored(result), now=now))
            return True

    def _already_completed(self, claim: Claim) -> bool:
        job = self._database.jobs.get(claim.id)
        if job is None or job.attempt != claim.attempt:
            return False
        return job.state is JobState.COMPLETED

    def fail(self, claim: Claim, error: JobError, *, retry: bool) -> JobState | None:
        with self._database.lock:
            job = self._held(claim)
            if job is None:
                return None
            now = self._database.clock.now()
            after = transitions.failed(job, error, retry=retry, now=now, jitter=self._jitter())
            self._end(job, after)
            return after.state

    def release(self, claim: Claim) -> bool:
        with self._database.lock:
            job = self._held(claim)
            if job is not None:
                self._end(job, transitions.released(job, now=self._database.clock.now()))
            return job is not None

    def release_all(self, *, worker: str) -> Sequence[Job]:
        with self._database.lock:
            now = self._database.clock.now()
            mine = self._running(lambda job: job.worker == worker)
            released = [transitions.released(job, now=now) for job in mine]
            for job, after in zip(mine, released, strict=True):
                self._end(job, after)
            return released

    def acknowledge_cancel(self, claim: Claim) -> bool:
        with self._database.lock:
            job = self._held(claim)
            if job is not None:
                self._end(job, transitions.cancelled(job, now=self._database.clock.now()))
            return job is not None

    def reap(
        self, *, limit: int = 50, dead: Collection[str] = (), spare: Collection[str] = ()
    ) -> Sequence[Job]:
        with self._database.lock:
            now = self._database.clock.now()
            over = [
                job
                for job in self._running(lambda job: _is_over(job, now) or job.worker in dead)
                if job.worker not in spare
            ]
            reaped = []
            for job in over[:limit]:
                died = job.worker in dead
                after = transitions.lost(job, died=died, now=now, jitter=self._jitter())
                self._end(job, after)
                reaped.append(after)
            return reaped

    def expired(self, *, limit: int = 50) -> Sequence[Job]:
        with self._database.lock:
            now = self._database.clock.now()
            return self._running(lambda job: _is_over(job, now))[:limit]

    def _running(self, which: Callable[[Job], bool]) -> Sequence[Job]:
        """In the order in which their leases end."""
        held = [
            (job.lease_until, job.id, job)
            for job in self._database.jobs.values()
            if job.lease_until is not None and which(job)
        ]
        return [job for _, _, job in sorted(held, key=lambda row: row[:2])]

    def request_cancel(self, job_id: int) -> JobState:
        with self._database.lock:
            job = self.get(job_id)
            if job.state.terminal:
                raise Conflict(f"job {job_id} is {job.state} already")
            job = transitions.cancel_requested(job, now=self._database.clock.now())
            self._store(job)
            self._database.wake()
            return job.state

    def retry(self, job_id: int) -> Job:
        with self._database.lock:
            job = self.get(job_id)
            if job.state not in (JobState.FAILED, JobState.CANCELLED):
                raise Conflict(
                    f"job {job_id} is {job.state}",
                    hint="only failed and cancelled jobs can be retried",
                )
            if self._active(job.dedup_key) is not None:
                raise Conflict(
                    f"a job like job {job_id} is pending or running already",
                    hint="`prism job list` shows it",
                )
            job = transitions.retried(job, now=self._database.clock.now())
            self._store(job)
            self._database.wake()
            return job

    def get(self, job_id: int) -> Job:
        with self._database.lock:
            job = self._database.jobs.get(job_id)
        if job is None:
            raise NotFound(f"there is no job {job_id}", hint="`prism job list` shows the newest")
        return job

    def list(
        self,
        *,
        project_id: int | None = None,
        states: Sequence[JobState] = (),
        limit: int = 50,
    ) -> Sequence[Job]:
        with self._database.lock:
            found = [
                job
                for job in self._database.jobs.values()
                if project_id in (None, job.project_id) and (not states or job.state in states)
            ]
        return sorted(found, key=lambda job: job.id, reverse=True)[:limit]

    def counts(self) -> Mapping[JobState, int]:
        with self._database.lock:
            states = [job.state for job in self._database.jobs.values()]
        return {state: states.count(state) for state in JobState}

    def backlog(self) -> Backlog:
        with self._database.lock:
            now = self._database.clock.now()
            jobs = self._database.jobs.values()
            busy = {job.project_id for job in jobs if job.state is JobState.RUNNING}
            groups: dict[tuple[str, str | None], list[Job]] = {}
            for job in jobs:
                if job.state is JobState.PENDING:
                    groups.setdefault((job.kind, job.host), []).append(job)
        waiting = [_waiting(group, busy=busy, now=now) for group in groups.values()]
        return Backlog(at=now, waiting=sorted_waiting(waiting))

    def prune(self, *, older_than_seconds: float, keep_per_project: int, limit: int = 5000) -> int:
        with self._database.lock:
            oldest = self._database.clock.now() - timedelta(seconds=older_than_seconds)
            kept = self._newest(keep_per_project)
            spare = [
                (job.finished_at, job.id)
                for job in self._database.jobs.values()
                if job.finished_at is not None and job.finished_at < oldest and job.id not in kept
            ]
            for _, job_id in sorted(spare)[:limit]:
                del self._database.jobs[job_id]
            return min(len(spare), limit)

    def _newest(self, count: int) -> frozenset[int]:
        """Ids of the *count* newest jobs of each project that is there and not removed."""
        present = [p.id for p in self._database.projects.values() if p.removed_at is None]
        kept: set[int] = set()
        for project_id in present:
            ids = [j.id for j in self._database.jobs.values() if j.project_id == project_id]
            kept.update(sorted(ids, reverse=True)[:count])
        return frozenset(kept)

    def published(self, project_id: int) -> Published:
        with self._database.lock:
            return self._database.pointers.get(project_id, Published())

    def publish(self, project_id: int, publication: Publication) -> None:
        with self._database.lock:
            if not self._move_pointers(project_id, publication):
                raise no_project(project_id)

    def _move_pointers(self, project_id: int, publication: Publication) -> bool:
        project = self._database.projects.get(project_id)
        if project is None or project.removed_at is not None:
            return False
        old = self.published(project_id)
        run, blueprint = publication.run_id, publication.blueprint_id
        self._database.pointers[project_id] = Published(
            run_id=old.run_id if run is None else run,
            blueprint_id=old.blueprint_id if blueprint is None else blueprint,
        )
        return True

    def running_refs(self, project_id: int) -> Sequence[tuple[int, int]]:
        running = self.list(project_id=project_id, states=(JobState.RUNNING,), limit=1)
        return [(job.id, job.attempt) for job in running]

    def _held(self, claim: Claim) -> Job | None:
        job = self._database.jobs.get(claim.id)
        if job is None or job.attempt != claim.attempt or job.state is not JobState.RUNNING:
            return None
        return job

    def _store(self, job: Job) -> None:
        self._database.jobs[job.id] = job

    def _end(self, before: Job, after: Job) -> None:
        self._store(after)
        follow_up = transitions.follow_up(before, after)
        if follow_up is not None:
            self._insert(follow_up)
        self._database.wake()


def no_project(project_id: int) -> NotFound:
    return NotFound(f"there is no project {project_id}", hint="`prism project list` shows all")


def _is_over(job: Job, now: datetime) -> bool:
    return job.lease_until is not None and job.lease_until <= now


def _waiting(alike: Sequence[Job], *, busy: Collection[int], now: datetime) -> Waiting:
    """Of jobs of one kind for one host."""
    due = [job for job in alike if job.run_at <= now]
    return Waiting(
        kind=alike[0].kind,
        host=alike[0].host,
        jobs=len(alike),
        due=len(due),
        blocked=sum(job.project_id in busy for job in due),
        due_since=min((max(job.run_at, job.created_at) for job in due), default=None),
    )
