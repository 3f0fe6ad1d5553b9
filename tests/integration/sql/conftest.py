"""Queues to fill with rows, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.queue_rows import Queue

from prism.adapters.memory.clock import ManualClock
from prism.adapters.sql.engine import open_database
from prism.adapters.sql.moments import ClockMoments, ServerMoments


@pytest.fixture
def sqlite_queue(sqlite_directory: Path) -> Iterator[Queue]:
    database = open_database(url=None, data_dir=str(sqlite_directory))
    yield Queue(database, ClockMoments(ManualClock()))
    database.close()


@pytest.fixture
def postgres_queue(postgres_database: str) -> Iterator[Queue]:
    database = open_database(url=postgres_database, data_dir="")
    yield Queue(database, ServerMoments())
    database.close()


@pytest.fixture(params=["sqlite_queue", "postgres_queue"])
def queue(request: pytest.FixtureRequest) -> Queue:
    found: Queue = request.getfixturevalue(request.param)
    return found
