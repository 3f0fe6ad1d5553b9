"""The SQL repositories keep the contracts, on SQLite and on Postgres."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contracts.job_repository import JobRepositoryContract
from tests.support.storage import Storage, postgres_storage, sqlite_storage


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Storage]:
    with sqlite_storage(tmp_path) as storage:
        yield storage


@pytest.fixture
def postgres(postgres_database: str) -> Iterator[Storage]:
    with postgres_storage(postgres_database) as storage:
        yield storage


class TestSqliteJobRepository(JobRepositoryContract):
    @pytest.fixture
    def storage(self, sqlite: Storage) -> Storage:
        return sqlite


class TestPostgresJobRepository(JobRepositoryContract):
    @pytest.fixture
    def storage(self, postgres: Storage) -> Storage:
        return postgres
