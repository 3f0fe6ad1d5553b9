"""The contract of locators, in memory."""

import pytest
from tests.contracts.repository_locator import Places, RepositoryLocatorContract

from prism.adapters.memory.git import MemoryGitCloner, MemoryRepository, MemoryRepositoryLocator
from prism.application.ports.git import RepositoryLocator

REPOSITORY = MemoryRepository(files={"a.py": b"x = 1\n"})


class TestMemoryRepositoryLocator(RepositoryLocatorContract):
    @pytest.fixture
    def places(self) -> Places:
        return Places("/code/r", REPOSITORY.head, "/code/r/deep/er", "/code/empty", "/elsewhere")

    @pytest.fixture
    def locator(self, places: Places) -> RepositoryLocator:
        empty = MemoryRepository(files={})
        return MemoryRepositoryLocator(
            MemoryGitCloner({places.root: REPOSITORY, places.empty: empty})
        )
