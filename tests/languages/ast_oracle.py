"""What CPython's own parser says about a Python file: the oracle for symbols and imports."""

import ast
import inspect
import warnings
from collections import Counter
from typing import NamedTuple

from prism.domain.facts.structure import FileFacts, Symbol, SymbolKind

_FUNCTIONS = {SymbolKind.FUNCTION, SymbolKind.METHOD, SymbolKind.CONSTRUCTOR}
_CLASSES = {SymbolKind.CLASS, SymbolKind.ENUM, SymbolKind.INTERFACE}


class Definition(NamedTuple):
    kind: str
    qualname: str
    start_line: int
    end_line: int
    docstring: str


class Import(NamedTuple):
    module: str
    imported: str
    local: str
    line: int


class Findings(NamedTuple):
    definitions: Counter[Definition]
    imports: Counter[Import]


def by_ast(source: bytes) -> Findings:
    """Raises SyntaxError as ``ast.parse`` does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
    definitions: Counter[Definition] = Counter()
    imports: Counter[Import] = Counter()
    stack: list[tuple[ast.AST, str]] = [(tree, "")]
    while stack:
        node, prefix = stack.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            kind = "class" if isinstance(node, ast.ClassDef) else "function"
            qualname = f"{prefix}{node.name}"
            doc = inspect.cleandoc(ast.get_docstring(node, clean=False) or "")
            end_line = node.end_lineno or 0
            definitions[Definition(kind, qualname, node.lineno, end_line, doc)] += 1
            prefix = f"{qualname}."
        elif isinstance(node, ast.Import):
            for alias in node.names:
                local = alias.asname or alias.name.partition(".")[0]
                imports[Import(alias.name, "", local, node.lineno)] += 1
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                local = "" if alias.name == "*" else alias.asname or alias.name
                imports[Import(module, alias.name, local, node.lineno)] += 1
        stack.extend((child, prefix) for child in ast.iter_child_nodes(node))
    return Findings(definitions, imports)


def _end_without_comments(lines: list[bytes], symbol: Symbol) -> int:
    """Comments at the end of a body, at its indentation, are part of it for Prism, not for ast."""
    end = symbol.end_line
    while end > symbol.start_line and (not lines[end - 1].strip() or _is_comment(lines[end - 1])):
        end -= 1
    return end


def _is_comment(line: bytes) -> bool:
    return line.lstrip().startswith(b"#")


def by_prism(source: bytes, facts: FileFacts) -> Findings:
    lines = source.split(b"\n")
    definitions: Counter[Definition] = Counter()
    for symbol in facts.symbols:
        if symbol.kind in _FUNCTIONS | _CLASSES:
            kind = "class" if symbol.kind in _CLASSES else "function"
            definitions[
                Definition(
                    kind,
                    symbol.qualname,
                    symbol.start_line,
                    _end_without_comments(lines, symbol),
                    symbol.docstring,
                )
            ] += 1
    imports = Counter(
        Import(binding.module, binding.imported, binding.local, binding.line)
        for binding in facts.bindings
        if binding.form in ("import", "re-export")
    )
    return Findings(definitions, imports)
