"""Credentials in memory: the tokens stay encrypted here too."""

from collections.abc import Sequence

from prism.adapters.memory.database import MemoryDatabase
from prism.application.ports.projects import CredentialRepository
from prism.domain.credentials import Credential
from prism.domain.errors import Conflict, NotFound


class MemoryCredentialRepository(CredentialRepository):
    """Thread-safe; shares its database with the projects."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    def add(self, credential: Credential) -> None:
        with self._database.lock:
            present = self._database.credentials
            if credential.id in present or any(
                other.name == credential.name for other in present.values()
            ):
                raise Conflict(
                    f"a credential is called {credential.name!r} already",
                    hint="choose another name",
                )
            present[credential.id] = credential

    def get(self, reference: str) -> Credential:
        with self._database.lock:
            by_id = self._database.credentials.get(reference)
            named = (c for c in self._database.credentials.values() if c.name == reference)
            found = by_id or next(named, None)
        if found is None:
            raise NotFound(
                f"there is no credential {reference!r}", hint="`prism credential list` shows all"
            )
        return found

    def list(self) -> Sequence[Credential]:
        with self._database.lock:
            present = tuple(self._database.credentials.values())
        return sorted(present, key=lambda credential: credential.name)

    def remove(self, reference: str) -> None:
        with self._database.lock:
            credential = self.get(reference)
            projects = self._database.projects.values()
            names = sorted(p.name for p in projects if p.credential_id == credential.id)
            if names:
                raise Conflict(
                    f"credential {credential.name!r} is used by {', '.join(map(repr, names))}",
                    hint="remove those projects first",
                )
            del self._database.credentials[credential.id]
