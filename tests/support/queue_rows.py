"""A queue of thousands of rows, written past the repository."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from tests.support.query_plans import Sent, sent_to

from prism.adapters.sql.engine import Database, reading, writing
from prism.adapters.sql.moments import Moments
from prism.adapters.sql.repositories import job_repository, project_repository
from prism.application.ports.jobs import JobRepository
from prism.domain.projects import Source

#: The SQL of times and series, by dialect.
NOW = {"sqlite": "1000000", "postgresql": "now()"}
SERIES = {
    "sqlite": "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})"
    " SELECT i FROM n)",
    "postgresql": "generate_series(1, {}) AS n(i)",
}


@dataclass(frozen=True, slots=True)
class Queue:
    database: Database
    moments: Moments

    @property
    def jobs(self) -> JobRepository:
        return job_repository(self.database, self.moments)

    def projects(self, count: int) -> list[int]:
        repository = project_repository(self.database, self.moments)
        return [
            repository.add(name=f"p{n}", source=Source.remote(f"https://example.org/{n}")).id
            for n in range(count)
        ]

    def insert(
        self, project: int, *, count: int, status: str = "pending", priority: int = 0
    ) -> None:
        """Rows by the thousand, which enqueueing one by one would take too long for."""
        dialect = self.database.jobs.dialect.name
        now = NOW[dialect]
        finished = "NULL" if status == "pending" else now
        statement = (
            "INSERT INTO prism_jobs (project_id, kind, status, priority, run_at, failures_max,"
            " crashes_max, options, errors, created_at, finished_at)"
            f" SELECT {project}, 'blueprint', '{status}', {priority}, {now}, 3, 3, '{{}}', '[]',"
            f" {now}, {finished} FROM {SERIES[dialect].format(count)}"
        )
        with writing(self.database.jobs) as connection:
            connection.execute(text(statement.replace(":", r"\:")))

    def update(self, change: str) -> None:
        with writing(self.database.jobs) as connection:
            connection.execute(text(f"UPDATE prism_jobs SET {change}"))

    def analyze(self) -> None:
        with self.database.jobs.connect() as connection:
            connection.execute(text("ANALYZE"))
            connection.commit()

    def parked(self) -> int:
        return self.scalar("SELECT count(*) FROM prism_jobs WHERE parked")

    def scalar(self, statement: str) -> Any:
        with reading(self.database.jobs) as connection:
            return connection.execute(text(statement)).scalar()


def statements(queue: Queue, act: Callable[[], object]) -> list[Sent]:
    """What *act* sends to the database about jobs."""
    with sent_to(queue.database.jobs) as sent:
        act()
    return [one for one in sent if "prism_jobs" in one.statement]
