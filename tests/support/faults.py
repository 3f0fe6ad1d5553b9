"""Real workers on a real database, to be killed and stopped, and what must be true afterwards.

``FaultSite`` is one database with one data directory. Its workers are processes of
``tests.support.fault_worker``: the real ``prism worker`` that knows the handlers of
``tests.support.toy_jobs`` too.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import select
from tests.support.command_line import DEADLINE_SECONDS, CommandLine, Running, wait_until
from tests.support.repositories import Files, make_repository

from prism.adapters.sql.engine import Database, open_database, reading
from prism.adapters.sql.index_store import SqlIndexStore
from prism.adapters.sql.jobs_tables import pointers
from prism.adapters.sql.repositories import job_repository, moments, project_repository
from prism.adapters.system import SystemClock
from prism.application.ports.jobs import JobRepository
from prism.domain.facts.runs import RunState
from prism.domain.jobs import Job, JobRef, JobRequest, JobState
from prism.domain.projects import Project, Source
from prism.domain.values import Json

HOST = "here"
FILES: Files = {"pkg/__init__.py": "", "pkg/a.py": "from pkg import b\n", "pkg/b.py": "import os\n"}
#: Of a worker that shall notice things soon; the rest is as in production.
QUICK: Mapping[str, float | None] = {"poll": 0.2}


@dataclass
class FaultSite:
    """One database, and one host's data directory. ``notes`` is where toy jobs tell that an
    attempt of theirs runs, see ``toy_jobs.hold``."""

    data_dir: Path
    url: str | None
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.notes.mkdir(exist_ok=True)
        self.variables.setdefault("PRISM_HOST", HOST)
        if self.url is not None:
            self.variables["PRISM_DATABASE_URL"] = self.url

    @property
    def embedded(self) -> bool:
        return self.url is None

    @property
    def notes(self) -> Path:
        return self.data_dir / "notes"

    @property
    def prism(self) -> CommandLine:
        """The real command line on this database."""
        return CommandLine(self.data_dir, dict(self.variables), cwd=self.data_dir)

    @cached_property
    def database(self) -> Database:
        return open_database(url=self.url, data_dir=str(self.data_dir))

    @cached_property
    def jobs(self) -> JobRepository:
        return job_repository(self.database, moments(self.database, SystemClock()))

    @cached_property
    def index(self) -> SqlIndexStore:
        return SqlIndexStore(self.database, moments(self.database, SystemClock()))

    def close(self) -> None:
        self.database.close()

    @contextmanager
    def elsewhere(self, data_dir: Path, host: str = "elsewhere") -> Iterator["FaultSite"]:
        """The same database as another machine sees it: nothing but the database is shared."""
        site = FaultSite(data_dir, self.url, {**self.variables, "PRISM_HOST": host})
        try:
            yield site
        finally:
            site.close()

    def project(self, name: str, source: Source | None = None) -> Project:
        """A project for toy jobs: its URL is never asked."""
        repository = project_repository(self.database, moments(self.database, SystemClock()))
        return repository.add(
            name=name, source=source or Source.remote(f"https://git.example/{name}")
        )

    def local_project(self, name: str, files: Files | None = None) -> Project:
        """A project that can really be indexed."""
        path = self.data_dir / "repositories" / name
        make_repository(path, {**FILES, **(files or {})})
        return self.project(name, Source.local(HOST, str(path.resolve())))

    def enqueue(self, project: Project, kind: str = "index", **options: Json) -> int:
        """Ask for a job. A toy that holds waits for ``release``, see ``toy_jobs.hold``."""
        told = {"notes": str(self.notes), **options} if kind not in _REAL else options
        request = JobRequest(
            project_id=project.id, kind=kind, host=project.source.host, options=told
        )
        return self.jobs.enqueue(request).job_id

    def warm_up(self) -> None:
        """Have a job done: from then on the worker starts one in milliseconds, not in the second
        that its fork server takes to load, and a short lease suffices."""
        warm_up = self.enqueue(self.project("warm-up"), "hold", hold=0)
        self.wait_for(warm_up, JobState.COMPLETED)

    def hurry(self, job_id: int) -> None:
        """End the backoff of a pending job, as anybody's request for it does."""
        job = self.jobs.get(job_id)
        self.jobs.enqueue(
            JobRequest(project_id=job.project_id, kind=job.kind, host=job.host, options=job.options)
        )

    def release(self, job_id: int, attempt: int | None = None) -> None:
        """Let the held attempts of a toy go on, or that one only."""
        name = f"{job_id}.go" if attempt is None else f"{job_id}-{attempt}.go"
        (self.notes / name).touch()

    def job(self, job_id: int) -> Job:
        return self.jobs.get(job_id)

    def follow_up(self, job_id: int) -> int:
        """The one job that took the place of an ended one, as it was asked for while it ran."""
        job = self.job(job_id)
        later = [j.id for j in self.jobs.list(project_id=job.project_id) if j.id > job_id]
        [found] = [number for number in later if self.job(number).dedup_key == job.dedup_key]
        return found

    def wait_for(self, job_id: int, state: JobState | str, *, attempt: int | None = None) -> Job:
        """The job once it is in *state* (in that attempt)."""

        def reached() -> bool:
            job = self.job(job_id)
            return job.state == state and attempt in (None, job.attempt)

        self._wait(reached, job_id)
        return self.job(job_id)

    def wait_until_held(self, job_id: int, attempt: int = 1) -> int:
        """The process id of that attempt of a toy, once it has come to its hold."""
        note = self.notes / f"{job_id}-{attempt}"
        self._wait(note.exists, job_id)
        return int(note.read_text())

    def held_attempts(self, job_id: int) -> Sequence[int]:
        """The attempts of a toy that came to their hold, in order."""
        notes = [p for p in self.notes.glob(f"{job_id}-*") if not p.suffix]
        return sorted(int(note.name.split("-")[1]) for note in notes)

    def _wait(self, state: Callable[[], bool], job_id: int) -> None:
        try:
            wait_until(state, seconds=DEADLINE_SECONDS / 2)
        except AssertionError:
            logs = [path.read_text("utf-8", "replace") for path in self.data_dir.glob("log-*")]
            raise AssertionError("\n".join([str(self.job(job_id)), *logs])) from None

    @contextmanager
    def worker(self, **options: Any) -> Iterator["FaultWorker"]:
        """A started worker; in the end it is killed, if it is still there, with all it started.

        *options* are those of ``WorkerOptions``, ``times`` a mapping with those of ``WorkerTimes``;
        by default it notices things soon (``QUICK``).
        """
        times = {**QUICK, **options.pop("times", {})}
        given = {"log_format": "json", **options, "times": times}
        with self._program("tests.support.fault_worker", json.dumps(given)) as worker:
            yield worker

    @contextmanager
    def frozen_worker(self, *, lease: float) -> Iterator["FaultWorker"]:
        """A worker that has claimed a job and is stopped within a transaction on the queue."""
        with self._program("tests.support.frozen_worker", str(lease)) as worker:
            wait_until(lambda: stopped(worker.pid) or not alive(worker.pid))
            assert stopped(worker.pid), worker.output()
            yield worker

    @contextmanager
    def _program(self, *arguments: str) -> Iterator["FaultWorker"]:
        log = self.data_dir / f"log-{len(list(self.data_dir.glob('log-*')))}"
        with log.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                env=self.prism.environment(), cwd=Path(__file__).parents[2],
                stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True,
            )  # fmt: skip
        worker = FaultWorker(process, log)
        try:
            yield worker
        finally:
            worker.resume(*worker.session())
            with worker:
                pass
            wait_until(lambda: not worker.session())

    def scratch(self) -> Sequence[str]:
        """Names of the scratch directories that are there (their locks left out)."""
        return sorted(p.name for p in (self.data_dir / "scratch").glob("*") if p.is_dir())

    def processes(self) -> Sequence[int]:
        """Everything alive that was started for this data directory."""
        mark = os.fsencode(self.data_dir)
        return [pid for pid in psutil.pids() if pid != os.getpid() and _mentions(pid, mark)]

    def assert_nothing_left(self) -> None:
        """No process and no scratch directory, once the last worker has ended."""
        wait_until(lambda: not self.processes())
        assert self.scratch() == []

    def published_by(self, project: Project) -> tuple[int | None, JobRef | None]:
        """The project's current run and the attempt that published it."""
        with reading(self.database.jobs) as connection:
            row = connection.execute(
                select(pointers).where(pointers.c.project_id == project.id)
            ).one_or_none()
        if row is None:
            return None, None
        return row.run_id, JobRef(job_id=row.job_id, attempt=row.attempt)

    def finished_runs(self, project: Project) -> Sequence[JobRef | None]:
        """Which attempts have a finished run stored, published or not; the newest first."""
        return [r.job for r in self.index.runs(project.id) if r.state is RunState.FINISHED]

    def completions(self, job_id: int) -> Sequence[int]:
        """The attempts of the job that any worker of this data directory reports as completed."""
        logs = sorted(self.data_dir.glob("log-*"))
        events = [event for log in logs for event in events_of(log)]
        return [
            event["attempt"]
            for event in events
            if event.get("action") == "job_ended"
            and (event["job_id"], event["state"]) == (job_id, "completed")
        ]

    def assert_one_effect(self, project: Project, job_id: int, attempt: int) -> None:
        """That attempt of an index job, and no other one, was completed and published."""
        job = self.job(job_id)
        assert (job.state, job.attempt) == (JobState.COMPLETED, attempt)
        assert job.result is not None
        run_id, ref = self.published_by(project)
        assert ref == JobRef(job_id=job_id, attempt=attempt)
        assert run_id == job.result["run_id"]
        assert self.index.run(project.id, run_id).job == ref
        wait_until(lambda: bool(self.completions(job_id)))  # it is logged after it is written
        assert self.completions(job_id) == [attempt]


