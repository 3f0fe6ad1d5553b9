"""Wrong input ends in one line on stderr, a hint, a documented exit code, and no traceback."""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.command_line import Answer, CommandLine
from tests.support.git_server import git_server
from tests.support.postgres import PostgresServer, create_database, drop_database
from tests.support.repositories import make_repository

KEY = "5a" * 32


@pytest.fixture
def prism(sqlite_directory: Path, tmp_path: Path) -> CommandLine:
    return CommandLine(sqlite_directory, cwd=tmp_path)


def _refused(answer: Answer, code: int, *words: str) -> None:
    answer.expect(code)
    assert answer.out == ""
    errors = [line for line in answer.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, answer.err
    assert all(word in answer.err for word in words), answer.err
    assert "Traceback" not in answer.err


def test_a_folder_that_is_no_repository(prism: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    _refused(prism("index", "folder"), 2, "folder", "not in a git repository", "hint:", "git init")


def test_a_path_that_does_not_exist(prism: CommandLine) -> None:
    _refused(prism("index", "nowhere"), 2, "nowhere")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(("worker", "--grace", "soon"), "--grace"), (("worker", "--job-limit", "-1"), "--job-limit"),
     (("worker", "--grace", "nan"), "--grace"), (("worker", "--log-format", "xml"), "xml"),
     (("job", "prune", "--older-than", "3 weeks"), "--older-than"),
     (("job", "prune", "--older-than", ""), "--older-than")],
)  # fmt: skip
def test_a_time_that_is_none_is_named(
    prism: CommandLine, arguments: tuple[str, ...], named: str
) -> None:
    _refused(prism(*arguments), 2, named, "hint:")


def test_an_empty_repository(prism: CommandLine, tmp_path: Path) -> None:
    make_repository(tmp_path / "empty")
    _refused(prism("index", "empty"), 2, "hint:", "commit")


def test_a_url_that_nobody_answers(prism: CommandLine) -> None:
    prism.variables["PRISM_ALLOW_PRIVATE_NETWORKS"] = "1"
    _refused(prism("index", "https://127.0.0.1:1/team/tool.git"), 6, "127.0.0.1:1")


def test_a_url_into_the_private_network(prism: CommandLine) -> None:
    _refused(prism("index", "https://127.0.0.1:1/team/tool.git"), 5, "PRISM_ALLOW")


@pytest.mark.parametrize("url", ["ext::sh -c id", "https://user:secret@example.org/x", "-oProxy"])
def test_a_url_that_no_policy_allows(prism: CommandLine, url: str) -> None:
    answer = prism("index", "--", url)
    assert answer.code in (2, 5), answer
    assert "secret" not in answer.err.replace(url, "")
    assert "Traceback" not in answer.err


def test_a_wrong_token(prism: CommandLine, tmp_path: Path) -> None:
    make_repository(tmp_path / "served" / "tool", {"a.py": "x = 1\n"}, bare=True)
    with git_server(tmp_path / "served", token="right-token-12345678") as server:
        prism.variables |= {
            "CREDENTIAL_ENCRYPTION_KEY": KEY, "PRISM_ALLOW_PRIVATE_NETWORKS": "1",
            **server.git_environment,
        }  # fmt: skip
        prism(
            "credential", "add", "--name", "work", "--provider", "github", "--host", server.host,
            stdin="wrong-token-87654321",
        ).expect(0)  # fmt: skip
        answer = prism("index", server.url("tool"), "--credential", "work")
    _refused(answer, 6, "hint:")
    assert "wrong-token" not in answer.err


def test_a_missing_key(prism: CommandLine) -> None:
    arguments = ("credential", "add", "--name", "n", "--provider", "github", "--host", "github.com")
    answer = prism(*arguments, stdin="token-of-somebody")
    _refused(answer, 2, "CREDENTIAL_ENCRYPTION_KEY", "keygen")


def test_a_malformed_key(prism: CommandLine) -> None:
    prism.variables["CREDENTIAL_ENCRYPTION_KEY"] = "abc123"
    arguments = ("credential", "add", "--name", "n", "--provider", "github", "--host", "github.com")
    answer = prism(*arguments, stdin="token-of-somebody")
    _refused(answer, 2, "CREDENTIAL_ENCRYPTION_KEY", "6 hex digits")
    assert "abc123" not in answer.err


