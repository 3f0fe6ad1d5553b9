"""The measurements, the same code for every system; each checks that every job was done once."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from benchmarks.queue_peers.peer import Enqueue, Peer
from benchmarks.queue_peers.prism_peer import Prism
from benchmarks.queue_peers.processes import Worker, cpu_of_tree, server_pid, workers
from benchmarks.queue_peers.recording import Began

LOST_SECONDS = 0.9
SPACING_SECONDS_MAX = 0.012
WARM_UP = 5
DONE_SECONDS_MAX = 300.0
PICK_UP_SECONDS_MAX = 60.0
_LOOK_SECONDS = 0.05


class NotOnce(Exception):
    """A job was lost, run twice, or not recorded as completed."""


class Spread(NamedTuple):
    """Percentiles of a series, by nearest rank."""

    p50: float
    p99: float
    max: float
    n: int

    @staticmethod
    def of(values: Sequence[float]) -> "Spread":
        ordered = sorted(values)
        last = len(ordered) - 1
        return Spread(
            ordered[round(0.5 * last)], ordered[round(0.99 * last)], ordered[-1], len(ordered)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """*jobs* no-op jobs that were enqueued one by one, then taken by *workers* processes.

    ``enqueued_per_second`` and ``enqueue_cpu`` (ms of the enqueuing process) are of the first;
    ``jobs_per_second`` counts while all workers are at it; ``cpu`` is ms a job of the worker
    processes from their first job to their last; ``server_cpu`` is ms a job of all processes of
    the server, None where that cannot be read.
    """

    jobs: int
    workers: int
    enqueued_per_second: float
    enqueue_cpu: float
    jobs_per_second: float
    cpu: float
    server_cpu: float | None


class Numbers:
    """Hands out job numbers and remembers what has become of them."""

    def __init__(self) -> None:
        self.given = 0
        self.began: list[int] = []

    def next(self) -> int:
        self.given += 1
        return self.given - 1

    def check(self, peer: Peer) -> None:
        """Every job given out began exactly once and is completed, by the system's own word."""
        times = Counter(self.began)
        lost = [n for n in range(self.given) if n not in times]
        again = [n for n, count in times.items() if count > 1]
        done, leftover = peer.done(), peer.leftover()
        if lost or again or done != self.given or leftover:
            raise NotOnce(
                f"{peer.name}: of {self.given} jobs {len(lost)} never began, {len(again)} began"
                f" more than once; the system says {done} completed, {leftover} not"
            )


def backlog(peer: Peer, numbers: Numbers, *, jobs: int, processes: int) -> Backlog:
    with peer.enqueuing() as enqueue:
        enqueue(numbers.next())  # connects and prepares, untimed
        cpu, began = time.process_time(), time.perf_counter()
        for _ in range(jobs - 1):
            enqueue(numbers.next())
        enqueue_seconds = time.perf_counter() - began
        enqueue_cpu = time.process_time() - cpu
    before = _server_cpu()
    with workers(peer.worker_command(), processes) as started:
        _wait_until_done(peer, numbers.given, started)
        after = _server_cpu()
        records = [worker.stop() for worker in started]
    numbers.began += [began.number for record in records for began in record]
    numbers.check(peer)
    return Backlog(
        jobs=jobs,
        workers=processes,
        enqueued_per_second=(jobs - 1) / enqueue_seconds,
        enqueue_cpu=enqueue_cpu * 1000 / (jobs - 1),
        jobs_per_second=_rate([record for record in records if record]),
        cpu=_cpu([record for record in records if record]),
        server_cpu=None if before is None or after is None else (after - before) * 1000 / jobs,
    )


def _rate(records: Sequence[Sequence[Began]]) -> float:
    """Jobs begun a second while every worker was at it."""
    low = max(record[0].at for record in records)
    high = min(record[-1].at for record in records)
    if high <= low:
        return 0.0
    within = sum(low < began.at <= high for record in records for began in record)
    return within / (high - low)


def _cpu(records: Sequence[Sequence[Began]]) -> float:
    """Milliseconds of processor time a job, from each worker's first job to its last."""
    used = sum(record[-1].cpu - record[0].cpu for record in records)
    jobs = sum(len(record) - 1 for record in records)
    return used * 1000 / jobs if jobs else 0.0


def _server_cpu() -> float | None:
    pid = server_pid()
    return None if pid is None else cpu_of_tree(pid)


def _wait_until_done(peer: Peer, jobs: int, started: Sequence[Worker]) -> None:
    deadline = time.monotonic() + DONE_SECONDS_MAX
    while peer.done() < jobs:
        if time.monotonic() > deadline:
            raise NotOnce(f"{peer.name}: {peer.done()} of {jobs} jobs done in {DONE_SECONDS_MAX} s")
        if any(worker.process.poll() is not None for worker in started):
            raise NotOnce(f"{peer.name}: a worker ended by itself")
        time.sleep(_LOOK_SECONDS)


def pick_ups(peer: Peer, numbers: Numbers, *, jobs: int, seed: int) -> list[float]:
    """Milliseconds from just before the call that enqueues a job to its beginning, in a closed
    loop: the next one is enqueued 0 to 12 ms after the previous one began."""
    spacing = random.Random(seed)
    times: list[float] = []
    with workers(peer.worker_command(), 1, live=True) as (worker,), peer.enqueuing() as enqueue:
        for _ in range(WARM_UP + jobs):
            times.append(_pick_up(enqueue, worker, numbers))
            time.sleep(spacing.uniform(0.0, SPACING_SECONDS_MAX))
        _wait_until_done(peer, numbers.given, [worker])
        worker.stop()
    numbers.check(peer)
    return times[WARM_UP:]


def _pick_up(enqueue: Enqueue, worker: Worker, numbers: Numbers) -> float:
    number = numbers.next()
    asked = time.monotonic()
    enqueue(number)
    began = worker.lines.readline().split()
    if not began or int(began[0]) != number:
        raise NotOnce(f"job {number} was enqueued, {began} began")
    numbers.began.append(number)
    return (float(began[1]) - asked) * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildJobs:
    """Of jobs in child processes: ``wall`` milliseconds from one claim to the next, ``cpu`` ms a
    job of worker, fork server and jobs together."""

    wall: Spread
    cpu: float


def child_jobs(peer: Prism, *, jobs: int) -> ChildJobs:
    """No-op jobs one after the other through the real worker and its child processes."""
    with peer.enqueuing() as enqueue:
        for number in range(jobs + WARM_UP):
            enqueue(number)
    with workers(peer.worker_command(), 1) as (worker,):
        _wait_until_done(peer, WARM_UP, [worker])
        cpu, done = worker.cpu(), peer.done()
        _wait_until_done(peer, jobs + WARM_UP, [worker])
        cpu = (worker.cpu() - cpu) * 1000 / max(1, jobs + WARM_UP - done)
        worker.stop()
    if peer.leftover():
        raise NotOnce(f"{peer.name}: {peer.leftover()} jobs were not done in one attempt")
    return ChildJobs(wall=Spread.of(list(_steps(peer.started()))[WARM_UP:]), cpu=cpu)


def _steps(moments: Sequence[float]) -> Iterator[float]:
    for earlier, later in pairwise(moments):
        yield (later - earlier) * 1000
