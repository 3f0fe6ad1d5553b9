"""Opens repositories: remote ones in a clone of the job, local ones in place."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from prism.adapters.git.checkout import GitCheckout
from prism.adapters.git.command import Git, check_version, version
from prism.adapters.git.errors import benign_objects_only, disk_error, translate
from prism.adapters.git.git_directory import (
    INDEXED_REF,
    copy_shallow,
    make_git_directory,
    private_directory,
    write_config,
)
from prism.adapters.git.local import GitRepositoryLocator, read_head
from prism.adapters.git.process import GitFailed
from prism.adapters.git.remote import CloneLimits, Fetch, Login, Remote
from prism.adapters.git.scrub import Scrubber
from prism.adapters.git.urls import UrlPolicy
from prism.application.ports.git import Checkout, CloneRequest, GitCloner, never
from prism.domain.errors import ExternalFailure, Permanent, PrismError, Refused
from prism.domain.facts.structure import FILE_BYTES_MAX

#: The filter leaves out what is not smaller: a blob of just FILE_BYTES_MAX is still read.
_BLOB_FILTER = f"blob:limit={FILE_BYTES_MAX + 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GitPythonCloner(GitCloner):
    """``environment``: what git gets of the host's variables."""

    policy: UrlPolicy = field(default_factory=UrlPolicy)
    environment: Mapping[str, str] = field(default_factory=dict)
    limits: CloneLimits = field(default_factory=CloneLimits)

    @contextmanager
    def clone(self, request: CloneRequest) -> Iterator[Checkout]:
        assert (request.credential is None) == (request.token is None)
        login = None
        if request.credential is not None and request.token is not None:
            login = Login(request.credential, request.token)
        remote = Remote(
            self._git(request.cancelled),
            self.policy.target(request.url),
            login=login,
            limits=self.limits,
        )
        check_version(remote.git, request.directory)
        directory = Path(request.directory) / "repo.git"
        try:
            checkout = _fetch_head(remote, request.directory, directory)
            try:
                yield checkout
            finally:
                checkout.close()
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    @contextmanager
    def open_local(self, path: str, *, scratch: str | None = None) -> Iterator[Checkout]:
        git = self._git()
        root = GitRepositoryLocator(git=git).locate(path)
        with private_directory(scratch) as home:
            head = read_head(git, root, home)
            view = Path(home) / "view.git"
            try:
                make_git_directory(view, head.algorithm, objects=str(head.common_dir / "objects"))
                copy_shallow(head.common_dir, view)
            except OSError as error:
                raise disk_error(error, f"cannot read {root}") from error
            checkout = GitCheckout(
                git, str(view), commit=head.commit, algorithm=head.algorithm,
                path=str(head.common_dir), scrub=Scrubber(),
            )  # fmt: skip
            try:
                yield checkout
            finally:
                checkout.close()

    def _git(self, cancelled: Callable[[], bool] = never) -> Git:
        return Git(environment=self.environment, cancelled=cancelled)


def _fetch_head(remote: Remote, home: str, directory: Path) -> GitCheckout:
    """Fetch the commit of the remote's HEAD into a new git directory.

    Not ``git clone``: that would guess a branch for a HEAD that is detached, and write a
    configuration of its own.
    """
    doing = f"cannot clone {remote.url}"
    algorithm = "sha256" if len(remote.head(home)) == 64 else "sha1"
    fetch = Fetch("HEAD", 1, _BLOB_FILTER, remote.limits.clone_seconds)
    try:
        make_git_directory(directory, algorithm)
        _fetch(remote, fetch, directory)
        write_config(directory, algorithm)
        commit = (directory / INDEXED_REF).read_text("ascii").strip()
    except GitFailed as failure:
        raise translate(failure, doing, remote.scrub) from None
    except OSError as error:
        raise disk_error(error, doing) from error
    return GitCheckout(
        remote.git, str(directory), commit=commit, algorithm=algorithm, path=str(directory),
        scrub=remote.scrub,
        fetch_history=lambda limit: _fetch_history(remote, directory, commit, limit),
    )  # fmt: skip


def _fetch(remote: Remote, fetch: Fetch, directory: Path) -> None:
    """Strict first; once more without the checks where only blemishes were found: nothing is
    checked out, so that odd dates and modes can do no harm. Raises GitFailed."""
    try:
        remote.fetch(fetch, str(directory), to=INDEXED_REF)
    except GitFailed as failure:
        if not benign_objects_only(failure):
            raise
        remote.fetch(fetch._replace(fsck=False), str(directory), to=INDEXED_REF)


def _fetch_history(remote: Remote, directory: Path, commit: str, limit: int) -> None:
    """Commits and trees only. One more than asked for: those at the cut are dropped later."""
    fetch = Fetch(commit, limit + 1, "blob:none", remote.limits.history_seconds, fsck=False)
    doing = f"cannot fetch the history of {remote.url}"
    try:
        remote.fetch(fetch, str(directory))
    except GitFailed as failure:
        raise _external(translate(failure, doing, remote.scrub)) from None
    except Refused as refused:
        raise _external(refused) from None
    finally:
        write_config(directory, "sha256" if len(commit) == 64 else "sha1")


def _external(error: PrismError) -> ExternalFailure:
    """No history is a failure of the world, not a reason to refuse the repository."""
    if isinstance(error, ExternalFailure):
        return error
    return Permanent(error.message, hint=error.hint)


def git_version(environment: Mapping[str, str] | None = None) -> str:
    """Like '2.39.5'. Raises Permanent when git is missing."""
    with private_directory(None) as home:
        return version(Git(environment=environment or {}), home)
