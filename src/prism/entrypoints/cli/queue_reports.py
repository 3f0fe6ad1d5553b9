"""The queue in words and as JSON: what waits, since when, and who works on what."""

from datetime import datetime

from prism.application.queries.show_queue import QueueStatus
from prism.domain.backlog import Waiting
from prism.domain.jobs import Job, JobState
from prism.domain.values import Json
from prism.entrypoints.cli.output import emit, emit_table
from prism.entrypoints.cli.shapes import moment

#: Seconds in each.
_UNITS = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


def duration(seconds: float) -> str:
    """Like '2h 5m': the two largest units that count, in whole numbers."""
    left = max(0, int(seconds))
    parts = []
    for name, size in _UNITS:
        count, left = divmod(left, size)
        parts.append((count, name))
    while len(parts) > 1 and parts[0][0] == 0:
        parts.pop(0)
    return " ".join(f"{count}{name}" for count, name in parts[:2] if count or len(parts) == 1)


def job_time(job: Job, now: datetime) -> str:
    """How long it has been due, has run, or took; *now* by the clock of whoever asks."""
    if job.state is JobState.PENDING and job.run_at > now:
        return f"due in {duration((job.run_at - now).total_seconds())}"
    if job.state is JobState.PENDING:
        return f"due for {duration((now - max(job.run_at, job.created_at)).total_seconds())}"
    if job.started_at is None:
        return ""
    if job.finished_at is None:
        return f"runs for {duration((now - job.started_at).total_seconds())}"
    return f"took {duration((job.finished_at - job.started_at).total_seconds())}"


def queue_json(status: QueueStatus) -> dict[str, Json]:
    """All ages in seconds, by the database's clock."""
    backlog = status.backlog
    return {
        "at": moment(backlog.at),
        "jobs": {state.value: count for state, count in status.counts.items()},
        "due": backlog.due,
        "blocked": backlog.blocked,
        "oldest_due_seconds": backlog.oldest_due_seconds,
        "waiting": [_waiting_json(each, backlog.at) for each in backlog.waiting],
        "running": [_running_json(job, backlog.at) for job in status.running],
    }


def _waiting_json(waiting: Waiting, now: datetime) -> dict[str, Json]:
    return {
        "kind": waiting.kind,
        "host": waiting.host,
        "jobs": waiting.jobs,
        "due": waiting.due,
        "blocked": waiting.blocked,
        "oldest_due_seconds": waiting.due_seconds(now),
    }


def _running_json(job: Job, now: datetime) -> dict[str, Json]:
    return {
        "id": job.id,
        "project_id": job.project_id,
        "kind": job.kind,
        "attempt": job.attempt,
        "worker": job.worker,
        "seconds": _age(job.started_at, now),
        "heartbeat_seconds": _age(job.heartbeat_at, now),
        "progress": job.progress,
    }


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())


def print_queue(status: QueueStatus) -> None:
    backlog = status.backlog
    emit_table(["STATE", "JOBS"], [[state, count] for state, count in status.counts.items()])
    if backlog.due:
        emit("")
        emit(
            f"due: {backlog.due}, the oldest for {duration(backlog.oldest_due_seconds)}; "
            f"{backlog.blocked} of them behind a running job of their project"
        )
    if backlog.waiting:
        emit("")
        emit_table(
            ["KIND", "FOR HOST", "PENDING", "DUE", "BLOCKED", "OLDEST DUE"],
            [
                [w.kind, w.host or "any", w.jobs, w.due, w.blocked, _oldest(w, backlog.at)]
                for w in backlog.waiting
            ],
        )
    if status.running:
        emit("")
        emit_table(
            ["JOB", "PROJECT", "KIND", "ATTEMPT", "RUNS FOR", "LAST HEARD", "WORKER"],
            [_running_row(job, backlog.at) for job in status.running],
        )


def _oldest(waiting: Waiting, now: datetime) -> str:
    return duration(waiting.due_seconds(now)) if waiting.due else ""


def _running_row(job: Job, now: datetime) -> list[object]:
    runs, heard = _age(job.started_at, now), _age(job.heartbeat_at, now)
    heard_text = f"{duration(heard)} ago"
    return [
        job.id, job.project_id, job.kind, job.attempt, duration(runs), heard_text, job.worker or "",
    ]  # fmt: skip
