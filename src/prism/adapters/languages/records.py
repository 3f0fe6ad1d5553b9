"""Facts of one file as packed bytes: versioned, compressed, the same bytes for the same facts.

A full record is the outline record followed by the rest, so that an outline can be read from
either::

    1 byte   format version
    4 bytes  length of the outline's chunk (big-endian)
    …        the outline: zlib(msgpack)
    …        the rest: zlib(msgpack); absent in an outline record

Rows are stored as columns, words of small vocabularies as indexes into a table, positions as
differences: columns of equal things compress well, and packing them is a handful of calls in C.
"""

import hashlib
import struct
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, count, repeat
from operator import sub
from typing import Any, TypeVar

import msgpack

from prism.application.ports.source import Outline
from prism.domain.errors import Permanent, SchemaMismatch
from prism.domain.facts.structure import (
    Binding,
    Export,
    FileFacts,
    Flow,
    Mark,
    ParseProblem,
    Reference,
    StringFact,
    Symbol,
)

FORMAT = 1
_HEADER = struct.Struct(">BI")
#: Level 1 costs a third of the default's time for a tenth more bytes.
_LEVEL = 1
#: No facts of a file of at most 1 MiB are longer than this when unpacked.
_UNPACKED_MAX = 256 * 1024 * 1024

Columns = list[Any]  # what msgpack gives back: lists of str, int, bytes
Built = TypeVar("Built")
Row = TypeVar("Row", bound=tuple[Any, ...])


def pack(facts: FileFacts) -> tuple[bytes, bytes]:
    """(outline record, full record) of *facts*."""
    outline = _chunk(
        [
            facts.language,
            facts.lines,
            facts.code_lines,
            facts.complexity,
            facts.docstring,
            len(facts.problems),
            _symbol_columns(facts.symbols),
            _worded(facts.bindings, Binding, _BINDING_WORDS),
            _columns(facts.exports, Export),
        ]
    )
    words = _Table()
    rest = _chunk(
        [
            facts.comment_lines,
            [list(symbol.windows) for symbol in facts.symbols],
            _reference_columns(facts.references, words),
            _flow_columns(facts.flows, words),
            _columns(facts.strings, StringFact),
            _columns(facts.marks, Mark),
            _columns(facts.problems, ParseProblem),
            words.words,
        ]
    )
    outline_record = _HEADER.pack(FORMAT, len(outline)) + outline
    return outline_record, outline_record + rest


def outline_record_of(record: bytes) -> bytes:
    """The outline record that *record* begins with. Raises as ``unpack_outline`` does."""
    return record[: _outline_end(record)]


def unpack_outline(record: bytes) -> Outline:
    """The outline in an outline record or a full record; its symbols have no windows.

    Raises SchemaMismatch for a format of another program version, Permanent for damaged bytes.
    """
    return _shaped(_outline, _content(record[_HEADER.size : _outline_end(record)]))


def unpack(record: bytes) -> FileFacts:
    """All facts in a full record. Raises as ``unpack_outline`` does."""
    end = _outline_end(record)
    outline = unpack_outline(record)
    return _shaped(lambda rest: _facts(outline, rest), _content(record[end:]))


def content_digest(record: bytes) -> str:
    """SHA-256 (hex) of what a record holds, whichever build of zlib compressed it. Raises as
    ``unpack_outline`` does."""
    end = _outline_end(record)
    digest = hashlib.sha256(record[:1])
    for chunk in (record[_HEADER.size : end], record[end:]):
        digest.update(_inflated(chunk) if chunk else b"")
    return digest.hexdigest()


def _shaped(build: Callable[[Columns], Built], content: Columns) -> Built:
    """*build* the facts. Bytes come from the store, or from a process that parsed hostile files:
    what has another shape than facts is refused like what cannot be unpacked."""
    try:
        return build(content)
    except (TypeError, ValueError, LookupError, OverflowError) as error:
        raise _damaged() from error


def _facts(outline: Outline, rest: Columns) -> FileFacts:
    comments, windows, references, flows, strings, marks, problems, words = rest
    return FileFacts(
        language=outline.language,
        lines=outline.lines,
        code_lines=outline.code_lines,
        comment_lines=comments,
        docstring=outline.docstring,
        complexity=outline.complexity,
        symbols=tuple(
            symbol._replace(windows=tuple(found)) if found else symbol
            for symbol, found in zip(outline.symbols, windows, strict=True)
        ),
        bindings=outline.bindings,
        exports=outline.exports,
        references=_references(references, words),
        flows=_flows(flows, words),
        strings=_rows(StringFact, strings),
        marks=_rows(Mark, marks),
        problems=_rows(ParseProblem, problems),
    )


def _outline(content: Columns) -> Outline:
    language, lines, code_lines, complexity, docstring, problems, symbols, bindings, exports = (
        content
    )
    return Outline(
        language=language,
        lines=lines,
        code_lines=code_lines,
        complexity=complexity,
        docstring=docstring,
        problems=problems,
        symbols=_symbols(symbols),
        bindings=_unworded(Binding, bindings, _BINDING_WORDS),
        exports=_rows(Export, exports),
    )


# -- chunks -----------------------------------------------------------------------------------


def _chunk(content: Columns) -> bytes:
    packed: bytes = msgpack.packb(content, use_bin_type=True, unicode_errors="surrogatepass")
    return zlib.compress(packed, _LEVEL)


