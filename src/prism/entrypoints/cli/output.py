"""How the command line speaks: data on stdout, messages on stderr, nothing that a terminal
obeys."""

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from prism.domain.errors import ExternalFailure, PrismError
from prism.domain.values import Json
from prism.entrypoints.terminal import printable


def emit(text: str) -> None:
    """One line of data."""
    sys.stdout.write(text + "\n")


def emit_json(value: Json) -> None:
    """One JSON document, ASCII only, so that any path survives any locale."""
    sys.stdout.write(json_text(value))


def say(text: str) -> None:
    """One line for the person, not for a pipe."""
    sys.stderr.write(printable(text) + "\n")
    sys.stderr.flush()


def say_error(error: PrismError) -> None:
    say_failure(error.message, error.hint)


def say_failure(message: str, hint: str = "") -> None:
    say(f"error: {message}")
    if hint:
        sys.stderr.write("\n")
        say(f"hint: {hint}")


def emit_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Left-aligned columns; the last one is never padded. Nothing is cut off."""
    body = [[printable(str(cell)) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(header), *body]) for i in range(len(header))]
    for row in [list(header), *body]:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths[:-1], strict=True)]
        emit("  ".join([*cells, row[-1]]).rstrip())


def json_text(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=True) + "\n"


def write_output(text: str, path: str | None) -> None:
    """To *path*, whole or not at all, or to stdout. Raises ExternalFailure naming the path."""
    write_lines(text.removesuffix("\n").split("\n"), path)


def write_lines(lines: Iterable[str], path: str | None) -> None:
    """As ``write_output``, line by line: the whole never stands in memory."""
    if path is None:
        for line in lines:
            emit(line)
        return
    target = Path(path)
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=target.parent, prefix=f".{target.name}.", delete=False
        ) as file:
            try:
                file.writelines(line + "\n" for line in lines)
            except BaseException:
                Path(file.name).unlink()
                raise
        Path(file.name).chmod(0o666 & ~_umask())
        Path(file.name).replace(target)
    except OSError as error:
        raise ExternalFailure(
            f"{path} cannot be written ({error.strerror or type(error).__name__})",
            hint="check the folder and its free space",
        ) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
