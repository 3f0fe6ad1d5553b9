"""How much of the code an index could read and resolve, and which files it could not."""

from collections.abc import Collection, Mapping, Sequence

from prism.domain.facts.files import FileStatus, RunFile
from prism.domain.facts.runs import LanguageCoverage, Notice, Resolution, ResolvedImport

PARSE_PROBLEMS = "parse-problems"

#: Without an extractor these count as code that was not read; data and markup are no code.
_PROGRAMMING = frozenset({
    "ada", "applescript", "assembly", "astro", "batch", "c", "c-sharp", "clojure", "cobol",
    "coffeescript", "common-lisp", "coq", "cpp", "crystal", "cuda", "cython", "d", "dart", "elixir",
    "elm", "emacs-lisp", "erlang", "f-sharp", "fish", "fortran", "glsl", "go", "groovy", "haskell",
    "java", "javascript", "julia", "kotlin", "lua", "matlab", "nim", "objective-c", "ocaml",
    "pascal", "perl", "php", "powershell", "prolog", "python", "r", "racket", "ruby", "rust",
    "scala", "scheme", "shell", "solidity", "svelte", "swift", "tcl", "tsx", "typescript", "v",
    "verilog", "vhdl", "viml", "visual-basic", "vue", "zig",
})  # fmt: skip
#: Code that a limit or a fault kept out, against code that was left out on purpose.
_MISSED = frozenset({FileStatus.FAILED, FileStatus.TOO_LARGE, FileStatus.BAD_NAME})
_ALWAYS_NOTICED = frozenset({
    FileStatus.FAILED, FileStatus.BAD_NAME, FileStatus.SYMLINK, FileStatus.SUBMODULE,
})  # fmt: skip


def language_coverage(
    files: Sequence[RunFile],
    imports: Sequence[ResolvedImport],
    *,
    problems: Mapping[str, int],
    extracted: Collection[str],
) -> list[LanguageCoverage]:
    """One row per language that has code files, by name.

    ``files`` counts the code that should be in the index: what was parsed, what failed or broke a
    limit, and what no extractor exists for (*extracted* are the languages that have one). Vendored,
    generated, minified and binary files, and what the settings exclude, are left out on purpose and
    only noticed. *problems* maps a path to its number of parse problems.
    """
    code = [file for file in files if file.language in extracted or _is_unread_code(file)]
    by_path = {file.path: file.language for file in code}
    statuses: dict[str, dict[str, int]] = {}
    for row in imports:
        counted = statuses.setdefault(by_path.get(row.path, ""), {})
        counted[row.status] = counted.get(row.status, 0) + 1
    rows = []
    for language in sorted({file.language for file in code}):
        mine = [file for file in code if file.language == language]
        parsed = [file for file in mine if file.status == FileStatus.INDEXED]
        missed = [file for file in mine if file.status in _MISSED]
        listed = [] if language in extracted else mine
        found = statuses.get(language, {})
        if parsed or missed or listed:
            rows.append(
                LanguageCoverage(
                    language=language,
                    files=len(parsed) + len(missed) + len(listed),
                    parsed=len(parsed),
                    with_problems=sum(1 for file in parsed if problems.get(file.path)),
                    failed=sum(1 for file in missed if file.status == FileStatus.FAILED),
                    imports=sum(found.values()),
                    internal=found.get(Resolution.INTERNAL, 0),
                    external=found.get(Resolution.EXTERNAL, 0),
                    stdlib=found.get(Resolution.STDLIB, 0),
                    unresolved=found.get(Resolution.UNRESOLVED, 0),
                )
            )
    return rows


def _is_unread_code(file: RunFile) -> bool:
    return file.status == FileStatus.LISTED and file.language in _PROGRAMMING


#: A file that should have facts and has none, or not all: by a limit, a fault or its own text.
_LOST = frozenset({FileStatus.FAILED, FileStatus.TOO_LARGE, FileStatus.BAD_NAME, PARSE_PROBLEMS})


def lost_files(found: Sequence[Notice]) -> list[Notice]:
    """Those of the notices that ``--strict`` counts: what was left out on purpose (vendored,
    generated, minified, links, submodules) is not lost."""
    return [notice for notice in found if notice.status in _LOST]


def notices(
    files: Sequence[RunFile], *, problems: Mapping[str, int], extracted: Collection[str]
) -> list[Notice]:
    """Every code file that is not (fully) in the index, and whatever could not even be told, by
    path. An image or a data file is no news."""
    found = []
    for file in files:
        if file.status == FileStatus.INDEXED:
            count = problems.get(file.path, 0)
            if count:
                places = "1 place" if count == 1 else f"{count} places"
                reason = f"the grammar could not follow {places}"
                found.append(Notice(file.path, PARSE_PROBLEMS, reason))
        elif file.status in _ALWAYS_NOTICED or (file.language in extracted and file.problem):
            found.append(Notice(file.path, file.status, file.problem))
    return sorted(found)
