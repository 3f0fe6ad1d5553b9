"""Find a project by id, by name, or by the path or URL of its source."""

import re
from dataclasses import dataclass

from prism.application.ports.git import RepositoryLocator
from prism.application.ports.projects import ProjectRepository
from prism.domain.errors import InvalidInput, NotFound, PrismError
from prism.domain.projects import Project, Source

#: git's short form of an SSH address, as hosting pages offer it: user@host:path.
_SCP_LIKE = re.compile(r"[\w.-]+@[\w.-]+:[\w./~-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSource:
    """Turn what a person typed into a source: a URL, or a path inside a repository of this host."""

    locator: RepositoryLocator
    host: str

    def __call__(self, reference: str) -> Source:
        """Raises InvalidInput when *reference* is neither, Refused when a policy forbids the
        URL."""
        if _SCP_LIKE.fullmatch(reference):
            host, _, path = reference.partition("@")[2].partition(":")
            raise InvalidInput(
                f"{reference} is an SSH address, and Prism clones by https",
                hint=f"use https://{host}/{path}",
            )
        if "://" in reference:
            return Source.remote(self.locator.check_url(reference))
        return Source.local(self.host, self.locator.locate(reference))


@dataclass(frozen=True, slots=True, kw_only=True)
class FindProject:
    projects: ProjectRepository
    read_source: ReadSource

    def __call__(self, reference: str) -> Project:
        """The project that *reference* names. Raises NotFound with a hint.

        An id or a name wins over a path: a project called ``api`` is found from anywhere.
        """
        found = self._by_id_or_name(reference) or self._by_source(reference)
        if found is None:
            raise NotFound(
                f"no project is called {reference!r}, and none has that path or URL",
                hint=f"`prism project list` shows all; `prism project add {reference}` adds one",
            )
        return found

    def _by_id_or_name(self, reference: str) -> Project | None:
        if reference.isascii() and reference.isdigit():
            try:
                project = self.projects.get(int(reference))
            except NotFound:
                return None
            return project if project.removed_at is None else None
        return self.projects.by_name(reference)

    def _by_source(self, reference: str) -> Project | None:
        try:
            source = self.read_source(reference)
        except PrismError:
            return None
        return self.projects.by_source(source)
