"""The real ``prism worker`` with handlers that do what a fault test needs beside the real ones.

``python -m tests.support.fault_worker [OPTIONS OF WorkerTimes AND WorkerOptions AS JSON]``, with
the environment of a real one (PRISM_DATA_DIR, PRISM_DATABASE_URL).
"""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dependency_injector import providers
from tests.support import index_faults, toy_jobs

from prism.adapters.system import SystemClock
from prism.application.ports.runner import JobHandler
from prism.domain.jobs import JobKind
from prism.entrypoints.container import Container, child_handlers
from prism.entrypoints.settings import Settings
from prism.entrypoints.worker import WorkerOptions, WorkerTimes, run_worker


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultOptions(WorkerOptions):
    """Everything but the handlers is as it is in production, and the clock of this process where it
    is *clock_offset* seconds fast (slow if negative)."""

    clock_offset: float = 0.0

    def adapt(self, settings: Settings) -> Settings:
        return replace(
            WorkerOptions.adapt(self, settings),
            handlers="tests.support.fault_worker:handlers",
            kinds=(*settings.kinds, *toy_jobs.HANDLERS, *index_faults.KINDS),
        )

    @contextmanager
    def opened(self) -> Iterator[Container]:
        with WorkerOptions.opened(self) as container:
            if self.clock_offset:
                container.clock.override(providers.Object(_WrongClock(self.clock_offset)))
            yield container


class _WrongClock(SystemClock):
    def __init__(self, offset: float) -> None:
        self._offset = timedelta(seconds=offset)

    def now(self) -> datetime:
        return super().now() + self._offset


def handlers(settings: str) -> Mapping[str, JobHandler]:
    """What a job's process calls: the real handlers, the real one for indexing with something that
    happens to it, and the toys."""
    real = child_handlers(settings)
    return {**real, **index_faults.handlers(real[JobKind.INDEX]), **toy_jobs.HANDLERS}


def main(arguments: str) -> int:
    given = json.loads(arguments)
    times = WorkerTimes(**given.pop("times", {}))
    return run_worker(FaultOptions(times=times, **given))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "{}"))
