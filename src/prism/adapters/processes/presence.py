"""Presence of workers by lock files: one per process, which the kernel frees when it is gone.

A file and no table: a stopped process may hold the very lock of the database that a table would be
written and read with, and its row would tell of its death only when its lease is over. The lock is
free 0.7 ms after the process has ended, however it ended; a stopped process keeps it.
"""

import contextlib
import logging
import os
import secrets
import threading
import weakref
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from prism.adapters.processes.file_locks import LOCK_SUFFIX, cannot_use, examined, take_lock
from prism.adapters.processes.process_table import (
    Kernel,
    Process,
    find,
    kill,
    kill_group,
    sight,
    wait_until_ended,
)
from prism.adapters.processes.worker_record import JobGroup, WorkerRecord
from prism.application.ports.presence import WorkerPresence

log = logging.getLogger(__name__)

#: How long killed processes may take to be gone: a disk that hangs may hold them longer.
_END_SECONDS = 5.0
#: A record is some hundred bytes, and a few dozen for each name and job.
_RECORD_BYTES_MAX = 1 << 20
_READS_MAX = 5


class _OwnFile(NamedTuple):
    path: Path
    descriptor: int
    process: Process


class _Seen(NamedTuple):
    """A file in the directory. ``record``: None while it is not written, or half written."""

    path: Path
    record: WorkerRecord | None
    held: bool

    @property
    def workers(self) -> frozenset[str]:
        return frozenset(() if self.record is None else self.record.workers)


