"""Projects and credentials: small tables that people edit."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from prism.domain.credentials import Credential
from prism.domain.jobs import Enqueued
from prism.domain.projects import Project, Source


class ProjectRepository(Protocol):
    """Every method is one transaction. Removed projects are seen by ``get`` only."""

    @abstractmethod
    def add(self, *, name: str, source: Source, credential_id: str | None = None) -> Project:
        """Raises Conflict when the name or the source is taken, NotFound for the credential."""

    @abstractmethod
    def get(self, project_id: int) -> Project:
        """Also a removed one (``removed_at`` set). Raises NotFound."""

    @abstractmethod
    def by_name(self, name: str) -> Project | None: ...

    @abstractmethod
    def by_source(self, source: Source) -> Project | None: ...

    @abstractmethod
    def list(self) -> Sequence[Project]:
        """By name, without the removed ones."""

    @abstractmethod
    def mark_removed(self, project_id: int) -> Enqueued:
        """Hide the project, cancel its pending jobs, ask its running ones to stop, and queue the
        sweep that deletes what is stored of it.

        Frees name, source and credential. Raises NotFound, also when already removed.
        """

    @abstractmethod
    def purge(self, project_id: int) -> None:
        """Delete the rows of a removed project, its pointers and ended jobs. Idempotent.

        The running sweep job itself stays until it ends; ``prune`` takes it. Raises Conflict when
        the project is there and not removed.
        """


class CredentialRepository(Protocol):
    @abstractmethod
    def add(self, credential: Credential) -> None:
        """Raises Conflict when the id or name is taken."""

    @abstractmethod
    def get(self, reference: str) -> Credential:
        """By id or by name. Raises NotFound."""

    @abstractmethod
    def list(self) -> Sequence[Credential]:
        """By name."""

    @abstractmethod
    def remove(self, reference: str) -> None:
        """Raises NotFound; Conflict, naming the projects, while a project uses it."""
