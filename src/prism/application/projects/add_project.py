"""Register a project under a name that is free."""

from dataclasses import dataclass

from prism.application.ports.projects import CredentialRepository, ProjectRepository
from prism.application.projects.find_project import ReadSource
from prism.domain.credentials import Credential
from prism.domain.errors import Conflict, InvalidInput
from prism.domain.projects import Project, Source, SourceKind, url_host

NAME_LENGTH_MAX = 100
_NAMES_TRIED_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AddProject:
    """One transaction. Fails when the source is registered already: that project is named."""

    projects: ProjectRepository
    credentials: CredentialRepository
    read_source: ReadSource

    def __call__(
        self, reference: str, *, name: str | None = None, credential: str | None = None
    ) -> Project:
        """Raises InvalidInput (source, name), Conflict (taken), NotFound (credential), Refused."""
        source = self.read_source(reference)
        existing = self.projects.by_source(source)
        if existing is not None:
            raise Conflict(
                f"{source.location} is already project {existing.name!r} (id {existing.id})",
                hint=f"`prism index {existing.name}` indexes it",
            )
        credential_id = self._credential(source, credential)
        if name is not None:
            return self.projects.add(
                name=_checked(name), source=source, credential_id=credential_id
            )
        return self._add_under_free_name(source, credential_id)

    def _credential(self, source: Source, reference: str | None) -> str | None:
        if reference is None:
            return None
        credential = self.credentials.get(reference)
        check_host(source, credential)
        return credential.id

    def _add_under_free_name(self, source: Source, credential_id: str | None) -> Project:
        base = _default_name(source)
        for number in range(1, _NAMES_TRIED_MAX):
            name = base if number == 1 else f"{base}-{number}"
            if self.projects.by_name(name) is None:
                return self.projects.add(name=name, source=source, credential_id=credential_id)
        raise Conflict(f"every name like {base!r} is taken", hint="choose one with `--name`")


def check_host(source: Source, credential: Credential) -> None:
    """Raises InvalidInput unless *credential* may be used for *source*."""
    if source.kind is not SourceKind.REMOTE:
        raise InvalidInput(
            "a local repository needs no credential", hint="leave out `--credential`"
        )
    host = url_host(source.location)
    if host != credential.host:
        raise InvalidInput(
            f"credential {credential.name!r} is for {credential.host}, not for {host}",
            hint="a token is sent to its own host only: add a credential for this host",
        )


def _default_name(source: Source) -> str:
    name = "".join(c if c.isalnum() or c in "._-" else "-" for c in source.default_name)
    name = name.strip("-")[:NAME_LENGTH_MAX] or "repository"
    return f"{name}-repository" if name.isdigit() else name


def _checked(name: str) -> str:
    if not name or len(name) > NAME_LENGTH_MAX or not name.isprintable() or name.isspace():
        raise InvalidInput(
            f"a project's name has 1 to {NAME_LENGTH_MAX} printable characters",
            hint="choose another `--name`",
        )
    if name.isdigit():
        raise InvalidInput(
            "a project's name cannot be a number: numbers are ids", hint="choose another `--name`"
        )
    return name
