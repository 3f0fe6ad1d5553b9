"""The repositories of one database together, with a clock that a test moves."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from prism.adapters.memory.clock import ManualClock
from prism.adapters.memory.credentials import MemoryCredentialRepository
from prism.adapters.memory.database import MemoryDatabase
from prism.adapters.memory.jobs import MemoryJobRepository
from prism.adapters.memory.projects import MemoryProjectRepository
from prism.adapters.sql.engine import Database, open_database
from prism.adapters.sql.moments import ClockMoments, Moments, ServerMoments
from prism.adapters.sql.repositories import (
    credential_repository,
    job_repository,
    project_repository,
)
from prism.adapters.sql.schema import ensure_current
from prism.application.ports.jobs import JobRepository
from prism.application.ports.projects import CredentialRepository, ProjectRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """``advance`` moves what the jobs call now by some seconds."""

    jobs: JobRepository
    projects: ProjectRepository
    credentials: CredentialRepository
    advance: Callable[[float], None]


@contextmanager
def memory_storage() -> Iterator[Storage]:
    clock = ManualClock()
    database = MemoryDatabase(clock)
    yield Storage(
        jobs=MemoryJobRepository(database),
        projects=MemoryProjectRepository(database),
        credentials=MemoryCredentialRepository(database),
        advance=clock.advance,
    )


def migrated_sqlite(directory: Path) -> Path:
    """A data directory with all migrations applied, to be copied for each test."""
    database = open_database(url=None, data_dir=str(directory))
    ensure_current(database)
    database.close()
    return directory


@contextmanager
def sqlite_storage(directory: Path) -> Iterator[Storage]:
    """On a migrated data directory."""
    clock = ManualClock()
    database = open_database(url=None, data_dir=str(directory))
    yield _sql_storage(database, ClockMoments(clock), clock.advance)
    database.close()


@contextmanager
def postgres_storage(url: str) -> Iterator[Storage]:
    """On a migrated database."""
    moments = ServerMoments()

    def advance(seconds: float) -> None:
        moments.offset += timedelta(seconds=seconds)

    database = open_database(url=url, data_dir="")
    yield _sql_storage(database, moments, advance)
    database.close()


def _sql_storage(database: Database, moments: Moments, advance: Callable[[float], None]) -> Storage:
    return Storage(
        jobs=job_repository(database, moments),
        projects=project_repository(database, moments),
        credentials=credential_repository(database),
        advance=advance,
    )
