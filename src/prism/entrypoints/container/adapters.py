"""The only place that chooses adapters: one factory per port, each importing its adapter inside.

Factories are annotated with the ports, so mypy proves that an adapter fits its port; that the right
port goes to the right parameter is checked by ``tests/unit/entrypoints/test_container.py``.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from dependency_injector import providers

from prism import __version__
from prism.application.ports.blueprints import BlueprintStore
from prism.application.ports.clock import Clock
from prism.application.ports.cuts import CutSolver
from prism.application.ports.git import GitCloner, RepositoryLocator
from prism.application.ports.index_store import IndexStore
from prism.application.ports.jobs import JobRepository, Wakeup
from prism.application.ports.metrics import UNMEASURED, JobMetrics
from prism.application.ports.projects import CredentialRepository, ProjectRepository
from prism.application.ports.runner import JobRunner, ScratchSpace
from prism.application.ports.source import ImportResolver, SourceParser
from prism.application.ports.tokens import TokenDecryptor, TokenEncryptor
from prism.entrypoints.settings import Settings

if TYPE_CHECKING:
    from prism.adapters.crypto.aes_gcm import AesGcmTokens
    from prism.adapters.git.urls import UrlPolicy
    from prism.adapters.processes.presence import WorkerFiles
    from prism.adapters.sql.engine import Database
    from prism.adapters.sql.moments import Moments

#: Loaded once by the fork server, so that no job pays for it.
_PRELOAD = (
    "git",
    "prism.adapters.git.cloner",
    "prism.adapters.languages.pool",
    "prism.adapters.languages.ecmascript.resolver",
    "prism.adapters.languages.python.resolver",
    "prism.adapters.solvers.heuristic",
    "prism.adapters.sql.blueprints",
    "prism.adapters.sql.index_store",
    "prism.adapters.sql.repositories",
    "prism.adapters.system",
    "prism.application.blueprints.generate_blueprint",
    "prism.application.indexing.index_project",
    "prism.application.jobs.handlers",
)


def _clock() -> Clock:
    from prism.adapters.system import SystemClock

    return SystemClock()


def _database(settings: Settings) -> Iterator["Database"]:
    from prism.adapters.sql.engine import open_database
    from prism.adapters.sql.schema import ensure_current

    database = open_database(
        url=settings.database_url,
        data_dir=settings.data_dir,
        answer_seconds=settings.answer_seconds,
        pool_size=settings.connections,
        pooler=settings.pooler,
    )
    try:
        ensure_current(database)
        yield database
    finally:
        database.close()


def _moments(database: "Database", clock: Clock) -> "Moments":
    from prism.adapters.sql.repositories import moments

    return moments(database, clock)


def _jobs(database: "Database", moments: "Moments") -> JobRepository:
    from prism.adapters.sql.repositories import job_repository

    return job_repository(database, moments)


def _projects(database: "Database", moments: "Moments") -> ProjectRepository:
    from prism.adapters.sql.repositories import project_repository

    return project_repository(database, moments)


def _credentials(database: "Database") -> CredentialRepository:
    from prism.adapters.sql.repositories import credential_repository

    return credential_repository(database)


def _wakeup(database: "Database", settings: Settings) -> Wakeup:
    from prism.adapters.sql.repositories import wakeup

    return wakeup(database, listen=not settings.pooler)


def _index_store(database: "Database", moments: "Moments") -> IndexStore:
    from prism.adapters.sql.index_store import SqlIndexStore

    return SqlIndexStore(database, moments)


def _blueprints(database: "Database", moments: "Moments") -> BlueprintStore:
    from prism.adapters.sql.blueprints import SqlBlueprintStore

    return SqlBlueprintStore(database, moments)


def _token_encryptor(settings: Settings) -> TokenEncryptor:
    return _tokens(settings)


def _token_decryptor(settings: Settings) -> TokenDecryptor:
    return _tokens(settings)


def _tokens(settings: Settings) -> "AesGcmTokens":
    from prism.adapters.crypto.aes_gcm import AesGcmTokens

    return AesGcmTokens(settings.encryption_key)


def _url_policy(settings: Settings) -> "UrlPolicy":
    from prism.adapters.git.urls import UrlPolicy

    return UrlPolicy(
        allow_hosts=settings.allow_hosts,
        allow_private_networks=settings.allow_private_networks,
        environment=dict(settings.git_environment),
    )


def _cloner(settings: Settings, policy: "UrlPolicy") -> GitCloner:
    from prism.adapters.git.cloner import GitPythonCloner

    return GitPythonCloner(policy=policy, environment=dict(settings.git_environment))


def _locator(policy: "UrlPolicy") -> RepositoryLocator:
    from prism.adapters.git.local import GitRepositoryLocator

    return GitRepositoryLocator(policy=policy)


def _parser(settings: Settings) -> SourceParser:
    from prism.adapters.languages.pool import TreeSitterParser

    return TreeSitterParser(processes=settings.parser_processes or None)


def _resolvers() -> Sequence[ImportResolver]:
    from prism.adapters.languages.ecmascript.resolver import EcmaScriptImportResolver
    from prism.adapters.languages.python.resolver import PythonImportResolver

    return (PythonImportResolver(), EcmaScriptImportResolver())


def _solver() -> CutSolver:
    from prism.adapters.solvers.heuristic import HeuristicCutSolver

    return HeuristicCutSolver()


def _scratch(settings: Settings) -> ScratchSpace:
    from prism.adapters.processes.scratch import ScratchDirectories

    return ScratchDirectories(str(Path(settings.data_dir) / "scratch"))


def _presence(settings: Settings) -> Iterator["WorkerFiles"]:
    from prism.adapters.processes.presence import WorkerFiles

    presence = WorkerFiles(str(Path(settings.data_dir) / "workers"))
    yield presence
    presence.withdraw()


def _runner(settings: Settings, presence: "WorkerFiles") -> Iterator[JobRunner]:
    from prism.adapters.processes.child_process import ChildProcessRunner

    runner = ChildProcessRunner(
        handlers=settings.handlers,
        kinds=settings.kinds,
        settings=settings.as_json(),
        environment=dict(settings.process_environment),
        preload=_PRELOAD if settings.database_url is None else (*_PRELOAD, "psycopg"),
        presence=presence,
        memory_bytes=settings.job_memory_mib * 1024 * 1024 or None,
    )
    with closing(runner):
        runner.prepare()  # loads while this process opens its database
        yield runner


def _metrics(settings: Settings) -> Iterator[JobMetrics]:
    if settings.metrics_listen is None and settings.metrics_file is None:
        yield UNMEASURED
        return
    from prism.adapters.metrics.exposition import MetricsFile, MetricsPage
    from prism.adapters.metrics.prometheus import PrometheusMetrics

    metrics = PrometheusMetrics(version=__version__, host=settings.host, kinds=settings.kinds)
    with ExitStack() as shown:
        if settings.metrics_listen is not None:
            host, port = settings.metrics_listen
            shown.enter_context(closing(MetricsPage(host, port, metrics.registry)))
        if settings.metrics_file is not None:
            file = MetricsFile(settings.metrics_file, metrics.registry, metrics.changed)
            shown.enter_context(closing(file))
        yield metrics


class Adapters:
    """Providers by name; calling one gives the object. Singletons live until ``close``.

    A plain class and not ``DeclarativeContainer``: importing ``dependency_injector.containers``
    imports FastAPI where that is installed, and misspelt providers would be ``Any`` to mypy.
    """

    def __init__(self, settings: Settings) -> None:
        single, resource = providers.ThreadSafeSingleton, providers.Resource
        self.settings = providers.Object(settings)
        self.clock = single(_clock)
        self.database = resource(_database, self.settings)
        self.moments = single(_moments, self.database, self.clock)
        self.jobs = single(_jobs, self.database, self.moments)
        self.projects = single(_projects, self.database, self.moments)
        self.credentials = single(_credentials, self.database)
        self.index_store = single(_index_store, self.database, self.moments)
        self.blueprints = single(_blueprints, self.database, self.moments)
        self.wakeup = providers.Factory(_wakeup, self.database, self.settings)
        self.token_encryptor = single(_token_encryptor, self.settings)
        self.token_decryptor = single(_token_decryptor, self.settings)
        self.url_policy = single(_url_policy, self.settings)
        self.locator = single(_locator, self.url_policy)
        self.cloner = single(_cloner, self.settings, self.url_policy)
        self.parser = single(_parser, self.settings)
        self.resolvers = single(_resolvers)
        self.solver = single(_solver)
        self.scratch = single(_scratch, self.settings)
        self.presence = resource(_presence, self.settings)
        self.runner = resource(_runner, self.settings, self.presence)
        self.metrics = resource(_metrics, self.settings)

    def git_version(self) -> str:
        """Like '2.39.5'. Raises Permanent when git is missing."""
        from prism.adapters.git.cloner import git_version

        return git_version(dict(self.settings().git_environment))

    def database_state(self) -> tuple[str, Mapping[str, str]]:
        """Where the database is, and the revision of each of its lines."""
        from prism.adapters.sql.schema import versions

        database = self.database()
        return database.place, {line: have for line, (have, _) in versions(database).items()}

    def close(self) -> None:
        """End what was started: jobs and their server, this worker's presence, the connections,
        and last what tells about them."""
        for started in (self.runner, self.presence, self.database, self.metrics):
            started.shutdown()
