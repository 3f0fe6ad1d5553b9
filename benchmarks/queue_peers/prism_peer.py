"""Prism's queue, on Postgres or on its embedded files."""

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import version

from benchmarks.queue_peers.peer import ClaimSeries, Enqueue, Peer, nothing_to_close
from benchmarks.queue_peers.prism_worker import CHILD, KIND
from sqlalchemy import text
from tests.support.query_plans import generic_plan, indexes, node_types, sent_to, sqlite_plan

from prism.adapters.sql.engine import open_database, reading, writing
from prism.adapters.sql.repositories import job_repository, moments, project_repository
from prism.adapters.sql.schema import upgrade
from prism.adapters.system import SystemClock
from prism.domain.jobs import Claim, JobRequest
from prism.domain.projects import Source

PROJECTS = 50
FILLED_PROJECTS = 1000
BEHIND = "behind one running project"
#: Claims before parking cost milliseconds each, so there are fewer of them.
SLOW_SAMPLES = 40
#: The SQL of times and series, by dialect.
NOW = {"sqlite": "1000000 * unixepoch()", "postgresql": "now()"}
SERIES = {
    "sqlite": "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
    " SELECT i FROM n)",
    "postgresql": "generate_series(1, {count}) AS n(i)",
}
ROWS = (
    "INSERT INTO prism_jobs (project_id, kind, status, priority, run_at, failures_max, crashes_max,"
    " options, errors, created_at, finished_at) SELECT {project}, 'blueprint', '{status}', 0, {at},"
    " 3, 3, '{{}}', '[]', {at}, {finished} FROM {series}"
)
FILLED = (
    "INSERT INTO prism_projects (name, source_kind, source_location, source_key, created_at)"
    " SELECT 'filled' || i, 'remote', 'https://example.org/filled/' || i, 'filled/' || i, {now}"
    " FROM {series}"
)


