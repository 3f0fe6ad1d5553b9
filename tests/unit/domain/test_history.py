"""Churn, renames and co-change from commits."""

import pytest

from prism.domain.facts.runs import Change, CoChange, Commit
from prism.domain.history import (
    COCHANGE_FILES_MAX,
    COCHANGE_SUPPORT_MIN,
    HALF_LIFE_SECONDS,
    Churn,
    file_history,
)

NOW = 1_700_000_000


def commit(*paths: str, age: int = 0, flags: tuple[str, ...] = ()) -> Commit:
    changes = tuple(Change("M", path, "", "b", "a") for path in paths)
    return Commit("0" * 40, NOW - age, "Ada", "Change", flags, changes)


def renaming(old: str, new: str, *, age: int = 0) -> Commit:
    return Commit("1" * 40, NOW - age, "Ada", "Move", (), (Change("R", new, old, "b", "b"),))


def test_churn_counts_commits_and_halves_with_a_year() -> None:
    commits = [commit("a"), commit("a", age=HALF_LIFE_SECONDS)]
    assert file_history(commits, {"a"}).churn == {"a": Churn(2, 1.5)}


def test_files_that_are_gone_do_not_count() -> None:
    assert file_history([commit("gone", "a")], {"a"}).churn == {"a": Churn(1, 1.0)}


def test_merges_change_nothing_of_their_own() -> None:
    history = file_history([commit("a", flags=("merge",)), commit("a")], {"a"})
    assert (history.churn["a"].commits, history.changing) == (1, 1)


def test_changes_before_a_rename_count_for_the_present_path() -> None:
    commits = [commit("new"), renaming("middle", "new"), renaming("old", "middle"), commit("old")]
    assert file_history(commits, {"new"}).churn["new"].commits == 4


def test_a_path_that_was_taken_over_is_another_file_before() -> None:
    commits = [
        Commit("1", NOW, "Ada", "x", (), (Change("A", "a", "", "b", ""),)),
        renaming("a", "b"),
        commit("a"),
    ]
    churn = file_history(commits, {"a", "b"}).churn
    assert (churn["a"].commits, churn["b"].commits) == (1, 2)


def test_cochange_needs_support() -> None:
    commits = [commit("a", "b")] * COCHANGE_SUPPORT_MIN + [commit("a", "c")]
    found = file_history(commits, {"a", "b", "c"}).cochanges
    assert found == [CoChange("a", "b", COCHANGE_SUPPORT_MIN)]


def test_a_large_commit_says_nothing_of_cochange() -> None:
    paths = [f"f{number:02}" for number in range(COCHANGE_FILES_MAX + 1)]
    assert file_history([commit(*paths)] * 3, frozenset(paths)).cochanges == []
    assert file_history([commit(*paths[:-1])] * 3, frozenset(paths)).cochanges != []


@pytest.mark.parametrize("time", [0, 2**63, -(2**40)])
def test_absurd_times_are_clamped(time: int) -> None:
    odd = commit("a")._replace(time=time)
    recency = file_history([commit("a"), odd], {"a"}).churn["a"].recency
    assert 1.0 <= recency <= 2.0


def test_one_changing_commit_tells_files_not_apart() -> None:
    assert not file_history([commit("a")], {"a"}).tells
    assert file_history([commit("a"), commit("a")], {"a"}).tells


def test_no_commits_give_an_empty_history() -> None:
    assert file_history([], {"a"}) == (0, {}, [])
