"""Progress on stderr: a bar on a terminal, a line per stage elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prism.application.jobs.watch_job import JobObserver
from prism.domain.jobs import Progress
from prism.entrypoints.cli.output import say

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress


@contextmanager
def showing(title: str) -> Iterator[JobObserver]:
    """An observer that shows progress until the context is left."""
    if not sys.stderr.isatty():
        yield Lines(title)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True, highlight=False)
    with Bars(*columns, console=console, transient=True) as bars:
        yield Bar(title, bars)


class Lines(JobObserver):
    """One line whenever a stage begins: what a log wants to hold."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._stage = ""

    def progress(self, progress: Progress) -> None:
        if progress.stage != self._stage:
            self._stage = progress.stage
            say(f"{self._title}: {progress.stage}")


class Bar(JobObserver):
    """One bar, for the stage at hand."""

    def __init__(self, title: str, bars: "RichProgress") -> None:
        self._title = title
        self._bars = bars
        self._task = bars.add_task(title, total=None)

    def progress(self, progress: Progress) -> None:
        self._bars.update(
            self._task,
            description=f"{self._title}: {progress.stage}",
            completed=progress.done,
            total=progress.total or None,
        )
