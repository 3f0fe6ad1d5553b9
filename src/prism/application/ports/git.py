"""Git repositories: one commit of them, read by objects, never through a work tree."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from prism.domain.credentials import Credential, Secret
from prism.domain.facts.files import TreeEntry
from prism.domain.facts.runs import Commit


class Blob(NamedTuple):
    """``data`` is None when the blob is absent (filtered, corrupt): ``problem`` says why."""

    oid: str
    data: bytes | None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Newest first by committer date (``rev-list --date-order``); shallow boundary dropped.

    ``truncated``: there are older commits that were not read.
    """

    commits: Sequence[Commit]
    truncated: bool


class Checkout(Protocol):
    """A repository at one commit. Names of the repository are never joined to a host path."""

    @property
    @abstractmethod
    def commit(self) -> str:
        """Full hex id of the indexed commit."""

    @property
    @abstractmethod
    def algorithm(self) -> str:
        """'sha1' or 'sha256'."""

    @property
    @abstractmethod
    def path(self) -> str:
        """Where the git directory is: the clone, or the local repository."""

    @abstractmethod
    def entries(self) -> Iterator[TreeEntry]:
        """All blobs, links and submodules of the tree with their sizes, by path in byte order.

        Raises Refused beyond 1,000,000 entries or a depth of 1,000; Permanent when git fails or
        answers are missing.
        """

    @abstractmethod
    def blobs(self, oids: Sequence[str]) -> Iterator[Blob]:
        """The content of each, in the order asked, one answer per question (Permanent
        otherwise)."""

    @abstractmethod
    def history(self, *, limit: int) -> History:
        """The newest *limit* commits reachable from the indexed one. Raises ExternalFailure."""


def never() -> bool:
    """For clones that nobody can cancel."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class CloneRequest:
    """``directory`` is the job's own scratch directory; token and credential come together.

    ``cancelled`` is asked several times a second, from any thread, while the clone is open: once it
    is True, what runs is stopped and Cancelled is raised.
    """

    url: str
    directory: str
    credential: Credential | None = None
    token: Secret | None = None
    history_limit: int = 1000
    cancelled: Callable[[], bool] = never


class GitCloner(Protocol):
    """Opens repositories. The context manager owns the clean-up; nothing of the clone outlives
    it."""

    @abstractmethod
    def clone(self, request: CloneRequest) -> AbstractContextManager[Checkout]:
        """Bare, shallow clone of the default branch. Raises InvalidInput (empty repository),
        Refused (URL policy, size), Transient (network), Permanent (404, bad credential); no text
        of an error holds the token."""

    @abstractmethod
    def open_local(
        self, path: str, *, scratch: str | None = None
    ) -> AbstractContextManager[Checkout]:
        """HEAD of the repository at *path*, read in place; nothing is written into it, nothing of
        its configuration runs. What is needed beside it lies in *scratch*, an empty directory whose
        owner removes it should this process be killed (None: in the system's place for such).
        Raises InvalidInput with a hint when there is no commit."""


class RepositoryLocator(Protocol):
    @abstractmethod
    def locate(self, path: str) -> str:
        """Absolute path of the root of the repository that encloses *path* (a bare one: itself).

        Raises InvalidInput, with the hint how to make one, where there is none.
        """

    @abstractmethod
    def head(self, root: str) -> str:
        """Full id of the commit HEAD names. Raises InvalidInput for a repository without
        commits."""

    @abstractmethod
    def check_url(self, url: str) -> str:
        """The normalised URL. Raises InvalidInput or Refused when the URL policy forbids it."""
