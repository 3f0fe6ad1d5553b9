"""Run a queued job here and now, for the commands that people wait for."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prism.application.jobs.stopping import StopRequest, StopSwitch
from prism.domain.errors import Cancelled, Conflict, NotFound, PrismError
from prism.domain.jobs import Enqueued, Job, JobError, JobKind, JobState
from prism.domain.projects import Project
from prism.domain.values import Json
from prism.entrypoints.cli.output import say
from prism.entrypoints.cli.progress import showing

if TYPE_CHECKING:
    from types import FrameType

    from prism.entrypoints.container import Container


class JobFailed(PrismError):
    """A job ended badly; exits with the code of the job's own error."""

    def __init__(self, job: Job, error: JobError) -> None:
        super().__init__(error.message, hint=error.hint or f"`prism job show {job.id}` shows more")
        self.exit_code = error.exit_code  # type: ignore[misc]  # this one's code is the job's


def request_here(
    container: "Container", project: Project, kind: JobKind, options: dict[str, Json]
) -> Job:
    """Ask for a job and run it to its end, or join the worker that has one like it; returns it
    completed. Raises as ``run_here`` does."""
    # What a killed command left is pending again before the request joins it, and due at once.
    container.reap_expired_jobs()()
    return run_here(container, container.enqueue_job()(project, kind, options=options))


def run_here(container: "Container", enqueued: Enqueued) -> Job:
    """Run the job to its end, or follow the worker that has it; returns it completed.

    The first SIGINT or SIGTERM cancels the job if this command created it, and only stops following
    it otherwise. Raises JobFailed or Cancelled.
    """
    if not enqueued.created:
        say(f"joining job {enqueued.job_id}")
    switch = StopSwitch()
    with showing(f"job {enqueued.job_id}") as observer, _stopped_by_signals(switch):
        job = container.run_or_follow()(enqueued, observe=observer, stopping=switch)
    if switch() is not StopRequest.NONE:
        raise _interrupted(container, job, enqueued)
    if job.state is JobState.CANCELLED:
        raise Cancelled(f"job {job.id} was cancelled")
    if job.state is not JobState.COMPLETED:
        raise JobFailed(job, job.error or JobError(code="unknown", message=f"job {job.id} failed"))
    return job


@contextmanager
def _stopped_by_signals(switch: StopSwitch) -> Iterator[None]:
    """The first signal asks to stop at once; then the old handlers are back, so a second one
    kills."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in signals}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def stop(_number: int, _frame: "FrameType | None") -> None:
        switch.request()
        switch.request()
        restore()

    for number in signals:
        signal.signal(number, stop)
    try:
        yield
    finally:
        restore()


def _interrupted(container: "Container", job: Job, enqueued: Enqueued) -> Cancelled:
    if not enqueued.created and job.state is JobState.PENDING:
        hint = f"a worker will run it; `prism job cancel {job.id}` cancels it"
        return Cancelled(f"interrupted; job {job.id} waits", hint=hint)
    if not enqueued.created:
        return Cancelled(f"stopped following job {job.id}; it goes on")
    try:
        container.cancel_job()(job.id)
    except Conflict:
        return Cancelled(f"interrupted; job {job.id} had ended already")
    return Cancelled(f"interrupted; job {job.id} is cancelled")


def blueprint_options(goal: str, focus: Sequence[str]) -> dict[str, Json]:
    """What a blueprint job is told; equal requests give equal options, so that they coalesce."""
    paths = sorted({path.removeprefix("./").rstrip("/") for path in focus} - {"", "."})
    return {"goal": " ".join(goal.split()), "focus": list(paths)}


def choose_blueprint(container: "Container", reference: str) -> tuple[Project, int]:
    """PROJECT: its published blueprint; PROJECT/ID: that one. Raises NotFound."""
    try:
        project = container.find_project()(reference)
    except NotFound:
        name, slash, number = reference.rpartition("/")
        if not (slash and number.isascii() and number.isdigit()):
            raise
        return container.find_project()(name), int(number)
    blueprint_id = container.jobs().published(project.id).blueprint_id
    if blueprint_id is None:
        raise NotFound(
            f"project {project.name!r} has no blueprint yet",
            hint=f"`prism blueprint {project.name}` makes one",
        )
    return project, blueprint_id
