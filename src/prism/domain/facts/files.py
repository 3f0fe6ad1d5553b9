"""Files of a run: what the tree of the indexed commit lists, and what became of each entry."""

from enum import StrEnum
from typing import NamedTuple


class FileStatus(StrEnum):
    """What the index did with a file. Only INDEXED files have code facts."""

    INDEXED = "indexed"
    LISTED = "listed"  # no extractor for its language: file facts only
    VENDORED = "vendored"
    GENERATED = "generated"
    MINIFIED = "minified"
    BINARY = "binary"
    TOO_LARGE = "too-large"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"
    BAD_NAME = "bad-name"
    FAILED = "failed"  # the parser crashed or ran out of time: belongs to the run, never cached


class Scope(StrEnum):
    PRODUCTION = "production"
    TEST = "test"


class TreeEntry(NamedTuple):
    """One entry of a git tree: ``mode`` as git's octal text ('100644', '120000', '160000').

    ``path`` is text; bytes that are no UTF-8 are kept by surrogateescape. ``size`` is -1 where the
    blob is not present (filtered by the size limit, a submodule).
    """

    path: str
    mode: str
    oid: str
    size: int


class RunFile(NamedTuple):
    """A file of a run. ``module`` is the dotted prefix of its names, '' where there is none.

    ``lines`` is 0 for what was not read. ``problem`` says why a file is not INDEXED. ``extractor``
    is the version whose facts an INDEXED file has ('' for every other): see ``key``.
    """

    path: str
    blob: str
    mode: str
    size: int
    language: str
    status: str
    scope: str
    module: str
    lines: int
    problem: str = ""
    extractor: str = ""

    def key(self, algorithm: str) -> "BlobKey | None":
        """Key of the file's facts, None where it has none. ``algorithm`` is the run's."""
        if self.status != FileStatus.INDEXED or not self.extractor:
            return None
        return BlobKey(algorithm, self.blob, self.language, self.extractor)


class BlobKey(NamedTuple):
    """Key of a file's facts within one project. ``extractor`` = '<extractor>.<grammar>'
    versions."""

    algorithm: str  # 'sha1' or 'sha256'
    blob: str  # hex
    language: str
    extractor: str
