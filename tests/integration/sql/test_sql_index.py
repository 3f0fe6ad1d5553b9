"""Index and blueprints keep their contracts on SQLite and on Postgres."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contracts.blueprint_store import BlueprintStoreContract
from tests.contracts.index_store import IndexStoreContract, IndexUpkeepContract

from prism.adapters.memory.clock import ManualClock
from prism.adapters.sql.blueprints import SqlBlueprintStore
from prism.adapters.sql.engine import Database, open_database
from prism.adapters.sql.index_store import SqlIndexStore
from prism.adapters.sql.repositories import moments
from prism.application.ports.blueprints import BlueprintStore
from prism.application.ports.index_store import IndexStore


@pytest.fixture
def sqlite(sqlite_directory: Path) -> Iterator[Database]:
    database = open_database(url=None, data_dir=str(sqlite_directory))
    yield database
    database.close()


@pytest.fixture
def postgres(postgres_database: str) -> Iterator[Database]:
    database = open_database(url=postgres_database, data_dir="")
    yield database
    database.close()


class TestSqliteIndexStore(IndexStoreContract, IndexUpkeepContract):
    @pytest.fixture
    def store(self, sqlite: Database) -> IndexStore:
        return SqlIndexStore(sqlite, moments(sqlite, ManualClock()))


class TestPostgresIndexStore(IndexStoreContract, IndexUpkeepContract):
    @pytest.fixture
    def store(self, postgres: Database) -> IndexStore:
        return SqlIndexStore(postgres, moments(postgres, ManualClock()))


class TestSqliteBlueprintStore(BlueprintStoreContract):
    @pytest.fixture
    def store(self, sqlite: Database) -> BlueprintStore:
        return SqlBlueprintStore(sqlite, moments(sqlite, ManualClock()))


class TestPostgresBlueprintStore(BlueprintStoreContract):
    @pytest.fixture
    def store(self, postgres: Database) -> BlueprintStore:
        return SqlBlueprintStore(postgres, moments(postgres, ManualClock()))
