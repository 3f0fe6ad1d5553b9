"""Open a project's current index: the pointer stands in one file, the facts in another."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from prism.application.ports.index_store import IndexReader, IndexStore
from prism.application.ports.jobs import JobRepository
from prism.domain.errors import NotFound, Transient
from prism.domain.projects import Project

_TRIES_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCurrentIndex:
    """Take the pointer, open its snapshot, read the pointer again, start over if it moved.

    So a reader sees the old index or the new one, never half, also where queue and facts are two
    files (decisions 2).
    """

    jobs: JobRepository
    index: IndexStore

    @contextmanager
    def __call__(self, project: Project) -> Iterator[IndexReader]:
        """Raises NotFound, saying to index first, when nothing was published yet."""
        for _ in range(_TRIES_MAX):
            run_id = self.jobs.published(project.id).run_id
            if run_id is None:
                raise no_index(project)
            with ExitStack() as opened:
                try:
                    reader = opened.enter_context(self.index.read(project.id, run_id))
                except NotFound:
                    continue  # swept between the two reads: the pointer has moved on
                if self.jobs.published(project.id).run_id == run_id:
                    yield reader
                    return
        raise Transient(
            f"the index of {project.name!r} is being replaced faster than it can be read",
            hint="try again in a moment",
        )


def no_index(project: Project) -> NotFound:
    return NotFound(
        f"project {project.name!r} has no index yet",
        hint=f"index it first: `prism index {project.name}`",
    )
