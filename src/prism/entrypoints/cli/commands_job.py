"""``prism job``: the queue, for people."""

from typing import Annotated

import typer

from prism.entrypoints.cli.options import JsonOption, ProjectArgument

app = typer.Typer(help="Queue, watch and stop jobs.", no_args_is_help=True, rich_markup_mode=None)

#: Seconds in each.
_UNITS = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0}

JobArgument = Annotated[int, typer.Argument(metavar="JOB", help="A job's id.")]


@app.command("add")
def add(
    kind: Annotated[str, typer.Argument(metavar="index|blueprint", help="What to do.")],
    project: ProjectArgument,
    goal: Annotated[str, typer.Option("--goal", help="For a blueprint: what it is for.")] = "",
    focus: Annotated[
        list[str] | None,
        typer.Option("--focus", help="For a blueprint: plan what lies below these paths."),
    ] = None,
    priority: Annotated[int, typer.Option("--priority", help="Higher runs first.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Queue a job for a worker. A request like one that waits already joins it."""
    from prism.domain.errors import InvalidInput
    from prism.domain.jobs import JobKind
    from prism.entrypoints.cli.foreground import blueprint_options
    from prism.entrypoints.cli.output import emit, emit_json
    from prism.entrypoints.cli.shapes import job_json
    from prism.entrypoints.container import opened

    if kind not in (JobKind.INDEX, JobKind.BLUEPRINT):
        raise InvalidInput(f"unknown kind of job {kind!r}", hint="`index` or `blueprint`")
    if kind == JobKind.INDEX and (goal or focus):
        raise InvalidInput("`--goal` and `--focus` are for blueprints")
    options = blueprint_options(goal, focus or []) if kind == JobKind.BLUEPRINT else {}
    with opened() as container:
        found = container.find_project()(project)
        enqueued = container.enqueue_job()(found, kind, options=options, priority=priority)
        job = container.jobs().get(enqueued.job_id)
    if as_json:
        emit_json({"job": job_json(job), "created": enqueued.created})
    else:
        emit(f"job {job.id}: {job.kind} {job.state}" + ("" if enqueued.created else " (joined)"))


@app.command("list")
def list_(
    project: Annotated[str | None, typer.Option("--project", help="Only this project's.")] = None,
    state: Annotated[
        list[str] | None,
        typer.Option("--state", help="pending, running, completed, failed or cancelled."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 50,
    as_json: JsonOption = False,
) -> None:
    """List jobs, newest first."""
    from prism.domain.errors import InvalidInput
    from prism.domain.jobs import JobState
    from prism.entrypoints.cli.output import emit_json, emit_table, say
    from prism.entrypoints.cli.queue_reports import job_time
    from prism.entrypoints.cli.shapes import job_json, moment
    from prism.entrypoints.container import opened

    try:
        states = [JobState(each) for each in state or []]
    except ValueError as error:
        raise InvalidInput(str(error), hint=f"one of {', '.join(JobState)}") from None
    with opened() as container:
        project_id = container.find_project()(project).id if project else None
        jobs = container.jobs().list(project_id=project_id, states=states, limit=limit)
        now = container.clock().now()
    if as_json:
        emit_json({"jobs": [job_json(job) for job in jobs]})
    elif not jobs:
        say("no such jobs")
    else:
        emit_table(
            ["ID", "PROJECT", "KIND", "STATE", "ATTEMPT", "CREATED", "TIME", "WORKER", "ERROR"],
            [
                [
                    j.id, j.project_id, j.kind, j.state, j.attempt, moment(j.created_at),
                    job_time(j, now), j.worker or "", j.error.message if j.error else "",
                ]
                for j in jobs
            ],
        )  # fmt: skip


@app.command("stats")
def stats(as_json: JsonOption = False) -> None:
    """Show how many jobs there are, what waits since when and for which hosts, and who runs
    what."""
    from prism.entrypoints.cli.output import emit_json
    from prism.entrypoints.cli.queue_reports import print_queue, queue_json
    from prism.entrypoints.container import opened

    with opened() as container:
        status = container.show_queue()()
    if as_json:
        emit_json(queue_json(status))
    else:
        print_queue(status)


@app.command("show")
def show(job: JobArgument, as_json: JsonOption = False) -> None:
    """Show one job with its errors, progress and result."""
    from prism.entrypoints.cli.output import emit, emit_json
    from prism.entrypoints.cli.queue_reports import job_time
    from prism.entrypoints.cli.shapes import job_json
    from prism.entrypoints.container import opened
    from prism.entrypoints.terminal import printable

    with opened() as container:
        found = container.jobs().get(job)
        here = container.settings().host
        now = container.clock().now()
    shape = job_json(found)
    if as_json:
        emit_json({"job": shape})
        return
    for name, value in shape.items():
        if value not in (None, [], {}, "") and name != "errors":
            emit(f"{name}: {printable(str(value))}")
    emit(f"time: {job_time(found, now)}")
    for error in found.errors:
        emit(f"error: attempt {error.attempt}: {printable(error.message)}")
        if error.hint:
            emit(f"hint: {printable(error.hint)}")
    if found.state == "pending" and found.host not in (None, here):
        emit(f"waits for host {printable(str(found.host))}")


@app.command("cancel")
def cancel(job: JobArgument, as_json: JsonOption = False) -> None:
    """Cancel a pending job, or ask a running one to stop."""
    from prism.domain.jobs import JobState
    from prism.entrypoints.cli.output import emit, emit_json
    from prism.entrypoints.container import opened

    with opened() as container:
        state = container.cancel_job()(job)
    asked = state == JobState.RUNNING
    if as_json:
        emit_json({"id": job, "state": state, "asked": asked})
    else:
        emit(f"job {job}: " + ("asked to stop" if asked else state))


@app.command("retry")
def retry(job: JobArgument, as_json: JsonOption = False) -> None:
    """Make a failed or cancelled job pending again."""
    from prism.entrypoints.cli.output import emit, emit_json
    from prism.entrypoints.cli.shapes import job_json
    from prism.entrypoints.container import opened

    with opened() as container:
        found = container.retry_job()(job)
    if as_json:
        emit_json({"job": job_json(found)})
    else:
        emit(f"job {found.id}: {found.state}")


@app.command("prune")
def prune(
    older_than: Annotated[
        str,
        typer.Option("--older-than", metavar="AGE",
                     help="Ended longer ago than this: like 30d, 12h, 90m or 45s."),
    ],
    keep: Annotated[
        int,
        typer.Option("--keep", min=0, metavar="N",
                     help="The newest N jobs of each project stay, however old they are."),
    ] = 20,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Delete the records of jobs that ended long ago; what they published stays."""
    from prism.entrypoints.cli.output import emit, emit_json
    from prism.entrypoints.container import opened

    seconds = _age(older_than)
    with opened() as container:
        deleted = container.prune_jobs()(older_than_seconds=seconds, keep_per_project=keep)
    if as_json:
        emit_json({"deleted": deleted})
    else:
        emit(f"{deleted} jobs deleted")


def _age(text: str) -> float:
    """Seconds. Raises InvalidInput."""
    from prism.domain.errors import InvalidInput

    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdigit() and len(number) < 7 and unit in _UNITS):
        raise InvalidInput(f"`--older-than {text}` is no age", hint="like 30d, 12h, 90m or 45s")
    return float(number) * _UNITS[unit]
