"""The table, the ratios and the bars; the same figures as JSON."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.queue_peers.measures import LOST_SECONDS, Backlog, Spread
from benchmarks.queue_peers.runs import Figures, Run

PRISM = "Prism (Postgres)"
CPU_PEER = "Procrastinate"
PICK_UP_BAR = 50.0
CLAIM_BAR = 0.3
CHILD_BAR = 150.0
#: Claims count for the bar from so many rows on.
BAR_ROWS = 1_000_000


def print_report(run: Run) -> None:
    print("\n".join(_lines(run)))


def _lines(run: Run) -> Iterator[str]:
    yield from run.place
    yield from (f"{each.name}: {each.configured}" for each in run.figures)
    if run.missing:
        yield f"not installed, so not compared: {', '.join(run.missing)} (pip install -e .[bench])"
    yield from _throughput(run)
    yield from _pick_ups(run)
    yield from _claims(run)
    yield from _children(run)
    yield from _ratios(run)
    yield from _bars(run)
    yield "every job was done exactly once in each system"


def _middle(figures: Figures, workers: int, value: Callable[[Backlog], float]) -> float:
    """The median over the rounds."""
    return statistics.median(value(one) for one in figures.backlogs if one.workers == workers)


def _throughput(run: Run) -> Iterator[str]:
    yield ""
    yield (
        f"No-op jobs: {run.size.jobs} of a backlog, median of {run.size.rounds} round(s). Jobs/s"
        " with 1 and 2 worker processes; CPU ms/job: the worker processes, user and system, all"
        " threads; server: all processes of Postgres; enqueue: the process that enqueues"
    )
    yield _row("", "enqueue/s", "jobs/s 1", "jobs/s 2", "CPU 1", "CPU 2", "server", "enqueue CPU")
    for each in run.figures:
        server = [one.server_cpu for one in each.backlogs if one.server_cpu is not None]
        embedded = "SQLite" in each.name
        yield _row(
            each.name,
            f"{statistics.median(one.enqueued_per_second for one in each.backlogs):.0f}",
            *(f"{_middle(each, n, lambda one: one.jobs_per_second):.0f}" for n in (1, 2)),
            *(f"{_middle(each, n, lambda one: one.cpu):.3f}" for n in (1, 2)),
            "-" if embedded or not server else f"{statistics.median(server):.3f}",
            f"{statistics.median(one.enqueue_cpu for one in each.backlogs):.3f}",
        )


def _pick_ups(run: Run) -> Iterator[str]:
    yield ""
    yield (
        f"Pick-up, ms from before the enqueuing call to the job's beginning; {run.size.pick_ups}"
        f" jobs, each 0-12 ms after the last one began; lost: over {LOST_SECONDS} s"
    )
    yield _row("", "p50", "p99", "max", "lost")
    for each in run.figures:
        spread = Spread.of(each.pick_ups)
        yield _row(each.name, *_three(spread), str(_lost(each)))


def _lost(figures: Figures) -> int:
    return sum(ms > LOST_SECONDS * 1000 for ms in figures.pick_ups)


def _three(spread: Spread, digits: int = 1) -> tuple[str, str, str]:
    return (
        f"{spread.p50:.{digits}f}",
        f"{spread.p99:.{digits}f}",
        f"{spread.max:.{digits}f}",
    )


def _claims(run: Run) -> Iterator[str]:
    finished, pending = run.size.rows, run.size.rows // 10
    yield ""
    yield f"One claim, ms of the whole call; {finished} finished and {pending} pending rows"
    yield _row("", "p50", "p99", "max", "claims", "shape")
    for each in run.figures:
        for series in each.claims:
            spread = Spread.of(series.milliseconds)
            yield _row(each.name, *_three(spread, 3), str(spread.n), series.shape)
            yield from (f"    {note}" for note in series.notes)


def _children(run: Run) -> Iterator[str]:
    yield ""
    yield "No-op job in a child process, through the real worker: ms from one claim to the next"
    yield _row("", "p50", "p99", "max", "CPU ms/job (worker, fork server, job)")
    for each in run.figures:
        if each.child is not None:
            yield _row(each.name, *_three(each.child.wall), f"{each.child.cpu:.1f}")


def _ratios(run: Run) -> Iterator[str]:
    """Every system by Prism on Postgres: above 1 means more of it than Prism."""
    by_name = {each.name: each for each in run.figures}
    prism = by_name.pop(PRISM, None)
    if prism is None or not by_name:
        return
    yield ""
    yield "Ratios to Prism on Postgres"
    measures = _comparable(prism)
    yield _row("", *measures)
    for name, figures in by_name.items():
        theirs = _comparable(figures)
        yield _row(name, *(f"{theirs[key] / value:.2f}" for key, value in measures.items()))


def _comparable(figures: Figures) -> Mapping[str, float]:
    spread = Spread.of(figures.pick_ups)
    return {
        "enqueue/s": statistics.median(one.enqueued_per_second for one in figures.backlogs),
        "jobs/s 1": _middle(figures, 1, lambda one: one.jobs_per_second),
        "jobs/s 2": _middle(figures, 2, lambda one: one.jobs_per_second),
        "CPU/job 1": _middle(figures, 1, lambda one: one.cpu),
        "CPU/job 2": _middle(figures, 2, lambda one: one.cpu),
        "pick-up p50": spread.p50,
        "pick-up p99": spread.p99,
        "claim p50": Spread.of(figures.claims[0].milliseconds).p50,
        "claim p99": Spread.of(figures.claims[0].milliseconds).p99,
    }


def _bars(run: Run) -> Iterator[str]:
    by_name = {each.name: each for each in run.figures}
    prism = by_name.get(PRISM)
    if prism is None:
        return
    yield ""
    yield f"Bars ({PRISM})"
    cpu = _middle(prism, 1, lambda one: one.cpu)
    if CPU_PEER in by_name:
        other = _middle(by_name[CPU_PEER], 1, lambda one: one.cpu)
        yield _bar(f"CPU per job {cpu:.3f} ms < {CPU_PEER}'s {other:.3f} ms", cpu < other)
    yield _bar(f"lost wake-ups {_lost(prism)} = 0", _lost(prism) == 0)
    p99 = Spread.of(prism.pick_ups).p99
    yield _bar(f"pick-up p99 {p99:.1f} ms <= {PICK_UP_BAR:.0f} ms", p99 <= PICK_UP_BAR)
    for series in prism.claims:
        if series.bar:
            p50 = Spread.of(series.milliseconds).p50
            text = f"claim p50 {p50:.3f} ms <= {CLAIM_BAR} ms, {series.shape}"
            small = "" if run.size.rows >= BAR_ROWS else f" (only {run.size.rows} finished rows)"
            yield _bar(text + small, p50 <= CLAIM_BAR)
    if prism.child is not None:
        wall = prism.child.wall.p99
        yield _bar(f"job in a child p99 {wall:.1f} ms <= {CHILD_BAR:.0f} ms", wall <= CHILD_BAR)


def _bar(text: str, met: bool) -> str:
    return f"  {'met   ' if met else 'MISSED'} {text}"


def _row(name: str, *cells: str) -> str:
    *numbers, last = cells
    return f"{name:22}" + "".join(f"{cell:>12}" for cell in numbers) + f"  {last:>10}"


def as_json(run: Run) -> Mapping[str, Any]:
    return {
        "size": run.size._asdict(),
        "seed": run.seed,
        "place": list(run.place),
        "missing": list(run.missing),
        "systems": [_system(each) for each in run.figures],
        "bars": [line.strip() for line in _bars(run)][2:],
    }


def _system(figures: Figures) -> Mapping[str, Any]:
    return {
        "name": figures.name,
        "configured": figures.configured,
        "backlogs": [asdict(one) for one in figures.backlogs],
        "pick_ups": Spread.of(figures.pick_ups)._asdict() | {"lost": _lost(figures)},
        "claims": [
            _series(series.shape, series.milliseconds, series.notes) for series in figures.claims
        ],
        "child": None if figures.child is None else asdict(figures.child),
    }


def _series(shape: str, milliseconds: Sequence[float], notes: Sequence[str]) -> Mapping[str, Any]:
    return {"shape": shape, **Spread.of(milliseconds)._asdict(), "notes": list(notes)}
