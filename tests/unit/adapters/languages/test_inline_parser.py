"""The parser within this process keeps the contract."""

from tests.contracts.source_parser import SourceParserContract

from prism.adapters.languages.inline import InlineParser
from prism.application.ports.source import SourceParser


class TestInlineParser(SourceParserContract):
    def make_parser(self, *, deadline_seconds: float = 20.0) -> SourceParser:
        return InlineParser(deadline_seconds=deadline_seconds)
