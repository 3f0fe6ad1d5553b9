"""The only place that chooses adapters; see ``adapters.py`` and ``use_cases.py``."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prism.entrypoints.container.use_cases import Container
from prism.entrypoints.logs import configure
from prism.entrypoints.settings import Settings

if TYPE_CHECKING:
    from prism.application.ports.runner import JobHandler

__all__ = [
    "Container",
    "build",
    "child_handlers",
    "new_encryption_key",
    "opened",
    "upgrade_database",
]


def build(adapt: Callable[[Settings], Settings] = lambda settings: settings) -> Container:
    """A container by the process's environment, out of which the key is taken. Starts nothing.

    *adapt* changes the settings for one command. Raises InvalidInput naming the variable that
    cannot be used.
    """
    settings = adapt(Settings.from_env())
    configure(settings.log_format)
    return Container(settings)


@contextmanager
def opened(
    adapt: Callable[[Settings], Settings] = lambda settings: settings,
) -> Iterator[Container]:
    """A container that is closed in the end, whatever happens."""
    container = build(adapt)
    try:
        yield container
    finally:
        container.close()


def child_handlers(settings: str) -> Mapping[str, "JobHandler"]:
    """The handlers in a job's own process. *settings* hold no key; the token comes with the job's
    context."""
    from prism.application.jobs.handlers import job_handlers

    container = Container(Settings.from_json(settings))
    configure(container.settings().log_format)
    return job_handlers(
        index_project=container.index_project,
        generate_blueprint=container.generate_blueprint,
        sweep_project=container.sweep_project,
        sweep_runs=container.sweep_runs,
    )


def new_encryption_key() -> str:
    """A fresh key as CREDENTIAL_ENCRYPTION_KEY takes it."""
    from prism.adapters.crypto.keys import generate_key

    return generate_key()


def upgrade_database() -> Mapping[str, str]:
    """Apply missing migrations; returns the revision of each line. Raises as ``upgrade`` does."""
    from prism.adapters.sql.engine import open_database
    from prism.adapters.sql.schema import upgrade, versions

    settings = Settings.from_env()
    database = open_database(url=settings.database_url, data_dir=settings.data_dir)
    try:
        upgrade(database)
        return {line: have for line, (have, _) in versions(database).items()}
    finally:
        database.close()
