"""Run jobs in a thread of this process: for embedding and tests. Nothing can be killed here."""

import threading
from collections.abc import Callable, Mapping

from prism.application.jobs.run_handler import run_handler, unknown_kind
from prism.application.ports.runner import (
    JobContext,
    JobHandler,
    JobOutcome,
    JobReporter,
    JobRunner,
    RunningJob,
)
from prism.domain.credentials import Secret
from prism.domain.errors import Cancelled
from prism.domain.jobs import Claim, Progress


class InProcessRunner(JobRunner):
    """A handler that never checks for a cancel keeps its worker waiting: that is the price."""

    def __init__(self, handlers: Mapping[str, JobHandler]) -> None:
        self._handlers = handlers

    def start(self, claim: Claim, *, token: Secret | None, scratch: str) -> RunningJob:
        if claim.job.kind not in self._handlers:
            raise unknown_kind(claim.job.kind)
        reporter = _Reporter()
        context = JobContext(claim=claim, token=token, scratch=scratch, reporter=reporter)
        return _JobThread(reporter, lambda: run_handler(self._handlers, context))

    def close(self) -> None:
        """Nothing is shared between jobs."""


class _Reporter(JobReporter):
    """Written by the job's thread, read by the worker's: whole values, replaced at once."""

    def __init__(self) -> None:
        self.newest: Progress | None = None
        self.clone: str | None = None
        self.stop = threading.Event()

    def progress(self, progress: Progress) -> None:
        self.newest = progress

    def cloned(self, path: str) -> None:
        self.clone = path

    def check_cancelled(self) -> None:
        if self.stop.is_set():
            raise Cancelled("the job was asked to stop")


class _JobThread(RunningJob):
    def __init__(self, reporter: _Reporter, work: Callable[[], JobOutcome]) -> None:
        self._reporter = reporter
        self._outcome: JobOutcome | None = None
        self._thread = threading.Thread(target=self._run, args=(work,), name="job", daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], JobOutcome]) -> None:
        self._outcome = work()

    def wait(self, seconds: float) -> JobOutcome | None:
        self._thread.join(max(0.0, seconds))
        return self._outcome

    @property
    def progress(self) -> Progress | None:
        return self._reporter.newest

    @property
    def clone_path(self) -> str | None:
        return self._reporter.clone

    def keep_alive(self, seconds: float) -> None:
        """A thread cannot be stopped from outside."""

    def cancel(self) -> None:
        self._reporter.stop.set()

    def kill(self) -> None:
        self.cancel()

    def close(self) -> None:
        """Blocks until the handler has ended."""
        self.cancel()
        self._thread.join()
