"""A fault test runs on either database; whatever it started must be gone in the end."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.faults import FILES, FaultSite, postgres_site, sqlite_site
from tests.support.git_server import GitServer, git_server
from tests.support.postgres import (
    URL_VARIABLE,
    PrivateServer,
    Unavailable,
    create_database,
    drop_database,
    open_own_server,
)
from tests.support.repositories import make_repository


@pytest.fixture(params=["sqlite", "postgres"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FaultSite]:
    """One database and one data directory for one test."""
    if request.param == "sqlite":
        with sqlite_site(request.getfixturevalue("sqlite_directory")) as site:
            yield site
    else:
        url = request.getfixturevalue("postgres_database")
        with postgres_site(tmp_path / "data", url) as site:
            yield site


@pytest.fixture(scope="session")
def own_postgres() -> Iterator[PrivateServer]:
    """A Postgres that only these tests use, so that they may stop it.

    Skips where none can be started, in CI only if another one is given by URL.
    """
    opened = open_own_server()
    try:
        server = opened.__enter__()
    except Unavailable as error:
        if os.environ.get("CI") and not os.environ.get(URL_VARIABLE):
            pytest.fail(f"the Postgres tests may not be skipped in CI: {error}")
        pytest.skip(f"needs a Postgres that may be stopped: {error}")
    yield server
    opened.__exit__(None, None, None)


@pytest.fixture
def postgres(own_postgres: PrivateServer) -> Iterator[PrivateServer]:
    """Running at first, and again after the test."""
    yield own_postgres
    if not own_postgres.running:
        own_postgres.start()


@pytest.fixture
def database_url(postgres: PrivateServer) -> Iterator[str]:
    """The URL of a fresh database of ``postgres`` with all migrations applied."""
    name = create_database(postgres)
    yield postgres.url(name)
    if not postgres.running:
        postgres.start()
    drop_database(postgres, name)


@pytest.fixture
def stoppable(database_url: str, tmp_path: Path) -> Iterator[FaultSite]:
    """A database on ``postgres`` and one data directory for one test."""
    with postgres_site(tmp_path / "data", database_url) as site:
        yield site


@pytest.fixture
def served(site: FaultSite, tmp_path: Path) -> Iterator[GitServer]:
    """A git server with a repository ``tool``, which the site's workers trust."""
    make_repository(tmp_path / "served" / "tool", FILES, bare=True)
    with git_server(tmp_path / "served") as server:
        site.variables |= {"PRISM_ALLOW_PRIVATE_NETWORKS": "1", **server.git_environment}
        yield server
