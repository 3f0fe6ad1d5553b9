"""``prism worker``: one loop or several, with their signals and their log."""

import logging
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass, replace

from prism.application.jobs.stopping import StopRequest, StopSwitch
from prism.application.jobs.worker_loop import BACKOFF_SECONDS_MAX, WorkerEnd, WorkerLoop
from prism.application.ports.jobs import Wakeup
from prism.domain.errors import Transient
from prism.entrypoints.container import Container, opened
from prism.entrypoints.measuring import check_file, parse_address, repeating
from prism.entrypoints.settings import Settings
from prism.entrypoints.signals import heard

log = logging.getLogger(__name__)

EXIT_INTERRUPTED = 130
_STOPPING = (signal.SIGTERM, signal.SIGINT)
_FIRST_WAIT_SECONDS = 0.5
#: How soon a worker that waits for its database notices a signal.
_LOOK_SECONDS = 0.1
#: A question to the queue takes milliseconds: no answer for so long is none.
ANSWER_SECONDS_MAX = 10.0
#: Connections for what is not a loop's: the index of a foreground command, a metrics page.
_SPARE_CONNECTIONS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerTimes:
    """In seconds. ``grace``: how long a running job may go on after the first request to stop;
    ``limit``: how long any job may run; None: as long as it takes. ``kill``: how long a job may
    ignore that it is asked to stop."""

    poll: float = 5.0
    lease: float = 60.0
    grace: float | None = 25.0
    limit: float | None = 1800.0
    kill: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """``concurrency``: so many loops, each with one job at a time. ``listen``: hear of new jobs by
    LISTEN; not possible through a pooler. ``memory_mib``: what each process of a job may have.
    ``metrics_listen``, ``metrics_file``: where to show what is counted, as the command takes it."""

    once: bool = False
    times: WorkerTimes = WorkerTimes()
    concurrency: int = 1
    listen: bool = True
    memory_mib: int | None = None
    log_format: str = "text"
    metrics_listen: str | None = None
    metrics_file: str | None = None

    @property
    def measured(self) -> bool:
        return self.metrics_listen is not None or self.metrics_file is not None

    def adapt(self, settings: Settings) -> Settings:
        """The settings of a worker's own process. Raises InvalidInput."""
        listen, file = self.metrics_listen, self.metrics_file
        return replace(
            settings,
            log_format=self.log_format,
            metrics_listen=None if listen is None else parse_address(listen),
            metrics_file=None if file is None else check_file(file),
            pooler=settings.pooler or not self.listen,
            answer_seconds=min(ANSWER_SECONDS_MAX, self.times.lease / 4),
            connections=self.concurrency + _SPARE_CONNECTIONS,
            job_memory_mib=(
                settings.job_memory_mib if self.memory_mib is None else self.memory_mib
            ),
        )

    def opened(self) -> AbstractContextManager[Container]:
        """What the worker is made of; nothing is started yet."""
        return opened(self.adapt)


def run_worker(options: WorkerOptions) -> int:
    """Work until stopped; returns the exit code.

    The handlers stand before the database is opened: a signal that comes meanwhile ends the worker
    before its first claim. A database that is away is waited for, unless there is only one round
    to work; what waiting cannot mend (a wrong password, an old schema) is raised.
    """
    wakeups: list[Wakeup] = []
    switch = StopSwitch()

    def stop() -> None:
        switch.request()
        for wakeup in wakeups:
            wakeup.set()

    with (
        heard(_STOPPING, stop),
        options.opened() as container,
        ExitStack() as open_,
    ):
        container.metrics()  # shown already while the database is waited for
        if not options.once and not _database_is_there(container, switch):
            return EXIT_INTERRUPTED if switch() is StopRequest.NOW else 0
        wakeups += [
            open_.enter_context(closing(container.wakeup())) for _ in range(options.concurrency)
        ]
        loops = _loops(container, options, wakeups, switch)
        if options.measured:
            open_.enter_context(repeating(container.sample_queue()))
        ends = _run_all(loops, once=options.once)
    return EXIT_INTERRUPTED if any(end.interrupted for end in ends) else 0


def _database_is_there(container: Container, switch: StopSwitch) -> bool:
    """Wait until the database can be opened; False when the worker was told to stop meanwhile.

    Raises what trying again cannot help.
    """
    wait = _FIRST_WAIT_SECONDS
    while switch() is StopRequest.NONE:
        try:
            container.jobs()
        except Transient as error:
            container.metrics().failed(error.code)
            fields = {"action": "worker_waits", "code": error.code, "error": error.message}
            log.warning("database away", extra={**fields, "seconds": wait})
            _pause(wait, switch)
            wait = min(BACKOFF_SECONDS_MAX, wait * 2)
        else:
            return True
    return False


def _pause(seconds: float, switch: StopSwitch) -> None:
    """In short waits on an event that nobody sets: the switch is looked at between them."""
    never = threading.Event()
    for _ in range(int(seconds / _LOOK_SECONDS)):
        if switch() is not StopRequest.NONE:
            return
        never.wait(_LOOK_SECONDS)


def _loops(
    container: Container, options: WorkerOptions, wakeups: Sequence[Wakeup], switch: StopSwitch
) -> Sequence[WorkerLoop]:
    return [
        container.worker_loop(options.times, wakeup=wakeup, switch=switch) for wakeup in wakeups
    ]


def _run_all(loops: Sequence[WorkerLoop], *, once: bool) -> Sequence[WorkerEnd]:
    """Each loop in a thread: they wait for their jobs' processes and for the database, no more.

    A loop that cannot go on (a database of another version) stops all of them; raises its error.
    """
    if len(loops) == 1:
        return [loops[0](once=once)]
    with ThreadPoolExecutor(len(loops), thread_name_prefix="prism-worker") as threads:
        running = [threads.submit(loop, once=once) for loop in loops]
        for ended in as_completed(running):
            if ended.exception() is not None:
                for loop in loops:
                    loop.stop()
                break
        return [ended.result() for ended in running]
