"""The processes of a campaign: started, found, stopped, and started again when they end."""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil
from benchmarks.chaos.client import ClientOrder
from benchmarks.chaos.plan import WorkerShape
from benchmarks.chaos.world import ROOT, Place

_PR_SET_PDEATHSIG = 1
#: How long a service manager waits before it starts what has ended.
_RESTART_SECONDS = 0.3


@dataclass(slots=True)
class Member:
    """A slot of the crew. ``number`` counts its incarnations; ``start`` makes the next one.

    ``ends``: how each incarnation ended: its exit code, -N for signal N.
    """

    name: str
    start: Callable[[int], "subprocess.Popen[bytes]"]
    process: "subprocess.Popen[bytes] | None" = None
    number: int = 0
    ended_at: float = 0.0
    ends: list[int] = field(default_factory=list)

    @property
    def pid(self) -> int | None:
        """None while it is not there."""
        alive = self.process is not None and self.process.poll() is None
        return self.process.pid if alive and self.process is not None else None

    def send(self, number: int) -> bool:
        """False when nobody is there to be hit."""
        if self.process is None or self.pid is None:
            return False
        self.process.send_signal(number)
        return True

    def look_after(self) -> None:
        """Start it again a moment after it has ended."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            self.ends.append(self.process.returncode)
            self.process, self.ended_at = None, now
        if self.process is None and now - self.ended_at >= _RESTART_SECONDS:
            self.number += 1
            self.process = self.start(self.number)

    def end(self, number: signal.Signals, seconds: float) -> int | None:
        """Send that signal and wait; its exit code, None when it had to be killed."""
        if self.process is None:
            return None
        self.process.send_signal(number)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = None
        self.ends.append(self.process.returncode)
        self.process = None
        return code


def worker(place: Place, slot: int, shape: WorkerShape, *, limit: float) -> Member:
    name = f"worker-{slot}"
    arguments = _real(shape, limit) if shape.machine == "a" else _with_toys(shape, limit)

    def start(number: int) -> "subprocess.Popen[bytes]":
        return spawn(place, arguments, machine=shape.machine, log=f"{name}-{number}.log")

    return Member(name, start)


def _real(shape: WorkerShape, limit: float) -> Sequence[str]:
    return (
        "prism", "worker", "--log-format", "json", "--lease", str(shape.lease),
        "--poll-interval", str(shape.poll), "--grace", "none" if shape.grace is None
        else str(shape.grace), "--job-limit", str(limit), "--concurrency", str(shape.concurrency),
        "--listen" if shape.listen else "--no-listen",
    )  # fmt: skip


def _with_toys(shape: WorkerShape, limit: float) -> Sequence[str]:
    options = {
        "times": {
            "poll": shape.poll, "lease": shape.lease, "grace": shape.grace, "limit": limit,
        },
        "concurrency": shape.concurrency, "listen": shape.listen, "log_format": "json",
    }  # fmt: skip
    return ("tests.support.fault_worker", json.dumps(options))


def client(place: Place, slot: int, order: Callable[[str], ClientOrder]) -> Member:
    name = f"client-{slot}"

    def start(number: int) -> "subprocess.Popen[bytes]":
        told = json.dumps(asdict(order(f"{slot}.{number}")))
        arguments = ("benchmarks.chaos.client", told)
        return spawn(place, arguments, machine="a", log=f"{name}.log")

    return Member(name, start)


def spawn(
    place: Place, arguments: Sequence[str], *, machine: str, log: str, tmp: str = "tmp"
) -> "subprocess.Popen[bytes]":
    """A Python module as a process of its own session, which dies with this one."""
    environment = {**place.environment(machine), "TMPDIR": str(place.root / tmp)}
    with (place.logs / log).open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
            stdout=file, stderr=file, start_new_session=True, preexec_fn=_die_with_parent,
        )  # fmt: skip


def _die_with_parent() -> None:
    """In the new process: should the campaign be killed, it leaves no workers behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def fork_servers(worker_pid: int) -> Sequence[int]:
    return [pid for pid in _children(worker_pid) if b"fork_server_process" in _read(pid, "cmdline")]


def job_groups(worker_pid: int) -> Sequence[int]:
    """The process groups of its running jobs; each is named like its leader."""
    return [job for server in fork_servers(worker_pid) for job in _children(server)]


def strays(root: Path) -> Sequence[tuple[int, str]]:
    """Everything alive that belongs to the campaign, with its command line.

    It is known by its environment, its command line or its directory. Zombies run no more.
    """
    mark = os.fsencode(root)
    found = []
    for pid in psutil.pids():
        if pid == os.getpid() or not _is_alive(pid):
            continue
        if any(mark in text for text in (_read(pid, "environ"), _read(pid, "cmdline"), _cwd(pid))):
            command = _read(pid, "cmdline").replace(b"\0", b" ")
            found.append((pid, command.decode("utf-8", "replace")))
    return found


def kill_strays(root: Path) -> None:
    """Whoever is killed may just have started another one: look again until nobody is left."""
    for _ in range(100):
        pids = [pid for pid, _ in strays(root)]
        if not pids:
            return
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _children(pid: int) -> Sequence[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children()]
    except psutil.Error:
        return []


def _is_alive(pid: int) -> bool:
    stat = _read(pid, "stat").rpartition(b")")[2].split()
    return bool(stat) and stat[0] not in (b"Z", b"X")


def _read(pid: int, what: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        return b""


def _cwd(pid: int) -> bytes:
    try:
        return os.fsencode(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return b""
