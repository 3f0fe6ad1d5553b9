"""The in-memory repositories keep the contracts."""

from collections.abc import Iterator

import pytest
from tests.contracts.credential_repository import CredentialRepositoryContract
from tests.contracts.job_repository import JobRepositoryContract
from tests.contracts.project_repository import ProjectRepositoryContract
from tests.support.storage import Storage, memory_storage


@pytest.fixture
def memory() -> Iterator[Storage]:
    with memory_storage() as storage:
        yield storage


class TestMemoryJobRepository(JobRepositoryContract):
    @pytest.fixture
    def storage(self, memory: Storage) -> Storage:
        return memory


class TestMemoryProjectRepository(ProjectRepositoryContract):
    @pytest.fixture
    def storage(self, memory: Storage) -> Storage:
        return memory


class TestMemoryCredentialRepository(CredentialRepositoryContract):
    @pytest.fixture
    def storage(self, memory: Storage) -> Storage:
        return memory
