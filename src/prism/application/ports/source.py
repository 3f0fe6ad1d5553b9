"""Parsing and import resolution: batch ports, because a port in the hot loop is the speed limit."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from prism.domain.facts.structure import Binding, Export, Symbol


class SourceBlob(NamedTuple):
    """What to parse. ``key`` is any number the caller chose; the answer carries it."""

    key: int
    language: str
    data: bytes


class Outline(NamedTuple):
    """The part of a file's facts that other files' resolution reads, kept small."""

    language: str
    lines: int
    code_lines: int
    complexity: int
    docstring: str
    problems: int
    symbols: tuple[Symbol, ...]
    bindings: tuple[Binding, ...]
    exports: tuple[Export, ...]


class ParsedBlob(NamedTuple):
    """Facts of one blob: the outline, and the whole as packed, versioned, compressed bytes.

    ``outline``/``record`` are None when the parser failed: ``problem`` says how ('crashed: signal
    11', 'deadline', 'out of memory'). ``outline_record`` is the packed outline for the store.
    """

    key: int
    outline: Outline | None
    outline_record: bytes
    record: bytes
    problem: str = ""


class SourceParser(Protocol):
    """Contract: parsing never fails. Each blob gets exactly one answer, in any order; the same
    bytes
    and extractor version give the same record."""

    @abstractmethod
    def languages(self) -> Mapping[str, str]:
        """Language name -> extractor version ('<extractor>.<grammar>'), for those with code
        facts."""

    @abstractmethod
    def parse(self, blobs: Iterable[SourceBlob]) -> Iterator[ParsedBlob]:
        """Answers as they come; reads *blobs* lazily, holding a bounded number of bytes."""

    @abstractmethod
    def outline(self, record: bytes) -> Outline:
        """Unpack a stored outline record."""

    @abstractmethod
    def digest(self, record: bytes) -> str:
        """SHA-256 (hex) of what a full record holds: equal facts, equal digest, on any machine."""

    @abstractmethod
    def detect(self, path: str, head: bytes) -> str:
        """Language by name, then by content (*head*: the first bytes, b'' where not read): any
        known language, also one without an extractor; '' if unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverFile:
    """An indexed file as resolvers see it."""

    path: str
    language: str
    outline: Outline


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverInput:
    """``paths``: every path of the tree (also those without facts). ``manifests``: text of the
    files
    a resolver asked for by ``wants`` (pyproject.toml, package.json, tsconfig*.json, …)."""

    paths: frozenset[str]
    files: Sequence[ResolverFile]
    manifests: Mapping[str, str] = field(default_factory=dict)


class Resolved(NamedTuple):
    """Answer for one binding (its index in the file's outline); fields as in ``ResolvedImport``.

    ``parents``: packages that the import loads implicitly on the way (Python), paths.
    """

    binding: int
    status: str
    target: str
    home: str
    home_symbol: str
    distribution: str
    reason: str
    parents: tuple[str, ...] = ()


class ImportResolver(Protocol):
    """Import statements of one language family to files of the same tree."""

    @property
    @abstractmethod
    def languages(self) -> frozenset[str]: ...

    @abstractmethod
    def wants(self, path: str) -> bool:
        """Is the text of *path* needed (a manifest or configuration of this family)?"""

    @abstractmethod
    def module_names(self, given: ResolverInput) -> Mapping[str, str]:
        """Path -> dotted module prefix for the family's files ('' where it has none)."""

    @abstractmethod
    def resolve(self, given: ResolverInput) -> Mapping[str, Sequence[Resolved]]:
        """Path -> one answer per binding, in order. Total: an unresolved one carries its reason."""
