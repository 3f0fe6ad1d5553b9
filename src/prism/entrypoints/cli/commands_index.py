"""``prism index``: register, queue and run an index job here, with progress."""

from typing import TYPE_CHECKING, Annotated

import typer

from prism.entrypoints.cli.options import JsonOption

if TYPE_CHECKING:
    from prism.domain.facts.runs import Run
    from prism.domain.projects import Project
    from prism.entrypoints.container import Container


def register(app: typer.Typer) -> None:
    app.command("index")(index)


def index(
    source: Annotated[
        str,
        typer.Argument(metavar="PATH|URL|PROJECT", help="A repository, or a registered project."),
    ] = ".",
    credential: Annotated[
        str | None,
        typer.Option("--credential", help="For a new project: id or name of its credential."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Index again even when nothing has changed.")
    ] = False,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Exit 7 also when a single file could not be fully indexed."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Index the commit that HEAD names; uncommitted changes are not read.

    Registers the repository when it is new. Joins a worker that already has the job. Ctrl-C cancels
    the job that this command created.
    """
    from prism.entrypoints.cli.output import emit_json, say
    from prism.entrypoints.cli.reports import print_indexed
    from prism.entrypoints.cli.shapes import project_json, run_json
    from prism.entrypoints.container import opened

    with opened() as container:
        project = _find_or_add(container, source, credential)
        head = _announce_head(container, project)
        run = None if force else container.up_to_date()(project, head)
        if run is not None:
            say(f"commit {run.commit[:12]} is indexed already (run {run.id}); nothing to do")
        else:
            run = _index_here(container, project, force=force)
    if as_json:
        emit_json({"project": project_json(project), "run": run_json(run)})
    else:
        print_indexed(project, run)
    _exit_when_incomplete(run, strict)


def _find_or_add(container: "Container", source: str, credential: str | None) -> "Project":
    from prism.domain.errors import Conflict, NotFound
    from prism.entrypoints.cli.output import say

    try:
        project = container.find_project()(source)
    except NotFound:
        project = container.add_project()(source, credential=credential)
        say(f"registered project {project.id}: {project.name}")
        return project
    if credential is not None:
        wanted = container.credentials().get(credential).id
        if wanted != project.credential_id:
            raise Conflict(
                f"project {project.name!r} is registered with another credential",
                hint="`prism project remove` it and add it again with this one",
            )
    return project


def _announce_head(container: "Container", project: "Project") -> str | None:
    from prism.domain.projects import SourceKind
    from prism.entrypoints.cli.output import say

    if project.source.kind is SourceKind.REMOTE:
        return None
    if project.source.host != container.settings().host:
        return None
    head = container.locator().head(project.source.location)
    say(f"indexing {head[:12]} of {project.source.location}; uncommitted changes are not read")
    return head


def _index_here(container: "Container", project: "Project", *, force: bool) -> "Run":
    from prism.application.jobs.handlers import FORCE
    from prism.domain.jobs import JobKind
    from prism.entrypoints.cli.foreground import request_here

    job = request_here(container, project, JobKind.INDEX, {FORCE: True} if force else {})
    run_id = int(str((job.result or {})["run_id"]))
    return container.index_store().run(project.id, run_id)


def _exit_when_incomplete(run: "Run", strict: bool) -> None:
    from prism.domain.coverage import lost_files
    from prism.domain.errors import Incomplete
    from prism.domain.facts.runs import StageStatus

    failed = [s.name for s in run.stages if s.status is not StageStatus.COMPLETED]
    if not run.complete:
        raise Incomplete(
            f"the index is incomplete: {', '.join(failed)} did not finish",
            hint="`prism status PROJECT` shows the error of each stage",
        )
    lost = lost_files(run.notices)
    if strict and lost:
        raise Incomplete(
            f"{len(lost)} files are not fully indexed; the first is {lost[0].path}",
            hint="`prism status PROJECT` counts them by reason",
        )