@pytest.mark.parametrize(
    "arguments",
    [("status", "nothing"), ("symbols", "nothing"), ("deps", "nothing", "a.py"),
     ("findings", "nothing"), ("graph", "nothing"), ("blueprint", "nothing"),
     ("verify", "nothing"), ("project", "remove", "nothing"), ("job", "show", "99"),
     ("job", "cancel", "99"), ("job", "retry", "99"), ("credential", "remove", "nothing"),
     ("job", "add", "index", "nothing"), ("export", "nothing", "--canonical")],
    ids=" ".join,
)  # fmt: skip
def test_what_is_not_there(prism: CommandLine, arguments: tuple[str, ...]) -> None:
    _refused(prism(*arguments), 3, arguments[-1] if arguments[0] == "job" else "nothing")


def test_an_index_that_was_never_made(prism: CommandLine, tmp_path: Path) -> None:
    make_repository(tmp_path / "tool", {"a.py": "x = 1\n"})
    prism("project", "add", "tool").expect(0)
    for command in ("symbols", "findings", "blueprint"):
        _refused(prism(command, "tool"), 3, "index it first", "prism index")


def test_a_database_that_somebody_else_holds(prism: CommandLine, tmp_path: Path) -> None:
    make_repository(tmp_path / "tool", {"a.py": "x = 1\n"})
    with sqlite3.connect(prism.data_dir / "jobs.db", isolation_level=None) as holder:
        holder.execute("BEGIN IMMEDIATE")
        answer = prism("project", "add", "tool")
        holder.execute("ROLLBACK")
    holder.close()
    _refused(answer, 6, "hint:")


def test_a_database_that_may_not_be_written(prism: CommandLine, tmp_path: Path) -> None:
    make_repository(tmp_path / "tool", {"a.py": "x = 1\n"})
    with _read_only(prism.data_dir, tmp_path):
        answer = prism("project", "add", "tool")
    _refused(answer, 6, str(prism.data_dir))


@contextmanager
def _read_only(directory: Path, tmp_path: Path) -> Iterator[None]:
    """Root ignores permissions, so that for root only a read-only mount says no."""
    if os.geteuid() != 0:
        before = directory.stat().st_mode
        for path in (*directory.iterdir(), directory):
            path.chmod(0o500 if path.is_dir() else 0o400)
        yield
        directory.chmod(before)
        return
    bound = subprocess.run(
        ["mount", "--bind", "-o", "ro", str(directory), str(directory)], capture_output=True
    )
    remounted = subprocess.run(
        ["mount", "-o", "remount,ro,bind", str(directory)], capture_output=True
    )
    if bound.returncode or remounted.returncode:
        pytest.skip("this root may not mount: a read-only folder cannot be made")
    try:
        yield
    finally:
        subprocess.run(["umount", str(directory)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB. Needs root: elsewhere there is no portable way to fill a disk."""
    mount = tmp_path / "disk"
    mount.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(mount)], capture_output=True
    )
    if made.returncode:
        pytest.skip("this root may not mount a small disk")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


def test_a_full_disk(small_disk: Path, tmp_path: Path) -> None:
    lines = "".join(f"def function_{n}(a, b):\n    return a + b + {n}\n" for n in range(4000))
    files = {f"m{n}.py": lines + f"MARK = {n}\n" for n in range(8)}
    make_repository(tmp_path / "tool", files)
    prism = CommandLine(small_disk / "data", cwd=tmp_path)
    answer = prism("index", "tool")
    assert answer.code == 6, answer
    assert "no space left" in answer.err.lower()
    assert "Traceback" not in answer.err


def test_a_database_url_that_is_none(prism: CommandLine) -> None:
    prism.variables["PRISM_DATABASE_URL"] = "mysql://root:hunter2@db/x"
    answer = prism("status")
    _refused(answer, 2, "PRISM_DATABASE_URL")
    assert "hunter2" not in answer.err


def test_a_postgres_that_is_away(prism: CommandLine) -> None:
    prism.variables["PRISM_DATABASE_URL"] = "postgresql://prism:hunter2@127.0.0.1:1/x"
    answer = prism("status")
    _refused(answer, 6, "127.0.0.1:1")
    assert "hunter2" not in answer.err


def test_a_postgres_without_tables(postgres_server: PostgresServer, tmp_path: Path) -> None:
    name = create_database(postgres_server, template="template1")
    try:
        prism = CommandLine(tmp_path / "data", {"PRISM_DATABASE_URL": postgres_server.url(name)})
        _refused(prism("status"), 4, "prism db upgrade")
        prism("db", "upgrade").expect(0)
        prism("status").expect(0)
    finally:
        drop_database(postgres_server, name)
