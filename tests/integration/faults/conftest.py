"""A fault test runs on either database; whatever it started must be gone in the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.faults import FaultSite, postgres_site, sqlite_site


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
