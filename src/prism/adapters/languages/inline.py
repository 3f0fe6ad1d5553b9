"""Extraction within this process: for tests, and for who embeds Prism and trusts the sources."""

from collections.abc import Iterable, Iterator, Mapping

from prism.adapters.languages.detection import detect
from prism.adapters.languages.extraction import Extractor
from prism.adapters.languages.records import (
    content_digest,
    outline_record_of,
    unpack_outline,
)
from prism.adapters.languages.registry import extractor_versions
from prism.application.ports.source import Outline, ParsedBlob, SourceBlob, SourceParser

DEADLINE_SECONDS = 20.0


class InlineParser(SourceParser):
    """Parses in the caller's process and thread. A source that crashes the grammar's native code
    takes the process with it: ``TreeSitterParser`` is for sources nobody vouches for."""

    def __init__(self, *, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._extractor = Extractor(deadline_seconds)

    def languages(self) -> Mapping[str, str]:
        return extractor_versions()

    def parse(self, blobs: Iterable[SourceBlob]) -> Iterator[ParsedBlob]:
        for blob in blobs:
            yield answer(blob.key, *self._extractor.record(blob.language, blob.data))

    def outline(self, record: bytes) -> Outline:
        return unpack_outline(record)

    def digest(self, record: bytes) -> str:
        return content_digest(record)

    def detect(self, path: str, head: bytes) -> str:
        return detect(path, head)


def answer(key: int, record: bytes, problem: str) -> ParsedBlob:
    """The port's answer from a packed record, or from *problem* where there is none."""
    if problem:
        return ParsedBlob(key, None, b"", b"", problem)
    return ParsedBlob(key, unpack_outline(record), outline_record_of(record), record)
