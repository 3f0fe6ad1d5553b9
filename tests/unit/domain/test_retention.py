"""Which runs of a project are kept in full."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from prism.domain.facts.retention import kept_runs
from prism.domain.facts.runs import Run, RunState


def run(run_id: int, state: RunState = RunState.FINISHED) -> Run:
    return Run(
        project_id=1,
        id=run_id,
        commit="c" * 40,
        algorithm="sha1",
        state=state,
        complete=True,
        stages=(),
        coverage=(),
        notices=(),
        cuts=(),
        settings={},
        job=None,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        finished_at=None,
    )


def test_the_newest_three_are_kept() -> None:
    assert kept_runs([run(n) for n in (4, 1, 3, 2, 5)], published=None, named=[]) == (3, 4, 5)


def test_the_published_run_is_kept_however_old() -> None:
    assert kept_runs([run(n) for n in range(1, 8)], published=2, named=[]) == (2, 5, 6, 7)


def test_runs_that_blueprints_name_are_kept() -> None:
    assert kept_runs([run(n) for n in range(1, 8)], published=7, named=[1, 1, 3], last=1) == (
        1,
        3,
        7,
    )


def test_unfinished_runs_do_not_count() -> None:
    runs = [run(1), run(2), run(3, RunState.BUILDING)]
    assert kept_runs(runs, published=None, named=[], last=2) == (1, 2)


@given(st.sets(st.integers(1, 50)), st.none() | st.integers(1, 50), st.lists(st.integers(1, 50)))
def test_nothing_needed_is_ever_dropped(
    ids: set[int], published: int | None, named: list[int]
) -> None:
    keep = kept_runs([run(n) for n in ids], published=published, named=named)
    assert set(named) <= set(keep)
    assert published is None or published in keep
    assert set(sorted(ids)[-3:]) <= set(keep)
    assert list(keep) == sorted(set(keep))
