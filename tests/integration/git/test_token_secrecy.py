"""Where the token is, and above all where it is not, while git runs and after it failed."""

import base64
import logging
import os
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.support.clones import TOKEN, cloner_for, request_for
from tests.support.descendants import descendants
from tests.support.git_server import GitServer, git_server
from tests.support.repositories import make_repository

from prism.domain.credentials import Provider
from prism.domain.errors import Permanent, PrismError

#: A variable of the host service that git has no business with.
HOST_VARIABLE = "PRISM_TEST_HOST_SECRET"


def forms(username: str) -> list[bytes]:
    texts = [
        TOKEN,
        quote(TOKEN, safe=""),
        base64.b64encode(TOKEN.encode()).decode(),
        base64.b64encode(f"{username}:{TOKEN}".encode()).decode(),
    ]
    return [text.encode() for text in texts]


@pytest.fixture
def served(tmp_path: Path) -> Path:
    make_repository(tmp_path / "served" / "r.git", {"a.py": "1"}, {"a.py": "2"}, bare=True)
    return tmp_path / "served"


@pytest.fixture
def server(served: Path) -> Iterator[GitServer]:
    with git_server(served, token=TOKEN) as running:
        yield running


def seen_of_processes() -> tuple[list[str], bytes]:
    """Names, and all arguments and environments, of the processes below this one.

    They are in its process group: who ends a job ends the group.
    """
    names: list[str] = []
    seen = b""
    for process in descendants():
        place = Path("/proc") / str(process.pid)
        names.append(process.name())
        assert os.getpgid(process.pid) == os.getpgid(0)
        seen += (place / "cmdline").read_bytes() + (place / "environ").read_bytes()
    return names, seen


def files_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc")
@pytest.mark.parametrize("provider", list(Provider))
def test_the_token_is_in_no_argument_environment_or_file_while_cloning(
    served: Path, tmp_path: Path, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    import git as git_python

    assert git_python.__version__  # loaded before the host's variable is there, as in a worker
    monkeypatch.setenv(HOST_VARIABLE, "host-secret-value")
    scratch = tmp_path / "scratch"
    observed: list[tuple[list[str], bytes, bytes]] = []
    with git_server(served, token=TOKEN, username=provider.username) as server:
        server.hold("r.git")

        def observe() -> None:
            assert server.reached.wait(20)
            observed.append((*seen_of_processes(), files_below(scratch)))
            server.release()

        observer = threading.Thread(target=observe)
        observer.start()
        request = request_for(server, scratch, token=TOKEN, provider=provider)
        with cloner_for(server).clone(request) as checkout:
            observer.join()
            assert len(checkout.history(limit=10).commits) == 2
            files = files_below(scratch)
        assert server.authorizations != []
    names, processes, files_while_cloning = observed[0]
    assert any("remote-http" in name for name in names)
    assert HOST_VARIABLE.encode() not in processes
    for form in forms(provider.username):
        assert form not in processes
        assert form not in files_while_cloning
        assert form not in files


def everything_told(error: BaseException, log: str) -> str:
    """All that a log, a traceback with variables or a job's error could hold."""
    told = [log, repr(error), str(getattr(error, "hint", ""))]
    told += traceback.TracebackException.from_exception(error, capture_locals=True).format()
    context: BaseException | None = error
    while context is not None:
        told += [str(context), repr(vars(context))]
        context = context.__context__
    return "\n".join(told)


def told_by_a_failure(
    server: GitServer, scratch: Path, caplog: pytest.LogCaptureFixture, name: str
) -> str:
    caplog.set_level(logging.DEBUG)
    request = request_for(server, scratch, name, token=TOKEN)
    with pytest.raises(PrismError) as caught:
        cloner_for(server).clone(request).__enter__()
    return everything_told(caught.value, caplog.text)


def test_a_host_that_sends_the_header_back_leaks_nothing(
    server: GitServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.echo("echo")
    told = told_by_a_failure(server, tmp_path / "scratch", caplog, "echo")
    assert len(server.authorizations) == 1  # it did get the token, and git did quote the answer
    assert "denied" in told
    for form in forms("x-access-token"):
        assert form.decode() not in told


@pytest.mark.parametrize("name", ["r.git", "nothing.git"])
def test_a_refused_token_is_not_told(
    served: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    with git_server(served, token="another token") as server:
        told = told_by_a_failure(server, tmp_path / "scratch", caplog, name)
    for form in forms("x-access-token"):
        assert form.decode() not in told


@pytest.mark.parametrize("wants_token", [True, False], ids=["asks for it", "answers at once"])
def test_no_header_goes_to_the_target_of_a_redirect(
    server: GitServer, tmp_path: Path, wants_token: bool
) -> None:
    make_repository(tmp_path / "elsewhere" / "r.git", {"a.py": "1"}, bare=True)
    token = TOKEN if wants_token else None
    with git_server(tmp_path / "elsewhere", token=token) as elsewhere:
        server.redirect("moved", elsewhere.url("r.git"))
        with pytest.raises(Permanent, match="redirects to another URL"):
            cloner_for(server).clone(
                request_for(server, tmp_path / "scratch", "moved", token=TOKEN)
            ).__enter__()
        assert elsewhere.authorizations == []
        assert elsewhere.received == []


def test_a_public_repository_is_cloned_without_sending_the_token(
    served: Path, tmp_path: Path
) -> None:
    with git_server(served) as server:
        request = request_for(server, tmp_path / "scratch", token=TOKEN)
        with cloner_for(server).clone(request) as checkout:
            assert checkout.commit
        assert server.authorizations == []
