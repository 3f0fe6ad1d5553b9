"""Do to the processes and the database of a campaign what its plan says."""

import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import psycopg
from benchmarks.chaos.plan import Fault
from benchmarks.chaos.processes import Member, fork_servers, job_groups, spawn
from benchmarks.chaos.world import World

_END_BACKENDS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname IS NOT NULL AND datname <> 'postgres' AND pid <> pg_backend_pid()"
)


class Chaos:
    """``done`` counts the faults that hit somebody, ``missed`` those that found nobody.

    Used in one thread, the main one: the kernel ends a server with the thread that started it.
    """

    def __init__(self, world: World, workers: Sequence[Member], clients: Sequence[Member]) -> None:
        self._world = world
        self._workers = workers
        self._clients = clients
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._commands: list[Member] = []
        self.done: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()

    def inflict(self, fault: Fault) -> None:
        acts: Mapping[str, Callable[[Fault, Member], bool]] = {
            "kill worker": lambda _, worker: worker.send(signal.SIGKILL),
            "kill fork server": self._kill_fork_server,
            "kill job": self._kill_job,
            "stop worker": self._stop_worker,
            "stop worker and its jobs": self._stop_all,
            "stop job": self._stop_job,
            "terminate worker": lambda _, worker: worker.send(signal.SIGTERM),
            "terminate worker twice": self._terminate_twice,
            "kill client": self._kill_client,
            "foreground command": self._foreground,
            "foreground command killed": self._foreground,
            "end backends": self._end_backends,
            "stop database": self._stop_database,
        }
        hit = acts[fault.kind](fault, self._workers[fault.slot % len(self._workers)])
        (self.done if hit else self.missed)[fault.kind] += 1

    def go_on(self) -> None:
        """What is due of what was put off: stopped processes go on, the database starts again."""
        now = time.monotonic()
        due = [act for at, act in self._later if at <= now]
        self._later = [(at, act) for at, act in self._later if at > now]
        for act in due:
            act()

    def cease(self, seconds: float) -> None:
        """No more faults: everything goes on. Waits for commands in the foreground."""
        later, self._later = self._later, []
        for _, act in later:
            act()
        for command in self._commands:
            if command.process is not None:
                command.process.wait(seconds)

    @property
    def command_pids(self) -> frozenset[int]:
        """Of all foreground commands that ever ran: they are workers, and log nothing."""
        return frozenset(c.process.pid for c in self._commands if c.process is not None)

    def _put_off(self, seconds: float, act: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + seconds, act))

    def _kill_fork_server(self, _fault: Fault, worker: Member) -> bool:
        servers = [] if worker.pid is None else fork_servers(worker.pid)
        return _send(servers, signal.SIGKILL)

    def _kill_job(self, fault: Fault, worker: Member) -> bool:
        """Only the leader; what else is in its group is the fork server's business."""
        jobs = [] if worker.pid is None else job_groups(worker.pid)
        return _send(_one_of(jobs, fault.choice), signal.SIGKILL)

    def _stop_worker(self, fault: Fault, worker: Member) -> bool:
        return self._stop([] if worker.pid is None else [worker.pid], [], fault.seconds)

    def _stop_all(self, fault: Fault, worker: Member) -> bool:
        """As if the machine stood still."""
        if worker.pid is None:
            return False
        return self._stop(
            [worker.pid, *fork_servers(worker.pid)], job_groups(worker.pid), fault.seconds
        )

    def _stop_job(self, fault: Fault, worker: Member) -> bool:
        jobs = [] if worker.pid is None else job_groups(worker.pid)
        return self._stop([], _one_of(jobs, fault.choice), fault.seconds)

    def _stop(self, pids: Sequence[int], groups: Sequence[int], seconds: float) -> bool:
        hit = _send(pids, signal.SIGSTOP) | _send(groups, signal.SIGSTOP, group=True)

        def resume() -> None:
            _send(pids, signal.SIGCONT)
            _send(groups, signal.SIGCONT, group=True)

        self._put_off(seconds, resume)
        return hit

    def _terminate_twice(self, fault: Fault, worker: Member) -> bool:
        process = worker.process
        hit = worker.send(signal.SIGTERM)

        def again() -> None:
            if worker.process is process:
                worker.send(signal.SIGINT)

        self._put_off(0.05 + fault.seconds, again)
        return hit

    def _kill_client(self, fault: Fault, _worker: Member) -> bool:
        return self._clients[fault.slot % len(self._clients)].send(signal.SIGKILL)

    def _foreground(self, fault: Fault, _worker: Member) -> bool:
        """``prism index`` somewhere: a worker for one job, which somebody may kill."""
        repository = self._world.repositories[fault.slot % len(self._world.repositories)]
        command = Member(
            f"command-{len(self._commands)}",
            lambda _: spawn(
                self._world.place, ("prism", "index", repository.name),
                machine=repository.machine, log="commands.log", tmp="tmp-commands",
            ),
        )  # fmt: skip
        command.look_after()
        self._commands.append(command)
        if fault.kind == "foreground command killed":
            self._put_off(0.5 + fault.seconds, lambda: _ignore(command.send(signal.SIGKILL)))
        return True

    def _end_backends(self, fault: Fault, _worker: Member) -> bool:
        """All connections, or one."""
        server = self._world.server
        if server is None or not server.running:
            return False
        one = f" ORDER BY pid OFFSET {int(fault.choice * 20)} LIMIT 1"
        with (
            contextlib.suppress(psycopg.Error),
            psycopg.connect(server.url("postgres"), autocommit=True) as connection,
        ):
            ended = connection.execute(_END_BACKENDS + (one if fault.choice < 0.6 else ""))
            return bool(ended.fetchall())
        return False

    def _stop_database(self, fault: Fault, _worker: Member) -> bool:
        """Like a crash, or by ending the sessions; it starts again later."""
        server = self._world.server
        if server is None or not server.running:
            return False
        server.stop(signal.SIGQUIT if fault.choice < 0.7 else signal.SIGINT)
        self._put_off(fault.seconds, server.start)
        return True


def _one_of(pids: Sequence[int], choice: float) -> Sequence[int]:
    return [pids[int(choice * len(pids))]] if pids else []


def _send(pids: Sequence[int], number: int, *, group: bool = False) -> bool:
    """Were there any?"""
    hit = False
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(pid, number)
            hit = True
    return hit


def _ignore(_hit: bool) -> None:
    """For what is done later: whether it hit somebody is counted already."""