#: Kinds that take no option of a test.
_REAL = ("index", "blueprint", "sweep")


class FaultWorker(Running):
    """A worker in a session of its own, to which all it starts belongs."""

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def server(self) -> int:
        """The process that forks jobs."""
        [server] = [child.pid for child in psutil.Process(self.pid).children()]
        return server

    def session(self) -> Sequence[int]:
        """The worker, its fork server, jobs and all that these started, as far as alive."""
        return [pid for pid in psutil.pids() if _session_of(pid) == self.pid and alive(pid)]

    def events(self, action: str, **fields: object) -> Sequence[Mapping[str, Any]]:
        """What it logged, in order: those of *action* with these values."""
        return [
            event
            for event in events_of(self.log)
            if event.get("action") == action and fields.items() <= event.items()
        ]

    def wait_for_event(self, action: str, **fields: object) -> Mapping[str, Any]:
        """The first event of *action* with these values, once it is logged."""
        wait_until(lambda: bool(self.events(action, **fields)) or not alive(self.pid))
        found = self.events(action, **fields)
        assert found, self.output()
        return found[0]

    def kill(self) -> None:
        """SIGKILL to the worker alone; returns when nothing of its session is alive any more."""
        self.process.kill()
        self.process.wait(DEADLINE_SECONDS)
        wait_until(lambda: not self.session())

    def stop(self, *pids: int) -> None:
        """SIGSTOP to *pids*, by default to the worker alone, and wait until they have stopped."""
        for pid in pids or (self.pid,):
            os.kill(pid, signal.SIGSTOP)
            wait_until(lambda pid=pid: stopped(pid))  # type: ignore[misc]

    def resume(self, *pids: int) -> None:
        for pid in pids or (self.pid,):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@contextmanager
