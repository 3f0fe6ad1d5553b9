"""The order of the measurements: rounds of all systems, so that noise does not fall on one."""

import importlib.util
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psutil
import psycopg
from benchmarks.queue_peers.floor import Floor
from benchmarks.queue_peers.measures import (
    Backlog,
    ChildJobs,
    Numbers,
    backlog,
    child_jobs,
    pick_ups,
)
from benchmarks.queue_peers.peer import ClaimSeries, Peer
from benchmarks.queue_peers.prism_peer import Prism
from benchmarks.queue_peers.prism_worker import CHILD
from tests.support.postgres import PostgresServer, create_database, drop_database

#: Makes a system by the URL of its database, or its data directory.
Maker = Callable[[str], Peer]


class Size(NamedTuple):
    """``jobs`` of each backlog, ``rows`` finished (and a tenth pending) when claims are timed."""

    jobs: int
    rounds: int
    pick_ups: int
    rows: int
    claims: int
    child_jobs: int


@dataclass(slots=True, kw_only=True)
class Figures:
    """Of one system."""

    name: str
    configured: str
    backlogs: list[Backlog] = field(default_factory=list)
    #: Milliseconds.
    pick_ups: Sequence[float] = ()
    claims: list[ClaimSeries] = field(default_factory=list)
    child: ChildJobs | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All figures, and what they depend on."""

    size: Size
    seed: int
    place: Sequence[str]
    missing: Sequence[str]
    figures: Sequence[Figures]


class System(NamedTuple):
    """``needs``: what must be installed for it."""

    name: str
    make: Maker
    embedded: bool = False
    needs: Sequence[str] = ()


def run_all(size: Size, server: PostgresServer, *, seed: int, only: str = "") -> Run:
    """*only*: systems whose name has this text. Raises NotOnce when one does not do each job once.

    Systems take turns; only claims come one system after the other, to have one large table at a
    time.
    """
    wanted = [system for system in SYSTEMS if only.lower() in system.name.lower()]
    missing = sorted({name for system in wanted for name in _missing(system)})
    place = _place(server)
    chosen: list[tuple[System, Figures]] = []
    with ExitStack() as open_:
        peers: list[tuple[Peer, Figures]] = []
        for system in wanted:
            if not _missing(system):
                peer = open_.enter_context(_made(system, server))
                assert peer.name == system.name
                figures = Figures(name=peer.name, configured=peer.configured)
                peers.append((peer, figures))
                chosen.append((system, figures))
        _backlogs_and_pick_ups(peers, size, seed)
    for system, figures in chosen:
        _claims(system, server, size, figures)
    for system, figures in chosen:
        if system.make is Prism:
            _child(system, server, size, figures)
    measured = [figures for _, figures in chosen]
    return Run(size=size, seed=seed, place=place, missing=missing, figures=measured)


def _procrastinate(url: str) -> Peer:
    from benchmarks.queue_peers.procrastinate_peer import Procrastinate

    return Procrastinate(url)


def _pgqueuer(driver: str) -> Maker:
    def make(url: str) -> Peer:
        from benchmarks.queue_peers.pgqueuer_peer import PgQueuerPeer

        return PgQueuerPeer(url, driver)

    return make


SYSTEMS = (
    System("floor (bare psycopg)", Floor),
    System("Prism (Postgres)", Prism),
    System("Prism (SQLite)", Prism, embedded=True),
    System("Procrastinate", _procrastinate, needs=("procrastinate",)),
    System("PgQueuer (psycopg)", _pgqueuer("psycopg"), needs=("pgqueuer",)),
    System("PgQueuer (asyncpg)", _pgqueuer("asyncpg"), needs=("pgqueuer", "asyncpg")),
)


def _missing(system: System) -> list[str]:
    return [name for name in system.needs if importlib.util.find_spec(name) is None]


@contextmanager
def _made(system: System, server: PostgresServer, make: Maker | None = None) -> Iterator[Peer]:
    """The system in a database of its own, which is dropped on leaving."""
    with ExitStack() as open_:
        if system.embedded:
            place = open_.enter_context(_directory(server))
        else:
            name = create_database(server, template="template0")
            open_.callback(drop_database, server, name)
            place = server.url(name)
        peer = open_.enter_context(closing((make or system.make)(place)))
        peer.prepare()
        yield peer


def _directory(server: PostgresServer) -> "tempfile.TemporaryDirectory[str]":
    """Where fsync does as much as it does for Postgres: nothing in memory, if that has it off."""
    memory = Path("/dev/shm")
    in_memory = _settings(server)["fsync"] == "off" and os.access(memory, os.W_OK)
    return tempfile.TemporaryDirectory(prefix="prism-bench-", dir=memory if in_memory else None)


def _backlogs_and_pick_ups(peers: Sequence[tuple[Peer, Figures]], size: Size, seed: int) -> None:
    numbers = {peer.name: Numbers() for peer, _ in peers}
    for round_ in range(size.rounds):
        for peer, figures in peers:
            for processes in (1, 2):
                _say(f"round {round_ + 1}: {peer.name}, {processes} worker(s)")
                done = backlog(peer, numbers[peer.name], jobs=size.jobs, processes=processes)
                figures.backlogs.append(done)
    for peer, figures in peers:
        _say(f"pick-ups: {peer.name}")
        figures.pick_ups = pick_ups(peer, numbers[peer.name], jobs=size.pick_ups, seed=seed)


def _claims(system: System, server: PostgresServer, size: Size, figures: Figures) -> None:
    with _made(system, server) as peer:
        _say(f"claims: {peer.name}: writing {size.rows + size.rows // 10} rows")
        peer.fill(finished=size.rows, pending=size.rows // 10)
        for series in peer.claims(size.claims):
            _say(f"claims: {peer.name}: {series.shape}")
            figures.claims.append(series)


def _child(system: System, server: PostgresServer, size: Size, figures: Figures) -> None:
    with _made(system, server, lambda place: Prism(place, variant=CHILD)) as peer:
        assert isinstance(peer, Prism)
        _say(f"child processes: {peer.name}")
        figures.child = child_jobs(peer, jobs=size.child_jobs)


def _settings(server: PostgresServer) -> Mapping[str, str]:
    names = ("server_version", "fsync", "synchronous_commit", "shared_buffers")
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        rows = [connection.execute(f"SHOW {name}".encode()).fetchone() for name in names]
    return {name: row[0] for name, row in zip(names, rows, strict=True) if row is not None}


def _place(server: PostgresServer) -> Sequence[str]:
    """What the figures depend on, for the report's head."""
    settings = ", ".join(f"{name} {value}" for name, value in _settings(server).items())
    with _directory(server) as directory:
        parent = Path(directory).parent
    return (
        f"Postgres, the same server for all, by Unix socket: {settings}",
        f"SQLite: files in {parent}, synchronous = FULL"
        + (" (in memory, where fsync does nothing)" if str(parent) == "/dev/shm" else ""),
        f"Python {platform.python_version()}, {psutil.cpu_count()} processors, load"
        f" {psutil.getloadavg()[0]:.2f} at the start",
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
