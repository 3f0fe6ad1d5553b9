"""The languages with code facts, one line each: where their rules are, and their versions."""

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # the parent of parser processes needs versions, not tree-sitter
    from prism.adapters.languages.engine import Engine

#: Version of what all languages share: engine, walk, scopes, measures, texts, records.
ENGINE_VERSION = 1


class Entry(NamedTuple):
    """``module`` has RULES_BY_NAME[name] (a ``Rules``); ``grammar`` is the grammar's import name,
    ``factory`` its function, ``distribution`` where it comes from."""

    module: str
    grammar: str
    factory: str
    distribution: str
    version: int


_HERE = "prism.adapters.languages"
_ECMASCRIPT = f"{_HERE}.ecmascript.rules"
_TYPESCRIPT = "tree_sitter_typescript"
LANGUAGES: dict[str, Entry] = {
    "python": Entry(
        f"{_HERE}.python.rules", "tree_sitter_python", "language", "tree-sitter-python", 1
    ),
    "javascript": Entry(
        _ECMASCRIPT, "tree_sitter_javascript", "language", "tree-sitter-javascript", 1
    ),
    "typescript": Entry(
        _ECMASCRIPT, _TYPESCRIPT, "language_typescript", "tree-sitter-typescript", 1
    ),
    "tsx": Entry(
        _ECMASCRIPT, "tree_sitter_typescript", "language_tsx", "tree-sitter-typescript", 1
    ),
}


def extractor_version(language: str) -> str:
    """'<engine>.<language's rules>.<grammar>': facts of another version are extracted again."""
    from importlib.metadata import version  # 20 ms that the workers never need

    entry = LANGUAGES[language]
    return f"{ENGINE_VERSION}.{entry.version}.{version(entry.distribution)}"


def load_engine(language: str) -> "Engine":
    """The engine of *language*, its rules and grammar imported now. Raises KeyError if unknown."""
    from prism.adapters.languages.engine import Engine

    entry = LANGUAGES[language]
    rules = import_module(entry.module).RULES_BY_NAME[language]
    grammar = getattr(import_module(entry.grammar), entry.factory)()
    return Engine(rules, grammar)


def extractor_versions() -> dict[str, str]:
    """Language -> extractor version, for all of them."""
    return {language: extractor_version(language) for language in LANGUAGES}
