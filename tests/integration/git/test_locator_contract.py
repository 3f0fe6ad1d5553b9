"""The contract of locators, on real repositories."""

from pathlib import Path

import pytest
from tests.contracts.repository_locator import Places, RepositoryLocatorContract
from tests.support.repositories import make_repository

from prism.adapters.git.local import GitRepositoryLocator
from prism.application.ports.git import RepositoryLocator


class TestGitRepositoryLocator(RepositoryLocatorContract):
    @pytest.fixture
    def places(self, tmp_path: Path) -> Places:
        root = tmp_path.resolve() / "r"
        head = make_repository(root, {"a.py": "x = 1\n"})
        make_repository(tmp_path / "empty")
        for folder in (root / "deep" / "er", tmp_path / "nowhere"):
            folder.mkdir(parents=True)
        return Places(
            str(root), head, str(root / "deep" / "er"), str(tmp_path / "empty"),
            str(tmp_path / "nowhere"),
        )  # fmt: skip

    @pytest.fixture
    def locator(self) -> RepositoryLocator:
        return GitRepositoryLocator()
