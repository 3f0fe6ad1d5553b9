"""The fork server's own process: fork a job on request, watch over its group, tell how it ended.

It holds no secret: a job's order and token go past it, through ends that it only hands on. It is
single-threaded, so that forking is safe. While a job's leader is a zombie its group id cannot be
taken by anybody else: that is when the rest of the group is killed, and only then is it reaped.
"""

import contextlib
import ctypes
import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from typing import cast

from prism.adapters.processes.channel import BadMessage, Channel
from prism.adapters.processes.job_child import JobEnds, run_job
from prism.domain.values import Json

#: What one request carries, in this order: the job's channel, lifeline, token, and our channel to
#: its ``ChildJob``.
ENDS_PER_REQUEST = 4
REQUEST = b"j"
#: How long the killed rest of a group may take to vanish before its end is told regardless.
_GROUP_SECONDS = 5.0
_GROUP_LOOK_SECONDS = 0.005
_PR_SET_CHILD_SUBREAPER = 36


def serve(boot: Mapping[str, Json]) -> None:
    """Run until the control socket's other end is closed. *boot*: ``control`` (a file descriptor)
    and ``preload`` (names of modules that jobs will need)."""
    control = socket.socket(fileno=cast(int, boot["control"]))
    hello = Channel(control)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        for name in cast(list[str], boot["preload"]):
            importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 - the worker tells it, with what can be done
        _tell(hello, {"type": "broken", "error": f"{type(error).__name__}: {error}"})
        return
    _become_subreaper()
    # Pages that the collector never touches stay shared with the jobs.
    gc.collect()
    gc.freeze()
    _tell(hello, {"type": "ready"})
    _Server(control).run()


def _become_subreaper() -> None:
    """Orphans of a job become our children, so that its group can be seen to be gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class _Job:
    """A job's group. ``status``: how its leader ended, once it has."""

    def __init__(self, leader: int, told: Channel) -> None:
        self.leader = leader
        self.told = told
        self.status: int | None = None
        self.alive_until: float | None = None
        self.gone_by = 0.0

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.leader, signal.SIGKILL)

    @property
    def gone(self) -> bool:
        try:
            os.killpg(self.leader, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


class _Server:
    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._jobs: dict[int, _Job] = {}
        self._open = True
        self._wake, wake = socket.socketpair()
        for end in (control, self._wake, wake):
            end.setblocking(False)
        self._wake_write = wake
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _nothing)
        # Ctrl-C and a service manager's signals are for the worker; it closes the control socket.
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, signal.SIG_IGN)

    def run(self) -> None:
        while self._open or self._jobs:
            self._wait()
            self._take_requests()
            self._hear_workers()
            self._kill_overdue()
            self._reap()
            self._tell_the_gone()

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        if self._open:
            poll.register(self._control, select.POLLIN)
        for job in self._jobs.values():
            if not job.told.closed:
                poll.register(job.told, select.POLLIN)
        poll.poll(self._timeout())
        with contextlib.suppress(BlockingIOError):
            while self._wake.recv(4096):
                pass

    def _timeout(self) -> float | None:
        """Milliseconds until something has to be looked at without being told."""
        now = time.monotonic()
        waits = []
        for job in self._jobs.values():
            if job.status is not None:
                waits.append(_GROUP_LOOK_SECONDS)
            elif job.alive_until is not None:
                waits.append(job.alive_until - now)
        return max(0.0, min(waits)) * 1000 + 1 if waits else None

    def _take_requests(self) -> None:
        while self._open:
            try:
                byte, ends, _, _ = socket.recv_fds(self._control, len(REQUEST), ENDS_PER_REQUEST)
            except BlockingIOError:
                return
            except ConnectionError:
                byte, ends = b"", []
            if not byte:
                self._open = False
                for job in self._jobs.values():
                    job.kill()
            elif len(ends) == ENDS_PER_REQUEST:
                self._fork(ends)
            else:
                for end in ends:
                    os.close(end)

    def _fork(self, ends: list[int]) -> None:
        for end in ends:
            os.set_inheritable(end, False)  # what a job executes shall have none of them
        channel, lifeline, token, told = ends
        report = Channel(socket.socket(fileno=told))
        try:
            leader = os.fork()
        except OSError as error:
            _tell(report, {"type": "refused", "error": os.strerror(error.errno or 0)})
            report.close()
        else:
            if leader == 0:
                try:
                    self._leave()
                    report.close()
                    run_job(JobEnds(Channel(socket.socket(fileno=channel)), lifeline, token))
                finally:
                    os._exit(1)  # never back into the server's loop
            # Both sides set the group, so that neither can act before it is there.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.setpgid(leader, leader)
            self._jobs[leader] = _Job(leader, report)
            _tell(report, {"type": "started", "pid": leader})
        for end in (channel, lifeline, token):
            os.close(end)

    def _leave(self) -> None:
        """In the fork: give up what belongs to the server."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for end in (self._control, self._wake, self._wake_write):
            end.close()
        for job in self._jobs.values():
            job.told.close()

    def _hear_workers(self) -> None:
        for job in self._jobs.values():
            if job.told.closed:
                continue
            try:
                message = job.told.take()
                while message is not None:
                    seconds = message.get("keep_alive")
                    if isinstance(seconds, int | float):
                        job.alive_until = time.monotonic() + seconds
                    message = job.told.take()
            except BadMessage:
                job.kill()
            if job.told.closed:
                job.kill()

    def _kill_overdue(self) -> None:
        now = time.monotonic()
        for job in self._jobs.values():
            if job.status is None and job.alive_until is not None and now >= job.alive_until:
                job.kill()
                job.alive_until = None

    def _reap(self) -> None:
        while True:
            ended = _next_ended(self._kill_group_of)
            if ended is None:
                return
            leader, status = ended
            job = self._jobs.get(leader)
            if job is not None:
                job.status = status
                job.gone_by = time.monotonic() + _GROUP_SECONDS

    def _kill_group_of(self, leader: int) -> None:
        job = self._jobs.get(leader)
        if job is not None:
            job.kill()

    def _tell_the_gone(self) -> None:
        now = time.monotonic()
        for job in list(self._jobs.values()):
            if job.status is not None and (job.gone or now >= job.gone_by):
                _tell(job.told, {"type": "ended", "status": job.status, "gone": job.gone})
                job.told.close()
                del self._jobs[job.leader]


def _tell(channel: Channel, message: dict[str, Json]) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more: the control socket says so too
        channel.send(message)


def _nothing(_signum: int, _frame: object) -> None:
    """SIGCHLD has to be handled to be written to the wake-up descriptor."""


def _next_ended(before_reaping: Callable[[int], None]) -> tuple[int, int] | None:
    """(process id, wait status) of one child that has ended; *before_reaping* is called with its
    id while it is a zombie (where the platform can tell: Linux; macOS from Python 3.13)."""
    try:
        if hasattr(os, "waitid"):
            seen = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if seen is None:
                return None
            before_reaping(seen.si_pid)
            return os.waitpid(seen.si_pid, 0)
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    if pid == 0:
        return None
    before_reaping(pid)
    return pid, status
