"""One campaign: faults upon a working queue, rest, and the count of what came of it."""

import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

from benchmarks.chaos.checks_queue import check_queue, reasons, replay
from benchmarks.chaos.checks_results import (
    behind,
    check_logs,
    check_machine,
    check_removed,
    check_results,
    late_effects,
    sweep_and_check,
)
from benchmarks.chaos.client import ClientOrder
from benchmarks.chaos.evidence import Evidence, Line, gather
from benchmarks.chaos.faults import Chaos
from benchmarks.chaos.plan import Scale, plan_faults, shape_of
from benchmarks.chaos.processes import Member, client, kill_strays, worker
from benchmarks.chaos.rules import Broken, Rule
from benchmarks.chaos.world import World, build_world
from sqlalchemy import text
from tests.support.postgres import PrivateServer

from prism.adapters.sql.engine import Database, writing
from prism.adapters.sql.repositories import job_repository, moments, project_repository
from prism.adapters.system import SystemClock
from prism.application.jobs.enqueue_job import EnqueueJob
from prism.domain.jobs import JobKind, JobState

_TICK_SECONDS = 0.03
#: How often the queue is asked whether it rests.
_REST_SECONDS = 0.2
_END_SECONDS = 60.0


@dataclass(slots=True, kw_only=True)
class Report:
    """``broken``: the rules that do not hold, with where; empty when all do. ``faults``,
    ``requests`` and ``completed`` count what happened, or a campaign would prove nothing."""

    seed: int
    database: str
    seconds: float
    root: Path
    faults: int = 0
    requests: int = 0
    completed: int = 0
    figures: dict[str, object] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)


def run_campaign(root: Path, server: PrivateServer | None, *, seed: int, scale: Scale) -> Report:
    """Run it in *root*, an empty directory, and judge it. *server*: nobody else uses it, and it is
    stopped and started; None: an embedded database.

    Call it in the main thread, which starts and ends processes.
    """
    began = time.monotonic()
    name = "sqlite" if server is None else "postgres"
    report = Report(seed=seed, database=name, seconds=0.0, root=root)
    world = build_world(root, server, seed=seed, scale=scale)
    try:
        _Campaign(world, seed, scale, report).run()
    finally:
        kill_strays(root)
        if server is not None and not server.running:
            server.start()
    report.seconds = time.monotonic() - began
    return report


