"""Rule hotspot: positive, negative and boundary cases."""

import pytest
from tests.support.sketches import sketch

from prism.domain.findings.hotspot import check
from prism.domain.findings.model import Finding


def found(text: str) -> list[Finding]:
    return check(sketch(text).material())


BUSY = """
busy.py 500 lines 20 commits
  def settle 10-90 complexity 31
  def close 100-120 complexity 4
calm.py 900 lines 1 commit
short.py 20 lines 10 commits
"""


def test_the_file_that_is_long_and_changes_often_comes_first() -> None:
    assert [finding.anchor for finding in found(BUSY)] == ["busy.py"]


def test_the_rank_by_lines_alone_stands_beside_it() -> None:
    figures = found(BUSY)[0].figures
    assert (figures["rank"], figures["rank_by_lines_alone"]) == (1, 2)
    assert "2 by lines alone" in found(BUSY)[0].confidence_reason


def test_the_evidence_is_its_most_complex_function() -> None:
    first = found(BUSY)[0].evidence[0]
    assert (first.line, first.end_line) == (10, 90)
    assert "complexity 31" in first.note


def test_without_history_nothing_is_concluded() -> None:
    assert found("a.py 900 lines\nb.py 20 lines") == []


@pytest.mark.parametrize(("commits", "count"), [(2, 0), (3, 1)])
def test_fewer_than_three_commits_say_little(commits: int, count: int) -> None:
    assert len(found(f"a.py 900 lines {commits} commits\nb.py 20 lines 1 commit")) == count


@pytest.mark.parametrize(("lines", "count"), [(99, 0), (100, 1)])
def test_a_short_file_is_no_hotspot(lines: int, count: int) -> None:
    assert len(found(f"a.py {lines} lines 9 commits\nb.py 20 lines 1 commit")) == count


def test_test_files_are_left_out() -> None:
    assert found("test_a.py 900 lines 50 commits test\nb.py 20 lines 1 commit") == []


def test_a_tenth_of_the_files_and_ten_at_most_are_hotspots() -> None:
    few = "\n".join(f"f{n:03}.py {500 - n} lines 9 commits" for n in range(30))
    many = "\n".join(f"f{n:03}.py {500 - n} lines 9 commits" for n in range(300))
    assert (len(found(few)), len(found(many))) == (3, 10)
