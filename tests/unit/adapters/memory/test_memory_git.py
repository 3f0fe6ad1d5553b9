"""The memory cloner passes the contract of the real ones."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.contracts.git_cloner import GitClonerContract, Open
from tests.support.repositories import START, CommitSpec, Entry, Files, blob_oid

from prism.adapters.memory.git import (
    MemoryGitCloner,
    MemoryRepository,
    MemoryRepositoryLocator,
)
from prism.application.ports.git import Checkout, CloneRequest
from prism.domain.errors import InvalidInput, Permanent
from prism.domain.facts.runs import Change, Commit

URL = "https://host.example/owner/repository"


def memory_repository(*specs: Files | CommitSpec) -> MemoryRepository:
    """The same repository that ``make_repository`` would make of these commits."""
    files: dict[str, bytes] = {}
    modes: dict[str, str] = {}
    commits: list[Commit] = []
    for number, given in enumerate(specs):
        spec = given if isinstance(given, CommitSpec) else CommitSpec(given)
        changes = []
        for path, content in sorted(spec.files.items()):
            assert content is not None
            entry = content if isinstance(content, Entry) else Entry("100644", _bytes(content))
            old = blob_oid(files[path]) if path in files else ""
            changes.append(Change("M" if old else "A", path, "", blob_oid(entry.data), old))
            files[path], modes[path] = entry.data, entry.mode
        oid = blob_oid(f"commit {number}".encode())
        time = START + 3600 * number
        commits.insert(0, Commit(oid, time, "Ada Tester", spec.message, (), tuple(changes)))
    return MemoryRepository(files=files, modes=modes, commits=commits)


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


class TestMemoryClone(GitClonerContract):
    @pytest.fixture
    def open_repository(self) -> Open:
        @contextmanager
        def open_it(*specs: Files | CommitSpec) -> Iterator[Checkout]:
            cloner = MemoryGitCloner({URL: memory_repository(*specs)})
            with cloner.clone(CloneRequest(url=URL, directory="/scratch")) as checkout:
                yield checkout

        return open_it

    @pytest.fixture
    def open_missing(self) -> Open:
        return lambda: MemoryGitCloner().clone(CloneRequest(url=URL, directory="/scratch"))


class TestMemoryLocal(GitClonerContract):
    @pytest.fixture
    def open_repository(self) -> Open:
        return lambda *specs: MemoryGitCloner({"/r": memory_repository(*specs)}).open_local("/r")

    @pytest.fixture
    def open_missing(self) -> Open:
        return lambda: MemoryGitCloner().open_local("/r")


class TestMemoryRepositoryLocator:
    @pytest.fixture
    def locator(self) -> MemoryRepositoryLocator:
        files = {"a.py": b"a = 1\n"}
        repositories = {
            "/code/shop": MemoryRepository(files=files), "/empty": MemoryRepository(files={}),
        }  # fmt: skip
        return MemoryRepositoryLocator(MemoryGitCloner(repositories))

    def test_the_enclosing_repository_is_found(self, locator: MemoryRepositoryLocator) -> None:
        assert locator.locate("/code/shop/src/api") == "/code/shop"

    def test_a_folder_outside_is_wrong_input(self, locator: MemoryRepositoryLocator) -> None:
        with pytest.raises(InvalidInput, match="not in a git repository"):
            locator.locate("/code")

    def test_head_is_the_commit_that_opening_gives(self, locator: MemoryRepositoryLocator) -> None:
        files = {"a.py": b"a = 1\n"}
        with MemoryGitCloner({"/r": MemoryRepository(files=files)}).open_local("/r") as checkout:
            assert locator.head("/code/shop") == checkout.commit

    def test_an_empty_repository_has_no_head(self, locator: MemoryRepositoryLocator) -> None:
        with pytest.raises(InvalidInput, match="no commit"):
            locator.head("/empty")

    def test_other_files_are_another_commit(self) -> None:
        one, other = MemoryRepository(files={"a": b"1"}), MemoryRepository(files={"a": b"2"})
        assert one.head != other.head

    def test_only_https_urls_pass(self, locator: MemoryRepositoryLocator) -> None:
        assert locator.check_url(f"{URL}/") == URL
        with pytest.raises(InvalidInput):
            locator.check_url("ssh://host.example/x")


def test_a_repository_can_be_made_to_fail() -> None:
    failing = MemoryRepository(files={"a": b""}, failure=Permanent("the host is gone"))
    with pytest.raises(Permanent, match="the host is gone"):
        MemoryGitCloner({"/r": failing}).open_local("/r").__enter__()
