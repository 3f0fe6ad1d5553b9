"""Index and blueprints in memory keep their contracts."""

import pytest
from tests.contracts.blueprint_store import BlueprintStoreContract
from tests.contracts.index_store import IndexStoreContract, IndexUpkeepContract

from prism.adapters.memory.blueprints import MemoryBlueprintStore
from prism.adapters.memory.clock import ManualClock
from prism.adapters.memory.index_store import MemoryIndexStore
from prism.application.ports.blueprints import BlueprintStore
from prism.application.ports.index_store import IndexStore


class TestMemoryIndexStore(IndexStoreContract, IndexUpkeepContract):
    @pytest.fixture
    def store(self) -> IndexStore:
        return MemoryIndexStore(ManualClock())


class TestMemoryBlueprintStore(BlueprintStoreContract):
    @pytest.fixture
    def store(self) -> BlueprintStore:
        return MemoryBlueprintStore(ManualClock())
