"""The repositories of one database together, with a clock that a test moves."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, Interval, bindparam, func, type_coerce

from prism.adapters.memory.clock import ManualClock
from prism.adapters.memory.credentials import MemoryCredentialRepository
from prism.adapters.memory.database import MemoryDatabase
from prism.adapters.memory.jobs import MemoryJobRepository
from prism.adapters.memory.projects import MemoryProjectRepository
from prism.adapters.sql.engine import Database, open_database
from prism.adapters.sql.jobs_postgres import PostgresJobRepository
from prism.adapters.sql.jobs_sqlite import SqliteJobRepository
from prism.adapters.sql.metadata import UtcTime
from prism.adapters.sql.moments import ClockMoments, Moments
from prism.adapters.sql.parking import WORTH_PARKING
from prism.adapters.sql.repositories import (
    credential_repository,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """``jitter`` of the backoff; how many blocked jobs are worth parking; ``clock``: what tells
    the time, also on a server."""

    jitter: Callable[[], float] = random.random
    park_from: int = WORTH_PARKING
    clock: ManualClock | None = None


class ShiftedServerMoments(Moments):
    """The server's time and an *offset*, looked at when a statement runs."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> ColumnElement[datetime]:
        return self.after(0.0)

    def after(self, seconds: float) -> ColumnElement[datetime]:
        shift = bindparam(
            None, callable_=lambda: self.offset + timedelta(seconds=seconds), type_=Interval()
        )
        return type_coerce(func.now() + shift, UtcTime)


@contextmanager
def memory_storage(tuning: Tuning = Tuning()) -> Iterator[Storage]:
    clock = tuning.clock or ManualClock()
    database = MemoryDatabase(clock)
    yield Storage(
        jobs=MemoryJobRepository(database, jitter=tuning.jitter),
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
def sqlite_storage(
    directory: Path,
    tuning: Tuning = Tuning(),
) -> Iterator[Storage]:
    """On a migrated data directory."""
    clock = tuning.clock or ManualClock()
    database = open_database(url=None, data_dir=str(directory))
    yield _sql_storage(database, ClockMoments(clock), clock.advance, tuning)
    database.close()


@contextmanager
def postgres_storage(
    url: str,
    tuning: Tuning = Tuning(),
) -> Iterator[Storage]:
    """On a migrated database."""
    server = ShiftedServerMoments()

    def advance(seconds: float) -> None:
        server.offset += timedelta(seconds=seconds)

    database = open_database(url=url, data_dir="")
    if tuning.clock is None:
        yield _sql_storage(database, server, advance, tuning)
    else:
        clock = tuning.clock
        yield _sql_storage(database, ClockMoments(clock), clock.advance, tuning)
    database.close()


def _sql_storage(
    database: Database, moments: Moments, advance: Callable[[float], None], tuning: Tuning
) -> Storage:
    repository = SqliteJobRepository if database.embedded else PostgresJobRepository
    return Storage(
        jobs=repository(database.jobs, moments, jitter=tuning.jitter, park_from=tuning.park_from),
        projects=project_repository(database, moments),
        credentials=credential_repository(database),
        advance=advance,
    )
