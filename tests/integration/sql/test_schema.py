"""Migrations make exactly the tables that the code knows, and are applied by the right process."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, MetaData, text
from tests.support.postgres import PostgresServer, create_database, drop_database

from prism.adapters.sql import facts_tables, jobs_tables, schema
from prism.adapters.sql.engine import Database, open_database, reading, writing
from prism.adapters.sql.metadata import facts_metadata, jobs_metadata
from prism.adapters.sql.upgrading import script_directory
from prism.domain.errors import SchemaMismatch

#: What tells one schema from another, by name: definitions, conditions, options, constraints.
POSTGRES_OBJECTS = """
    SELECT 'index', indexname::text, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'table', relname::text, coalesce(array_to_string(reloptions, ','), '')
    FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'column', table_name || '.' || column_name,
           concat_ws(' ', data_type, is_nullable, column_default, is_identity, identity_generation)
    FROM information_schema.columns WHERE table_schema = 'public'
"""
SQLITE_OBJECTS = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"

assert facts_tables.metadata is facts_metadata
assert jobs_tables.metadata is jobs_metadata


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Database]:
    database = open_database(url=None, data_dir=str(tmp_path / "data"))
    yield database
    database.close()


@pytest.fixture
def empty_postgres(postgres_server: PostgresServer) -> Iterator[Database]:
    name = create_database(postgres_server, template="template0")
    database = open_database(url=postgres_server.url(name), data_dir="")
    yield database
    database.close()
    drop_database(postgres_server, name)


@pytest.fixture
def postgres(postgres_database: str) -> Iterator[Database]:
    database = open_database(url=postgres_database, data_dir="")
    yield database
    database.close()


def differences(engine: Engine, metadata: list[MetaData], versions: set[str]) -> object:
    with reading(engine) as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                # SQLite knows no identity columns: Alembic takes the declaration for a default.
                "compare_server_default": engine.dialect.name != "sqlite",
                "include_name": lambda name, kind, _: kind != "table" or name not in versions,
            },
        )
        return compare_metadata(context, metadata)  # type: ignore[arg-type]  # takes several


def objects(engine: Engine) -> dict[tuple[str, str], str]:
    statement = SQLITE_OBJECTS if engine.dialect.name == "sqlite" else POSTGRES_OBJECTS
    with reading(engine) as connection:
        rows = connection.execute(text(statement)).all()
    return {
        (kind, name): _normal(definition)
        for kind, name, definition in rows
        if "_version" not in name and "_version" not in definition
    }


def _normal(definition: str) -> str:
    """Without layout and order of lines: migrations may list constraints in another order."""
    lines = definition.replace("\t", " ").splitlines()
    return "\n".join(sorted(line.strip().rstrip(",").rstrip() for line in lines if line.strip()))


VERSIONS = {schema.JOBS.version_table, schema.FACTS.version_table}


def test_autogenerate_finds_nothing_on_sqlite(embedded: Database) -> None:
    schema.ensure_current(embedded)
    assert differences(embedded.jobs, [jobs_metadata], VERSIONS) == []
    assert differences(embedded.facts, [facts_metadata], VERSIONS) == []


def test_autogenerate_finds_nothing_on_postgres(postgres: Database) -> None:
    assert differences(postgres.jobs, [jobs_metadata, facts_metadata], VERSIONS) == []


def test_migrations_make_what_the_metadata_makes_on_sqlite(
    embedded: Database, tmp_path: Path
) -> None:
    schema.ensure_current(embedded)
    other = open_database(url=None, data_dir=str(tmp_path / "other"))
    for engine, metadata in ((other.jobs, jobs_metadata), (other.facts, facts_metadata)):
        with writing(engine) as connection:
            metadata.create_all(connection)
    assert objects(embedded.jobs) == objects(other.jobs)
    assert objects(embedded.facts) == objects(other.facts)
    other.close()


def test_migrations_make_what_the_metadata_makes_on_postgres(
    postgres: Database, empty_postgres: Database
) -> None:
    with writing(empty_postgres.jobs) as connection:
        jobs_metadata.create_all(connection)
        facts_metadata.create_all(connection)
    assert objects(postgres.jobs) == objects(empty_postgres.jobs)


@pytest.mark.parametrize("line", [schema.JOBS, schema.FACTS], ids=lambda line: line.name)
def test_revisions_are_numbered_in_one_row(line: schema.Line) -> None:
    revisions = [script.revision for script in script_directory(line).walk_revisions()]
    assert revisions[::-1] == [f"{number:04}" for number in range(1, len(revisions) + 1)]
    assert line.newest == revisions[0]


def test_an_embedded_database_upgrades_itself_once(embedded: Database) -> None:
    schema.ensure_current(embedded)
    assert all(have == need != "" for have, need in schema.versions(embedded).values())
    assert schema.upgrade(embedded) == []


def test_a_current_database_needs_no_alembic(sqlite_directory: Path) -> None:
    program = (
        "import sys;"
        "from prism.adapters.sql.engine import open_database;"
        "from prism.adapters.sql.schema import ensure_current;"
        "ensure_current(open_database(url=None, data_dir=sys.argv[1]));"
        "print('alembic' in sys.modules)"
    )
    command = [sys.executable, "-c", program, str(sqlite_directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_processes_that_start_together_upgrade_once(tmp_path: Path) -> None:
    program = (
        "import sys;"
        "from prism.adapters.sql.engine import open_database;"
        "from prism.adapters.sql.schema import upgrade;"
        "print(len(upgrade(open_database(url=None, data_dir=sys.argv[1]))))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "data")]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    ended = [process.communicate() for process in running]
    assert [error for _, error in ended] == ["", "", ""]
    counts = sorted(int(output) for output, _ in ended)
    assert counts[:2] == [0, 0]
    assert counts[2] > 0


def test_a_postgres_without_tables_is_not_upgraded_by_a_normal_start(
    empty_postgres: Database,
) -> None:
    with pytest.raises(SchemaMismatch, match="no tables") as caught:
        schema.ensure_current(empty_postgres)
    assert "prism db upgrade" in caught.value.hint
    assert set(schema.versions(empty_postgres).values()) == {("", "0001")}


def test_upgrading_a_postgres_makes_it_current(empty_postgres: Database) -> None:
    applied = schema.upgrade(empty_postgres)
    assert applied[0] == "jobs 0001"
    schema.ensure_current(empty_postgres)
    assert schema.upgrade(empty_postgres) == []


def test_an_older_postgres_is_refused_with_a_hint(
    postgres: Database, postgres_database: str
) -> None:
    _set_version(postgres_database, "0000")
    with pytest.raises(SchemaMismatch, match="older") as caught:
        schema.ensure_current(postgres)
    assert "prism db upgrade" in caught.value.hint


def test_a_newer_postgres_is_refused(postgres: Database, postgres_database: str) -> None:
    _set_version(postgres_database, "9999")
    for action in (schema.ensure_current, schema.upgrade):
        with pytest.raises(SchemaMismatch, match="newer"):
            action(postgres)


def test_a_newer_embedded_database_is_refused_and_left_alone(
    embedded: Database, tmp_path: Path
) -> None:
    schema.ensure_current(embedded)
    file = tmp_path / "data" / "facts.db"
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE prism_facts_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(SchemaMismatch, match="newer"):
        schema.ensure_current(embedded)
    assert schema.versions(embedded)["facts"][0] == "9999"


def test_a_failing_migration_leaves_nothing_behind(embedded: Database) -> None:
    with writing(embedded.jobs) as connection:
        connection.execute(text("CREATE TABLE prism_pointers (id TEXT)"))
    with pytest.raises(Exception, match="prism_pointers"):
        schema.upgrade(embedded)
    with reading(embedded.jobs) as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
        assert "prism_jobs" not in tables.scalars().all()


def _set_version(url: str, version: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE prism_jobs_version SET version_num = %s", (version,))