def sqlite_site(directory: Path) -> Iterator[FaultSite]:
    """On a migrated data directory, all of whose processes must be gone in the end."""
    site = FaultSite(directory, None)
    try:
        yield site
    finally:
        site.close()
    wait_until(lambda: not site.processes())


@contextmanager
def postgres_site(directory: Path, url: str) -> Iterator[FaultSite]:
    """On a migrated database; otherwise like ``sqlite_site``."""
    site = FaultSite(directory, url)
    try:
        yield site
    finally:
        site.close()
    wait_until(lambda: not site.processes())


def events_of(log: Path) -> Sequence[dict[str, Any]]:
    """The JSON lines of a worker's log; what else was printed there is left out."""
    events = []
    for line in log.read_text("utf-8", "replace").splitlines():
        with suppress(ValueError):
            events.append(json.loads(line))
    return [event for event in events if isinstance(event, dict)]


def group(leader: int) -> Sequence[int]:
    """The processes of that group which are alive."""
    return [pid for pid in psutil.pids() if _group_of(pid) == leader and alive(pid)]


def children(pid: int) -> Sequence[int]:
    return [child.pid for child in psutil.Process(pid).children() if alive(child.pid)]


def alive(pid: int) -> bool:
    """Is there such a process? A zombie is none: it runs no more and holds nothing."""
    return _status(pid) not in (None, psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)


def stopped(pid: int) -> bool:
    return _status(pid) in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)


def wait_until_gone(*pids: int) -> None:
    wait_until(lambda: not any(alive(pid) for pid in pids))


def _status(pid: int) -> str | None:
    try:
        return psutil.Process(pid).status()
    except psutil.NoSuchProcess:
        return None


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _mentions(pid: int, mark: bytes) -> bool:
    """In its arguments, its environment or its directory."""
    if not alive(pid):
        return False
    try:
        seen = [Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ")]
        seen.append(os.fsencode(Path(f"/proc/{pid}/cwd").readlink()))
    except OSError:
        return False
    return any(mark in text for text in seen)
