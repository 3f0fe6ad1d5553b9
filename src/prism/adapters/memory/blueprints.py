"""Blueprints in this process's memory."""

from collections.abc import Sequence
from threading import RLock

from prism.application.ports.blueprints import BlueprintStore
from prism.application.ports.clock import Clock
from prism.domain.blueprints.model import Blueprint, StoredBlueprint
from prism.domain.errors import NotFound
from prism.domain.jobs import JobRef


class MemoryBlueprintStore(BlueprintStore):
    """Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = RLock()
        self._stored: dict[int, dict[int, StoredBlueprint]] = {}
        # Outlives a purge: ids do not come back.
        self._last: dict[int, int] = {}

    def add(self, project_id: int, blueprint: Blueprint, *, job: JobRef | None = None) -> int:  # noqa: ARG002 - kept where people look for it, in databases
        with self._lock:
            blueprint_id = self._last[project_id] = self._last.get(project_id, 0) + 1
            self._stored.setdefault(project_id, {})[blueprint_id] = StoredBlueprint(
                project_id=project_id,
                id=blueprint_id,
                created_at=self._clock.now(),
                blueprint=blueprint,
            )
            return blueprint_id

    def get(self, project_id: int, blueprint_id: int) -> StoredBlueprint:
        with self._lock:
            found = self._stored.get(project_id, {}).get(blueprint_id)
        if found is None:
            raise NotFound(
                f"project {project_id} has no blueprint {blueprint_id}",
                hint="`prism blueprints PROJECT` lists them",
            )
        return found

    def list(self, project_id: int) -> Sequence[StoredBlueprint]:
        with self._lock:
            return [*reversed(self._stored.get(project_id, {}).values())]

    def purge(self, project_id: int) -> None:
        with self._lock:
            self._stored.pop(project_id, None)
