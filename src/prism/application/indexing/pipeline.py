"""The stages of an index in their order, and what happens when one of them fails."""

import logging
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from traceback import extract_tb
from typing import NamedTuple, Protocol

from prism.application.indexing.index_run import IndexRun
from prism.application.indexing.stages.coverage import CountCoverage
from prism.application.indexing.stages.cuts import CutCycles
from prism.application.indexing.stages.docs import ReadDocs
from prism.application.indexing.stages.files import ListFiles
from prism.application.indexing.stages.findings import JudgeFacts
from prism.application.indexing.stages.history import ReadHistory
from prism.application.indexing.stages.metrics import MeasureFiles
from prism.application.indexing.stages.resolve import ResolveImports
from prism.application.indexing.stages.structure import ExtractStructure
from prism.application.ports.clock import Clock
from prism.domain.errors import Cancelled, LeaseLost, PrismError
from prism.domain.facts.runs import StageReport, StageStatus
from prism.domain.jobs import JobError, lacks_memory

log = logging.getLogger(__name__)


class Stage(Protocol):
    """One step of an index. ``version`` grows with every change of what it finds in equal input;
    ``needs`` names the stages without whose facts it cannot run. ``essential``: without it there
    is no index at all, so that its failure is the job's."""

    @property
    @abstractmethod
    def name(self) -> str: ...

    @property
    @abstractmethod
    def version(self) -> int: ...

    @property
    @abstractmethod
    def needs(self) -> tuple[str, ...]: ...

    @property
    @abstractmethod
    def essential(self) -> bool: ...

    @abstractmethod
    def run(self, run: IndexRun) -> Mapping[str, int]:
        """Do it; returns counts of what was found. May raise anything: see ``run_stages``."""


STAGES: tuple[Stage, ...] = (
    ListFiles(),
    ExtractStructure(),
    ResolveImports(),
    ReadHistory(),
    MeasureFiles(),
    ReadDocs(),
    CutCycles(),
    JudgeFacts(),
    CountCoverage(),
)


def run_stages(stages: Sequence[Stage], run: IndexRun, *, clock: Clock) -> list[StageReport]:
    """Run *stages* in order; one report each.

    A stage that fails is named in its report, those that need it are skipped, and the facts of all
    others stay. Raises Cancelled and LeaseLost, whatever the store raises, what an essential stage
    raises, and a lack of memory: that is not the stage's failure.
    """
    reports: list[StageReport] = []
    for stage in stages:
        started = clock.monotonic()
        outcome = _attempt(stage, run)
        if outcome.status is not StageStatus.COMPLETED:
            run.failed.add(stage.name)
        report = StageReport(
            name=stage.name,
            version=stage.version,
            status=outcome.status,
            counts=dict(sorted(outcome.counts.items())),
            seconds=clock.monotonic() - started,
            error=outcome.error,
        )
        log.info("stage ended", extra=_fields(report))
        reports.append(report)
    return reports


class _Outcome(NamedTuple):
    status: StageStatus
    counts: Mapping[str, int]
    error: str


def _attempt(stage: Stage, run: IndexRun) -> _Outcome:
    missing = [name for name in stage.needs if name in run.failed]
    if missing:
        return _Outcome(StageStatus.SKIPPED, {}, f"needs {', '.join(missing)}")
    run.stage = stage.name
    run.tell(0)
    try:
        return _Outcome(StageStatus.COMPLETED, stage.run(run), "")
    except (Cancelled, LeaseLost):
        raise
    except Exception as error:  # what it broke is named in the run, and only there
        if run.store_failure is not None or stage.essential or lacks_memory(error):
            raise
        _log_failure(stage, error)
        return _Outcome(StageStatus.FAILED, {}, JobError.of(error).message)


def _log_failure(stage: Stage, error: Exception) -> None:
    """Of an unexpected error its type and place are told: its text may hold a secret."""
    place = extract_tb(error.__traceback__)[-1]
    log.warning(
        "stage failed",
        extra={
            "action": "stage_failed",
            "stage": stage.name,
            "type": type(error).__name__,
            "error": error.message if isinstance(error, PrismError) else "",
            "where": f"{place.filename}:{place.lineno} in {place.name}",
        },
    )


def _fields(report: StageReport) -> dict[str, object]:
    return {
        "action": "stage_ended",
        "stage": report.name,
        "status": report.status.value,
        "seconds": round(report.seconds, 3),
        **{f"count_{name}": count for name, count in report.counts.items()},
    }
