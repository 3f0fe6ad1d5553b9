"""Facts that depend only on a file's bytes, its language and the extractor version.

They hold nothing of the path: names are qualified within the file, the run's file row adds the
module prefix. Rows are tuples because there are hundreds of thousands of them; indexes between
them are positions in the tuples of the same ``FileFacts``, -1 meaning none.

Lines count from 1, bytes from 0; a span's end is exclusive in bytes and inclusive in lines.
"""

from dataclasses import dataclass
from enum import IntFlag, StrEnum
from typing import NamedTuple

NONE = -1
#: One limit for the clone's filter, the reader and the parser (decisions 1).
FILE_BYTES_MAX = 1024 * 1024


class SymbolKind(StrEnum):
    MODULE = "module"
    CLASS = "class"
    INTERFACE = "interface"
    STRUCT = "struct"
    ENUM = "enum"
    TRAIT = "trait"
    TYPE_ALIAS = "type_alias"
    FUNCTION = "function"
    METHOD = "method"
    CONSTRUCTOR = "constructor"
    PROPERTY = "property"
    CONSTANT = "constant"
    VARIABLE = "variable"


class SymbolFlag(IntFlag):
    NONE = 0
    OVERLOAD = 1
    PROPERTY = 2
    CONDITIONAL = 4
    ASYNC = 8
    STATIC = 16
    CLASSMETHOD = 32
    ABSTRACT = 64
    EXPORTED = 128
    DEFAULT_EXPORT = 256
    GENERATOR = 512


class Visibility(StrEnum):
    PUBLIC = "public"
    PROTECTED = "protected"
    PRIVATE = "private"


class Timing(StrEnum):
    """When an import runs: as its module loads, or later, when a function is called."""

    EAGER = "eager"
    DEFERRED = "deferred"


class Erased(StrEnum):
    """Why an import does not exist at run time: by syntax, or because every use is a type."""

    NO = "no"
    SYNTAX = "syntax"
    USE = "use"


class ImportForm(StrEnum):
    IMPORT = "import"
    REEXPORT = "re-export"
    REQUIRE = "require"
    DYNAMIC = "dynamic"
    SIDE_EFFECT = "side-effect"


class Guard(StrEnum):
    NONE = "none"
    TRY = "try"
    TYPE_CHECKING = "type-checking"
    PLATFORM = "platform"


class Role(StrEnum):
    """What a reference does with the name."""

    CALL = "call"
    READ = "read"
    WRITE = "write"
    TYPE = "type"
    BASE = "base"
    DECORATOR = "decorator"
    STRING = "string"


class FlowKind(StrEnum):
    """How a value moves: the edges of a flow-insensitive assignment graph (PyCG, ICSE 2021)."""

    ASSIGN = "assign"
    PARAMETER = "parameter"
    ARGUMENT = "argument"
    RETURN = "return"
    STORE = "store"


class Symbol(NamedTuple):
    """A definition. ``ordinal`` numbers equal (qualname, kind) pairs in order of appearance.

    ``complexity`` is cyclomatic (McCabe 1976: 1 + decisions), ``cognitive`` after Campbell 2018,
    both 0 for what has no body; ``nesting`` is the deepest nesting of control flow.
    ``body_hash`` (16 hex) covers the body without its own name and comments;
    ``windows`` are winnowed hashes of the body's tokens (Schleimer et al., SIGMOD 2003).
    """

    kind: str
    name: str
    qualname: str
    ordinal: int
    parent: int
    start_byte: int
    end_byte: int
    start_line: int
    end_line: int
    signature: str
    docstring: str
    visibility: str
    flags: int
    decorators: tuple[str, ...]
    body_hash: str
    complexity: int
    cognitive: int
    nesting: int
    windows: tuple[int, ...] = ()


def is_named(symbol: Symbol, name: str) -> bool:
    """Is this what people mean by *name*: its name or qualified name (case-sensitive), or the end
    of its qualified name after a dot ('Model.save' for 'base.Model.save')?"""
    return name in (symbol.name, symbol.qualname) or symbol.qualname.endswith("." + name)


def place_in_file(symbol: Symbol) -> tuple[int, int, str, int]:
    """Sorts the symbols of a file by their start; what holds another comes before it."""
    return symbol.start_byte, -symbol.end_byte, symbol.qualname, symbol.ordinal


class Binding(NamedTuple):
    """One local name that an import statement binds (or '' for a side effect or a bare re-export).

    ``module`` is as written ('..pkg.mod', './x.js', 'react'); ``imported`` is the name taken from
    it, '*' for all of them, '' for the module itself. ``enclosing`` is the symbol whose body holds
    the statement, NONE for the module's. A statement that binds three names gives three rows with
    the same ``line`` and ``statement`` (its number within the file).
    """

    local: str
    module: str
    imported: str
    statement: int
    line: int
    end_line: int
    timing: str
    erased: str
    form: str
    guard: str
    enclosing: int


class Export(NamedTuple):
    """A name others can import. ``binding``/``symbol``: what it stands for here, NONE if unknown.

    Python: one row per ``__all__`` entry. ECMAScript: one per exported name ('default' too);
    ``export * from`` is a Binding with form re-export and imported '*', not an Export.
    """

    name: str
    local: str
    symbol: int
    binding: int


class Reference(NamedTuple):
    """A use of a name: ``chain`` is dotted ('self.x', 'os.path.join'); enclosing NONE = module
    body.

    ``binding`` or ``symbol`` says what the chain's first name stands for where that is known.
    """

    chain: str
    role: str
    binding: int
    symbol: int
    enclosing: int
    line: int
    start_byte: int


class Flow(NamedTuple):
    """``source`` flows into ``target``: dotted chains; a parameter or argument adds its place."""

    kind: str
    target: str
    source: str
    enclosing: int
    line: int


class StringFact(NamedTuple):
    """A literal that looks like a path ('path') or a dotted name ('dotted')."""

    value: str
    kind: str
    enclosing: int
    line: int


class Mark(NamedTuple):
    """A TODO-like comment: tag in {TODO, FIXME, XXX, HACK}."""

    tag: str
    text: str
    line: int


class ParseProblem(NamedTuple):
    """Where the grammar could not follow. ``kind``: 'error', 'missing', or 'limit: ' and the limit
    that the file is beyond; then there are no facts but its lines."""

    kind: str
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """Everything an extractor found in one file.

    ``lines`` counts physical lines, ``code_lines`` those with code, ``comment_lines`` those with
    only a comment. ``complexity`` is the sum over functions plus that of the module body.
    """

    language: str
    lines: int
    code_lines: int
    comment_lines: int
    docstring: str
    complexity: int
    symbols: tuple[Symbol, ...] = ()
    bindings: tuple[Binding, ...] = ()
    exports: tuple[Export, ...] = ()
    references: tuple[Reference, ...] = ()
    flows: tuple[Flow, ...] = ()
    strings: tuple[StringFact, ...] = ()
    marks: tuple[Mark, ...] = ()
    problems: tuple[ParseProblem, ...] = ()
