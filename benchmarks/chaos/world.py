"""The stage of a campaign: a database, two machines' data directories, projects, repositories."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.chaos import audit
from benchmarks.chaos.plan import Scale, first_files
from tests.support.postgres import PrivateServer, create_database
from tests.support.repositories import make_repository

from prism.adapters.sql.engine import Database, open_database
from prism.adapters.sql.repositories import moments, project_repository
from prism.adapters.sql.schema import ensure_current
from prism.adapters.system import SystemClock
from prism.application.ports.projects import ProjectRepository
from prism.domain.projects import Source

#: Where ``python -m`` finds the programs of a campaign.
ROOT = Path(__file__).resolve().parents[2]
MACHINES = ("a", "b")
#: Variables that processes of a campaign keep of this process's environment.
_KEPT = ("PATH", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH")
#: Files of each project that is removed at some moment: nothing of it may be left.
_DOOMED = (4, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A project with its repository. ``machine``: the host whose workers can index it."""

    project: int
    name: str
    machine: str
    path: str
    files: int
    doomed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """``root`` is in the environment of every process that belongs to the campaign."""

    root: Path
    url: str | None

    @property
    def ledger(self) -> Path:
        return self.root / "ledger.jsonl"

    @property
    def journals(self) -> Path:
        return self.root / "journals"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def tmp(self) -> Path:
        """The system's place for temporary files, in which no worker and no job leaves anything. A
        command that is killed may: it has another one."""
        return self.root / "tmp"

    def data_dir(self, machine: str) -> Path:
        """An embedded database is on one host, which goes by two names here; machines that share a
        server share nothing else."""
        return self.root / ("data" if self.url is None else f"data-{machine}")

    @property
    def data_dirs(self) -> Sequence[Path]:
        return sorted({self.data_dir(machine) for machine in MACHINES})

    def environment(self, machine: str) -> Mapping[str, str]:
        own = {
            "HOME": str(self.root / "home"),
            "PRISM_DATA_DIR": str(self.data_dir(machine)),
            "PRISM_HOST": machine,
            # A campaign has more workers than processors: one parser each is enough.
            "PRISM_PARSER_PROCESSES": "1",
        }
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return {**kept, **own, **({} if self.url is None else {"PRISM_DATABASE_URL": self.url})}

    def open(self) -> Database:
        return open_database(url=self.url, data_dir=str(self.data_dir(MACHINES[0])))


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    place: Place
    server: PrivateServer | None
    repositories: Sequence[Repository]


def build_world(root: Path, server: PrivateServer | None, *, seed: int, scale: Scale) -> World:
    """Everything but the processes: in embedded files, or in a new database on *server*."""
    for name in ("home", "tmp", "tmp-commands", "journals", "logs", "repositories"):
        (root / name).mkdir(parents=True)
    url = None if server is None else server.url(create_database(server))
    place = Place(root=root, url=url)
    return World(place=place, server=server, repositories=_furnish(place, seed, scale))


def _furnish(place: Place, seed: int, scale: Scale) -> Sequence[Repository]:
    database = place.open()
    try:
        ensure_current(database)
        audit.install(database)
        projects = project_repository(database, moments(database, SystemClock()))
        sizes = [*scale.repositories, *_DOOMED]
        made = [
            _repository(
                place, projects, seed=seed, number=n, files=size, doomed=n >= len(sizes) - 2
            )
            for n, size in enumerate(sizes)
        ]
    finally:
        database.close()
    text = json.dumps([asdict(repository) for repository in made])
    (place.root / "repositories.json").write_text(text, encoding="utf-8")
    return made


def read_repositories(root: Path) -> Sequence[Repository]:
    """What ``build_world`` left for the clients."""
    text = (root / "repositories.json").read_text(encoding="utf-8")
    return [Repository(**fields) for fields in json.loads(text)]


def _repository(
    place: Place, projects: ProjectRepository, *, seed: int, number: int, files: int, doomed: bool
) -> Repository:
    path = (place.root / "repositories" / f"r{number:02}").resolve()
    make_repository(path, first_files(seed, number, files), bare=True)
    machine = MACHINES[number % 2]
    project = projects.add(name=path.name, source=Source.local(machine, str(path)))
    return Repository(
        project=project.id,
        name=path.name,
        machine=machine,
        path=str(path),
        files=files,
        doomed=doomed,
    )