def _content(chunk: bytes) -> Columns:
    try:
        content: Columns = msgpack.unpackb(
            _inflated(chunk), use_list=True, strict_map_key=True, unicode_errors="surrogatepass"
        )
    except (ValueError, msgpack.exceptions.UnpackException) as error:
        raise _damaged() from error
    return content


def _inflated(chunk: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        packed = inflater.decompress(chunk, _UNPACKED_MAX)
    except zlib.error as error:
        raise _damaged() from error
    if not inflater.eof:  # cut short, or too long
        raise _damaged()
    return packed


def _damaged() -> Permanent:
    return Permanent("a stored record of facts is damaged", hint="index the project again")


def _outline_end(record: bytes) -> int:
    if len(record) < _HEADER.size:
        raise _damaged()
    version, length = _HEADER.unpack_from(record)
    if version != FORMAT:
        raise SchemaMismatch(
            f"a stored record of facts has format {version}, this program reads {FORMAT}",
            hint="index the project again with this version of prism",
        )
    return _HEADER.size + int(length)


# -- columns ----------------------------------------------------------------------------------


class _Table:
    """Strings by number, in order of first use."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = defaultdict(count().__next__)

    @property
    def words(self) -> list[str]:
        return list(self._numbers)

    def indexes(self, column: Iterable[str]) -> list[int]:
        return list(map(self._numbers.__getitem__, column))


def _columns(rows: Sequence[tuple[Any, ...]], kind: type[Row]) -> Columns:
    if not rows:
        return [[] for _field in kind._fields]  # type: ignore[attr-defined]  # rows are NamedTuples
    return [list(column) for column in zip(*rows, strict=True)]


def _rows(kind: type[Row], columns: Iterable[Iterable[Any]]) -> tuple[Row, ...]:
    return tuple(map(tuple.__new__, repeat(kind), zip(*columns, strict=True)))


def _worded(rows: Sequence[tuple[Any, ...]], kind: type[Row], words: Sequence[int]) -> Columns:
    """Columns; those numbered in *words* have few different words, so become table + indexes."""
    columns = _columns(rows, kind)
    for at in words:
        table = _Table()
        indexes = table.indexes(columns[at])
        columns[at] = [table.words, indexes]
    return columns


def _unworded(kind: type[Row], columns: Columns, words: Sequence[int]) -> tuple[Row, ...]:
    plain = list(columns)
    for at in words:
        table, indexes = plain[at]
        plain[at] = map(table.__getitem__, indexes)
    return _rows(kind, plain)


def _differences(column: Sequence[int]) -> list[int]:
    return list(map(sub, column, [0, *column]))


_BINDING_WORDS = tuple(map(Binding._fields.index, ("timing", "erased", "form", "guard", "module")))
_SYMBOL_WORDS = tuple(map(Symbol._fields.index, ("kind", "visibility")))
_SYMBOL_POSITIONS = tuple(
    map(Symbol._fields.index, ("start_byte", "end_byte", "start_line", "end_line", "parent"))
)
_WINDOWS = Symbol._fields.index("windows")
_DECORATORS = Symbol._fields.index("decorators")


def _symbol_columns(symbols: Sequence[Symbol]) -> Columns:
    columns = _worded(symbols, Symbol, _SYMBOL_WORDS)
    for at in _SYMBOL_POSITIONS:
        columns[at] = _differences(columns[at])
    columns[_WINDOWS] = []
    return columns


def _symbols(columns: Columns) -> tuple[Symbol, ...]:
    plain = list(columns)
    for at in _SYMBOL_POSITIONS:
        plain[at] = accumulate(plain[at])
    plain[_DECORATORS] = map(tuple, plain[_DECORATORS])
    plain[_WINDOWS] = repeat((), len(columns[0][1]))
    return _unworded(Symbol, plain, _SYMBOL_WORDS)


def _reference_columns(references: Sequence[Reference], words: _Table) -> Columns:
    chains, roles, bindings, symbols, enclosing, lines, starts = _columns(references, Reference)
    kinds = _Table()
    role_numbers = bytes(kinds.indexes(roles))
    return [
        words.indexes(chains),
        kinds.words,
        role_numbers,
        bindings,
        symbols,
        _differences(enclosing),
        _differences(lines),
        _differences(starts),
    ]


def _references(columns: Columns, words: Sequence[str]) -> tuple[Reference, ...]:
    chains, kinds, roles, bindings, symbols, enclosing, lines, starts = columns
    return _rows(
        Reference,
        (
            map(words.__getitem__, chains),
            map(kinds.__getitem__, roles),
            bindings,
            symbols,
            accumulate(enclosing),
            accumulate(lines),
            accumulate(starts),
        ),
    )


def _flow_columns(flows: Sequence[Flow], words: _Table) -> Columns:
    names, targets, sources, enclosing, lines = _columns(flows, Flow)
    kinds = _Table()
    kind_numbers = bytes(kinds.indexes(names))
    return [
        kinds.words,
        kind_numbers,
        words.indexes(targets),
        words.indexes(sources),
        _differences(enclosing),
        _differences(lines),
    ]


def _flows(columns: Columns, words: Sequence[str]) -> tuple[Flow, ...]:
    kinds, names, targets, sources, enclosing, lines = columns
    return _rows(
        Flow,
        (
            map(kinds.__getitem__, names),
            map(words.__getitem__, targets),
            map(words.__getitem__, sources),
            accumulate(enclosing),
            accumulate(lines),
        ),
    )
