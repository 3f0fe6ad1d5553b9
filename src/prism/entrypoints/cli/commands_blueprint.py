"""``prism blueprint`` and what belongs to it: make, list and verify plans."""

from typing import Annotated

import typer

from prism.entrypoints.cli.options import JsonOption, ProjectArgument


def register(app: typer.Typer) -> None:
    app.command("blueprint")(blueprint)
    app.command("blueprints")(blueprints)
    app.command("verify")(verify)
    app.command("goals")(goals)


def blueprint(
    project: ProjectArgument,
    goal: Annotated[
        str, typer.Option("--goal", help="What the plan is for (see `prism goals`).")
    ] = "",
    focus: Annotated[
        list[str] | None,
        typer.Option(
            "--focus",
            metavar="PATH",
            help="Plan what lies below; repeatable. The plan counts what that leaves out.",
        ),
    ] = None,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Write there.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Plan a staged redesign from the current index: phases, milestones, steps, each with its
    facts.

    Deterministic: the same index, goal and focus give the same plan, byte for byte.
    """
    from prism.domain.blueprints.render_markdown import render_markdown
    from prism.domain.jobs import JobKind
    from prism.entrypoints.cli.foreground import blueprint_options, request_here
    from prism.entrypoints.cli.output import json_text, say, write_output
    from prism.entrypoints.cli.shapes import blueprint_json
    from prism.entrypoints.container import opened

    with opened() as container:
        found = container.find_project()(project)
        options = blueprint_options(goal, focus or [])
        job = request_here(container, found, JobKind.BLUEPRINT, options)
        blueprint_id = int(str((job.result or {})["blueprint_id"]))
        stored = container.blueprints().get(found.id, blueprint_id)
    if as_json:
        document = json_text(blueprint_json(stored))
    else:
        document = render_markdown(stored.blueprint)
    write_output(document, output)
    if output is not None:
        say(f"blueprint {stored.id} of {found.name} written to {output}")


def blueprints(project: ProjectArgument, as_json: JsonOption = False) -> None:
    """List the stored blueprints of a project, newest first."""
    from prism.entrypoints.cli.output import emit_json, emit_table, say
    from prism.entrypoints.cli.shapes import blueprint_meta_json, moment
    from prism.entrypoints.container import opened

    with opened() as container:
        found = container.find_project()(project)
        stored = container.blueprints().list(found.id)
    if as_json:
        emit_json({"blueprints": [blueprint_meta_json(each) for each in stored]})
    elif not stored:
        say(f"no blueprints yet: `prism blueprint {found.name}`")
    else:
        emit_table(
            ["ID", "COMMIT", "CREATED", "MILESTONES", "GOAL"],
            [
                [
                    each.id,
                    each.blueprint.commit[:12],
                    moment(each.created_at),
                    sum(len(phase.milestones) for phase in each.blueprint.phases),
                    each.blueprint.request.goal,
                ]
                for each in stored
            ],
        )


def verify(
    project: Annotated[
        str,
        typer.Argument(metavar="PROJECT|ID", help="A project (its latest plan), or PROJECT/ID."),
    ],
    as_json: JsonOption = False,
) -> None:
    """Resolve every citation of a blueprint against the index it was made from.

    Exits 1 when a citation is broken, 7 when some could not be checked.
    """
    from prism.domain.errors import Incomplete
    from prism.entrypoints.cli.foreground import choose_blueprint
    from prism.entrypoints.cli.output import emit_json, say_failure
    from prism.entrypoints.cli.reports import print_verification
    from prism.entrypoints.cli.shapes import verification_json
    from prism.entrypoints.container import opened

    with opened() as container:
        found, blueprint_id = choose_blueprint(container, project)
        report = container.verify_blueprint()(found.id, blueprint_id)
    if as_json:
        emit_json(verification_json(report))
    else:
        print_verification(report)
    if report.broken or report.uncited:
        say_failure(
            f"{len(report.broken)} of {report.total} citations do not hold, and "
            f"{len(report.uncited)} sentences have none"
        )
        raise typer.Exit(1)
    if report.unchecked:
        raise Incomplete(
            f"{len(report.unchecked)} of {report.total} citations could not be checked",
            hint="index that commit again to have its text",
        )


def goals(as_json: JsonOption = False) -> None:
    """List what `--goal` can ask for."""
    from prism.domain.blueprints.goals import GOALS
    from prism.entrypoints.cli.output import emit_json, emit_table

    if as_json:
        emit_json({"goals": [{"name": goal.name, "title": goal.title} for goal in GOALS]})
    else:
        emit_table(
            ["GOAL", "WHAT THE PLAN IS THEN ABOUT"], [[goal.name, goal.title] for goal in GOALS]
        )
