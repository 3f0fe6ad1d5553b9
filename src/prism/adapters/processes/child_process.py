"""Run each job in a child process of its own, forked from a preloaded server."""

import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from prism.adapters.processes.channel import BadMessage, Channel
from prism.adapters.processes.fork_server import ForkServers
from prism.adapters.processes.fork_server_process import REQUEST
from prism.adapters.processes.messages import (
    claim_to_json,
    outcome_from_json,
    progress_from_json,
)
from prism.adapters.processes.out_of_memory import (
    OUT_OF_MEMORY_STATUS,
    MemoryWatch,
    count_oom_kills,
)
from prism.adapters.processes.presence import WorkerFiles
from prism.application.jobs.run_handler import unknown_kind
from prism.application.ports.runner import JobOutcome, JobRunner, RunningJob
from prism.domain.credentials import Secret
from prism.domain.errors import Transient
from prism.domain.jobs import Claim, JobError, JobKind, Progress
from prism.domain.values import Json

#: How long a job that has told its outcome may take to exit, and a killed one to be gone.
_EXIT_SECONDS = 5.0
_LOOK_SECONDS = 0.01
#: How long the server may take to fork; more than a tick only on a machine in distress.
_FORK_SECONDS = 30.0
_STARTS_MAX = 3


class ChildProcessRunner(JobRunner):
    """Starts a job in some 10 ms, the first one in the time that loading ``preload`` takes.

    ``handlers`` names a callable ``module:function`` that the job's process calls with
    ``settings``; it returns the handlers by kind (the token is in their context). ``kinds`` are
    those it knows.
    ``environment`` is what the processes get, without the names of ``fork_server.WITHHELD``.
    ``presence`` writes down which process groups this process has, for who finds it dead or
    stopped. ``memory_bytes`` is what each process of a job may have (``job_child``); ``oom_kills``
    counts how often the kernel was short of memory.
    """

    def __init__(
        self,
        *,
        handlers: str,
        settings: str,
        environment: Mapping[str, str],
        preload: Sequence[str] = (),
        kinds: Collection[str] = tuple(JobKind),
        presence: WorkerFiles | None = None,
        memory_bytes: int | None = None,
        oom_kills: Callable[[], int] = count_oom_kills,
    ) -> None:
        self._handlers = handlers
        self._settings = settings
        self._kinds = frozenset(kinds)
        self._presence = presence
        self._memory_bytes = memory_bytes
        self._oom_kills = oom_kills
        modules = (handlers.partition(":")[0], *preload)
        self._servers = ForkServers(environment=environment, preload=modules)

    @property
    def server_pid(self) -> int | None:
        """Process id of the fork server, None before the first job."""
        return self._servers.pid

    def prepare(self) -> None:
        """Start the fork server without waiting for it: it loads while the worker does other
        things, and the first job finds it ready. Raises Transient."""
        self._servers.prepare()
        if self._presence is not None:
            self._presence.server_started(self.server_pid)

    def start(self, claim: Claim, *, token: Secret | None, scratch: str) -> RunningJob:
        """Also raises Transient when no process can be started, Permanent when Prism cannot be
        loaded in one."""
        if claim.job.kind not in self._kinds:
            raise unknown_kind(claim.job.kind)
        job = self._fork(claim)
        order: dict[str, Json] = {
            "claim": claim_to_json(claim),
            "scratch": scratch,
            "handlers": self._handlers,
            "settings": self._settings,
            "has_token": token is not None,
            "memory_bytes": self._memory_bytes,
        }
        try:
            if self._presence is not None:
                job.write_down(self._presence, worker=claim.job.worker, server=self.server_pid)
            job.give(order, token)
        except BaseException:
            job.close()
            raise
        return job

    def close(self) -> None:
        self._servers.close()

    def _fork(self, claim: Claim) -> "_ChildJob":
        for _ in range(_STARTS_MAX):
            ours, theirs = _new_ends()
            try:
                asked = self._servers.request(REQUEST, theirs)
            except BaseException:
                ours.close()
                raise
            finally:
                for end in theirs:
                    os.close(end)
            started = ours.told.receive(_FORK_SECONDS) if asked else None
            pid = None if started is None else started.get("pid")
            if isinstance(pid, int):
                memory = MemoryWatch(
                    claim, limit_bytes=self._memory_bytes, oom_kills=self._oom_kills
                )
                return _ChildJob(ours, pid, memory)
            died = not asked or ours.told.closed
            ours.close()
            if not died:
                reason = "no answer" if started is None else started.get("error")
                raise Transient(
                    f"a job's process cannot be started ({reason})",
                    hint="check the limits on processes and memory",
                )
        raise Transient("the process that starts jobs keeps dying", hint="see its output above")


class _Ends(NamedTuple):
    """The worker's ends. ``lifeline`` and ``token`` are write ends of pipes."""

    channel: Channel
    lifeline: int
    token: int
    told: Channel

    def close(self) -> None:
        self.channel.close()
        self.told.close()
        os.close(self.lifeline)
        os.close(self.token)


def _new_ends() -> tuple[_Ends, tuple[int, int, int, int]]:
    channel, their_channel = socket.socketpair()
    told, their_told = socket.socketpair()
    their_lifeline, lifeline = os.pipe()
    their_token, token = os.pipe()
    ours = _Ends(Channel(channel), lifeline, token, Channel(told))
    return ours, (their_channel.detach(), their_lifeline, their_token, their_told.detach())