class _Campaign:
    def __init__(self, world: World, seed: int, scale: Scale, report: Report) -> None:
        self._world = world
        self._scale = scale
        self._report = report
        shapes = [shape_of(seed, slot) for slot in range(scale.workers)]
        self._workers = [
            worker(world.place, slot, shape, limit=scale.limit) for slot, shape in enumerate(shapes)
        ]
        remove_after = time.time() + scale.seconds / 2
        orders = [
            ClientOrder(
                root=str(world.place.root), name="", slot=slot, clients=scale.clients, seed=seed,
                pause=scale.pause, nap=scale.nap, hangs=scale.hangs, remove_after=remove_after,
            )
            for slot in range(scale.clients)
        ]  # fmt: skip
        self._clients = [
            client(world.place, order.slot, lambda name, order=order: replace(order, name=name))  # type: ignore[misc]
            for order in orders
        ]
        self._chaos = Chaos(world, self._workers, self._clients)
        lease = max(shape.lease for shape in shapes)
        self._plan = plan_faults(seed, scale, postgres=world.server is not None, lease=lease)
        self._pause = Event()

    def run(self) -> None:
        self._suffer()
        database = self._world.place.open()
        try:
            self._come_to_rest(database)
            evidence = gather(self._world, database)
            self._judge(evidence)
            self._report.broken += self._quiet_round(database, evidence)
            codes = [member.end(signal.SIGTERM, _END_SECONDS) for member in self._workers]
            self._judge_what_is_left(database, codes)
        finally:
            database.close()

    def _suffer(self) -> None:
        began = time.monotonic()
        faults = list(self._plan)
        while (now := time.monotonic() - began) < self._scale.seconds:
            self._look_after(self._workers + self._clients)
            self._chaos.go_on()
            while faults and faults[0].at <= now:
                self._chaos.inflict(faults.pop(0))
        self._chaos.cease(_END_SECONDS)

    def _come_to_rest(self, database: Database) -> None:
        for member in self._clients:
            member.end(signal.SIGTERM, _END_SECONDS)
        self._wait_for_rest(database)

    def _wait_for_rest(self, database: Database) -> None:
        jobs = job_repository(database, moments(database, SystemClock()))
        active = (JobState.PENDING, JobState.RUNNING)
        deadline = time.monotonic() + 2 * _END_SECONDS + self._scale.seconds
        while time.monotonic() < deadline:
            self._look_after(self._workers)
            counts = jobs.counts()
            if not any(counts[state] for state in active):
                return
            _end_backoffs(database)
            self._pause.wait(_REST_SECONDS)
        left = [f"{job.id} ({job.kind}, {job.state})" for job in jobs.list(states=active)]
        self._report.broken.append(Broken(Rule.REST, f"jobs {', '.join(left)}"))

    def _look_after(self, members: Sequence[Member]) -> None:
        for member in members:
            member.look_after()
        self._pause.wait(_TICK_SECONDS)

    def _judge(self, evidence: Evidence) -> None:
        replayed = replay(evidence)
        lost, excused = behind(evidence)
        broken = self._report.broken
        broken += [Broken(Rule.LOST, line) for line in lost]
        broken += check_queue(evidence, replayed)
        broken += check_results(evidence, replayed)
        self._report.faults = sum(self._chaos.done.values())
        self._report.requests = len(evidence.requests)
        self._report.completed = len(replayed.completed)
        self._report.figures |= {
            "requests acknowledged": len(evidence.requests),
            "of them coalesced": sum(not r["created"] for r in evidence.requests),
            "calls refused": _count(evidence.journal, "what", "refused", by="code"),
            "jobs": dict(sorted(Counter(j.state.value for j in evidence.jobs.values()).items())),
            "transitions": dict(sorted(replayed.moves.items())),
            "failed": dict(sorted(reasons(list(evidence.jobs.values())).items())),
            "faults": dict(sorted(self._chaos.done.items())),
            "faults that found nobody": sum(self._chaos.missed.values()),
            "processes started": sum(m.number for m in self._workers + self._clients),
            "takeovers": replayed.takeovers,
            "endings of attempts": _count(evidence.logs, "action", "job_ended", by="ending"),
            "leases lost": _count(evidence.logs, "state", "none", by="ending"),
            "reaped": _count(evidence.logs, "action", "job_reaped", by="state"),
            "evictions": sum(e.get("action") == "worker_evicted" for e in evidence.logs),
            "scratch directories swept": sum(
                e["directories"] for e in evidence.logs if e.get("action") == "scratch_swept"
            ),
            "late effects fenced": late_effects(evidence),
            "projects behind, last job failed or cancelled": len(excused),
            "projects removed": len(evidence.removed),
        }

    def _quiet_round(self, database: Database, evidence: Evidence) -> Iterator[Broken]:
        """Without faults every project is indexed: nothing is stuck."""
        now = moments(database, SystemClock())
        jobs, projects = job_repository(database, now), project_repository(database, now)
        enqueue = EnqueueJob(jobs=jobs)
        asked = {
            repository.project: enqueue(projects.get(repository.project), JobKind.INDEX).job_id
            for repository in self._world.repositories
            if repository.project not in evidence.removed
        }
        self._wait_for_rest(database)
        after = gather(self._world, database)
        for project, job_id in asked.items():
            job, pointer = after.jobs[job_id], after.pointers.get(project)
            run = after.runs.get((project, pointer.run or 0)) if pointer else None
            if job.state is not JobState.COMPLETED:
                yield Broken(Rule.STUCK, f"job {job_id} is {job.state}: {job.error}")
            elif run is None or run.commit != after.commits[project][-1]:
                yield Broken(Rule.STUCK, f"project {project} shows {run}")

    def _judge_what_is_left(self, database: Database, codes: Sequence[int | None]) -> None:
        evidence = gather(self._world, database)
        broken = self._report.broken
        broken += [
            Broken(Rule.BUG, f"worker-{n} ended with {code} when asked to stop")
            for n, code in enumerate(codes)
            if code != 0
        ]
        broken += check_machine(self._world.place)
        broken += check_removed(database, evidence)
        broken += sweep_and_check(database, evidence)
        broken += check_logs(evidence, {m.name: m.ends for m in self._workers})


def _end_backoffs(database: Database) -> None:
    """Make everything due that waits for another try."""
    sqlite = "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"
    now = sqlite if database.embedded else "now()"
    due = f"UPDATE prism_jobs SET run_at = {now} WHERE status = 'pending' AND run_at > {now}"
    with writing(database.jobs) as connection:
        connection.execute(text(due))


def _count(lines: Sequence[Line], name: str, value: str, *, by: str) -> dict[str, int]:
    found = Counter(str(line.get(by)) for line in lines if line.get(name) == value)
    return dict(sorted(found.items()))
