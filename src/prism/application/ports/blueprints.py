"""Stored blueprints."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from prism.domain.blueprints.model import Blueprint, StoredBlueprint
from prism.domain.jobs import JobRef


class BlueprintStore(Protocol):
    """Every method is one transaction."""

    @abstractmethod
    def add(self, project_id: int, blueprint: Blueprint, *, job: JobRef | None = None) -> int:
        """Store plan, phases and milestones, unpublished. Returns its id within the project."""

    @abstractmethod
    def get(self, project_id: int, blueprint_id: int) -> StoredBlueprint:
        """Raises NotFound."""

    @abstractmethod
    def list(self, project_id: int) -> Sequence[StoredBlueprint]:
        """Newest first."""

    @abstractmethod
    def purge(self, project_id: int) -> None:
        """Delete all of a project's. Idempotent."""