class Prism(Peer):
    """``place``: URL of a Postgres database, or a data directory."""

    def __init__(self, place: str, *, variant: str = "queue") -> None:
        embedded = "://" not in place
        self._place = place
        self._variant = variant
        self._database = open_database(url=None if embedded else place, data_dir=place)
        self._dialect = self._database.jobs.dialect.name
        self.name = f"Prism ({'SQLite' if embedded else 'Postgres'})"
        where = "a child process" if variant == CHILD else "a thread of the worker"
        self.configured = (
            f"prism-blueprint {version('prism-blueprint')}: the real worker with its defaults (one"
            f" job at a time, lease 60 s, poll 5 s), no-op in {where}, {PROJECTS} projects, a"
            " kind of job that gets no token"
        )
        clock = SystemClock()
        self._moments = moments(self._database, clock)
        self.jobs = job_repository(self._database, self._moments)
        self._projects: list[int] = []
        #: SQL of the project of row i of a filled queue.
        self._project = ""

    def prepare(self) -> None:
        upgrade(self._database)
        self._projects = self._add_projects(PROJECTS)

    def enqueuing(self) -> AbstractContextManager[Enqueue]:
        return nothing_to_close(self._enqueue)

    def _enqueue(self, number: int) -> None:
        project = self._projects[number % PROJECTS]
        request = JobRequest(project_id=project, kind=KIND, options={"n": number})
        created = self.jobs.enqueue(request).created
        assert created

    def worker_command(self) -> Sequence[str]:
        module = "benchmarks.queue_peers.prism_worker"
        return (module, "--at", self._place, "--variant", self._variant)

    def done(self) -> int:
        return self._count("status = 'completed' AND attempt = 1")

    def leftover(self) -> int:
        return self._count("status <> 'completed' OR attempt <> 1")

    def started(self) -> list[float]:
        """When each completed job was claimed, in seconds, in order."""
        with reading(self._database.jobs) as connection:
            rows = connection.execute(
                text("SELECT started_at FROM prism_jobs WHERE status = 'completed' ORDER BY 1")
            ).scalars()
            if self._dialect == "sqlite":
                return [microseconds / 1e6 for microseconds in rows]
            return [moment.timestamp() for moment in rows]

    def fill(self, *, finished: int, pending: int) -> None:
        first = self._fill_projects()
        self._project = f"{first} + i % {FILLED_PROJECTS}"
        self._insert(finished, project=self._project, status="completed")
        self._insert(pending, project=self._project, status="pending")
        self._vacuum()

    def claims(self, samples: int) -> Iterator[ClaimSeries]:
        """Spread over many projects; then all (but what is claimed) behind one running project,
        before and after the reaper parked them."""
        spread = self._claim_times(samples)
        shape = f"pending spread over {FILLED_PROJECTS} projects"
        yield ClaimSeries(shape=shape, milliseconds=spread, notes=self.claim_plan())
        self._put_behind_one_running(samples + 3 * SLOW_SAMPLES)
        slow = self._claim_times(SLOW_SAMPLES)
        yield ClaimSeries(shape=f"{BEHIND}, not parked yet", milliseconds=slow, bar=False)
        began = time.perf_counter()
        self.jobs.reap()
        seconds = time.perf_counter() - began
        notes = [f"reap() parked {self._count('parked')} jobs in {seconds:.2f} s, once"]
        if not self._database.embedded:
            times = self._claim_times(SLOW_SAMPLES)
            shape = f"{BEHIND}, parked, not vacuumed yet"
            yield ClaimSeries(shape=shape, milliseconds=times, notes=notes, bar=False)
            # What autovacuum does within a minute of so many changes: until then a claim reads past
            # the dead entries of the parked jobs in its index.
            self._vacuum()
            notes = []
        parked = self._claim_times(samples)
        shape = f"{BEHIND}, parked"
        notes += self.claim_plan()
        yield ClaimSeries(shape=shape, milliseconds=parked, notes=notes)

    def claim_plan(self) -> Sequence[str]:
        """How the database carries out a claim: which indexes, and what besides."""
        with sent_to(self._database.jobs) as sent:
            claim = self._claim()
        self.jobs.complete(claim, result={})
        (statement,) = [one for one in sent if "prism_jobs" in one.statement]
        if self._database.embedded:
            lines = sqlite_plan(self._database.jobs, statement)
            return (f"plan: {'; '.join(lines)}",)
        plan = generic_plan(self._place, statement)
        return (
            f"generic plan: {', '.join(sorted(node_types(plan)))};"
            f" indexes {', '.join(sorted(indexes(plan)))}",
        )

    def close(self) -> None:
        self._database.close()

    def _claim_times(self, samples: int) -> list[float]:
        times = []
        for _ in range(samples):
            began = time.perf_counter()
            claim = self._claim()
            times.append((time.perf_counter() - began) * 1000)
            self.jobs.complete(claim, result={})
        return times

    def _claim(self) -> Claim:
        claim = self.jobs.claim(worker="bench", host="here", lease_seconds=3600.0)
        assert claim is not None
        return claim

    def _put_behind_one_running(self, claimable: int) -> None:
        """All pending jobs get the project of one that runs; *claimable* younger ones do not."""
        running = self._claim().job.project_id
        with writing(self._database.jobs) as connection:
            change = text("UPDATE prism_jobs SET project_id = :p WHERE status = 'pending'")
            connection.execute(change, {"p": running})
        self._insert(claimable, project=f"{self._others(running)}", status="pending")
        self._vacuum()

    def _others(self, project_id: int) -> str:
        """A project that is not *project_id*, by SQL."""
        return (
            f"CASE {self._project} WHEN {project_id} THEN {project_id} + 1 ELSE {self._project} END"
        )

    def _fill_projects(self) -> int:
        """The id of the first of them; the others follow."""
        statement = FILLED.format(
            now=NOW[self._dialect], series=SERIES[self._dialect].format(count=FILLED_PROJECTS)
        )
        with writing(self._database.jobs) as connection:
            connection.execute(text(statement.replace(":", r"\:")))
            first = "SELECT min(id) FROM prism_projects WHERE name LIKE 'filled%'"
            return int(connection.execute(text(first)).scalar_one())

    def _add_projects(self, count: int) -> list[int]:
        projects = project_repository(self._database, self._moments)
        return [
            projects.add(
                name=f"bench{n}", source=Source.remote(f"https://example.org/bench/{n}")
            ).id
            for n in range(count)
        ]

    def _insert(self, count: int, *, project: str, status: str) -> None:
        now = NOW[self._dialect]
        statement = ROWS.format(
            project=project,
            status=status,
            at=now,
            finished=now if status == "completed" else "NULL",
            series=SERIES[self._dialect].format(count=count),
        )
        with writing(self._database.jobs) as connection:
            connection.execute(text(statement.replace(":", r"\:")))

    def _vacuum(self) -> None:
        with self._database.jobs.connect() as connection:
            if self._database.embedded:
                connection.exec_driver_sql("ANALYZE")
                connection.commit()
            else:
                connection.execution_options(isolation_level="AUTOCOMMIT")
                connection.exec_driver_sql("VACUUM ANALYZE")

    def _count(self, where: str) -> int:
        query = f"SELECT count(*) FROM prism_jobs WHERE {where}"
        with reading(self._database.jobs) as connection:
            return int(connection.exec_driver_sql(query).scalar_one())
