"""Credentials in the jobs line's tables: the token arrives and stays encrypted."""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, RowMapping, delete, insert, or_, select
from sqlalchemy.exc import IntegrityError

from prism.adapters.sql.engine import reading, writing
from prism.adapters.sql.jobs_tables import credentials, projects
from prism.application.ports.projects import CredentialRepository
from prism.domain.credentials import Credential, Provider
from prism.domain.errors import Conflict, NotFound


class SqlCredentialRepository(CredentialRepository):
    """On either database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, credential: Credential) -> None:
        row = {
            "id": credential.id,
            "name": credential.name,
            "provider": credential.provider.value,
            "host": credential.host,
            "username": credential.username,
            "encrypted_token": credential.encrypted_token,
            "created_at": credential.created_at,
        }
        try:
            with writing(self._engine) as connection:
                connection.execute(insert(credentials).values(row))
        except IntegrityError as error:
            raise Conflict(
                f"a credential is called {credential.name!r} already", hint="choose another name"
            ) from error

    def get(self, reference: str) -> Credential:
        with reading(self._engine) as connection:
            return _to_credential(_find(connection, reference))

    def list(self) -> Sequence[Credential]:
        with reading(self._engine) as connection:
            rows = connection.execute(select(credentials)).mappings()
            # Sorted here: databases differ in how they order text.
            return sorted(map(_to_credential, rows), key=lambda credential: credential.name)

    def remove(self, reference: str) -> None:
        try:
            with writing(self._engine) as connection:
                row = _find(connection, reference)
                _check_unused(connection, row)
                connection.execute(delete(credentials).where(credentials.c.id == row["id"]))
        except IntegrityError as error:
            # Only where a project that uses it is added at the same moment.
            raise Conflict(
                f"credential {reference!r} came into use just now",
                hint="`prism project list` shows by which project",
            ) from error


def _find(connection: Connection, reference: str) -> RowMapping:
    """By id, else by name."""
    either = or_(credentials.c.id == reference, credentials.c.name == reference)
    rows = connection.execute(select(credentials).where(either)).mappings().all()
    if not rows:
        raise NotFound(
            f"there is no credential {reference!r}", hint="`prism credential list` shows all"
        )
    return next((row for row in rows if row["id"] == reference), rows[0])


def _check_unused(connection: Connection, row: RowMapping) -> None:
    using = select(projects.c.name).where(projects.c.credential_id == row["id"])
    names = sorted(connection.execute(using).scalars())
    if names:
        raise Conflict(
            f"credential {row['name']!r} is used by {', '.join(map(repr, names))}",
            hint="remove those projects first",
        )


def _to_credential(row: RowMapping) -> Credential:
    return Credential(
        id=row["id"],
        name=row["name"],
        provider=Provider(row["provider"]),
        host=row["host"],
        username=row["username"],
        encrypted_token=row["encrypted_token"],
        created_at=row["created_at"],
    )
