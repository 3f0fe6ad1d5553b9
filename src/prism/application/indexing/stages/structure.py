"""Stage ``structure``: the facts of each code file, parsed once per (blob, language).

Content streams through: git hands out one blob after the other, the parser takes a bounded number
of them ahead, facts go to the store in batches. What stays in memory are the outlines.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import NamedTuple

from prism.application.indexing.index_run import IndexRun
from prism.application.ports.git import Blob
from prism.application.ports.index_store import BlobFacts
from prism.application.ports.source import Outline, ParsedBlob, SourceBlob
from prism.domain.facts.files import BlobKey, FileStatus, RunFile
from prism.domain.files import HEAD_BYTES, LISTED, Judgement, judge_content

#: A batch ends with whichever comes first, so that the store's transactions stay short.
BLOBS_PER_BATCH, BYTES_PER_BATCH = 200, 2_000_000
KEYS_PER_QUESTION = 1000
#: Blobs between two reports of progress, and two looks for a cancel.
BLOBS_PER_LOOK = 50


@dataclass(frozen=True, slots=True)
class ExtractStructure:
    """Facts that are stored already are not extracted again: they are keyed by the bytes, the
    language and the extractor's version. The bytes are read in any case, because what a file is
    (generated, minified, binary) is told by them."""

    name: str = "structure"
    version: int = 1
    needs: tuple[str, ...] = ("files",)
    essential: bool = False

    def run(self, run: IndexRun) -> dict[str, int]:
        extraction = _Extraction(run)
        try:
            extraction.read_all()
        finally:  # what was extracted before a failure stays, the rest says that it was not read
            extraction.flush()
            extraction.settle()
        return {
            "parsed": len(extraction.outlines) - extraction.reused,
            "reused": extraction.reused,
            "symbols": sum(len(outline.symbols) for outline in run.outlines.values()),
            "lines": sum(outline.lines for outline in run.outlines.values()),
            "parse_failures": len(extraction.problems),
        }


class _Asked(NamedTuple):
    """A question to the parser that waits for its answer."""

    key: BlobKey
    source: bytes | None


@dataclass(slots=True)
class _Extraction:
    run: IndexRun
    #: Path -> language by content, and what the content says that the file is.
    judged: dict[str, tuple[str, Judgement]] = field(default_factory=dict)
    outlines: dict[BlobKey, Outline] = field(default_factory=dict)
    #: Why facts could not be extracted.
    problems: dict[BlobKey, str] = field(default_factory=dict)
    reused: int = 0
    _stored: Mapping[BlobKey, bytes] = field(default_factory=dict)
    _asked: dict[int, _Asked] = field(default_factory=dict)
    _batch: list[BlobFacts] = field(default_factory=list)
    _batch_bytes: int = 0

    def read_all(self) -> None:
        by_blob: dict[str, list[RunFile]] = {}
        for file in self.run.indexed():
            by_blob.setdefault(file.blob, []).append(file)
        self._stored = self._load_stored(by_blob)
        for answer in self.run.parser.parse(self._questions(by_blob)):
            self._take(answer)
        for asked in self._asked.values():
            self.problems[asked.key] = "the parser gave no answer"

    def _load_stored(self, by_blob: Mapping[str, Sequence[RunFile]]) -> dict[BlobKey, bytes]:
        keys = {self._key(file.blob, file.language) for files in by_blob.values() for file in files}
        wanted = iter(sorted(keys))
        stored: dict[BlobKey, bytes] = {}
        while batch := list(islice(wanted, KEYS_PER_QUESTION)):
            self.run.reporter.check_cancelled()
            stored.update(
                self.run.ask_store(partial(self.run.store.outlines, self.run.project_id, batch))
            )
        return stored

    def _key(self, blob: str, language: str) -> BlobKey:
        return BlobKey(self.run.checkout.algorithm, blob, language, self.run.extractors[language])

    def _questions(self, by_blob: Mapping[str, Sequence[RunFile]]) -> Iterator[SourceBlob]:
        """What has to be parsed, read blob by blob as the parser asks for more."""
        asked = 0
        for done, blob in enumerate(self.run.checkout.blobs(list(by_blob))):
            if done % BLOBS_PER_LOOK == 0:
                self.run.tell(done, len(by_blob))
            data = blob.data
            if data is None:
                self._miss(blob, by_blob[blob.oid])
                continue
            for language in self._languages(data, by_blob[blob.oid]):
                key = self._key(blob.oid, language)
                record = self._stored.get(key)
                if record is not None:
                    self.outlines[key] = self.run.parser.outline(record)
                    self.reused += 1
                    continue
                self._asked[asked] = _Asked(key, data if self.run.settings.store_source else None)
                yield SourceBlob(asked, language, data)
                asked += 1
        self.run.tell(len(by_blob), len(by_blob))

    def _miss(self, blob: Blob, files: Sequence[RunFile]) -> None:
        """The blob is not there: corrupt, or lost."""
        for file in files:
            missing = Judgement(FileStatus.FAILED, blob.problem or "the content is missing")
            self.judged[file.path] = (file.language, missing)

    def _languages(self, data: bytes, files: Sequence[RunFile]) -> list[str]:
        """Languages in which this blob has to be parsed; judges its files on the way."""
        found: set[str] = set()
        for file in files:
            language = self.run.parser.detect(file.path, data[:HEAD_BYTES])
            judgement = LISTED
            if language in self.run.extractors:
                judgement = judge_content(
                    data, language, handwritten=file.path in self.run.handwritten
                )
            if judgement.status is FileStatus.INDEXED:
                found.add(language)
            self.judged[file.path] = (language, judgement)
        return sorted(found)

    def _take(self, answer: ParsedBlob) -> None:
        asked = self._asked.pop(answer.key)
        if answer.outline is None:
            self.problems[asked.key] = answer.problem or "the parser failed"
            return
        self.outlines[asked.key] = answer.outline
        self._batch.append(
            BlobFacts(
                key=asked.key,
                outline_record=answer.outline_record,
                record=answer.record,
                source=asked.source,
                symbols=answer.outline.symbols,
            )
        )
        self._batch_bytes += len(answer.record) + len(asked.source or b"")
        if len(self._batch) >= BLOBS_PER_BATCH or self._batch_bytes >= BYTES_PER_BATCH:
            self.flush()

    def flush(self) -> None:
        batch, self._batch, self._batch_bytes = self._batch, [], 0
        self.run.write(self.run.writer.add_blobs, batch)

    def settle(self) -> None:
        """Say of each file what became of it: in the order of paths, not of the answers."""
        unread = Judgement(FileStatus.FAILED, "not read: the stage did not finish")
        outlines: dict[str, Outline] = {}
        for file in list(self.run.indexed()):
            language, judgement = self.judged.get(file.path, (file.language, unread))
            status, reason = judgement
            settled = file._replace(language=language, status=status.value, problem=reason)
            if status is FileStatus.INDEXED:
                key = self._key(file.blob, language)
                outline = self.outlines.get(key)
                if outline is None:
                    reason = self.problems.get(key, unread.reason)
                    settled = settled._replace(status=FileStatus.FAILED.value, problem=reason)
                else:
                    outlines[file.path] = outline
                    settled = settled._replace(lines=outline.lines, extractor=key.extractor)
            self.run.files[file.path] = settled
        self.run.outlines = outlines
