"""The SQL repositories keep the contracts, on SQLite and on Postgres."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contracts.credential_repository import CredentialRepositoryContract
from tests.contracts.job_repository import JobRepositoryContract
from tests.contracts.project_repository import ProjectRepositoryContract
from tests.support.storage import Storage, postgres_storage, sqlite_storage


@pytest.fixture
def sqlite(sqlite_directory: Path) -> Iterator[Storage]:
    with sqlite_storage(sqlite_directory) as storage:
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


class TestSqliteProjectRepository(ProjectRepositoryContract):
    @pytest.fixture
    def storage(self, sqlite: Storage) -> Storage:
        return sqlite


class TestPostgresProjectRepository(ProjectRepositoryContract):
    @pytest.fixture
    def storage(self, postgres: Storage) -> Storage:
        return postgres


class TestSqliteCredentialRepository(CredentialRepositoryContract):
    @pytest.fixture
    def storage(self, sqlite: Storage) -> Storage:
        return sqlite


class TestPostgresCredentialRepository(CredentialRepositoryContract):
    @pytest.fixture
    def storage(self, postgres: Storage) -> Storage:
        return postgres
