"""What git says, and what Prism makes of it."""

import pytest

from prism.adapters.git.errors import benign_objects_only, translate
from prism.adapters.git.process import GitFailed
from prism.adapters.git.scrub import Scrubber
from prism.domain.credentials import Secret
from prism.domain.errors import NoSpace, Permanent, PrismError, Refused, Transient

URL = "https://host.example/owner/r"
DOING = f"cannot clone {URL}"
ACCESS = f"fatal: unable to access '{URL}/': "


def translated(stderr: str, status: int = 128) -> PrismError:
    return translate(GitFailed(status, stderr), DOING, Scrubber())


@pytest.mark.parametrize(
    ("stderr", "kind", "words"),
    [
        (f"fatal: repository '{URL}/' not found", Permanent, "no such repository"),
        (f"{ACCESS}The requested URL returned error: 404", Permanent, "no such repository"),
        (f"fatal: Authentication failed for '{URL}/'", Permanent, "credential was refused"),
        ("fatal: could not read Username for 'https://host.example': terminal prompts disabled",
         Permanent, "needs a credential"),
        (f"{ACCESS}The requested URL returned error: 403", Permanent, "forbids"),
        (f"{ACCESS}The requested URL returned error: 302", Permanent, "redirects"),
        (f"{ACCESS}The requested URL returned error: 503", Transient, "overloaded"),
        (f"{ACCESS}The requested URL returned error: 429", Transient, "overloaded"),
        (f"{ACCESS}Could not resolve host: host.example", Transient, "name cannot be resolved"),
        (f"{ACCESS}Failed to connect to host.example port 443 after 3 ms: Couldn't connect to "
         "server", Transient, "connection failed"),
        (f"{ACCESS}Operation too slow. Less than 1000 bytes/sec transferred the last 30 seconds",
         Transient, "connection failed"),
        ("error: RPC failed; curl 92 HTTP/2 stream 5 was not closed cleanly\nfatal: early EOF",
         Transient, "connection failed"),
        (f"{ACCESS}server certificate verification failed. CAfile: none CRLfile: none",
         Permanent, "certificate"),
        (f"{ACCESS}SSL certificate problem: self-signed certificate", Permanent, "certificate"),
        ("fatal: write error: No space left on device\nfatal: index-pack failed", NoSpace,
         "no space left"),
        ("error: object 1234: hasDotgit: contains '.git'\nfatal: fsck error in packed object\n"
         "fatal: index-pack failed", Permanent, "invalid objects"),
        ("fatal: transport 'file' not allowed", Refused, "protocol"),
        ("fatal: unknown repository extension found:\n\trefstorage", Permanent, "too old"),
        ("env: 'git': No such file or directory", Permanent, "git was not found"),
    ],
)  # fmt: skip
def test_words_of_git_become_an_error_of_the_tree(
    stderr: str, kind: type[PrismError], words: str
) -> None:
    error = translated(stderr)
    assert type(error) is kind
    assert error.message.startswith(f"{DOING}: ")
    assert words in error.message
    assert error.hint
    assert not error.message.endswith(".")


def test_unknown_words_are_quoted_with_the_status() -> None:
    error = translated("fatal: something new", status=5)
    assert isinstance(error, Permanent)
    assert error.message == f"{DOING}: git ended with status 5 (fatal: something new)"


def test_a_git_that_was_killed_may_be_tried_again() -> None:
    assert isinstance(translated("", status=-9), Transient)


def test_the_words_of_the_host_are_quoted_but_decide_nothing() -> None:
    error = translated(f"remote: No space left on device\n{ACCESS}The requested URL returned "
                       "error: 403")  # fmt: skip
    assert isinstance(error, Permanent)
    assert error.message == f"{DOING}: the host forbids it (No space left on device)"


def test_a_token_that_the_host_sends_back_is_masked() -> None:
    token = "a-token-of-the-tests-0123456789"
    stderr = f"remote: you sent {token}\n{ACCESS}The requested URL returned error: 403"
    error = translate(GitFailed(128, stderr), DOING, Scrubber(Secret(token)))
    assert token not in error.message
    assert "you sent ***" in error.message


def test_long_words_are_cut() -> None:
    assert len(translated("fatal: " + "x" * 5000).message) < 500


@pytest.mark.parametrize(
    ("stderr", "benign"),
    [
        ("error: object aa11: badTimezone: invalid author/committer line", True),
        ("error: object aa11: zeroPaddedFilemode: contains zero-padded file modes\n"
         "error: object bb22: missingSpaceBeforeDate: bad", True),
        ("error: object aa11: badTimezone: bad\nerror: object bb22: hasDotgit: bad", False),
        ("error: object aa11: hasDot: contains '.'", False),
        ("fatal: early EOF", False),
    ],
)  # fmt: skip
def test_only_blemishes_are_benign(stderr: str, benign: bool) -> None:
    assert benign_objects_only(GitFailed(128, stderr)) is benign
