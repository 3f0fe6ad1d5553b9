"""What runs in a job: each kind's use case behind the one shape that runners know."""

import logging
from collections.abc import Callable, Mapping

from prism.application.blueprints.generate_blueprint import GenerateBlueprint, GenerateRequest
from prism.application.indexing.index_project import IndexProject, IndexRequest
from prism.application.jobs.sweep_project import SweepProject
from prism.application.jobs.sweep_runs import SweepRuns
from prism.application.ports.runner import JobContext, JobHandler, JobOutcome
from prism.domain.blueprints.model import BlueprintRequest
from prism.domain.errors import InvalidInput, PrismError
from prism.domain.facts.runs import StageStatus
from prism.domain.jobs import JobKind, Progress, Publication
from prism.domain.values import Json, JsonObject

log = logging.getLogger(__name__)

#: Option of an index job: work although nothing has changed.
FORCE = "force"
_BLUEPRINT_OPTIONS = frozenset({"goal", "focus"})


def job_handlers(
    *,
    index_project: Callable[[], IndexProject],
    generate_blueprint: Callable[[], GenerateBlueprint],
    sweep_project: Callable[[], SweepProject],
    sweep_runs: Callable[[], SweepRuns],
) -> Mapping[str, JobHandler]:
    """The handlers by kind. Each use case is made when its kind runs: a job pays for one only."""
    return {
        JobKind.INDEX: index_handler(index_project, sweep_runs),
        JobKind.BLUEPRINT: blueprint_handler(generate_blueprint),
        JobKind.SWEEP: sweep_handler(sweep_project),
    }


def index_handler(
    index_project: Callable[[], IndexProject], sweep_runs: Callable[[], SweepRuns]
) -> JobHandler:
    """Index, then sweep what the new run makes superfluous. An incomplete run is published too:
    what could be read is worth more than what was there before, and the result says so."""

    def handle(context: JobContext) -> JobOutcome:
        job = context.claim.job
        request = IndexRequest(
            project_id=job.project_id,
            scratch=context.scratch,
            job=context.claim.ref,
            token=context.token,
            options={name: value for name, value in job.options.items() if name != FORCE},
            force=job.options.get(FORCE) is True,
        )
        run = index_project()(request, context.reporter)
        context.reporter.progress(Progress(stage="sweep"))
        _sweep_runs(sweep_runs, job.project_id)
        failed = [s.name for s in run.stages if s.status is not StageStatus.COMPLETED]
        return JobOutcome(
            result={
                "run_id": run.id,
                "commit": run.commit,
                "complete": run.complete,
                "failed_stages": failed,
            },
            publish=Publication(run_id=run.id),
        )

    return handle


def blueprint_handler(generate_blueprint: Callable[[], GenerateBlueprint]) -> JobHandler:
    def handle(context: JobContext) -> JobOutcome:
        job = context.claim.job
        request = GenerateRequest(
            project_id=job.project_id,
            request=blueprint_request(job.options),
            job=context.claim.ref,
        )
        context.reporter.progress(Progress(stage="blueprint"))
        blueprint_id = generate_blueprint()(request)
        return JobOutcome(
            result={"blueprint_id": blueprint_id},
            publish=Publication(blueprint_id=blueprint_id),
        )

    return handle


def sweep_handler(sweep_project: Callable[[], SweepProject]) -> JobHandler:
    def handle(context: JobContext) -> JobOutcome:
        context.reporter.progress(Progress(stage="sweep"))
        sweep_project()(context.claim.job.project_id)
        return JobOutcome(result={})

    return handle


def blueprint_request(options: JsonObject) -> BlueprintRequest:
    """What a blueprint job's options ask for. Raises InvalidInput naming the option."""
    unknown = sorted(set(options) - _BLUEPRINT_OPTIONS)
    if unknown:
        raise _unusable(unknown[0])
    goal: Json = options.get("goal", "")
    focus: Json = options.get("focus", [])
    if not isinstance(goal, str):
        raise _unusable("goal")
    if not isinstance(focus, list | tuple) or not all(isinstance(path, str) for path in focus):
        raise _unusable("focus")
    return BlueprintRequest(goal=goal, focus=tuple(str(path) for path in focus))


def _unusable(option: str) -> InvalidInput:
    return InvalidInput(
        f"option {option!r} of a blueprint job cannot be used",
        hint="goal is a text, focus a list of paths",
    )


def _sweep_runs(sweep_runs: Callable[[], SweepRuns], project_id: int) -> None:
    """What cannot be swept now is left to the next job: the finished run counts for more."""
    try:
        swept = sweep_runs()(project_id)
    except PrismError as error:
        fields = {"action": "sweep_failed", "project_id": project_id, "code": error.code}
        log.warning("old runs left", extra=fields)
    else:
        if swept:
            log.info("old runs swept", extra={"action": "runs_swept", "runs": swept})
