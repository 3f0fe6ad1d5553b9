"""Git directories of our own making: nothing in them comes from a repository but objects.

A clone is fetched into one. A local repository is read through one whose alternates name its object
store, so that of its configuration, attributes, hooks and replace refs nothing is even read, and
nothing can be written into it.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prism.adapters.git.errors import disk_error

#: The ref a clone is fetched to, and HEAD's target.
INDEXED_REF = "refs/heads/indexed"
SHALLOW_BYTES_MAX = 64 * 2**20


@contextmanager
def private_directory(parent: str | None) -> Iterator[str]:
    """An empty directory below *parent* (None: the system's place for such), removed on exit.

    Raises ExternalFailure when it cannot be made."""
    try:
        directory = tempfile.TemporaryDirectory(
            prefix="prism-", dir=parent, ignore_cleanup_errors=True
        )
    except OSError as error:
        raise disk_error(error, "cannot make a temporary directory") from error
    with directory as path:
        yield path


def make_git_directory(path: Path, algorithm: str, *, objects: str | None = None) -> None:
    """An empty bare repository at *path*; with *objects*, one that reads that object store too.

    *algorithm*: 'sha1' or 'sha256'. Layout: gitrepository-layout(5).
    """
    (path / "objects" / "info").mkdir(parents=True)
    (path / "refs" / "heads").mkdir(parents=True)
    (path / "HEAD").write_text(f"ref: {INDEXED_REF}\n", "ascii")
    write_config(path, algorithm)
    if objects is not None:
        (path / "objects" / "info" / "alternates").write_text(f"{_quoted(objects)}\n", "ascii")


def write_config(path: Path, algorithm: str) -> None:
    """The least configuration. A fetch with a filter writes a promisor remote into it; with that,
    git would ask the network for what was filtered, or die, instead of saying "missing"."""
    lines = ["[core]", "\trepositoryformatversion = 1", "\tbare = true"]
    if algorithm != "sha1":
        lines += ["[extensions]", f"\tobjectFormat = {algorithm}"]
    (path / "config").write_text("\n".join([*lines, ""]), "ascii")


def copy_shallow(source: Path, target: Path) -> None:
    """Take over where *source*'s history is cut; absent or strange: as if it were not."""
    shallow = source / "shallow"
    if shallow.is_file() and shallow.stat().st_size <= SHALLOW_BYTES_MAX:
        (target / "shallow").write_bytes(shallow.read_bytes())


def shallow_commits(path: Path) -> frozenset[str]:
    """Commits whose parents are not there, by the ``shallow`` file."""
    shallow = path / "shallow"
    return frozenset(shallow.read_text("ascii").split()) if shallow.is_file() else frozenset()


def _quoted(text: str) -> str:
    """C-style quotes, which keep every byte of a path what it is in an alternates file."""
    raw = text.encode("utf-8", "surrogateescape")
    return '"' + "".join(f"\\{byte:03o}" for byte in raw) + '"'
