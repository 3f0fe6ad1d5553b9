"""What runs in a job's own process, from the moment of the fork to its exit."""

import contextlib
import importlib
import logging
import os
import resource
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, NoReturn, cast

from prism.adapters.processes import lifeline
from prism.adapters.processes.channel import Channel
from prism.adapters.processes.messages import claim_from_json, outcome_to_json
from prism.adapters.processes.out_of_memory import (
    OUT_OF_MEMORY_STATUS,
    exit_when_threads_lack_memory,
)
from prism.application.jobs.run_handler import run_handler
from prism.application.ports.runner import JobContext, JobHandler, JobOutcome, JobReporter
from prism.domain.credentials import Secret
from prism.domain.errors import Cancelled
from prism.domain.jobs import Claim, JobError, Progress
from prism.domain.values import Json, JsonObject

#: Progress is for people: more often than this is only work.
_PROGRESS_SECONDS = 0.1
#: The kernel, short of memory, shall take the job before its worker (proc(5): oom_score_adj).
_OOM_SCORE = "500"


class JobEnds(NamedTuple):
    """What a job's process is given: its channel, and the read ends of lifeline and token."""

    channel: Channel
    lifeline: int
    token: int


def run_job(ends: JobEnds) -> NoReturn:
    """Never returns and raises nothing: the caller is a fork server's loop."""
    code = 1
    try:
        os.setpgid(0, 0)
        lifeline.arm(ends.lifeline)
        _settle_in()
        _run(ends)
        code = 0
    except MemoryError:
        code = OUT_OF_MEMORY_STATUS
    finally:
        # No clean-up of the fork server's may run here, so neither exit handlers nor unwinding.
        with contextlib.suppress(Exception):
            logging.shutdown()
            sys.stderr.flush()
        os._exit(code)


def _settle_in() -> None:
    # A service manager may signal every process of the service: when the job ends is the worker's
    # decision. Blocked and not handled, for that is inherited by all that the job executes: git
    # has handlers of its own.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
    # A core file would hold the token.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, encoding="ascii")


def _limit_memory(amount: int) -> None:
    """Of this process, and of each that it starts for itself: heap and private writable mappings,
    in bytes (setrlimit(2): RLIMIT_DATA, so since Linux 4.7; macOS has the limit and ignores it).

    Not RLIMIT_AS: native code reserves far more than it uses.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        amount = min(amount, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (amount, amount))


def _run(ends: JobEnds) -> None:
    order = ends.channel.receive()
    if order is None:
        return
    text = _read_to_end(ends.token)
    token = Secret(text) if order["has_token"] else None
    claim = claim_from_json(cast(Mapping[str, Json], order["claim"]))
    # libpq reads it when this process opens its own connections.
    os.environ["PGAPPNAME"] = claim.ref.session
    memory_bytes = cast(int | None, order["memory_bytes"])
    if memory_bytes is not None:
        exit_when_threads_lack_memory()
        _limit_memory(memory_bytes)
    outcome = _outcome(order, claim, token=token, reporter=_ChannelReporter(ends.channel))
    try:
        ends.channel.send({"type": "outcome", **outcome_to_json(outcome)})
    except (TypeError, ValueError) as error:
        failed = JobOutcome(error=JobError.of(error, attempt=claim.attempt))
        ends.channel.send({"type": "outcome", **outcome_to_json(failed)})


def _outcome(
    order: JsonObject, claim: Claim, *, token: Secret | None, reporter: JobReporter
) -> JobOutcome:
    context = JobContext(claim=claim, token=token, scratch=str(order["scratch"]), reporter=reporter)
    try:
        handlers = _handlers(str(order["handlers"]), str(order["settings"]))
    except Exception as error:  # noqa: BLE001 - told like a failure of the job itself
        return JobOutcome(error=JobError.of(error, attempt=claim.attempt))
    return run_handler(handlers, context)


def _handlers(name: str, settings: str) -> Mapping[str, JobHandler]:
    module, _, attribute = name.partition(":")
    build = getattr(importlib.import_module(module), attribute)
    return cast(Mapping[str, JobHandler], build(settings))


def _read_to_end(read_end: int) -> str:
    with os.fdopen(read_end, "rb") as pipe:
        return pipe.read().decode()


class _ChannelReporter(JobReporter):
    """Never waits for the worker: news that it has no time for is left out, but for the clone."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stage = ""
        self._told_at = 0.0
        self._stop = False

    def progress(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.stage == self._stage and now - self._told_at < _PROGRESS_SECONDS:
            return
        if self._channel.send_if_room({"type": "progress", **progress.as_json()}):
            self._stage, self._told_at = progress.stage, now

    def cloned(self, path: str) -> None:
        self._channel.send({"type": "cloned", "path": path})

    def check_cancelled(self) -> None:
        if not self._stop:
            message = self._channel.take()
            self._stop = message is not None and message.get("type") == "cancel"
        if self._stop:
            raise Cancelled("the job was asked to stop")
