"""Which adapter serves which database."""

from prism.adapters.sql.credentials import SqlCredentialRepository
from prism.adapters.sql.engine import Database
from prism.adapters.sql.jobs import SqlJobRepository
from prism.adapters.sql.jobs_postgres import PostgresJobRepository
from prism.adapters.sql.jobs_sqlite import SqliteJobRepository
from prism.adapters.sql.moments import ClockMoments, Moments, ServerMoments
from prism.adapters.sql.projects import SqlProjectRepository
from prism.application.ports.clock import Clock
from prism.application.ports.jobs import Wakeup


def moments(database: Database, clock: Clock) -> Moments:
    """The server's time on Postgres; *clock*'s where the database is a file of this host."""
    return ClockMoments(clock) if database.embedded else ServerMoments()


def job_repository(database: Database, moments: Moments) -> SqlJobRepository:
    kind = SqliteJobRepository if database.embedded else PostgresJobRepository
    return kind(database.jobs, moments)


def project_repository(database: Database, moments: Moments) -> SqlProjectRepository:
    return SqlProjectRepository(database.jobs, moments)


def credential_repository(database: Database) -> SqlCredentialRepository:
    return SqlCredentialRepository(database.jobs)


def wakeup(database: Database, *, listen: bool = True) -> Wakeup:
    """Hears of new jobs, by LISTEN or by watching the file; close it in the end.

    Without *listen* the one for Postgres hears nothing, so that work is found by looking for it
    only: a pooler that gives each transaction to another session would lose the LISTEN.
    """
    # Imports the driver of Postgres, which most commands on embedded files never need.
    from prism.adapters.sql.wakeup import PollingWakeup, PostgresWakeup, SilentWakeup

    if database.embedded:
        return PollingWakeup(database.jobs)
    return PostgresWakeup(database.jobs) if listen else SilentWakeup()
