"""When there is nothing to index."""

from dataclasses import replace

import pytest
from tests.support.indexing import SCRATCH, Bench

from prism.adapters.memory.jobs import MemoryJobRepository
from prism.application.indexing.index_project import IndexRequest
from prism.application.indexing.pipeline import STAGES
from prism.application.indexing.settings import IndexSettings, same_settings
from prism.application.indexing.up_to_date import FindUpToDateRun, is_up_to_date
from prism.domain.errors import InvalidInput
from prism.domain.facts.runs import Run
from prism.domain.jobs import Publication

FILES = {"a.py": "X = 1\n"}


def test_the_same_commit_and_settings_are_up_to_date() -> None:
    run = Bench().run(FILES)
    assert is_up_to_date(run, commit=run.commit, stages=STAGES, settings=run.settings)


@pytest.mark.parametrize(
    "changed", [{"commit": "0" * 40}, {"complete": False}, {"thinned": True}, {"settings": {}}]
)
def test_whatever_would_change_facts_asks_for_a_new_index(changed: dict[str, object]) -> None:
    run = Bench().run(FILES)
    other: Run = replace(run, **changed)  # type: ignore[arg-type] # one field each
    assert not is_up_to_date(other, commit=run.commit, stages=STAGES, settings=run.settings)


def test_a_newer_stage_asks_for_a_new_index() -> None:
    run = Bench().run(FILES)
    newer = replace(run, stages=tuple(replace(s, version=s.version + 1) for s in run.stages))
    assert not is_up_to_date(newer, commit=run.commit, stages=STAGES, settings=run.settings)


def test_settings_are_compared_as_json() -> None:
    assert same_settings({"include": ["a"], "n": 1}, {"n": 1, "include": ("a",)})
    assert not same_settings({"n": 1}, {"n": 2})


def finder(bench: Bench) -> FindUpToDateRun:
    jobs = MemoryJobRepository(bench.database)
    return FindUpToDateRun(jobs=jobs, index=bench.index, parser=bench.parser)


def test_only_the_published_run_counts() -> None:
    bench = Bench()
    run = bench.run(FILES)
    find = finder(bench)
    assert find(bench.project(), run.commit) is None
    find.jobs.publish(run.project_id, Publication(run_id=run.id))
    assert find(bench.project(), run.commit) == run


def test_an_unknown_commit_is_never_up_to_date() -> None:
    bench = Bench()
    run = bench.run(FILES)
    find = finder(bench)
    find.jobs.publish(run.project_id, Publication(run_id=run.id))
    assert find(bench.project(), None) is None


@pytest.mark.parametrize("force", [False, True])
def test_a_job_works_on_an_indexed_commit_only_when_forced(force: bool) -> None:
    bench = Bench()
    first = bench.run(FILES)
    find = finder(bench)
    find.jobs.publish(first.project_id, Publication(run_id=first.id))
    use_case = replace(bench.use_case(), up_to_date=find)
    request = IndexRequest(project_id=first.project_id, scratch=SCRATCH, force=force)
    run = use_case(request, bench.reporter)
    assert (run.id == first.id) is not force


def test_other_options_of_a_job_ask_for_a_new_index() -> None:
    bench = Bench()
    first = bench.run(FILES)
    find = finder(bench)
    find.jobs.publish(first.project_id, Publication(run_id=first.id))
    use_case = replace(bench.use_case(), up_to_date=find)
    request = IndexRequest(
        project_id=first.project_id, scratch=SCRATCH, options={"store_source": False}
    )
    assert use_case(request, bench.reporter).id != first.id


@pytest.mark.parametrize(
    "options",
    [
        {"store_source": 1},
        {"history_limit": -1},
        {"history_limit": True},
        {"include": "src"},
        {"exclude": ["x" * 300]},
        {"exclude": [""]},
        {"unknown": 1},
    ],
)
def test_an_option_that_cannot_be_used_is_named(options: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match=repr(next(iter(options)))):
        IndexSettings().with_options(options)  # type: ignore[arg-type] # wrong on purpose
