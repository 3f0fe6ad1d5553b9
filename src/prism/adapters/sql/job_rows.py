"""Rows of ``prism_jobs`` to jobs and back."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping

from prism.domain.job_transitions import FollowUp
from prism.domain.jobs import CRASHES_MAX, FAILURES_MAX, Job, JobError, JobRequest, JobState

#: By names of columns: from SQLAlchemy or from ``driver_statements``.
JobRow = RowMapping | Mapping[str, Any]


def to_job(row: JobRow) -> Job:
    return Job(
        id=row["id"],
        project_id=row["project_id"],
        kind=row["kind"],
        dedup_key=row["dedup_key"],
        state=JobState(row["status"]),
        priority=row["priority"],
        run_at=row["run_at"],
        host=row["host"],
        attempt=row["attempt"],
        failures=row["failures"],
        failures_max=row["failures_max"],
        crashes=row["crashes"],
        crashes_max=row["crashes_max"],
        worker=row["worker"],
        lease_until=row["lease_until"],
        heartbeat_at=row["heartbeat_at"],
        cancel_requested_at=row["cancel_requested_at"],
        rerun=row["rerun"],
        options=row["options"],
        progress=row["progress"],
        clone_path=row["clone_path"],
        result=row["result"],
        errors=tuple(JobError.from_json(error) for error in row["errors"]),
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
    )


def to_follow_up(row: JobRow) -> FollowUp:
    """Of a job that was asked for again while it ran."""
    return FollowUp(
        project_id=row["project_id"],
        kind=row["kind"],
        dedup_key=row["dedup_key"],
        priority=row["priority"],
        host=row["host"],
        options=row["options"],
    )


def changes(job: Job) -> dict[str, Any]:
    """The columns that a transition may change. A changed job is not parked any more."""
    return {
        "status": job.state.value,
        "priority": job.priority,
        "run_at": job.run_at,
        "attempt": job.attempt,
        "failures": job.failures,
        "crashes": job.crashes,
        "worker": job.worker,
        "lease_until": job.lease_until,
        "heartbeat_at": job.heartbeat_at,
        "cancel_requested_at": job.cancel_requested_at,
        "rerun": job.rerun,
        "parked": False,
        "options": dict(job.options),
        "progress": job.progress,
        "clone_path": job.clone_path,
        "result": None if job.result is None else dict(job.result),
        "errors": [error.as_json() for error in job.errors],
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }


def new_row(request: JobRequest | FollowUp) -> dict[str, Any]:
    """The columns of a new job, without its times."""
    return {
        "project_id": request.project_id,
        "kind": request.kind,
        "dedup_key": request.dedup_key,
        "status": JobState.PENDING.value,
        "priority": request.priority,
        "host": request.host,
        "failures_max": FAILURES_MAX,
        "crashes_max": CRASHES_MAX,
        "options": dict(request.options),
        "errors": [],
    }
