"""Running Alembic without its configuration file: imported only when something is to be applied."""

from collections.abc import Iterable, Sequence
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from prism.adapters.sql.migration_lines import MIGRATIONS, Line


def script_directory(line: Line) -> ScriptDirectory:
    """The migrations of one line, as Alembic sees them."""
    return ScriptDirectory.from_config(_config(line))


def apply_missing(connection: Connection, line: Line) -> Sequence[str]:
    """Bring *line* to its newest revision within the connection's transaction.

    Returns what was applied, oldest first, like 'jobs 0001'.
    """
    scripts = script_directory(line)
    applied: list[str] = []

    def steps(revision: Any, _context: MigrationContext) -> Iterable[RevisionStep]:
        missing = scripts._upgrade_revs("head", revision)
        applied.extend(f"{line.name} {step.revision.revision}" for step in missing)
        return missing

    with EnvironmentContext(_config(line), scripts, fn=steps) as environment:
        environment.configure(connection=connection, version_table=line.version_table)
        environment.run_migrations()
    return applied


def _config(line: Line) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("version_locations", str(line.folder).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config
