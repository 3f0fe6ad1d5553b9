"""The worker's handle of its fork server: start it when needed, ask it for a job's process."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from prism.adapters.processes.channel import BadMessage, Channel
from prism.domain.errors import ExternalFailure, Permanent, Transient

#: Names that no process below the worker may have: the key, where to find it, and the database's
#: address with its password (jobs get that by their channel).
WITHHELD = frozenset(
    {
        "CREDENTIAL_ENCRYPTION_KEY",
        "CREDENTIAL_ENCRYPTION_KEY_FILE",
        "CREDENTIALS_DIRECTORY",
        "PRISM_DATABASE_URL",
    }
)
START_SECONDS = 60.0
_EXIT_SECONDS = 10.0
#: Isolated (-I): neither PYTHON* variables nor the working directory decide what is imported. The
#: boot order comes by standard input, which needs no argument and leaves no file.
_BOOTSTRAP = (
    "import json, sys; boot = json.loads(sys.stdin.buffer.read()); sys.path[:] = boot['path']; "
    "from prism.adapters.processes.fork_server_process import serve; serve(boot)"
)


class ForkServer:
    """One running server process. Not for two threads at once."""

    def __init__(self, *, environment: Mapping[str, str], preload: Sequence[str]) -> None:
        """Start it, without waiting until it has loaded *preload*. Raises Transient."""
        ours, theirs = socket.socketpair()
        try:
            self._process = _start(theirs, environment=environment, preload=preload)
        except OSError as error:
            ours.close()
            raise Transient(
                f"a process for jobs cannot be started ({os.strerror(error.errno or 0)})",
                hint="check the limits on processes and memory",
            ) from error
        finally:
            theirs.close()
        self._control = ours
        self._ready = False

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def request(self, request: bytes, ends: Sequence[int]) -> None:
        """Hand *ends* to a new job's process, once the server is ready.

        Raises Transient when it does not come up, Permanent when a module cannot be loaded, OSError
        when it is gone.
        """
        if not self._ready:
            _wait_until_ready(self._control)
            self._ready = True
        socket.send_fds(self._control, [request], ends)

    def close(self) -> None:
        """End it, and with it whatever job still runs. Idempotent."""
        self._control.close()
        if not self._ready:
            self._process.kill()  # it has no jobs yet, and is busy loading
        try:
            self._process.wait(_EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _start(
    theirs: socket.socket, *, environment: Mapping[str, str], preload: Sequence[str]
) -> subprocess.Popen[bytes]:
    boot = {
        "path": [entry for entry in sys.path if Path(entry).is_absolute()],
        "control": theirs.fileno(),
        "preload": list(preload),
    }
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", _BOOTSTRAP],
        stdin=subprocess.PIPE,
        stdout=_standard_error(),
        env={name: value for name, value in environment.items() if name not in WITHHELD},
        pass_fds=(theirs.fileno(),),
        cwd="/",
        process_group=0,  # Ctrl-C in a terminal is for the worker
    )
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
        pipe.write(json.dumps(boot).encode())
    return process


def _standard_error() -> int:
    """Where a job's standard output goes: data on standard output is the command line's."""
    try:
        os.fstat(2)
    except OSError:
        return subprocess.DEVNULL
    return 2


def _wait_until_ready(control: socket.socket) -> None:
    try:
        answer = Channel(control).receive(START_SECONDS)
    except BadMessage:
        answer = None
    if answer is None:
        raise Transient("the process that starts jobs did not come up", hint="see its output above")
    if answer.get("type") != "ready":
        raise Permanent(
            f"the process that starts jobs cannot load Prism ({answer.get('error')})",
            hint="the installation is broken: install prism-blueprint again",
        )


class ForkServers:
    """The current server, started at the first need and again when it died. For all threads."""

    def __init__(self, *, environment: Mapping[str, str], preload: Sequence[str]) -> None:
        self._environment = environment
        self._preload = tuple(preload)
        self._lock = threading.Lock()
        self._server: ForkServer | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the current server, None while there is none."""
        return None if self._server is None else self._server.pid

    def prepare(self) -> None:
        """Start a server where there is none, without waiting for it. Raises Transient."""
        with self._lock:
            self._current()

    def request(self, request: bytes, ends: Sequence[int]) -> bool:
        """Hand *ends* to a new job's process. False when the server died over it: ask again.

        Raises Transient and Permanent as ``ForkServer.request`` does.
        """
        with self._lock:
            server = self._current()
            try:
                server.request(request, ends)
            except OSError:
                return False
            except ExternalFailure:
                self._drop()
                raise
            return True

    def _current(self) -> ForkServer:
        if self._server is not None and not self._server.alive:
            self._drop()
        if self._server is None:
            self._server = ForkServer(environment=self._environment, preload=self._preload)
        return self._server

    def _drop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def close(self) -> None:
        """End the current server; a later request starts a new one."""
        with self._lock:
            self._drop()
