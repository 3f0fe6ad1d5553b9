"""Commands for who runs Prism: worker, db upgrade, doctor."""

from typing import Annotated

import typer

from prism.entrypoints.cli.options import JsonOption

db = typer.Typer(help="Look after the database.", no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    app.command("worker")(worker)
    app.command("doctor")(doctor)
    app.add_typer(db, name="db")


def worker(
    once: Annotated[
        bool, typer.Option("--once", help="Run what is due, then exit; at once when nothing is.")
    ] = False,
    poll_interval: Annotated[
        float,
        typer.Option("--poll-interval", min=0.05, max=3600, metavar="SECONDS",
                     help="How often to look when no signal comes."),
    ] = 5.0,
    log_format: Annotated[
        str, typer.Option("--log-format", metavar="text|json", help="How to log on stderr.")
    ] = "text",
) -> None:  # fmt: skip
    """Claim and execute jobs, one at a time, until stopped.

    SIGTERM or SIGINT: finish the current job, then exit 0; idle: exit at once. A second signal
    stops
    the job, hands it back uncharged and exits 130.
    """
    from prism.entrypoints.worker import run_worker

    raise typer.Exit(run_worker(once=once, poll_seconds=poll_interval, log_format=log_format))


@db.command("upgrade")
def upgrade(as_json: JsonOption = False) -> None:
    """Bring the database's tables to this version. Needed on Postgres; embedded files do it
    alone."""
    from prism.entrypoints.cli.output import emit, emit_json
    from prism.entrypoints.container import upgrade_database

    versions = upgrade_database()
    if as_json:
        emit_json({"versions": dict(versions)})
    else:
        for line, version in versions.items():
            emit(f"{line}: {version}")


def doctor(as_json: JsonOption = False) -> None:
    """Check database, git, key, grammars and folders, and say what to do about each problem.

    Exits 6 when something is broken; warnings do not count.
    """
    from prism.entrypoints.cli.output import emit_json, emit_table, say
    from prism.entrypoints.doctor import examine

    checks = examine()
    broken = [check for check in checks if check.status == "broken"]
    if as_json:
        emit_json({"checks": [check.as_json() for check in checks]})
    else:
        emit_table(["CHECK", "STATUS", "DETAIL"], [[c.name, c.status, c.detail] for c in checks])
        for check in checks:
            if check.hint:
                say(f"hint: {check.name}: {check.hint}")
    if broken:
        raise typer.Exit(6)
