"""Real git passes the contract: over https with a token, and from a local path."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.contracts.git_cloner import FILES, HISTORY, GitClonerContract, Open
from tests.support.clones import TOKEN, cloner_for, request_for
from tests.support.git_server import git_server
from tests.support.repositories import CommitSpec, Files, make_repository

from prism.adapters.git.cloner import GitPythonCloner
from prism.application.ports.git import Checkout


@contextmanager
def cloned(tmp_path: Path, *commits: Files | CommitSpec, name: str = "r.git") -> Iterator[Checkout]:
    """A clone of these commits from a server that wants a token."""
    if name == "r.git":
        make_repository(tmp_path / "served" / name, *commits, bare=True)
    with git_server(tmp_path / "served", token=TOKEN) as server:
        scratch = tmp_path / "scratch"
        request = request_for(server, scratch, name, token=TOKEN)
        with cloner_for(server).clone(request) as checkout:
            yield checkout
        assert list(scratch.iterdir()) == []


class TestClone(GitClonerContract):
    @pytest.fixture
    def open_repository(self, tmp_path: Path) -> Open:
        return lambda *commits: cloned(tmp_path, *commits)

    @pytest.fixture
    def open_missing(self, tmp_path: Path) -> Open:
        return lambda: cloned(tmp_path, name="nothing.git")


class TestLocal(GitClonerContract):
    @pytest.fixture
    def open_repository(self, tmp_path: Path) -> Open:
        @contextmanager
        def open_it(*commits: Files | CommitSpec) -> Iterator[Checkout]:
            make_repository(tmp_path / "r", *commits)
            with GitPythonCloner().open_local(str(tmp_path / "r")) as checkout:
                yield checkout

        return open_it

    @pytest.fixture
    def open_missing(self, tmp_path: Path) -> Open:
        return lambda: GitPythonCloner().open_local(str(tmp_path))


def test_a_clone_and_a_local_path_give_the_same(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", *HISTORY, FILES)
    with GitPythonCloner().open_local(str(tmp_path / "r")) as local:
        here = (local.commit, list(local.entries()), local.history(limit=3))
    with cloned(tmp_path, *HISTORY, FILES) as clone:
        there = (clone.commit, list(clone.entries()), clone.history(limit=3))
        # fetching the history must not bring the large blob back, nor break the reader
        assert list(clone.entries()) == there[1]
    assert here == there
