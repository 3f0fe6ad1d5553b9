"""``prism project``: add, list and remove projects."""

from typing import Annotated

import typer

from prism.entrypoints.cli.options import JsonOption, ProjectArgument

app = typer.Typer(help="Register and remove projects.", no_args_is_help=True, rich_markup_mode=None)


@app.command("add")
def add(
    source: Annotated[
        str, typer.Argument(metavar="URL|PATH", help="https://… or a path inside a repository.")
    ],
    name: Annotated[
        str | None, typer.Option("--name", help="Default: the repository's name.")
    ] = None,
    credential: Annotated[
        str | None, typer.Option("--credential", help="Id or name of a credential.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Register a repository. Nothing is read of it until it is indexed."""
    from prism.entrypoints.cli.output import emit, emit_json
    from prism.entrypoints.cli.shapes import project_json
    from prism.entrypoints.container import opened

    with opened() as container:
        project = container.add_project()(source, name=name, credential=credential)
    if as_json:
        emit_json({"project": project_json(project)})
    else:
        emit(f"project {project.id}: {project.name}")


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """List the projects by name."""
    from prism.entrypoints.cli.output import emit_json, emit_table, say
    from prism.entrypoints.cli.shapes import project_json
    from prism.entrypoints.container import opened

    with opened() as container:
        projects = container.projects().list()
    if as_json:
        emit_json({"projects": [project_json(project) for project in projects]})
    elif not projects:
        say("no projects yet: `prism project add URL|PATH` or `prism index PATH`")
    else:
        emit_table(
            ["ID", "NAME", "SOURCE"],
            [[p.id, p.name, p.source.location] for p in projects],
        )


@app.command("remove")
def remove(
    project: ProjectArgument,
    as_json: JsonOption = False,
) -> None:
    """Cancel the project's jobs and delete all that is stored of it. Its repository is
    untouched."""
    from prism.entrypoints.cli.foreground import run_here
    from prism.entrypoints.cli.output import emit, emit_json
    from prism.entrypoints.container import opened

    with opened() as container:
        found = container.find_project()(project)
        sweep = container.remove_project()(found.id)
        run_here(container, sweep)
    if as_json:
        emit_json({"removed": {"id": found.id, "name": found.name}})
    else:
        emit(f"removed project {found.id}: {found.name}")
