"""What every SourceParser promises."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import pytest

from prism.application.ports.source import ParsedBlob, SourceBlob, SourceParser
from prism.domain.errors import Permanent, SchemaMismatch
from prism.domain.facts.structure import FILE_BYTES_MAX

SOURCE = b'"""Doc."""\nimport os\n\n\ndef work(x):\n    return os.path.join(x, "a/b")\n'


def blobs(*sources: bytes, language: str = "python") -> list[SourceBlob]:
    return [SourceBlob(number, language, source) for number, source in enumerate(sources)]


class SourceParserContract(ABC):
    @abstractmethod
    def make_parser(self, *, deadline_seconds: float = 20.0) -> SourceParser: ...

    @pytest.fixture
    def parser(self) -> SourceParser:
        return self.make_parser()

    def _one(self, parser: SourceParser, source: bytes, language: str = "python") -> ParsedBlob:
        [answer] = parser.parse(blobs(source, language=language))
        return answer

    def test_every_blob_gets_exactly_one_answer(self, parser: SourceParser) -> None:
        sources = [b"x = %d\n" % number for number in range(300)]
        answers = list(parser.parse(blobs(*sources)))
        assert sorted(answer.key for answer in answers) == list(range(300))
        assert not any(answer.problem for answer in answers)

    def test_no_blobs_give_no_answers(self, parser: SourceParser) -> None:
        assert list(parser.parse([])) == []

    def test_an_answer_carries_the_outline(self, parser: SourceParser) -> None:
        outline = self._one(parser, SOURCE).outline
        assert outline is not None
        assert (outline.language, outline.lines, outline.docstring) == ("python", 6, "Doc.")
        assert [symbol.qualname for symbol in outline.symbols] == ["work"]
        assert [binding.module for binding in outline.bindings] == ["os"]

    def test_stored_outlines_are_read_back(self, parser: SourceParser) -> None:
        answer = self._one(parser, SOURCE)
        assert parser.outline(answer.outline_record) == answer.outline
        assert parser.outline(answer.record) == answer.outline

    def test_the_same_bytes_give_the_same_record(self, parser: SourceParser) -> None:
        first, second = self._one(parser, SOURCE), self._one(self.make_parser(), SOURCE)
        assert first.record == second.record
        assert first.outline_record == second.outline_record

    @pytest.mark.parametrize("source", [b"", b"\n", b"def f(:\n", b"\xff\xfe\x00", b"(" * 5000])
    def test_parsing_never_fails(self, parser: SourceParser, source: bytes) -> None:
        answer = self._one(parser, source)
        assert answer.problem == ""
        assert answer.outline is not None

    def test_syntax_errors_are_counted(self, parser: SourceParser) -> None:
        outline = self._one(parser, b"def f(:\n    return 1 +\n").outline
        assert outline is not None
        assert outline.problems > 0

    def test_a_file_above_the_limit_has_only_its_lines(self, parser: SourceParser) -> None:
        outline = self._one(parser, b"x = 1\n" * (FILE_BYTES_MAX // 6 + 1)).outline
        assert outline is not None
        assert outline.lines == FILE_BYTES_MAX // 6 + 1
        assert (outline.symbols, outline.problems) == ((), 1)

    def test_a_language_without_an_extractor_is_said_to_have_none(
        self, parser: SourceParser
    ) -> None:
        answer = self._one(parser, b"x", language="cobol")
        assert answer.outline is None
        assert answer.problem == "no extractor for cobol"

    def test_a_file_that_takes_too_long_is_given_up(self) -> None:
        parser = self.make_parser(deadline_seconds=0.0)
        slow = b"x = [1, 2, 3]\n" * 20_000
        assert self._one(parser, slow).problem == "deadline"

    def test_blobs_are_read_as_they_are_needed(self, parser: SourceParser) -> None:
        read = 0

        def source() -> Iterator[SourceBlob]:
            nonlocal read
            for number in range(500):
                read += 1
                yield SourceBlob(number, "python", SOURCE)

        answers = parser.parse(source())
        next(answers)
        assert read <= 200
        assert sum(1 for _ in answers) == 499

    def test_extractors_have_versions(self, parser: SourceParser) -> None:
        languages = parser.languages()
        assert {"python", "javascript", "typescript", "tsx"} <= set(languages)
        assert all(version.count(".") >= 3 for version in languages.values())

    def test_languages_are_detected(self, parser: SourceParser) -> None:
        assert parser.detect("src/a.py", b"") == "python"
        assert parser.detect("tool", b"#!/usr/bin/env python3\n") == "python"
        assert parser.detect("LICENSE.unknown", b"") == ""

    def test_a_damaged_record_is_refused(self, parser: SourceParser) -> None:
        record = self._one(parser, SOURCE).record
        with pytest.raises(Permanent):
            parser.outline(record[:20])
        with pytest.raises(Permanent):
            parser.outline(b"")

    def test_a_record_of_another_version_is_refused(self, parser: SourceParser) -> None:
        record = self._one(parser, SOURCE).record
        with pytest.raises(SchemaMismatch):
            parser.outline(b"\xff" + record[1:])
