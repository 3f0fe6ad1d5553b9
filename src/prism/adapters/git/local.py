"""Finds a repository on this machine and the commit that its HEAD names."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from prism.adapters.git.command import Git, GitCommand
from prism.adapters.git.errors import translate
from prism.adapters.git.git_directory import private_directory
from prism.adapters.git.process import GitFailed
from prism.adapters.git.scrub import Scrubber
from prism.adapters.git.urls import UrlPolicy
from prism.application.ports.git import RepositoryLocator
from prism.domain.errors import InvalidInput, Permanent

_INIT_HINT = "make one of it: `git init && git add -A && git commit`"


class LocalHead(NamedTuple):
    """``common_dir`` holds the objects (it is not ``git_dir`` for a linked work tree)."""

    commit: str
    algorithm: str
    common_dir: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class GitRepositoryLocator(RepositoryLocator):
    """Finds a repository by its layout, without git: git would follow its configuration
    (``core.worktree``), and refuse a repository of another user."""

    git: Git = field(default_factory=Git)
    policy: UrlPolicy = field(default_factory=UrlPolicy)

    def locate(self, path: str) -> str:
        try:
            start = Path(os.path.realpath(path, strict=True))
            for folder in (start, *start.parents):
                if _is_root(folder):
                    return str(folder)
                if _is_git_directory(folder):
                    # inside of .git itself: the repository is what it lies in
                    return str(folder.parent if folder.name == ".git" else folder)
        except OSError as error:
            raise InvalidInput(
                f"{path} cannot be read ({error.strerror})", hint="check the path"
            ) from error
        raise InvalidInput(f"{path} is not in a git repository", hint=_INIT_HINT)

    def head(self, root: str) -> str:
        with private_directory(None) as home:
            return read_head(self.git, root, home).commit

    def check_url(self, url: str) -> str:
        return self.policy.check(url)


def read_head(git: Git, root: str, home: str) -> LocalHead:
    """What HEAD of the repository at *root* (of a work tree, or bare) names.

    The only commands that see the repository's own configuration; ``rev-parse`` runs nothing of it.
    Raises InvalidInput for a repository without commits, Permanent for a broken one.
    """
    git_dir = Path(root, ".git") if _is_root(Path(root)) else Path(root)
    config = [("safe.directory", root), ("safe.directory", str(git_dir))]

    def ask(*arguments: str) -> str:
        command = GitCommand(["rev-parse", *arguments], home, git_dir=str(git_dir), config=config)
        return git.run(command).decode("utf-8", "surrogateescape")

    try:
        layout = ask("--path-format=absolute", "--show-object-format", "--git-common-dir")
    except GitFailed as failure:
        raise translate(failure, f"cannot read {root}", Scrubber()) from None
    algorithm, _, common_dir = layout.removesuffix("\n").partition("\n")
    try:
        commit = ask("--verify", "--quiet", "--end-of-options", "HEAD^{commit}").strip()
    except GitFailed as failure:
        if failure.status == 1:
            raise InvalidInput(
                f"{root} has no commit yet", hint="`git add -A && git commit` makes one"
            ) from None
        raise translate(failure, f"cannot read {root}", Scrubber()) from None
    if not common_dir:
        raise Permanent(f"git does not say where {root} keeps its objects", hint="upgrade git")
    return LocalHead(commit, algorithm, Path(common_dir))


def _is_root(folder: Path) -> bool:
    """Is there a git directory, or a file that names one (linked work trees, submodules)?"""
    return (folder / ".git").is_file() or _is_git_directory(folder / ".git")


def _is_git_directory(folder: Path) -> bool:
    """The same three things that git looks for (gitrepository-layout(5))."""
    return (
        (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()
    )
