"""Patterns as gitattributes(5) has them."""

import pytest

from prism.domain.globs import PATTERN_LENGTH_MAX, Glob


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("*.py", "a.py", True),
        ("*.py", "deep/er/a.py", True),
        ("*.py", "a.pyc", False),
        ("a.py", "deep/a.py", True),
        ("/a.py", "deep/a.py", False),
        ("/a.py", "a.py", True),
        ("src/*.py", "src/a.py", True),
        ("src/*.py", "src/deep/a.py", False),
        ("src/**", "src/deep/a.py", True),
        ("src/**", "src", False),
        ("**/gen/*.ts", "gen/a.ts", True),
        ("**/gen/*.ts", "x/y/gen/a.ts", True),
        ("**/gen/*.ts", "x/y/gen/z/a.ts", False),
        ("a/**/z.py", "a/z.py", True),
        ("a/**/z.py", "a/b/c/z.py", True),
        ("a/**/z.py", "b/z.py", False),
        ("a/**/b/**/c", "a/x/b/b/y/c", True),
        ("[ab].py", "a.py", True),
        ("[!ab].py", "a.py", False),
        ("?.py", "ab.py", False),
        (r"\*.py", "a.py", False),
        (r"\*.py", "*.py", True),
        ("docs", "docs/a.md", False),
    ],
)
def test_a_pattern_matches_as_git_says(pattern: str, path: str, expected: bool) -> None:
    glob = Glob.of(pattern)
    assert glob is not None
    assert glob.matches(path) is expected


@pytest.mark.parametrize("pattern", ["", "dir/", "x" * (PATTERN_LENGTH_MAX + 1)])
def test_what_matches_no_file_is_no_pattern(pattern: str) -> None:
    assert Glob.of(pattern) is None


def test_a_base_directory_confines_a_pattern() -> None:
    glob = Glob.of("*.js", "web/app")
    assert glob is not None
    assert [glob.matches(p) for p in ("web/app/x/a.js", "web/a.js", "a.js")] == [True, False, False]


def test_a_directory_covers_what_lies_below() -> None:
    glob = Glob.of("build")
    assert glob is not None
    assert [glob.matches_or_holds(p) for p in ("a/build/x/y.py", "build.py")] == [True, False]


def test_many_stars_do_not_take_exponential_time() -> None:
    glob = Glob.of("*a" * 60 + "b/" + "**/*/" * 20 + "z")
    assert glob is not None
    assert not glob.matches("a" * 200 + "/" + "y/" * 60 + "x")
