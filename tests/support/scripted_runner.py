"""A runner whose jobs do what a test says, in time that the test's clock counts."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from prism.adapters.memory.clock import ManualClock
from prism.application.jobs.run_handler import unknown_kind
from prism.application.ports.runner import JobOutcome, JobRunner, RunningJob, ScratchSpace
from prism.domain.credentials import Secret
from prism.domain.jobs import Claim, Progress

WAITS_MAX = 100_000


class ScriptedJob(RunningJob):
    """Each ``wait`` lets time pass and asks the script what happened meanwhile."""

    def __init__(
        self, clock: ManualClock, claim: Claim, script: "Script", token: Secret | None
    ) -> None:
        self._clock = clock
        self._script = script
        self._started_at = clock.monotonic()
        self.claim = claim
        self.token = token
        self.outcome: JobOutcome | None = None
        self.news: Progress | None = None
        self.clone: str | None = None
        self.cancelled_at: float | None = None
        self.killed = False
        self.closed = False
        self.alive_for: list[float] = []
        self._waits = 0

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return self._clock.monotonic() - self._started_at

    def wait(self, seconds: float) -> JobOutcome | None:
        assert not self.killed, "a killed job is not waited for"
        self._waits += 1
        assert self._waits < WAITS_MAX, "the job is waited for without end"
        if self.outcome is None:
            self._clock.advance(seconds)
            self.outcome = self._script(self)
        return self.outcome

    @property
    def progress(self) -> Progress | None:
        return self.news

    @property
    def clone_path(self) -> str | None:
        return self.clone

    def keep_alive(self, seconds: float) -> None:
        self.alive_for.append(seconds)

    def cancel(self) -> None:
        assert self.cancelled_at is None, "a job is asked to stop once"
        self.cancelled_at = self._clock.monotonic()

    def kill(self) -> None:
        self.killed = True

    def close(self) -> None:
        self.closed = True


#: Called at each wait; returns the outcome once there is one.
Script = Callable[[ScriptedJob], JobOutcome | None]


def ends_with(outcome: JobOutcome) -> Script:
    return lambda job: outcome


class ScriptedRunner(JobRunner):
    def __init__(self, clock: ManualClock, script: Script, *kinds: str) -> None:
        self._clock = clock
        self.script = script
        self._kinds = kinds or ("index", "blueprint", "sweep")
        self.started: list[ScriptedJob] = []
        #: Raised by the next start, as when no process can be had.
        self.refuses: Exception | None = None
        #: How long a start takes.
        self.starts_in = 0.0

    def start(self, claim: Claim, *, token: Secret | None, scratch: str) -> RunningJob:
        if claim.job.kind not in self._kinds:
            raise unknown_kind(claim.job.kind)
        if self.refuses is not None:
            raise self.refuses
        self._clock.advance(self.starts_in)
        job = ScriptedJob(self._clock, claim, self.script, token)
        self.started.append(job)
        return job

    def close(self) -> None:
        """Nothing to free."""


class NamedScratch(ScratchSpace):
    """No directories, only their names: which are there, and which ever were."""

    def __init__(self) -> None:
        self.there: list[str] = []
        self.all: list[str] = []
        self.orphans = 0
        self.refuses: Exception | None = None

    def open(self, name: str) -> AbstractContextManager[str]:
        return self._opened(name)

    @contextmanager
    def _opened(self, name: str) -> Iterator[str]:
        if self.refuses is not None:
            raise self.refuses
        self.there.append(name)
        self.all.append(name)
        try:
            yield f"/scratch/{name}"
        finally:
            self.there.remove(name)

    def sweep(self) -> int:
        swept, self.orphans = self.orphans, 0
        return swept
