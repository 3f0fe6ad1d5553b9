"""Fixtures that several parts of the suite share."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.postgres import (
    PostgresServer,
    Unavailable,
    create_database,
    drop_database,
    open_server,
)
from tests.support.storage import migrated_sqlite


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


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return migrated_sqlite(tmp_path_factory.mktemp("migrated") / "data")


@pytest.fixture
def sqlite_directory(sqlite_template: Path, tmp_path: Path) -> Path:
    """A fresh data directory with all migrations applied."""
    return Path(shutil.copytree(sqlite_template, tmp_path / "data"))
