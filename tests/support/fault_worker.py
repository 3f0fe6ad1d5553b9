"""The real ``prism worker`` with handlers that do what a fault test needs beside the real ones.

``python -m tests.support.fault_worker [OPTIONS OF WorkerTimes AND WorkerOptions AS JSON]``, with
the environment of a real one (PRISM_DATA_DIR, PRISM_DATABASE_URL).
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tests.support import index_faults, toy_jobs

from prism.application.ports.runner import JobHandler
from prism.domain.jobs import JobKind
from prism.entrypoints.container import child_handlers
from prism.entrypoints.settings import Settings
from prism.entrypoints.worker import WorkerOptions, WorkerTimes, run_worker


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultOptions(WorkerOptions):
    """Everything but the handlers is as it is in production."""

    def adapt(self, settings: Settings) -> Settings:
        return replace(
            WorkerOptions.adapt(self, settings),
            handlers="tests.support.fault_worker:handlers",
            kinds=(*settings.kinds, *toy_jobs.HANDLERS, *index_faults.KINDS),
        )


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
