"""What a file imports, and what imports it."""

from collections.abc import Sequence
from dataclasses import dataclass

from prism.application.ports.index_store import IndexReader
from prism.domain.errors import NotFound
from prism.domain.facts.files import FileStatus, RunFile
from prism.domain.facts.runs import Edge, ResolvedImport


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """``unresolved`` are the file's own imports that nothing is known of: the coverage of
    ``uses``."""

    file: RunFile
    uses: Sequence[Edge]
    used_by: Sequence[Edge]
    imports: Sequence[ResolvedImport]

    @property
    def known(self) -> bool:
        """False: the file has no code facts, so an empty answer says nothing."""
        return self.file.status == FileStatus.INDEXED


def show_dependencies(reader: IndexReader, path: str) -> Dependencies:
    """Raises NotFound when the indexed commit has no such file."""
    wanted = path.removeprefix("./")
    file = next((each for each in reader.files() if each.path == wanted), None)
    if file is None:
        raise NotFound(
            f"the indexed commit {reader.run.commit[:12]} has no file {wanted!r}",
            hint="paths are relative to the repository's root",
        )
    edges = [edge for edge in reader.edges(path=wanted) if edge.kind == "import"]
    return Dependencies(
        file=file,
        uses=[edge for edge in edges if edge.source == wanted],
        used_by=[edge for edge in edges if edge.target == wanted],
        imports=reader.imports(path=wanted),
    )