class _ChildJob(RunningJob):
    """``told`` is the fork server's word on the process, ``channel`` the job's own."""

    def __init__(self, ends: _Ends, pid: int, memory: MemoryWatch) -> None:
        self._channel = ends.channel
        self._told = ends.told
        self._lifeline: int | None = ends.lifeline
        self._token: int | None = ends.token
        self._pid = pid
        self._memory = memory
        self._strike_out: Callable[[], None] | None = None
        self._progress: Progress | None = None
        self._clone_path: str | None = None
        self._said: JobOutcome | None = None
        self._said_at = 0.0
        self._outcome: JobOutcome | None = None
        self._closed = False

    @property
    def pid(self) -> int:
        return self._pid

    @property
    def progress(self) -> Progress | None:
        return self._progress

    @property
    def clone_path(self) -> str | None:
        return self._clone_path

    def write_down(self, presence: WorkerFiles, *, worker: str | None, server: int | None) -> None:
        """Until it is closed, *presence* says which group it is."""
        process = presence.job_started(self._pid, worker=worker, server=server)
        if process is not None:
            self._strike_out = partial(presence.job_ended, process)

    def give(self, order: Mapping[str, Json], token: Secret | None) -> None:
        """Tell the process what to do. The token goes by a pipe of its own: it is in no argument,
        no environment, no file, and in no memory of the fork server."""
        assert self._token is not None
        with os.fdopen(self._token, "wb") as pipe, contextlib.suppress(OSError):
            self._token = None
            if token is not None:
                pipe.write(token.reveal().encode())
                pipe.flush()
        with contextlib.suppress(OSError):  # it died already: `wait` tells how
            self._channel.send(order)

    def wait(self, seconds: float) -> JobOutcome | None:
        deadline = time.monotonic() + seconds
        while self._outcome is None:
            self._listen()
            if self._outcome is not None:
                break
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self._wait_for_news(left)
        return self._outcome

    def keep_alive(self, seconds: float) -> None:
        with contextlib.suppress(OSError):
            self._told.send_if_room({"keep_alive": seconds})

    def cancel(self) -> None:
        with contextlib.suppress(OSError):
            self._channel.send({"type": "cancel"})

    def kill(self) -> None:
        """Cut the lifeline: the kernel kills the group; the server does where the kernel cannot."""
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None
            self.keep_alive(0.0)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self.kill()
        if self.wait(_EXIT_SECONDS) is None:
            self._kill_by_hand()
        if self._token is not None:
            os.close(self._token)
        self._channel.close()
        self._told.close()
        if self._strike_out is not None:
            self._strike_out()

    def _wait_for_news(self, seconds: float) -> None:
        if self._said is not None:
            seconds = min(seconds, max(0.0, self._said_at + _EXIT_SECONDS - time.monotonic()))
        poll = select.poll()
        for channel in (self._channel, self._told):
            if not channel.closed:
                poll.register(channel, select.POLLIN)
        poll.poll(seconds * 1000 + 1)

    def _listen(self) -> None:
        try:
            self._hear_job()
            ended = self._told.take()
            if ended is not None:
                self._hear_job()  # what it sent before it ended
                self._outcome = self._concluded(_status(ended))
            elif self._told.closed:
                self._kill_by_hand()
                self._outcome = _lost("the process that starts jobs died")
        except BadMessage as error:
            self.kill()
            self._outcome = _lost(f"the job's process talks nonsense: {error}")
        if self._said is not None and time.monotonic() - self._said_at >= _EXIT_SECONDS:
            self.kill()

    def _hear_job(self) -> None:
        while (message := self._channel.take()) is not None:
            match message.get("type"):
                case "progress":
                    self._progress = progress_from_json(message)
                case "cloned":
                    self._clone_path = str(message.get("path"))
                case "outcome":
                    self._said = outcome_from_json(message)
                    self._said_at = time.monotonic()
                case _:
                    raise BadMessage("an unknown type of message")

    def _concluded(self, status: int) -> JobOutcome:
        """A result counts only when its process ended well; a failure counts however it ended."""
        said = self._said
        if said is not None and said.error is not None:
            return JobOutcome(error=self._memory.explain(said.error))
        if said is not None and status == 0:
            return said
        if os.WIFSIGNALED(status):
            return _lost(f"the job's process was killed by {self._killer(os.WTERMSIG(status))}")
        if status == 0:
            return _lost("the job's process ended without an outcome")
        if os.WEXITSTATUS(status) == OUT_OF_MEMORY_STATUS:
            return JobOutcome(error=self._memory.exhausted())
        return _lost(f"the job's process exited with status {os.WEXITSTATUS(status)}")

    def _killer(self, signum: int) -> str:
        if signum == signal.SIGKILL and self._memory.ran_out():
            return "SIGKILL; the system ran out of memory meanwhile"
        return _signal_name(signum)

    def _kill_by_hand(self) -> None:
        """Without a server that would tell: kill the group until nobody is left in it."""
        self.kill()
        deadline = time.monotonic() + _EXIT_SECONDS
        with contextlib.suppress(ProcessLookupError, PermissionError):
            while time.monotonic() < deadline:
                os.killpg(self._pid, signal.SIGKILL)
                time.sleep(_LOOK_SECONDS)


def _status(ended: Mapping[str, Json]) -> int:
    status = ended.get("status")
    if not isinstance(status, int):
        raise BadMessage("an end without a status")
    return status


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _lost(how: str) -> JobOutcome:
    error = JobError(
        code="job_lost",
        message=how,
        hint="when it happens again, look at the memory limit and at the log of the worker",
        exit_code=6,
        retryable=True,
    )
    return JobOutcome(error=error)
