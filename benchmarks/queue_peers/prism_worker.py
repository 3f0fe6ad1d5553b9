"""A worker of Prism for the queue benchmark: the real one, except for what its jobs do.

``python -m benchmarks.queue_peers.prism_worker --variant queue`` runs the no-op in a thread of the
worker (the queue alone, as the other systems run their tasks), ``--variant child`` in a child
process of its own, as ``prism worker`` does.
"""

import os
import signal
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from types import FrameType

from benchmarks.queue_peers.recording import Recorder, worker_arguments
from dependency_injector import providers

from prism.adapters.processes.in_process import InProcessRunner
from prism.application.jobs.stopping import StopSwitch
from prism.application.ports.runner import JobContext, JobHandler, JobOutcome
from prism.entrypoints.container import build
from prism.entrypoints.settings import Settings
from prism.entrypoints.worker import WorkerOptions

KIND = "blueprint"  # the kind of which a project may have many at once
CHILD = "child"


def noop(_context: JobContext) -> JobOutcome:
    return JobOutcome(result={})


def handlers_for(_settings: str) -> Mapping[str, JobHandler]:
    """What a job's own process calls."""
    return {KIND: noop}


def noting(recorder: Recorder) -> JobHandler:
    def handle(context: JobContext) -> JobOutcome:
        number = context.claim.job.options["n"]
        assert isinstance(number, int)
        recorder(number)
        return noop(context)

    return handle


def environment(place: str, directory: str) -> dict[str, str]:
    """What tells Prism where its database is, and where it may put files."""
    if "://" in place:
        return {"PRISM_DATABASE_URL": place, "PRISM_DATA_DIR": directory}
    return {"PRISM_DATABASE_URL": "", "PRISM_DATA_DIR": place}


def work() -> None:
    """Until SIGTERM."""
    place, recorder, variant, directory = worker_arguments()
    os.environ.update(environment(place, directory))
    options = WorkerOptions(log_format="")

    def adapt(settings: Settings) -> Settings:
        kinds = (KIND,)
        return replace(options.adapt(settings), handlers=f"{__name__}:handlers_for", kinds=kinds)

    switch = StopSwitch()
    with closing(build(adapt)) as container, closing(container.wakeup()) as wakeup:
        if variant != CHILD:
            in_process = InProcessRunner({KIND: noting(recorder)})
            container.runner.override(providers.Object(in_process))
        loop = container.worker_loop(options.times, wakeup=wakeup, switch=switch)

        def stop(_number: int, _frame: FrameType | None) -> None:
            loop.stop()

        signal.signal(signal.SIGTERM, stop)
        loop()
    recorder.write()


if __name__ == "__main__":
    # By its name, not as __main__: a job's process imports its handlers from there.
    from benchmarks.queue_peers import prism_worker

    prism_worker.work()
