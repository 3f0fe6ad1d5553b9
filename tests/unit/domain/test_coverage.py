"""Counts of what the index could read and resolve."""

from prism.domain.coverage import language_coverage, notices
from prism.domain.facts.files import FileStatus, RunFile
from prism.domain.facts.runs import LanguageCoverage, Notice, ResolvedImport

EXTRACTED = frozenset({"python"})


def file(
    path: str, status: FileStatus = FileStatus.INDEXED, language: str = "python", problem: str = ""
) -> RunFile:
    return RunFile(path, "b", "100644", 1, language, status.value, "production", "", 1, problem)


def imported(path: str, status: str) -> ResolvedImport:
    return ResolvedImport(path, 0, 1, "m", "", "m", status, "", "", "", "", "")


def test_files_and_imports_are_counted_per_language() -> None:
    files = [
        file("a.py"),
        file("b.py"),
        file("c.py", FileStatus.FAILED, problem="deadline"),
        file("d.py", FileStatus.TOO_LARGE, problem="large"),
        file("e.py", FileStatus.VENDORED, problem="vendored"),
        file("f.py", FileStatus.LISTED, problem="left out by the settings"),
    ]
    rows = [imported("a.py", s) for s in ("internal", "stdlib", "unresolved", "external")]
    assert language_coverage(files, rows, problems={"b.py": 2}, extracted=EXTRACTED) == [
        LanguageCoverage("python", 4, 2, 1, 1, 4, 1, 1, 1, 1)
    ]


def test_code_without_an_extractor_counts_as_not_parsed() -> None:
    (row,) = language_coverage(
        [file("a.go", FileStatus.LISTED, "go")], [], problems={}, extracted=EXTRACTED
    )
    assert (row.language, row.files, row.parsed) == ("go", 1, 0)


def test_data_and_markup_are_no_code() -> None:
    files = [file("a.json", FileStatus.LISTED, "json"), file("b", FileStatus.LISTED, "")]
    assert language_coverage(files, [], problems={}, extracted=EXTRACTED) == []


def test_every_code_file_that_is_not_fully_indexed_is_noticed() -> None:
    files = [
        file("ok.py"),
        file("odd.py"),
        file("v/x.py", FileStatus.VENDORED, problem="vendored: below v/"),
        file("f.py", FileStatus.FAILED, problem="crashed: signal 11"),
        file("excluded.py", FileStatus.LISTED, problem="left out by the settings"),
    ]
    assert notices(files, problems={"odd.py": 1}, extracted=EXTRACTED) == [
        Notice("excluded.py", "listed", "left out by the settings"),
        Notice("f.py", "failed", "crashed: signal 11"),
        Notice("odd.py", "parse-problems", "the grammar could not follow 1 place"),
        Notice("v/x.py", "vendored", "vendored: below v/"),
    ]


def test_images_and_listed_files_are_no_news() -> None:
    files = [
        file("a.png", FileStatus.BINARY, "", "binary, by its name"),
        file("a.md", FileStatus.LISTED, "markdown"),
    ]
    assert notices(files, problems={}, extracted=EXTRACTED) == []


def test_links_and_submodules_are_always_told() -> None:
    files = [
        file("l", FileStatus.SYMLINK, "", "a symbolic link"),
        file("s", FileStatus.SUBMODULE, "", "a submodule"),
    ]
    assert [n.status for n in notices(files, problems={}, extracted=EXTRACTED)] == [
        "symlink",
        "submodule",
    ]
