"""Stage ``files``: what the tree of the indexed commit lists, and what becomes of each entry."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prism.application.indexing.index_run import IndexRun
from prism.application.indexing.settings import IndexSettings
from prism.domain.attributes import FILE_NAME, Attributes
from prism.domain.facts.files import FileStatus, RunFile, TreeEntry
from prism.domain.files import (
    HEAD_BYTES,
    INDEXED,
    LISTED,
    Judgement,
    bad_name,
    directories_of_tests,
    is_binary,
    judge_entry,
    known_size,
    scope_of,
    storable_name,
)
from prism.domain.globs import Glob

#: ``.gitattributes`` files beyond these are not read, nor are such as are larger.
ATTRIBUTE_FILES_MAX, ATTRIBUTE_BYTES_MAX = 200, 64 * 1024
_REGULAR = ("100644", "100755", "100664")


@dataclass(frozen=True, slots=True)
class ListFiles:
    """Languages by name, and for files without an ending by content; all else waits for the stage
    ``structure``, which reads every code file once. Essential: there is no index without files."""

    name: str = "files"
    version: int = 1
    needs: tuple[str, ...] = ()
    essential: bool = True

    def run(self, run: IndexRun) -> dict[str, int]:
        entries, unusable = _named(run.checkout.entries())
        attributes = _attributes(run, entries)
        listing = _Listing(
            run=run,
            attributes=attributes,
            tested=directories_of_tests(entry.path for entry in entries),
            choice=_Choice.of(run.settings),
        )
        files = listing.by_content([listing.file(entry) for entry in entries])
        run.files = {file.path: file for file in sorted([*files, *unusable])}
        run.handwritten = frozenset(
            path for path in run.files if attributes.marks(path).generated is False
        )
        code = sum(1 for _ in run.indexed())
        return {"files": len(run.files), "code_files": code, "left_out": _left_out(run.files)}


def _left_out(files: dict[str, RunFile]) -> int:
    return sum(
        1 for file in files.values() if file.status not in (FileStatus.INDEXED, FileStatus.LISTED)
    )


def _named(entries: Iterable[TreeEntry]) -> tuple[list[TreeEntry], list[RunFile]]:
    """Entries with a usable name, and files for those without; a name that was there before is
    dropped, as the second of two files cannot be told from the first."""
    usable: dict[str, TreeEntry] = {}
    unusable: dict[str, RunFile] = {}
    for entry in entries:
        reason = bad_name(entry.path)
        if not reason:
            usable.setdefault(entry.path, entry)
            continue
        name = storable_name(entry.path)
        unusable.setdefault(
            name, _file(entry._replace(path=name), Judgement(FileStatus.BAD_NAME, reason))
        )
    rest = [file for name, file in unusable.items() if name not in usable]
    return list(usable.values()), rest


def _file(
    entry: TreeEntry, judgement: Judgement, *, language: str = "", scope: str = "production"
) -> RunFile:
    return RunFile(
        path=entry.path,
        blob=entry.oid,
        mode=entry.mode,
        size=known_size(entry),
        language=language,
        status=judgement.status.value,
        scope=scope,
        module="",
        lines=0,
        problem=judgement.reason,
    )


@dataclass(frozen=True, slots=True)
class _Choice:
    """Which paths may have code facts, by the settings."""

    include: tuple[Glob, ...]
    exclude: tuple[Glob, ...]

    @staticmethod
    def of(settings: IndexSettings) -> "_Choice":
        return _Choice(_globs(settings.include), _globs(settings.exclude))

    def allows(self, path: str) -> bool:
        if self.include and not any(glob.matches_or_holds(path) for glob in self.include):
            return False
        return not any(glob.matches_or_holds(path) for glob in self.exclude)


def _globs(patterns: Sequence[str]) -> tuple[Glob, ...]:
    return tuple(glob for pattern in patterns if (glob := Glob.of(pattern)) is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    run: IndexRun
    attributes: Attributes
    tested: frozenset[str]
    choice: _Choice

    def file(self, entry: TreeEntry) -> RunFile:
        language = self.run.parser.detect(entry.path, b"") if entry.mode in _REGULAR else ""
        marks = self.attributes.marks(entry.path)
        judgement = judge_entry(entry, marks=marks)
        if judgement is LISTED:
            judgement = self._of_language(entry.path, language)
        scope = scope_of(entry.path, self.tested).value
        return _file(entry, judgement, language=language, scope=scope)

    def _of_language(self, path: str, language: str) -> Judgement:
        if language not in self.run.extractors:
            return LISTED
        if not self.choice.allows(path):
            return Judgement(FileStatus.LISTED, "left out by the settings")
        return INDEXED

    def by_content(self, files: Sequence[RunFile]) -> list[RunFile]:
        """The same files, with a language for those whose names say nothing but whose first line
        does. Reads them one by one and keeps nothing of them."""
        by_blob = _unknown_scripts(files)
        found: dict[str, RunFile] = {}
        for done, blob in enumerate(self.run.checkout.blobs(list(by_blob))):
            if done % 500 == 0:
                self.run.tell(done, len(by_blob))
            for file in by_blob[blob.oid]:
                found[file.path] = self._looked_into(file, (blob.data or b"")[:HEAD_BYTES])
        return [found.get(file.path, file) for file in files]

    def _looked_into(self, file: RunFile, head: bytes) -> RunFile:
        if is_binary(head):
            return file._replace(status=FileStatus.BINARY.value, problem="holds NUL bytes")
        language = self.run.parser.detect(file.path, head)
        judgement = self._of_language(file.path, language)
        return file._replace(
            language=language, status=judgement.status.value, problem=judgement.reason
        )


def _attributes(run: IndexRun, entries: Sequence[TreeEntry]) -> Attributes:
    """The repository's own marks; those files that cannot be read say nothing."""
    wanted = {
        entry.path: entry.oid
        for entry in entries
        if entry.path.rpartition("/")[2] == FILE_NAME
        and entry.mode in _REGULAR
        and 0 <= entry.size <= ATTRIBUTE_BYTES_MAX
    }
    paths = sorted(wanted, key=lambda path: (path.count("/"), path))[:ATTRIBUTE_FILES_MAX]
    blobs = run.checkout.blobs([wanted[path] for path in paths])
    return Attributes.of(
        (path, blob.data.decode("utf-8", "replace"))
        for path, blob in zip(paths, blobs, strict=True)
        if blob.data is not None
    )


def _unknown_scripts(files: Sequence[RunFile]) -> dict[str, list[RunFile]]:
    """Blob -> files whose names say nothing: no ending, no known name."""
    by_blob: dict[str, list[RunFile]] = {}
    for file in files:
        unknown = file.status == FileStatus.LISTED and not file.language
        if unknown and "." not in file.path.rpartition("/")[2]:
            by_blob.setdefault(file.blob, []).append(file)
    return by_blob
