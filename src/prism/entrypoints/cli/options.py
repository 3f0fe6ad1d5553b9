"""Options and arguments that several commands share, so that they read the same everywhere."""

from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
ProjectArgument = Annotated[
    str, typer.Argument(metavar="PROJECT", help="A project's id, name, path or URL.")
]
