"""Fixtures that several parts of the suite share."""

import os
from collections.abc import Iterator

import pytest
from tests.support.postgres import (
    PostgresServer,
    Unavailable,
    create_database,
    drop_database,
    open_server,
)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real Postgres. Skips where none can be had, but never in CI."""
    opened = open_server()
    try:
        server = opened.__enter__()
    except Unavailable as error:
        if os.environ.get("CI"):
            pytest.fail(f"the Postgres tests may not be skipped in CI: {error}")
        pytest.skip(f"no Postgres here: {error}")
    yield server
    opened.__exit__(None, None, None)


@pytest.fixture
def postgres_database(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a fresh database with all migrations applied."""
    name = create_database(postgres_server)
    yield postgres_server.url(name)
    drop_database(postgres_server, name)
