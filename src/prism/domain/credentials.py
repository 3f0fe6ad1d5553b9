"""Credentials: an encrypted token bound to a provider and one host."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Provider(StrEnum):
    GITHUB = "github"
    GITLAB = "gitlab"
    BITBUCKET = "bitbucket"
    AZURE_DEVOPS = "azuredevops"
    GITEA = "gitea"
    GENERIC = "generic"

    @property
    def username(self) -> str:
        """The user name that goes with a token as password (providers' documentation)."""
        return _USERNAMES[self]


_USERNAMES = {
    Provider.GITHUB: "x-access-token",
    Provider.GITLAB: "oauth2",
    Provider.BITBUCKET: "x-bitbucket-api-token-auth",
    Provider.AZURE_DEVOPS: "pat",
    Provider.GITEA: "oauth2",
    Provider.GENERIC: "git",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A stored credential. ``encrypted_token`` is opaque outside ``adapters/crypto``."""

    id: str
    name: str
    provider: Provider
    #: ``host`` or ``host:port``, lower case: the only place the token may be sent to.
    host: str
    username: str
    encrypted_token: str
    created_at: datetime


class Secret:
    """A plain token in memory. It never shows itself: not in str, repr, format, pickle or logs."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The token itself: only for the pipe to git and for encryption."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a Secret is not pickled")
