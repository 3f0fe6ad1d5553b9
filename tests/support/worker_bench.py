"""A worker's use cases on memory adapters, a scripted runner and a clock that a test moves."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from tests.support.scripted_runner import NamedScratch, Script, ScriptedRunner, ends_with

from prism.adapters.memory.clock import ManualClock
from prism.adapters.memory.credentials import MemoryCredentialRepository
from prism.adapters.memory.database import MemoryDatabase
from prism.adapters.memory.jobs import MemoryJobRepository
from prism.adapters.memory.metrics import MemoryJobMetrics
from prism.adapters.memory.presence import MemoryWorkerPresence
from prism.adapters.memory.projects import MemoryProjectRepository
from prism.adapters.memory.tokens import PlainTokens
from prism.application.jobs.claim_and_execute import ClaimAndExecuteJob
from prism.application.jobs.reap_expired_jobs import ReapExpiredJobs
from prism.application.ports.runner import JobOutcome, JobRunner
from prism.domain.backlog import Backlog
from prism.domain.credentials import Credential, Provider, Secret
from prism.domain.jobs import (
    Claim,
    Job,
    JobError,
    JobRequest,
    JobState,
    Progress,
    Publication,
    Renewal,
)
from prism.domain.projects import Project, Source
from prism.domain.values import Json, JsonObject

URL = "https://git.example/team/repo"
TOKEN = "t0ken-of-the-test"
DONE = JobOutcome(result={"run_id": 1}, publish=Publication(run_id=1))


class FlakyJobs(MemoryJobRepository):
    """A queue whose database can be made to go away: every call then raises ``away``."""

    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database, jitter=lambda: 0.5)
        self.away: Exception | None = None
        self.refuses_completion: Exception | None = None
        #: The next claim is made, and its answer lost.
        self.loses_claim: Exception | None = None
        self.renewals: list[Progress | None] = []
        self.looks = 0
        #: Called at each claim, before anything else.
        self.at_claim: Callable[[], None] = lambda: None
        #: Called when the backlog is counted.
        self.at_backlog: Callable[[], None] = lambda: None

    def _check(self) -> None:
        if self.away is not None:
            raise self.away

    def claim(
        self, *, worker: str, host: str, lease_seconds: float, only: int | None = None
    ) -> Claim | None:
        self.at_claim()
        self._check()
        claim = super().claim(worker=worker, host=host, lease_seconds=lease_seconds, only=only)
        lost, self.loses_claim = self.loses_claim, None
        if lost is not None:
            raise lost
        return claim

    def renew(
        self,
        claim: Claim,
        *,
        lease_seconds: float,
        progress: Progress | None = None,
        clone_path: str | None = None,
    ) -> Renewal:
        self._check()
        self.renewals.append(progress)
        return super().renew(
            claim, lease_seconds=lease_seconds, progress=progress, clone_path=clone_path
        )

    def get(self, job_id: int) -> Job:
        self._check()
        self.looks += 1
        return super().get(job_id)

    def complete(
        self, claim: Claim, *, result: JsonObject, publish: Publication | None = None
    ) -> bool:
        self._check()
        if self.refuses_completion is not None:
            raise self.refuses_completion
        return super().complete(claim, result=result, publish=publish)

    def fail(self, claim: Claim, error: JobError, *, retry: bool) -> JobState | None:
        self._check()
        return super().fail(claim, error, retry=retry)

    def release(self, claim: Claim) -> bool:
        self._check()
        return super().release(claim)

    def release_all(self, *, worker: str) -> Sequence[Job]:
        self._check()
        return super().release_all(worker=worker)

    def acknowledge_cancel(self, claim: Claim) -> bool:
        self._check()
        return super().acknowledge_cancel(claim)

    def reap(
        self, *, limit: int = 50, dead: Collection[str] = (), spare: Collection[str] = ()
    ) -> Sequence[Job]:
        self._check()
        return super().reap(limit=limit, dead=dead, spare=spare)

    def backlog(self) -> Backlog:
        self.at_backlog()
        return super().backlog()


class WorkerBench:
    """Everything around one worker, and short ways to ask about it."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.database = MemoryDatabase(self.clock)
        self.jobs = FlakyJobs(self.database)
        self.projects = MemoryProjectRepository(self.database)
        self.credentials = MemoryCredentialRepository(self.database)
        self.tokens = PlainTokens()
        self.scratch = NamedScratch()
        self.runner = ScriptedRunner(self.clock, ends_with(DONE))
        self.presence = MemoryWorkerPresence()
        self.metrics = MemoryJobMetrics()

    def execute(
        self, *, runner: JobRunner | None = None, **times: float | None
    ) -> ClaimAndExecuteJob:
        execute = ClaimAndExecuteJob(
            jobs=self.jobs,
            projects=self.projects,
            credentials=self.credentials,
            tokens=self.tokens,
            runner=runner or self.runner,
            scratch=self.scratch,
            clock=self.clock,
            worker="w1",
            host="here",
            pause=self.clock.advance,
            metrics=self.metrics,
        )
        return replace(execute, **times)  # type: ignore[arg-type]  # names of the times only

    def reap(self, *, evict: bool = False) -> ReapExpiredJobs:
        return ReapExpiredJobs(
            jobs=self.jobs,
            presence=self.presence,
            clock=self.clock,
            evict=evict,
            metrics=self.metrics,
        )

    def project(self, name: str = "repo", *, credential: str | None = None) -> Project:
        return self.projects.add(
            name=name, source=Source.remote(f"{URL}-{name}"), credential_id=credential
        )

    def credential(self, *, host: str = "git.example") -> str:
        credential = Credential(
            id=f"id-{host}",
            name=f"name-{host}",
            provider=Provider.GITHUB,
            host=host,
            username="x-access-token",
            encrypted_token=self.tokens.encrypt(
                Secret(TOKEN), credential_id=f"id-{host}", provider=Provider.GITHUB, host=host
            ),
            created_at=self.clock.now(),
        )
        self.credentials.add(credential)
        return credential.id

    def enqueue(self, project: Project | None = None, kind: str = "index", **options: Json) -> int:
        project = project or self.project()
        request = JobRequest(project_id=project.id, kind=kind, options=options)
        return self.jobs.enqueue(request).job_id

    def run(self, script: Script, **times: float | None) -> None:
        """Run the next job by *script*; it must be due."""
        self.runner.script = script
        assert self.execute(**times)() is not None

    def job(self, job_id: int) -> Job:
        return MemoryJobRepository.get(self.jobs, job_id)
