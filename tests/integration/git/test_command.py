"""How git is run: what it sees of the host, and what ends it."""

import os
import threading
from pathlib import Path

import psutil
import pytest
from tests.support.repositories import make_repository

from prism.adapters.git.cloner import GitPythonCloner, git_version
from prism.adapters.git.command import Git, GitCommand
from prism.adapters.git.process import GitFailed, RunLimits
from prism.adapters.git.urls import UrlPolicy
from prism.application.ports.git import CloneRequest
from prism.domain.credentials import Secret
from prism.domain.errors import Cancelled, Permanent, Transient


def shell(script: str, directory: Path, **more: object) -> GitCommand:
    """A git that runs *script*: an alias, which only configuration of ours can bring in."""
    config = [("alias.script", f"!{script}; :")]
    return GitCommand(["script"], str(directory), config=config)._replace(**more)  # type: ignore[arg-type]  # fields by name


@pytest.fixture
def old_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A PATH with nothing but ``env``, to put another git into."""
    import git as git_python

    assert git_python.__version__  # loaded while there is a git
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("env", "sh"):
        (folder / name).symlink_to(next(Path(p, name) for p in ("/usr/bin", "/bin")
                                        if Path(p, name).exists()))  # fmt: skip
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_git_sees_nothing_of_the_hosts_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIAL_ENCRYPTION_KEY", "0" * 64)
    monkeypatch.setenv("GIT_DIR", "/somewhere/else")
    git = Git(environment={"https_proxy": "http://proxy.example:3128"})
    lines = git.run(shell("env", tmp_path)).decode().splitlines()
    names = {line.partition("=")[0] for line in lines}
    assert "https_proxy" in names
    assert "CREDENTIAL_ENCRYPTION_KEY" not in names
    assert not {line for line in lines if "/somewhere/else" in line}
    ours = ("GIT_", "LC_ALL", "PATH", "HOME", "TMPDIR", "XDG_", "SSH_ASKPASS", "PWD", "https_proxy",
            "_", "SHLVL", "OLDPWD")  # fmt: skip
    assert {name for name in names if not name.startswith(ours)} == set()


def test_the_home_of_git_is_the_directory_it_runs_in(tmp_path: Path) -> None:
    answer = Git().run(shell('echo "$HOME $TMPDIR $(pwd)"', tmp_path)).decode().split()
    assert answer == [str(tmp_path)] * 3


def test_the_configuration_of_the_user_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = Somebody\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(GitFailed):
        Git().run(GitCommand(["config", "user.name"], str(tmp_path)))


def test_a_secret_comes_through_a_pipe_and_once(tmp_path: Path) -> None:
    script = "cat /dev/fd/{fd}; cat /dev/fd/{fd}"
    assert Git().run(shell(script, tmp_path, secret=Secret("s3cret\n"))) == b"s3cret\n"


def test_a_failure_has_status_and_words(tmp_path: Path) -> None:
    with pytest.raises(GitFailed) as caught:
        Git().run(shell("echo no >&2; exit 3", tmp_path))
    assert (caught.value.status, caught.value.stderr) == (3, "no\n")


def test_endless_words_are_kept_to_a_bound(tmp_path: Path) -> None:
    with pytest.raises(GitFailed) as caught:
        Git().run(shell("head -c 3000000 /dev/zero >&2; exit 3", tmp_path))
    assert len(caught.value.stderr) == 64 * 1024


def test_endless_output_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="gave more than"):
        Git().run(shell("cat /dev/zero", tmp_path))


def test_a_wall_clock_limit_ends_it(tmp_path: Path) -> None:
    with pytest.raises(Transient, match=r"within 0\.2 seconds"):
        Git().run(shell("exec sleep 60", tmp_path, limits=RunLimits(seconds=0.2)))


def test_an_object_that_never_comes_ends_the_reading(tmp_path: Path) -> None:
    make_repository(tmp_path, {"a": "1"})
    folder = tmp_path / ".git" / "objects" / "11"
    folder.mkdir()
    os.mkfifo(folder / ("1" * 38))
    command = GitCommand(
        ["cat-file", "blob", "1" * 40], str(tmp_path), git_dir=str(tmp_path / ".git"),
        limits=RunLimits(seconds=None, stall_seconds=0.2),
    )  # fmt: skip
    with pytest.raises(Transient, match=r"within 0\.2 seconds"):
        Git().run(command)


def test_a_reader_may_be_slower_than_the_stall_limit(tmp_path: Path) -> None:
    make_repository(tmp_path, {"a": "1"})
    command = GitCommand(
        ["rev-parse", "HEAD"], str(tmp_path), git_dir=str(tmp_path / ".git"),
        limits=RunLimits(seconds=None, stall_seconds=0.1),
    )  # fmt: skip
    with Git().start(command) as running:
        threading.Event().wait(0.4)  # several looks of the watch, and nobody reads
        assert len(running.read(100).strip()) == 40
        running.finish()


def test_cancelling_ends_children_that_ignore_it_too(tmp_path: Path) -> None:
    started = tmp_path / "started"
    script = f"trap '' TERM; sleep 60 & echo $! > {started}; wait"
    git = Git(cancelled=lambda: started.exists() and started.read_text().endswith("\n"))
    with pytest.raises(Cancelled):
        git.run(shell(script, tmp_path))
    child = int(started.read_text())
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_an_old_git_is_refused_for_clones(old_path: Path, tmp_path: Path) -> None:
    (old_path / "git").write_text("#!/bin/sh\necho git version 2.20.1\n")
    (old_path / "git").chmod(0o755)
    assert git_version() == "2.20.1"
    cloner = GitPythonCloner(policy=UrlPolicy(allow_private_networks=True))
    request = CloneRequest(url="https://127.0.0.1:1/x", directory=str(tmp_path))
    with pytest.raises(Permanent, match=r"2\.20\.1 is too old") as caught:
        cloner.clone(request).__enter__()
    assert "2.32" in caught.value.hint


def test_a_missing_git_is_told(old_path: Path) -> None:
    with pytest.raises(Permanent, match="git does not run") as caught:
        git_version()
    assert "install git" in caught.value.hint
