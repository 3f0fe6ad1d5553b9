"""The command line. At import time only the standard library and typer; the rest when it is
used."""

import os
import sys
from typing import Annotated

import typer

from prism import __version__
from prism.entrypoints.cli import (
    commands_admin,
    commands_blueprint,
    commands_credential,
    commands_index,
    commands_job,
    commands_project,
    commands_read,
)

EXIT_BUG = 70
EXIT_INTERRUPTED = 130

_EPILOG = (
    "Exit codes: 0 done, 1 a check failed, 2 wrong input, 3 not found, 4 conflict, 5 refused by a "
    "limit or policy, 6 git, network, disk or database failed, 7 the result is incomplete, "
    "70 a bug in prism, 130 interrupted."
)

app = typer.Typer(
    name="prism",
    help="Point it at a git repository: an index that says what it could resolve, and a staged "
    "redesign whose every sentence can be checked.",
    epilog=_EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"prism {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    del version


commands_index.register(app)
commands_blueprint.register(app)
commands_read.register(app)
app.add_typer(commands_project.app, name="project")
app.add_typer(commands_credential.app, name="credential")
app.add_typer(commands_job.app, name="job")
commands_admin.register(app)


def run() -> None:
    """Run the command line; every way out is an exit code, never a traceback."""
    from prism.domain.errors import PrismError
    from prism.entrypoints.cli.output import say_error, say_failure

    try:
        app()
        sys.stdout.flush()
    except PrismError as error:
        say_error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        say_failure("interrupted")
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader went away (`| head`): not an error, but Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("PRISM_DEBUG"):
            raise
        say_failure(
            f"BUG: {type(error).__name__}",
            "this is a fault of prism: run again with PRISM_DEBUG=1 and report what it prints "
            "(read it first: it may quote your code)",
        )
        sys.exit(EXIT_BUG)
