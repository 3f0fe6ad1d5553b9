"""Repositories in memory: files and commits as literals, with the ids that git would give."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from prism.application.ports.git import (
    Blob,
    Checkout,
    CloneRequest,
    GitCloner,
    History,
    RepositoryLocator,
)
from prism.domain.errors import InvalidInput, Permanent, PrismError
from prism.domain.facts.files import TreeEntry
from prism.domain.facts.runs import Commit
from prism.domain.facts.structure import FILE_BYTES_MAX

_REGULAR = "100644"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryRepository:
    """``files``: path -> content. ``modes`` for those that are no plain files: '100755', '120000'
    (the content is the link's target) or '160000' (the content is the submodule's commit id).

    ``commits`` are its history, newest first. ``failure`` is raised when it is opened.
    """

    files: Mapping[str, bytes]
    modes: Mapping[str, str] = field(default_factory=dict)
    commits: Sequence[Commit] = ()
    algorithm: str = "sha1"
    failure: PrismError | None = None

    @property
    def head(self) -> str:
        """The newest commit's id, or one that is computed from the files."""
        if self.commits:
            return self.commits[0].oid
        digest = hashlib.new(self.algorithm)
        for entry in _entries(self):
            digest.update(f"{entry.mode} {entry.oid} {entry.path}\0".encode(*_SURROGATES))
        return digest.hexdigest()


_SURROGATES = ("utf-8", "surrogateescape")


class MemoryCheckout(Checkout):
    def __init__(self, repository: MemoryRepository, *, path: str) -> None:
        self._repository = repository
        self._path = path

    @property
    def commit(self) -> str:
        return self._repository.head

    @property
    def algorithm(self) -> str:
        return self._repository.algorithm

    @property
    def path(self) -> str:
        return self._path

    def entries(self) -> Iterator[TreeEntry]:
        yield from _entries(self._repository)

    def blobs(self, oids: Sequence[str]) -> Iterator[Blob]:
        contents = {
            entry.oid: self._repository.files[entry.path]
            for entry in _entries(self._repository)
            if entry.size >= 0
        }
        for oid in oids:
            data = contents.get(oid)
            yield Blob(oid, data, "" if data is not None else "missing")

    def history(self, *, limit: int) -> History:
        commits = self._repository.commits
        return History(commits=commits[:limit], truncated=len(commits) > limit)


class MemoryGitCloner(GitCloner):
    """Opens repositories by their URL or path. ``requests`` lists what was asked for."""

    def __init__(self, repositories: Mapping[str, MemoryRepository] | None = None) -> None:
        self.repositories = dict(repositories or {})
        self.requests: list[CloneRequest] = []

    @contextmanager
    def clone(self, request: CloneRequest) -> Iterator[Checkout]:
        self.requests.append(request)
        repository = self.repositories.get(request.url)
        if repository is None:
            raise Permanent(f"cannot clone {request.url}: no such repository", hint="check the URL")
        yield _opened(repository, request.url, path=f"{request.directory}/repo.git")

    @contextmanager
    def open_local(self, path: str, *, scratch: str | None = None) -> Iterator[Checkout]:
        del scratch  # nothing is written
        yield _opened(_at(self.repositories, path), path, path=path)


class MemoryRepositoryLocator(RepositoryLocator):
    """Finds the repositories of a cloner; paths are text with slashes."""

    def __init__(self, cloner: MemoryGitCloner) -> None:
        self._cloner = cloner

    def locate(self, path: str) -> str:
        parts = path.rstrip("/").split("/")
        for length in range(len(parts), 0, -1):
            candidate = "/".join(parts[:length])
            if candidate in self._cloner.repositories:
                return candidate
        raise _no_repository(path)

    def head(self, root: str) -> str:
        repository = _at(self._cloner.repositories, root)
        return _opened(repository, root, path=root).commit

    def check_url(self, url: str) -> str:
        if not url.startswith("https://"):
            raise InvalidInput("that is not an https:// URL", hint="https://HOST/OWNER/REPOSITORY")
        return url.rstrip("/")


def _at(repositories: Mapping[str, MemoryRepository], path: str) -> MemoryRepository:
    repository = repositories.get(path)
    if repository is None:
        raise _no_repository(path)
    return repository


def _opened(repository: MemoryRepository, name: str, *, path: str) -> MemoryCheckout:
    if repository.failure is not None:
        raise repository.failure
    if not repository.files and not repository.commits:
        raise InvalidInput(f"{name} has no commit yet", hint="commit something to it")
    return MemoryCheckout(repository, path=path)


def _entries(repository: MemoryRepository) -> list[TreeEntry]:
    ordered = sorted(repository.files.items(), key=lambda item: item[0].encode(*_SURROGATES))
    return [_entry(repository, path, data) for path, data in ordered]


def _entry(repository: MemoryRepository, path: str, data: bytes) -> TreeEntry:
    mode = repository.modes.get(path, _REGULAR)
    if mode == "160000":
        return TreeEntry(path, mode, data.decode("ascii"), -1)
    size = len(data) if len(data) <= FILE_BYTES_MAX else -1
    return TreeEntry(path, mode, _blob_oid(data, repository.algorithm), size)


def _blob_oid(data: bytes, algorithm: str) -> str:
    """As ``git hash-object`` computes it."""
    return hashlib.new(algorithm, b"blob %d\0" % len(data) + data).hexdigest()


def _no_repository(path: str) -> InvalidInput:
    return InvalidInput(
        f"{path} is not in a git repository",
        hint="make one of it: `git init && git add -A && git commit`",
    )
