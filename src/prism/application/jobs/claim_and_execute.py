"""Claim a job, run it, record how it ended: the heart of the worker and of the foreground."""

import logging
import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from prism.application.jobs.settle_job import Settled, SettleJob
from prism.application.jobs.stopping import StopRequest, never_stopping
from prism.application.jobs.watch_job import (
    Ending,
    JobObserver,
    Lease,
    Pace,
    Watched,
    WatchedJob,
)
from prism.application.log_context import about_job
from prism.application.ports.clock import Clock
from prism.application.ports.jobs import JobRepository
from prism.application.ports.metrics import UNMEASURED, AttemptEnd, JobMetrics
from prism.application.ports.projects import CredentialRepository, ProjectRepository
from prism.application.ports.runner import JobOutcome, JobRunner, ScratchSpace
from prism.application.ports.tokens import TokenDecryptor
from prism.application.projects.add_project import check_host
from prism.domain.credentials import Credential, Secret
from prism.domain.errors import ExternalFailure, NotFound, Transient
from prism.domain.jobs import (
    LEASE_SECONDS,
    RENEW_SECONDS,
    Claim,
    JobError,
    JobKind,
    JobState,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutedJob:
    """How one attempt ended. ``state`` None: the lease is lost and nothing was written."""

    job_id: int
    attempt: int
    ending: Ending
    state: JobState | None
    error: JobError | None = None
    outcome: JobOutcome | None = None

    @property
    def end(self) -> AttemptEnd:
        """The same, for who counts."""
        if self.ending is Ending.OUT_OF_REACH:
            return AttemptEnd.OUT_OF_REACH
        if self.state is None:
            return AttemptEnd.LEASE_LOST
        if self.state is JobState.PENDING:
            handed_back = self.ending in (Ending.HANDED_BACK, Ending.NOT_STARTED)
            return AttemptEnd.HANDED_BACK if handed_back else AttemptEnd.RETRIED
        return AttemptEnd(self.state.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimAndExecuteJob:
    """Claim the next job, run it by the runner, and record how it ended.

    Claim, heartbeats and outcome are short transactions; none is open while the job runs. This
    process decrypts, renews, fences and publishes; the job itself gets the token and nothing else.
    ``worker`` names this worker (for people; the fence is the attempt), ``host`` this machine.

    Times in seconds: the job is killed when no renewal was confirmed for 0.9 of ``lease_seconds``
    or when it ignores a request to stop for ``kill_seconds``; it is asked to stop when it runs
    longer than ``limit_seconds``, and handed back when it still runs ``grace_seconds`` after the
    worker was asked to stop (None: no limit). ``poll_seconds`` is how often the database is asked
    for a cancel, ``renew_seconds`` how often the lease is renewed when there is no progress to
    tell.
    """

    jobs: JobRepository
    projects: ProjectRepository
    credentials: CredentialRepository
    tokens: TokenDecryptor
    runner: JobRunner
    scratch: ScratchSpace
    clock: Clock
    worker: str
    host: str
    lease_seconds: float = LEASE_SECONDS
    renew_seconds: float = RENEW_SECONDS
    poll_seconds: float = 1.0
    kill_seconds: float = 5.0
    grace_seconds: float | None = None
    limit_seconds: float | None = None
    #: How long the end of a job is tried to be written, at most; the lease bounds it anyway. A
    #: worker waits for its database, a person in front of a full disk does not want to.
    settle_seconds: float = math.inf
    #: Kinds of job whose process gets the project's token: least privilege for all others.
    token_kinds: frozenset[str] = frozenset({JobKind.INDEX})
    pause: Callable[[float], None] = time.sleep
    metrics: JobMetrics = UNMEASURED
    #: Not empty: the queue may hold a job for this worker of which it knows nothing.
    _doubts: list[str] = field(default_factory=list, init=False)

    def __call__(
        self,
        *,
        only: int | None = None,
        retry: bool = True,
        observe: JobObserver | None = None,
        stopping: Callable[[], StopRequest] = never_stopping,
    ) -> ExecutedJob | None:
        """Run one job to its end; None when none is due. ``only``: that job or nothing. ``retry``
        False: a failure is final (the foreground does not try again behind the user's back).

        Raises ExternalFailure when the database is away; no fault of a job is ever raised.
        """
        self._give_back_what_is_left()
        try:
            executed = self._one(only, retry=retry, observe=observe, stopping=stopping)
        except ExternalFailure as error:
            self._doubts.append(error.code)
            raise
        if executed is not None and executed.end is AttemptEnd.OUT_OF_REACH:
            self._doubts.append(executed.end.value)
        return executed

    def _give_back_what_is_left(self) -> None:
        """A claim may have been made although its answer was lost, and an end not been written
        although it came: nobody works on that job, and it need not wait for its lease."""
        if self._doubts:
            for job in self.jobs.release_all(worker=self.worker):
                fields = {"job_id": job.id, "attempt": job.attempt, "state": job.state.value}
                log.warning("job given back", extra={"action": "job_given_back", **fields})
            self._doubts.clear()

    def _one(
        self,
        only: int | None,
        *,
        retry: bool,
        observe: JobObserver | None,
        stopping: Callable[[], StopRequest],
    ) -> ExecutedJob | None:
        asked_at = self.clock.monotonic()
        claim = self.jobs.claim(
            worker=self.worker, host=self.host, lease_seconds=self.lease_seconds, only=only
        )
        if claim is None:
            return None
        with about_job(claim):
            return self._execute(
                claim, asked_at=asked_at, retry=retry, observe=observe, stopping=stopping
            )

    def _execute(
        self,
        claim: Claim,
        *,
        asked_at: float,
        retry: bool,
        observe: JobObserver | None,
        stopping: Callable[[], StopRequest],
    ) -> ExecutedJob:
        log.info("job claimed", extra=self._fields(claim, "job_claimed"))
        self.metrics.claimed(claim.job)
        lease = Lease(asked_at, self.lease_seconds)
        # Unless it is known better: an end that could not be written down.
        end = AttemptEnd.OUT_OF_REACH
        try:
            watched = self._attempt(claim, lease=lease, stopping=stopping, observe=observe)
            settled = self._settle(claim, watched, lease=lease, retry=retry, stopping=stopping)
            executed = ExecutedJob(
                job_id=claim.id,
                attempt=claim.attempt,
                ending=watched.ending,
                state=settled.state,
                error=settled.error,
                outcome=watched.outcome,
            )
            end = executed.end
        except KeyboardInterrupt:
            # The job is somebody else's now, at once and uncharged.
            end = AttemptEnd.HANDED_BACK
            with suppress(ExternalFailure):
                self.jobs.release(claim)
            raise
        finally:
            seconds = self.clock.monotonic() - asked_at
            self.metrics.ended(claim.job, end, seconds=seconds)
        self._report(claim, executed, seconds=seconds)
        return executed

    def _settle(
        self,
        claim: Claim,
        watched: Watched,
        *,
        lease: Lease,
        retry: bool,
        stopping: Callable[[], StopRequest],
    ) -> Settled:
        settle = SettleJob(
            jobs=self.jobs,
            clock=self.clock,
            pause=self.pause,
            stopping=stopping,
            patience_seconds=self.settle_seconds,
            metrics=self.metrics,
        )
        return settle(claim, watched, lease=lease, retry=retry)

    def _attempt(
        self,
        claim: Claim,
        *,
        lease: Lease,
        stopping: Callable[[], StopRequest],
        observe: JobObserver | None,
    ) -> Watched:
        """Everything that can be the job's own failure; afterwards nothing of it is left."""
        try:
            try:
                credential = self._credential(claim)
            except Transient:
                return Watched(ending=Ending.OUT_OF_REACH)
            token = None if credential is None else self.tokens.decrypt(credential)
            return self._run(claim, token, lease=lease, stopping=stopping, observe=observe)
        except Exception as error:  # noqa: BLE001 - no single job may take the worker down
            outcome = JobOutcome(error=JobError.of(error, attempt=claim.attempt))
            return Watched(ending=Ending.FINISHED, outcome=outcome)

    def _credential(self, claim: Claim) -> Credential | None:
        """The project's credential, where this kind of job needs one. Other kinds find out by
        themselves whether their project is still there.

        Raises NotFound for a project that is missing or removed, InvalidInput when the credential
        is for another host than the project's URL.
        """
        if claim.job.kind not in self.token_kinds:
            return None
        project = self.projects.get(claim.job.project_id)
        if project.removed_at is not None:
            raise NotFound(f"project {project.name!r} was removed")
        if project.credential_id is None:
            return None
        credential = self.credentials.get(project.credential_id)
        check_host(project.source, credential)
        return credential

    def _run(
        self,
        claim: Claim,
        token: Secret | None,
        *,
        lease: Lease,
        stopping: Callable[[], StopRequest],
        observe: JobObserver | None,
    ) -> Watched:
        """Run the job in a scratch directory; both are gone when this returns."""
        with self.scratch.open(f"{claim.id}-{claim.attempt}") as directory:
            try:
                running = self.runner.start(claim, token=token, scratch=directory)
            except ExternalFailure as error:
                # A worker that can run nothing must not use up the tries of every job.
                outcome = JobOutcome(error=JobError.of(error, attempt=claim.attempt))
                return Watched(ending=Ending.NOT_STARTED, outcome=outcome)
            try:
                return WatchedJob(
                    jobs=self.jobs,
                    clock=self.clock,
                    pace=self._pace(),
                    claim=claim,
                    lease=lease,
                    running=running,
                    stopping=stopping,
                    observe=observe,
                    metrics=self.metrics,
                ).watch()
            finally:
                running.close()

    def _pace(self) -> Pace:
        return Pace(
            lease=self.lease_seconds,
            renew=self.renew_seconds,
            poll=self.poll_seconds,
            kill=self.kill_seconds,
            grace=self.grace_seconds,
            limit=self.limit_seconds,
        )

    def _report(self, claim: Claim, executed: ExecutedJob, *, seconds: float) -> None:
        state = "none" if executed.state is None else executed.state.value
        fields = self._fields(
            claim, "job_ended", state=state, ending=executed.ending.value, seconds=round(seconds, 3)
        )
        if executed.error is None:
            log.info("job ended", extra=fields)
        else:
            fields |= {"code": executed.error.code, "error": executed.error.message}
            log.warning("job ended", extra=fields)

    def _fields(self, claim: Claim, action: str, **more: object) -> dict[str, object]:
        return {
            "action": action,
            "job_id": claim.id,
            "attempt": claim.attempt,
            "project_id": claim.job.project_id,
            "kind": claim.job.kind,
            "worker": self.worker,
            **more,
        }
