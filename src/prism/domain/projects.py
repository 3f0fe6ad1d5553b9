"""Projects: a source of code with a name. The source is the identity and never changes by
itself."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

ProjectId = NewType("ProjectId", int)


class SourceKind(StrEnum):
    REMOTE = "remote"
    LOCAL = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a project's code comes from: a URL, or an absolute path on one host."""

    kind: SourceKind
    #: The URL, or the absolute path of the repository's root.
    location: str
    #: The host that has the path; None for a URL.
    host: str | None = None

    @staticmethod
    def remote(url: str) -> "Source":
        return Source(kind=SourceKind.REMOTE, location=url)

    @staticmethod
    def local(host: str, path: str) -> "Source":
        return Source(kind=SourceKind.LOCAL, location=path, host=host)

    @property
    def key(self) -> str:
        """Unique text of this source: two projects never share one."""
        return self.location if self.host is None else f"local:{self.host}:{self.location}"

    @property
    def default_name(self) -> str:
        last = self.location.rstrip("/").rsplit("/", 1)[-1]
        return last.removesuffix(".git") or "repository"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    id: int
    name: str
    source: Source
    credential_id: str | None
    created_at: datetime
    #: Set by ``project remove``; a sweep job then deletes what is left.
    removed_at: datetime | None = None


def url_host(url: str) -> str:
    """``host`` or ``host:port`` of a normalised URL, lower case; the default port is left out."""
    scheme, _, rest = url.partition("://")
    authority = rest.split("/", 1)[0].rsplit("@", 1)[-1].lower()
    default_port = {"https": ":443", "ssh": ":22"}.get(scheme, "")
    return authority.removesuffix(default_port) if default_port else authority
