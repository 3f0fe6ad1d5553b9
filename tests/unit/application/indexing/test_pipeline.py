"""Order of the stages, and what a failing one does to the others."""

import errno
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
from tests.support.indexing import Bench, RecordingReporter

from prism.application.indexing.index_run import IndexRun
from prism.application.indexing.pipeline import STAGES, Stage
from prism.domain.errors import Cancelled, LeaseLost, Permanent, Refused
from prism.domain.facts.runs import StageStatus

FILES = {"pkg/__init__.py": "", "pkg/a.py": "from pkg import b\n", "pkg/b.py": "X = 1\n"}


@dataclass
class Broken:
    """Takes the place of a stage and raises."""

    name: str
    error: Exception
    version: int = 9
    needs: tuple[str, ...] = ()
    essential: bool = False

    def run(self, run: IndexRun) -> Mapping[str, int]:
        raise self.error


def broken(name: str, error: Exception) -> Sequence[Stage]:
    return [
        Broken(name, error, needs=stage.needs, essential=stage.essential)
        if stage.name == name
        else stage
        for stage in STAGES
    ]


def statuses(bench: Bench) -> dict[str, str]:
    return {stage.name: stage.status for stage in bench.run(FILES).stages}


def test_every_need_comes_earlier() -> None:
    seen: set[str] = set()
    for stage in STAGES:
        assert set(stage.needs) <= seen
        seen.add(stage.name)


def test_history_precedes_metrics() -> None:
    names = [stage.name for stage in STAGES]
    assert names.index("history") < names.index("metrics")


def test_a_healthy_run_completes_every_stage() -> None:
    run = Bench().run(FILES)
    assert run.complete
    assert {stage.status for stage in run.stages} == {StageStatus.COMPLETED}


def test_a_failing_stage_makes_the_run_incomplete_and_is_named() -> None:
    run = Bench(stages=broken("history", Permanent("git broke"))).run(FILES)
    failed = [stage for stage in run.stages if stage.status is not StageStatus.COMPLETED]
    assert not run.complete
    assert [(stage.name, stage.status, stage.error) for stage in failed] == [
        ("history", StageStatus.FAILED, "git broke")
    ]


def test_the_facts_of_the_others_stay() -> None:
    bench = Bench(stages=broken("history", RuntimeError("bang")))
    run = bench.run(FILES)
    with bench.index.read(run.project_id, run.id) as reader:
        assert [edge.target for edge in reader.edges() if edge.kind == "import"] == ["pkg/b.py"]
        assert len(reader.metrics()) == 3


def test_metrics_come_without_a_failed_history() -> None:
    bench = Bench(stages=broken("history", RuntimeError("bang")))
    run = bench.run(FILES)
    with bench.index.read(run.project_id, run.id) as reader:
        assert {row.hotspot for row in reader.metrics()} == {0}


def test_stages_that_need_a_failed_one_are_skipped() -> None:
    found = statuses(Bench(stages=broken("resolve", RuntimeError("bang"))))
    skipped = [name for name, status in found.items() if status == StageStatus.SKIPPED]
    assert skipped == ["metrics", "cuts", "findings"]
    assert found["coverage"] == StageStatus.COMPLETED


def test_a_skipped_stage_says_what_it_needed() -> None:
    run = Bench(stages=broken("structure", RuntimeError("bang"))).run(FILES)
    (resolve,) = [stage for stage in run.stages if stage.name == "resolve"]
    assert resolve.error == "needs structure"


def test_only_the_type_of_an_unexpected_error_is_stored() -> None:
    run = Bench(stages=broken("docs", ValueError("token-in-a-message"))).run(FILES)
    (docs,) = [stage for stage in run.stages if stage.name == "docs"]
    assert docs.error == "BUG: ValueError"


def test_the_log_names_type_and_place_but_not_the_text(caplog: pytest.LogCaptureFixture) -> None:
    Bench(stages=broken("docs", ValueError("token-in-a-message"))).run(FILES)
    (record,) = [r for r in caplog.records if getattr(r, "action", "") == "stage_failed"]
    assert record.__dict__["type"] == "ValueError"
    assert "token-in-a-message" not in repr(record.__dict__)


@pytest.mark.parametrize(
    "error",
    [Cancelled("stop"), LeaseLost("another worker has it"), MemoryError(),
     OSError(errno.ENOMEM, "no memory"), RuntimeError("can't start new thread")],
)  # fmt: skip
def test_what_is_not_the_stages_failure_ends_the_run(error: Exception) -> None:
    bench = Bench(stages=broken("docs", error))
    with pytest.raises(type(error)):
        bench.run(FILES)
    assert bench.index.runs(bench.project().id) == []


def test_without_a_list_of_files_there_is_no_index() -> None:
    bench = Bench(stages=broken("files", Refused("too many files")))
    with pytest.raises(Refused):
        bench.run(FILES)
    assert bench.index.runs(bench.project().id) == []


@pytest.mark.parametrize("stage", [stage.name for stage in STAGES])
def test_every_stage_hears_a_cancel(stage: str) -> None:
    bench = Bench(reporter=RecordingReporter(cancel_in=stage))
    with pytest.raises(Cancelled):
        bench.run(FILES)
    assert bench.index.runs(bench.project().id) == []


def test_progress_is_told_for_every_stage_in_order() -> None:
    bench = Bench()
    bench.run(FILES)
    told = list(dict.fromkeys(progress.stage for progress in bench.reporter.told))
    assert told == ["checkout", *[stage.name for stage in STAGES]]
