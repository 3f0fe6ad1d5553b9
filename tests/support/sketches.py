"""Repositories sketched as indented text, for tests of findings and plans.

    shop/
      __init__.py
        1 reexports shop/cart.py: Cart
      cart.py 400 lines 12 commits
        3 imports shop/stock.py: Item, Price = shop/price.py
        9 defers shop/mail.py
        4 types shop/user.py
        def total 20-60 complexity 12
        class Cart 70-390
      test_cart.py test

A line that ends in '/' is a folder, a file may say its lines, commits and that it is a test or a
note (any file without code facts). Below a file stand its imports (line, verb, target, names, each
with its home where that is another file), its definitions, and lines of text that it says ('9 says
total = price.VAT'). A definition may say what it uses. The text of a file is made to fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from prism.domain.code_graph import component_numbers
from prism.domain.facts.files import RunFile
from prism.domain.facts.runs import Edge, FileMetrics, LanguageCoverage, ResolvedImport
from prism.domain.facts.structure import Symbol
from prism.domain.findings.model import Material
from prism.domain.history import Churn
from prism.domain.metrics import FileSize, measure

_AXES = {  # timing, erased, form
    "imports": ("eager", "no", "import"),
    "defers": ("deferred", "no", "import"),
    "types": ("eager", "use", "import"),
    "reexports": ("eager", "no", "re-export"),
}
_LANGUAGES = {"py": "python", "ts": "typescript", "js": "javascript", "md": "markdown"}


@dataclass
class _File:
    path: str
    lines: int = 30
    commits: int = 0
    scope: str = "production"
    status: str = "indexed"
    text: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """The facts of a sketched repository, as an index run would have them, and its texts."""

    files: Sequence[RunFile]
    edges: Sequence[Edge]
    imports: Sequence[ResolvedImport]
    symbols: dict[str, list[Symbol]]
    metrics: Sequence[FileMetrics]
    coverage: Sequence[LanguageCoverage]
    sources: dict[str, bytes]
    has_history: bool

    def material(self) -> Material:
        """Without cuts, as before the stage that computes them."""
        return Material(
            files=self.files,
            metrics=self.metrics,
            edges=self.edges,
            symbols=self.symbols,
            coverage=self.coverage,
            has_history=self.has_history,
        )


def sketch(text: str, *, unresolved: int = 0) -> Sketch:
    """*unresolved*: imports that could not be resolved, for the coverage."""
    reader = _Reader()
    for line in text.splitlines():
        if line.strip():
            reader.read(line)
    return reader.finish(unresolved)


class _Reader:
    def __init__(self) -> None:
        self.files: dict[str, _File] = {}
        self.edges: dict[tuple[str, ...], set[int]] = {}
        self.facades: set[tuple[str, ...]] = set()
        self.imports: list[ResolvedImport] = []
        self.symbols: dict[str, list[Symbol]] = {}
        self._folders: list[tuple[int, str]] = []
        self._file = _File("")
        self._file_indent = -1

    def read(self, line: str) -> None:
        indent = len(line) - len(line.lstrip())
        words = line.split()
        if indent > self._file_indent >= 0:
            self._read_fact(words, line.strip())
            return
        self._folders = [entry for entry in self._folders if entry[0] < indent]
        folder = self._folders[-1][1] if self._folders else ""
        self._file_indent = -1
        if words[0].endswith("/"):
            self._folders.append((indent, folder + words[0]))
        else:
            self._file_indent = indent
            self._start_file(folder + words[0], words[1:])

    def _start_file(self, path: str, words: list[str]) -> None:
        file = self._file = self.files[path] = _File(path)
        for number, noun in pairwise(words):
            if noun == "lines":
                file.lines = int(number)
            if noun in ("commits", "commit"):
                file.commits = int(number)
        file.scope = "test" if "test" in words else "production"
        file.status = "listed" if "note" in words else "indexed"

    def _read_fact(self, words: list[str], line: str) -> None:
        if words[0].isdigit() and words[1] == "says":
            self._file.text[int(words[0])] = line.split(maxsplit=2)[2]
        elif words[0].isdigit():
            self._read_import(int(words[0]), words[1], line.split(maxsplit=2)[2])
        else:
            self._read_symbol(words)

    def _read_import(self, line: int, verb: str, rest: str) -> None:
        target, _, names = rest.partition(":")
        target, path = target.strip(), self._file.path
        timing, erased, form = _AXES[verb]
        axes = (path, target, "import", timing, erased, form, "none", self._file.scope)
        self.edges.setdefault(axes, set()).add(line)
        if verb == "reexports":
            self.facades.add(axes)
        module = target.rsplit(".", 1)[0].removesuffix("/__init__").replace("/", ".")
        listed = [name.strip() for name in names.split(",") if name.strip()]
        for name in listed or [""]:
            imported, _, home = (part.strip() for part in name.partition("="))
            row = len([each for each in self.imports if each.path == path])
            self.imports.append(
                ResolvedImport(
                    path, row, line, module, imported, imported or module.rsplit(".", 1)[-1],
                    "internal", target, home or target, imported, "", "",
                )
            )  # fmt: skip
        given = ", ".join(name.partition("=")[0].strip() for name in listed)
        self._file.text[line] = f"from {module} import {given}" if given else f"import {module}"

    def _read_symbol(self, words: list[str]) -> None:
        kind = "class" if words[0] == "class" else "function"
        start, _, end = words[2].partition("-")
        complexity = int(words[words.index("complexity") + 1]) if "complexity" in words else 0
        rows = self.symbols.setdefault(self._file.path, [])
        rows.append(
            Symbol(
                kind, words[1].rsplit(".", 1)[-1], words[1], 0, -1, int(start), int(end),
                int(start), int(end or start), "", "", "public", 0, (), "", complexity, 0, 0,
            )
        )  # fmt: skip
        uses = " ".join(words[words.index("uses") + 1 :]) if "uses" in words else ""
        self._file.text[int(start)] = f"{words[0]} {words[1]}: {uses}".rstrip()

    def finish(self, unresolved: int) -> Sketch:
        files = [self._run_file(self.files[path]) for path in sorted(self.files)]
        edges = [
            Edge(*axes[:8], axes in self.facades, tuple(sorted(lines)))
            for axes, lines in sorted(self.edges.items())
        ]
        indexed = [file for file in self.files.values() if file.status == "indexed"]
        commits = {file.path: Churn(file.commits, float(file.commits)) for file in indexed}
        history = any(file.commits for file in indexed)
        return Sketch(
            files=files,
            edges=edges,
            imports=sorted(self.imports, key=lambda row: (row.path, row.binding)),
            symbols=self.symbols,
            metrics=measure(
                [self._size(file) for file in indexed],
                edges,
                components=component_numbers(files, edges),
                churn=commits if history else None,
            ),
            coverage=_coverage(files, len(self.imports), unresolved),
            sources={file.path: _text(file) for file in indexed},
            has_history=history,
        )

    @staticmethod
    def _run_file(file: _File) -> RunFile:
        language = _LANGUAGES.get(file.path.rsplit(".", 1)[-1], "")
        module = file.path.rsplit(".", 1)[0].removesuffix("/__init__").replace("/", ".")
        return RunFile(
            file.path, f"blob of {file.path}", "100644", 10 * file.lines, language, file.status,
            file.scope, module, file.lines,
        )  # fmt: skip

    def _size(self, file: _File) -> FileSize:
        rows = self.symbols.get(file.path, [])
        return FileSize(
            path=file.path,
            lines=file.lines,
            code_lines=file.lines,
            complexity=sum(row.complexity for row in rows),
            functions=sum(row.kind == "function" for row in rows),
        )


def _coverage(files: Sequence[RunFile], imports: int, unresolved: int) -> list[LanguageCoverage]:
    """All imports are of the first language: sketches are of one language."""
    rows = []
    for language in sorted({file.language for file in files if file.status == "indexed"}):
        count = sum(file.language == language for file in files)
        rows.append(
            LanguageCoverage(
                language, count, count, 0, 0, imports + unresolved, imports, 0, 0, unresolved
            )
        )
        imports = unresolved = 0
    return rows


def _text(file: _File) -> bytes:
    lines = [file.text.get(line, f"# line {line}") for line in range(1, file.lines + 1)]
    return ("\n".join(lines) + "\n").encode()
