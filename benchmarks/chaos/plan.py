"""What goes wrong in a campaign and when: everything random about it comes from the seed."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tests.support.repositories import Files


class Fault(NamedTuple):
    """``at`` and ``seconds`` (how long it lasts) in seconds; ``slot`` chooses the worker or the
    client that it hits, ``choice`` in [0, 1) whatever else there is to choose."""

    at: float
    kind: str
    slot: int
    seconds: float
    choice: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How large a campaign is. ``gap``: mean seconds between two faults; ``pause``: longest
    seconds that a client waits between two requests; ``nap``: longest seconds of a toy job;
    ``limit``: seconds that any job may run; ``repositories``: number of files of each."""

    seconds: float
    workers: int = 8
    clients: int = 4
    gap: float = 0.8
    pause: float = 1.0
    nap: float = 3.0
    limit: float = 12.0
    hangs: bool = True
    repositories: Sequence[int] = (2, 3, 5, 8, 12, 16, 25, 40, 60, 90, 140, 200)


#: How often each kind of fault comes, relative to the others.
_WEIGHTS: Mapping[str, int] = {
    "kill worker": 14,
    "kill fork server": 5,
    "kill job": 10,
    "stop worker": 14,
    "stop worker and its jobs": 8,
    "stop job": 4,
    "terminate worker": 8,
    "terminate worker twice": 5,
    "kill client": 6,
    "foreground command": 4,
    "foreground command killed": 4,
}
_POSTGRES_WEIGHTS: Mapping[str, int] = {
    "end backends": 8,
    "stop database": 4,
}
#: Faults that last: shortest and longest, as shares of the longest lease.
_LASTING: Mapping[str, tuple[float, float]] = {
    "stop worker": (0.2, 3.0),
    "stop worker and its jobs": (0.2, 3.0),
    "stop job": (0.1, 1.5),
    "stop database": (0.05, 1.6),
    "foreground command killed": (0.1, 0.5),
}


def plan_faults(seed: int, scale: Scale, *, postgres: bool, lease: float) -> Sequence[Fault]:
    """The faults in the order of time; *lease*: the longest one of any worker, in seconds."""
    rng = random.Random(f"{seed}:faults")
    weights = {**_WEIGHTS, **(_POSTGRES_WEIGHTS if postgres else {})}
    faults: list[Fault] = []
    at = rng.uniform(1.0, 2.0)  # the workers start
    database_back_at = 0.0
    while at < scale.seconds:
        kind = rng.choices(list(weights), list(weights.values()))[0]
        shortest, longest = _LASTING.get(kind, (0.0, 0.3))
        seconds = rng.uniform(shortest * lease, longest * lease)
        fault = Fault(at, kind, rng.randrange(1_000_000), seconds, rng.random())
        if kind != "stop database" or at >= database_back_at:
            faults.append(fault)
        if kind == "stop database":
            database_back_at = max(database_back_at, at + seconds + 2 * lease)
        at += rng.expovariate(1 / scale.gap)
    return faults


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerShape:
    """How the worker of a slot is started. ``machine``: 'a' runs the real command, 'b' the one
    that knows toy jobs too; each sees the jobs of its own local repositories only."""

    machine: str
    lease: float
    poll: float
    grace: float | None
    concurrency: int
    listen: bool


def shape_of(seed: int, slot: int) -> WorkerShape:
    rng = random.Random(f"{seed}:worker:{slot}")
    return WorkerShape(
        machine="ab"[slot % 2],
        lease=rng.choice((3.0, 4.0, 5.0)),
        poll=rng.choice((0.3, 0.5, 1.0)),
        grace=rng.choice((0.2, 1.0, 3.0, None)),
        concurrency=2 if slot % 4 == 1 else 1,
        listen=slot % 4 != 2,
    )


#: Paths of the files that a change may touch.
def path_of(number: int) -> str:
    return f"pkg{number % 7}/m{number}.py"


def first_files(seed: int, repository: int, count: int) -> Files:
    """A small Python tree whose modules import each other, some of them in circles."""
    rng = random.Random(f"{seed}:repository:{repository}")
    folders = {f"pkg{number % 7}/__init__.py": "" for number in range(count)}
    return {**folders, **{path_of(n): module_text(rng, n, count) for n in range(count)}}


def module_text(rng: random.Random, number: int, count: int) -> str:
    """Never the same twice, so that every commit has something to parse. One module in twelve
    imports from anywhere, which closes circles; all others from those before it."""
    below = count if rng.random() < 1 / 12 else max(number, 1)
    others = sorted({rng.randrange(below) for _ in range(3)} - {number})
    imports = "".join(f"from pkg{n % 7} import m{n}\n" for n in others)
    return (
        f'"""Module {number}, version {rng.getrandbits(48):x}."""\n\nimport os\n{imports}\n\n'
        f"class Part{number}:\n    def turn(self, value):\n"
        f"        if value > {rng.randrange(100)}:\n            return os.fspath(value)\n"
        f"        return [{', '.join(f'm{n}' for n in others)}]\n"
    )
