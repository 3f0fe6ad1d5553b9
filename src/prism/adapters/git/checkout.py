"""A repository at one commit, read by ``ls-tree`` and ``cat-file --batch``."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

from prism.adapters.git.command import Git, GitCommand
from prism.adapters.git.errors import translate
from prism.adapters.git.history import read_history
from prism.adapters.git.process import CHUNK_BYTES, GitFailed, RunLimits, RunningGit
from prism.adapters.git.scrub import Scrubber
from prism.application.ports.git import Blob, Checkout, History
from prism.domain.errors import Permanent, Refused
from prism.domain.facts.files import TreeEntry
from prism.domain.facts.structure import FILE_BYTES_MAX

ENTRIES_MAX = 1_000_000
DEPTH_MAX = 1_000
#: The reader may take its time between reads; git may not.
_READING = RunLimits(seconds=None, stall_seconds=120.0)
_TREE = b"tree"
_SUBMODULE = "160000"


class GitCheckout(Checkout):
    """``git_dir`` is one of our own (git_directory.py). ``fetch_history(limit)`` brings older
    commits into it, where they are not there yet.

    A blob above FILE_BYTES_MAX has size -1 also where it is present, as it has in a clone that left
    it out: the same commit gives the same entries whichever way it came in.
    """

    def __init__(
        self,
        git: Git,
        git_dir: str,
        *,
        commit: str,
        algorithm: str,
        path: str,
        scrub: Scrubber,
        fetch_history: Callable[[int], None] | None = None,
    ) -> None:
        self._git = git
        self._git_dir = git_dir
        self._commit = commit
        self._algorithm = algorithm
        self._path = path
        self._scrub = scrub
        self._fetch_history = fetch_history
        self._fetched = 0
        self._running: list[RunningGit] = []

    @property
    def commit(self) -> str:
        return self._commit

    @property
    def algorithm(self) -> str:
        return self._algorithm

    @property
    def path(self) -> str:
        return self._path

    def close(self) -> None:
        """End what is still being read: an iterator may have been left half-way."""
        for running in self._running:
            running.close()

    def entries(self) -> Iterator[TreeEntry]:
        """Also names that no file system would take (``../x``, ``.git/config``): they are told as
        they are, and only never twice. An invalid tree may hold them, or be unsorted."""
        entries, ordered = self._list()
        if not ordered:
            entries = list({entry.path: entry for entry in reversed(entries)}.values())
            entries.sort(key=lambda entry: entry.path.encode("utf-8", "surrogateescape"))
        sizes = self._sizes({entry.oid for entry in entries if entry.mode != _SUBMODULE})
        for entry in entries:
            size = -1 if entry.mode == _SUBMODULE else sizes.get(entry.oid, -1)
            yield entry._replace(size=size)

    def blobs(self, oids: Sequence[str]) -> Iterator[Blob]:
        if not oids:
            return
        with self._reading(["cat-file", "--batch", "--buffer"], _lines(oids)) as running:
            for oid in oids:
                yield _answer(running, oid)
            _expect_end(running)

    def history(self, *, limit: int) -> History:
        if self._fetch_history is not None and limit > self._fetched:
            self._fetch_history(limit)
            self._fetched = limit
        try:
            return read_history(self._git, self._git_dir, self._commit, limit=limit)
        except GitFailed as failure:
            raise translate(failure, "cannot read the history", self._scrub) from None

    def _list(self) -> tuple[list[TreeEntry], bool]:
        """All entries but the trees, without sizes; did they come by path, without repetition?"""
        arguments = ["ls-tree", "-r", "-t", "-z", "--full-tree", self._commit]
        entries: list[TreeEntry] = []
        ordered, last = True, b""
        with self._reading(arguments) as running:
            for count, record in enumerate(running.records()):
                head, _, name = record.partition(b"\t")
                mode, kind, oid = head.split()
                if count >= ENTRIES_MAX or name.count(b"/") >= DEPTH_MAX:
                    raise _beyond_limits()
                if kind == _TREE:
                    continue
                path = name.decode("utf-8", "surrogateescape")
                entries.append(TreeEntry(path, mode.decode(), oid.decode(), -1))
                ordered, last = ordered and name > last, name
        return entries, ordered

    def _sizes(self, oids: Collection[str]) -> dict[str, int]:
        """Sizes of the blobs that are there and not too large, each object looked up once."""
        if not oids:
            return {}
        sizes: dict[str, int] = {}
        with self._reading(["cat-file", "--batch-check", "--buffer"], _lines(oids)) as running:
            for oid in oids:
                words = _header(running, oid)
                if words[1] == "blob" and int(words[2]) <= FILE_BYTES_MAX:
                    sizes[oid] = int(words[2])
            _expect_end(running)
        return sizes

    @contextmanager
    def _reading(
        self, arguments: Sequence[str], questions: bytes | None = None
    ) -> Iterator[RunningGit]:
        """Runs it; an end that is not good is an error even when all output was read."""
        command = GitCommand(
            arguments, self._git_dir, git_dir=self._git_dir, questions=questions, limits=_READING
        )
        with self._git.start(command) as running:
            self._running.append(running)
            try:
                yield running
                running.finish()
            except GitFailed as failure:
                raise translate(failure, "cannot read the repository", self._scrub) from None
            finally:
                self._running.remove(running)


def _lines(oids: Collection[str]) -> bytes:
    questions = "".join(f"{oid}\n" for oid in oids).encode("ascii")
    assert re.fullmatch(rb"(?:[0-9a-f]{40,64}\n)+", questions), "only ids are asked for"
    return questions


def _header(running: RunningGit, oid: str) -> list[str]:
    """The words of the next answer, which must be the one to *oid*: '<oid> missing', or
    '<oid> <type> <size>'."""
    words = running.read_line().decode("ascii", "replace").split()
    if len(words) < 2 or words[0] != oid:
        running.finish()  # raises, when git died, and tells why
        raise Permanent("git left out an answer while reading the repository")
    return words


def _answer(running: RunningGit, oid: str) -> Blob:
    words = _header(running, oid)
    if len(words) == 2:
        return Blob(oid, None, words[1])
    kind, size = words[1], int(words[2])
    if kind != "blob" or size > FILE_BYTES_MAX:
        _skip(running, size + 1)
        return Blob(oid, None, f"a {kind}" if kind != "blob" else f"larger than {FILE_BYTES_MAX}")
    data = running.read(size + 1)
    if len(data) != size + 1:
        running.finish()
        raise Permanent("git broke off in the middle of a blob")
    return Blob(oid, data[:-1])


def _expect_end(running: RunningGit) -> None:
    if running.read(1):
        raise Permanent("git gave more answers than it was asked for")


def _skip(running: RunningGit, size: int) -> None:
    while size > 0 and (chunk := running.read(min(size, CHUNK_BYTES))):
        size -= len(chunk)


def _beyond_limits() -> Refused:
    return Refused(
        f"the tree has more than {ENTRIES_MAX:,} entries or is deeper than {DEPTH_MAX:,} folders",
        hint="Prism does not index repositories beyond these limits",
    )