class WorkerFiles(WorkerPresence):
    """``<directory>/<pid>-<random>.lock``, each locked by its process and holding a record.

    The lock belongs to the open file: it is passed on to no program that is executed, and a forked
    child closes it. The record is written over in place, in one call (7 µs; a file renamed over it
    costs .2 ms and now and then 5), and has a checksum for readers that come in between.

    Containers with process ids of their own may share the directory: they see who is dead, and
    never kill. Files of another machine say nothing here, for not every shared file system passes
    locks on. For all threads.
    """

    def __init__(self, directory: str) -> None:
        self._directory = Path(directory)
        self._kernel = Kernel.here()
        self._forgotten: set[str] = set()
        self._begin()
        _all_files.add(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._own: _OwnFile | None = None
        self._workers: dict[str, None] = {}
        self._server: Process | None = None
        self._jobs: dict[Process, JobGroup] = {}

    # -- this process ------------------------------------------------------------------------

    def announce(self, worker: str) -> None:
        with self._lock:
            if worker in self._workers:
                return
            try:
                own = self._own = self._own or self._new_file()
                self._workers[worker] = None
                self._write(own)
            except OSError as error:
                self._workers.pop(worker, None)
                if self._workers:
                    self._rewrite()  # what it said before has room
                else:
                    self._discard()
                raise cannot_use(self._directory, error) from error

    def withdraw(self) -> None:
        with self._lock:
            self._workers.clear()
            self._discard()

    def server_started(self, pid: int | None) -> None:
        """Process *pid* forks the jobs from now on; None: there is none."""
        with self._lock:
            if self._take_note_of_server(pid):
                self._rewrite()

    def job_started(self, leader: int, *, worker: str | None, server: int | None) -> Process | None:
        """Process *leader*, which leads a group of its own, runs a job of *worker*.

        None when it is gone already, or when nothing could tell it from a later one.
        """
        seen = sight(leader)
        if seen is None:
            return None
        with self._lock:
            self._take_note_of_server(server)
            self._jobs[seen.process] = JobGroup(leader=seen.process, worker=worker or "")
            self._rewrite()
        return seen.process

    def job_ended(self, leader: Process) -> None:
        """Nobody of its group is left."""
        with self._lock:
            if self._jobs.pop(leader, None) is not None:
                self._rewrite()

    def _take_note_of_server(self, pid: int | None) -> bool:
        if pid == (None if self._server is None else self._server.pid):
            return False
        seen = None if pid is None else sight(pid)
        self._server = None if seen is None else seen.process
        return True

    def _new_file(self) -> _OwnFile:
        """Raises OSError."""
        for directory in (self._directory.parent, self._directory):  # *mode* is the last one's only
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            name = f"{os.getpid()}-{secrets.token_hex(4)}{LOCK_SUFFIX}"
            path = self._directory / name
            lock = None
            try:
                lock = take_lock(path)
            finally:
                if lock is None:  # also when a reader looked at it right now: it will remove it
                    path.unlink(missing_ok=True)
            if lock is not None:
                seen = sight(os.getpid())
                return _OwnFile(path, lock, seen.process if seen else Process(os.getpid(), ""))

    def _write(self, own: _OwnFile) -> None:
        """Raises OSError."""
        record = WorkerRecord(
            workers=tuple(self._workers),
            process=own.process,
            kernel=self._kernel,
            server=self._server,
            jobs=tuple(self._jobs.values()),
        )
        data = record.to_bytes()
        written = os.pwrite(own.descriptor, data, 0)
        if written < len(data):
            os.pwrite(own.descriptor, data[written:], written)

    def _rewrite(self) -> None:
        """A job runs without being written down too: its lifeline ends it in any case."""
        if self._own is None:
            return
        try:
            self._write(self._own)
        except OSError as error:
            fields = {"action": "presence_not_written", "path": str(self._own.path)}
            log.warning("worker file not written", extra={**fields, "errno": error.errno})

    def _discard(self) -> None:
        if self._own is None:
            return
        path, descriptor, _ = self._own
        self._own = None
        with contextlib.suppress(OSError):
            # First: who opened it before it is unlinked finds its lock free in a moment.
            os.ftruncate(descriptor, 0)
            path.unlink(missing_ok=True)
        os.close(descriptor)

    def _let_go(self) -> None:
        """In a forked child: the lock is the parent's, whose death it shall tell."""
        if self._own is not None:
            os.close(self._own.descriptor)
        self._begin()

    # -- all processes of the host -----------------------------------------------------------

    def find_dead(self) -> Sequence[str]:
        alive: set[str] = set()
        dead: set[str] = set()
        for seen in self._look():
            if seen.held:
                alive |= seen.workers
            elif seen.record is None:  # it ended before it took up any work
                _remove(seen.path)
            elif self._is_of_this_host(seen.record):
                self._end_rest_of(seen.record)
                dead |= seen.workers
        return sorted(dead - alive - self._forgotten)

    def find_alive(self) -> Collection[str]:
        return frozenset(name for seen in self._look() if seen.held for name in seen.workers)

    def forget(self, workers: Collection[str]) -> None:
        for seen in self._look():
            if seen.held or seen.record is None or seen.workers.isdisjoint(workers):
                continue
            self._forgotten |= seen.workers.intersection(workers)
            if seen.workers <= self._forgotten and _remove(seen.path):
                self._forgotten -= seen.workers

    def evict(self, worker: str) -> bool:
        for seen in list(self._look()):
            if seen.held and seen.record is not None and worker in seen.workers:
                return self._evict(seen.record, worker)
        return False

    def _evict(self, record: WorkerRecord, worker: str) -> bool:
        if not self._kernel.knows_numbers_of(record.kernel):
            return False
        seen = find(record.process)
        if seen is None:
            return False
        stopped = seen.stopped
        leaders = [job.leader for job in record.jobs if stopped or job.worker == worker]
        if stopped and record.server is not None:
            leaders.append(record.server)
        killed = [leader for leader in leaders if kill_group(leader)]
        ending = [record.process] if stopped and kill(record.process) else []
        groups = {leader.pid for leader in killed}
        wait_until_ended(ending, groups=groups, seconds=_END_SECONDS)
        return True

    def _end_rest_of(self, record: WorkerRecord) -> None:
        """Its jobs' lifelines have done it already, unless a process was stopped at a bad time."""
        if not self._kernel.knows_numbers_of(record.kernel):
            return
        leaders = [job.leader for job in record.jobs]
        if record.server is not None:
            leaders.append(record.server)
        groups = {leader.pid for leader in leaders if kill_group(leader)}
        if groups:
            wait_until_ended([], groups=groups, seconds=_END_SECONDS)

    def _is_of_this_host(self, record: WorkerRecord) -> bool:
        """This start of this machine, or an earlier one of it."""
        return self._kernel.boot == record.kernel.boot or self._kernel.host == record.kernel.host

    def _look(self) -> Iterator[_Seen]:
        """Every file, by name. Nobody can take a free one before the next is asked for; one that
        cannot be examined is passed over: of its worker nothing is known."""
        try:
            names = sorted(path.name for path in self._directory.iterdir())
        except OSError:
            return
        for name in names:
            if not name.endswith(LOCK_SUFFIX):
                continue
            path = self._directory / name
            with contextlib.suppress(OSError), examined(path) as (descriptor, held):
                yield _Seen(path, _read(descriptor), held)


def _read(descriptor: int) -> WorkerRecord | None:
    record = None
    for _ in range(_READS_MAX):  # its owner may be writing right now
        record = WorkerRecord.from_bytes(os.pread(descriptor, _RECORD_BYTES_MAX, 0))
        if record is not None:
            break
    return record


def _remove(path: Path) -> bool:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


_all_files: "weakref.WeakSet[WorkerFiles]" = weakref.WeakSet()


def _let_go_in_a_fork() -> None:
    for files in list(_all_files):
        files._let_go()


os.register_at_fork(after_in_child=_let_go_in_a_fork)
