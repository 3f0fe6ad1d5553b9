"""Clones that do not work end in one line of the right kind, and leave nothing behind."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.clones import TOKEN, cloner_for, credential_for, request_for
from tests.support.descendants import descendants
from tests.support.git_server import GitServer, git_server
from tests.support.repositories import git, make_repository

from prism.adapters.git.cloner import GitPythonCloner
from prism.adapters.git.remote import CloneLimits
from prism.adapters.git.urls import UrlPolicy
from prism.application.ports.git import CloneRequest
from prism.domain.credentials import Secret
from prism.domain.errors import (
    Cancelled,
    ExternalFailure,
    InvalidInput,
    Permanent,
    PrismError,
    Refused,
    Transient,
)


@pytest.fixture
def served(tmp_path: Path) -> Path:
    folder = tmp_path / "served"
    make_repository(folder / "r.git", {"a.py": "a = 1\n"}, {"b.py": "b = 2\n"}, bare=True)
    return folder


@pytest.fixture
def server(served: Path) -> Iterator[GitServer]:
    with git_server(served) as running:
        yield running


def failure(
    server: GitServer, scratch: Path, name: str = "r.git", *, token: str | None = None
) -> PrismError:
    with pytest.raises(PrismError) as caught:
        cloner_for(server).clone(request_for(server, scratch, name, token=token)).__enter__()
    assert list(scratch.iterdir()) == []
    assert caught.value.hint
    assert "\n" not in caught.value.message
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (404, Permanent, "no such repository"),
        (401, Permanent, "needs a credential"),
        (403, Permanent, "forbids"),
        (500, Transient, "overloaded or broken"),
        (503, Transient, "overloaded or broken"),
    ],
)
def test_a_status_of_the_host_becomes_an_error(
    server: GitServer, tmp_path: Path, status: int, kind: type[PrismError], words: str
) -> None:
    server.fail("bad", status)
    error = failure(server, tmp_path / "scratch", "bad")
    assert type(error) is kind
    assert words in error.message
    assert server.url("bad") in error.message


def test_a_repository_that_is_not_there(server: GitServer, tmp_path: Path) -> None:
    error = failure(server, tmp_path / "scratch", "nothing.git")
    assert isinstance(error, Permanent)
    assert "no such repository" in error.message


def test_a_wrong_token_is_told_with_what_to_do(served: Path, tmp_path: Path) -> None:
    with git_server(served, token="the right one") as server:
        error = failure(server, tmp_path / "scratch", token=TOKEN)
    assert isinstance(error, Permanent)
    assert "credential was refused" in error.message
    assert "prism credential add" in error.hint


def test_a_private_repository_without_a_credential(served: Path, tmp_path: Path) -> None:
    with git_server(served, token=TOKEN) as server:
        error = failure(server, tmp_path / "scratch")
    assert isinstance(error, Permanent)
    assert "needs a credential" in error.message


def test_an_unreachable_host_may_be_tried_again(tmp_path: Path) -> None:
    cloner = GitPythonCloner(policy=UrlPolicy(allow_private_networks=True))
    request = CloneRequest(url="https://127.0.0.1:1/x", directory=str(tmp_path))
    with pytest.raises(Transient, match="connection failed"), cloner.clone(request):
        pass


def test_a_certificate_of_an_unknown_authority_is_told(served: Path, tmp_path: Path) -> None:
    with git_server(served) as server:
        cloner = GitPythonCloner(policy=UrlPolicy(allow_private_networks=True))
        with pytest.raises(Permanent, match="certificate") as caught:
            cloner.clone(request_for(server, tmp_path / "scratch")).__enter__()
    assert "GIT_SSL_CAINFO" in caught.value.hint


def test_an_empty_repository_is_wrong_input(
    server: GitServer, served: Path, tmp_path: Path
) -> None:
    make_repository(served / "empty.git", bare=True)
    error = failure(server, tmp_path / "scratch", "empty.git")
    assert isinstance(error, InvalidInput)
    assert "is an empty repository" in error.message


def test_a_head_without_its_branch_is_wrong_input(
    server: GitServer, served: Path, tmp_path: Path
) -> None:
    (served / "r.git" / "HEAD").write_text("ref: refs/heads/gone\n")
    error = failure(server, tmp_path / "scratch")
    assert isinstance(error, InvalidInput)
    assert "names no branch that exists" in error.message


def test_a_silent_host_is_given_up(server: GitServer, tmp_path: Path) -> None:
    server.hang("r.git")
    cloner = cloner_for(server, limits=CloneLimits(advertisement_seconds=0.3))
    with pytest.raises(Transient, match="did not answer within"):
        cloner.clone(request_for(server, tmp_path / "scratch")).__enter__()
    assert descendants() == []


def test_a_slow_host_is_given_up(server: GitServer, tmp_path: Path) -> None:
    server.hang("r.git")
    cloner = cloner_for(server, limits=CloneLimits(slow_seconds=1))
    with pytest.raises(Transient, match="connection failed"):
        cloner.clone(request_for(server, tmp_path / "scratch")).__enter__()


def test_a_cancelled_clone_stops_and_leaves_no_process(server: GitServer, tmp_path: Path) -> None:
    server.hold("r.git")
    request = replace(request_for(server, tmp_path / "scratch"), cancelled=server.reached.is_set)
    with pytest.raises(Cancelled):
        cloner_for(server).clone(request).__enter__()
    assert descendants() == []
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_repository_above_the_size_limit_is_refused(
    server: GitServer, served: Path, tmp_path: Path
) -> None:
    make_repository(served / "big.git", {"noise.bin": os.urandom(900_000)}, bare=True)
    cloner = cloner_for(server, limits=CloneLimits(bytes_max=500_000))
    with pytest.raises(Refused, match="larger than 0 MiB"):
        cloner.clone(request_for(server, tmp_path / "scratch", "big.git")).__enter__()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_credential_is_used_for_its_host_only(server: GitServer, tmp_path: Path) -> None:
    request = CloneRequest(
        url=server.url("r.git"), directory=str(tmp_path),
        credential=credential_for("github.com"), token=Secret(TOKEN),
    )  # fmt: skip
    with pytest.raises(InvalidInput, match=r"'ci' is for github\.com, not for 127\.0\.0\.1"):
        cloner_for(server).clone(request).__enter__()
    assert server.received == []


def test_a_private_address_is_refused_before_anything_is_sent(
    server: GitServer, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match="not a public address"):
        GitPythonCloner().clone(request_for(server, tmp_path / "scratch")).__enter__()
    assert server.received == []


def test_a_history_that_cannot_be_fetched_leaves_the_rest(
    server: GitServer, tmp_path: Path
) -> None:
    with cloner_for(server).clone(request_for(server, tmp_path / "scratch")) as checkout:
        server.fail("r.git", 503)
        with pytest.raises(ExternalFailure, match="cannot fetch the history"):
            checkout.history(limit=10)
        assert [entry.path for entry in checkout.entries()] == ["a.py", "b.py"]


def test_a_history_above_the_size_limit_is_no_history(
    server: GitServer, served: Path, tmp_path: Path
) -> None:
    changes = [{"a.py": f"a = {n}\n"} for n in range(100)]
    make_repository(served / "old.git", *changes, bare=True)
    cloner = cloner_for(server, limits=CloneLimits(bytes_max=5_000))
    with cloner.clone(request_for(server, tmp_path / "scratch", "old.git")) as checkout:
        with pytest.raises(ExternalFailure, match="larger than"):
            checkout.history(limit=1000)
        assert [entry.path for entry in checkout.entries()] == ["a.py"]


def test_invalid_objects_are_refused(server: GitServer, served: Path, tmp_path: Path) -> None:
    blob = git(served / "r.git", "hash-object", "-w", "--stdin", stdin=b"x").decode().strip()
    tree = git(
        served / "r.git", "hash-object", "-t", "tree", "--literally", "-w", "--stdin",
        stdin=b"100644 .git\0" + bytes.fromhex(blob),
    ).decode().strip()  # fmt: skip
    commit = git(served / "r.git", "commit-tree", tree, "-m", "bad").decode().strip()
    git(served / "r.git", "update-ref", "refs/heads/main", commit)
    error = failure(server, tmp_path / "scratch")
    assert isinstance(error, Permanent)
    assert "invalid objects" in error.message


def test_blemishes_of_old_commits_do_not_matter(
    server: GitServer, served: Path, tmp_path: Path
) -> None:
    tree = git(served / "r.git", "rev-parse", "HEAD^{tree}").decode().strip()
    raw = (
        f"tree {tree}\nauthor A <a@example.org> 1700000000 +051800\n"
        "committer A <a@example.org> 1700000000 +0000\n\nOld\n"
    )
    commit = git(
        served / "r.git", "hash-object", "-t", "commit", "--literally", "-w", "--stdin",
        stdin=raw.encode(),
    ).decode().strip()  # fmt: skip
    git(served / "r.git", "update-ref", "refs/heads/main", commit)
    with cloner_for(server).clone(request_for(server, tmp_path / "scratch")) as checkout:
        assert checkout.commit == commit
        assert len(list(checkout.entries())) == 2
