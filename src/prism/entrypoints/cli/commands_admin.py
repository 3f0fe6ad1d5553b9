"""Commands for who runs Prism: worker, db upgrade, doctor."""

from typing import Annotated

import typer

from prism.entrypoints.cli.options import JsonOption

db = typer.Typer(help="Look after the database.", no_args_is_help=True, rich_markup_mode=None)

MetricsListenOption = Annotated[
    str | None,
    typer.Option(
        "--metrics-listen",
        metavar="[HOST:]PORT",
        help="Serve /metrics to Prometheus; port 0 picks a free one, and the log says which.",
    ),
]
MetricsFileOption = Annotated[
    str | None,
    typer.Option(
        "--metrics-file",
        metavar="PATH.prom",
        help="Write the metrics to a file for node_exporter's textfile collector.",
    ),
]


def register(app: typer.Typer) -> None:
    app.command("worker")(worker)
    app.command("doctor")(doctor)
    app.add_typer(db, name="db")


def worker(
    once: Annotated[
        bool, typer.Option("--once", help="Run what is due, then exit; at once when nothing is.")
    ] = False,
    concurrency: Annotated[
        int,
        typer.Option("--concurrency", min=1, max=64, metavar="N",
                     help="Run up to N jobs at once, each of another project."),
    ] = 1,
    poll_interval: Annotated[
        float,
        typer.Option("--poll-interval", min=0.05, max=3600, metavar="SECONDS",
                     help="How often to look when no signal comes."),
    ] = 5.0,
    lease: Annotated[
        float,
        typer.Option("--lease", min=2, max=3600, metavar="SECONDS",
                     help="How long a job stays with a worker that is not heard of."),
    ] = 60.0,
    grace: Annotated[
        str,
        typer.Option("--grace", metavar="SECONDS|none",
                     help="How long the running job may go on after the first SIGTERM or SIGINT."),
    ] = "25",
    job_limit: Annotated[
        str,
        typer.Option("--job-limit", metavar="SECONDS|none", help="How long any job may run."),
    ] = "1800",
    job_memory: Annotated[
        int | None,
        typer.Option("--job-memory", min=128, metavar="MIB",
                     help="Memory that each process of a job may have; default: no limit."),
    ] = None,
    listen: Annotated[
        bool,
        typer.Option("--listen/--no-listen",
                     help="Wake up by LISTEN/NOTIFY; not possible behind a transaction pooler."),
    ] = True,
    log_format: Annotated[
        str, typer.Option("--log-format", metavar="text|json", help="How to log on stderr.")
    ] = "text",
    metrics_listen: MetricsListenOption = None,
    metrics_file: MetricsFileOption = None,
) -> None:  # fmt: skip
    """Claim and execute jobs, one at a time, until stopped.

    The first SIGTERM or SIGINT: take no new job; the running one may end within the grace, then it
    is handed back uncharged; exit 0, when idle at once. A second signal: the job is killed and
    handed back; exit 130.
    """
    from prism.entrypoints.worker import WorkerOptions, WorkerTimes, run_worker

    times = WorkerTimes(
        poll=poll_interval,
        lease=lease,
        grace=_seconds("--grace", grace),
        limit=_seconds("--job-limit", job_limit),
    )
    options = WorkerOptions(
        once=once,
        times=times,
        concurrency=concurrency,
        listen=listen,
        memory_mib=job_memory,
        log_format=log_format,
        metrics_listen=metrics_listen,
        metrics_file=metrics_file,
    )
    raise typer.Exit(run_worker(options))


def _seconds(option: str, text: str) -> float | None:
    """A time in seconds, None for `none`. Raises InvalidInput."""
    from prism.domain.errors import InvalidInput

    if text == "none":
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e9:
        raise InvalidInput(f"{option} is {text!r}, which is no time", hint="seconds, or `none`")
    return seconds


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
