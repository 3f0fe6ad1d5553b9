"""Turn whatever a handler does into an outcome: the one place that says how errors are told."""

from collections.abc import Mapping

from prism.application.log_context import about_job
from prism.application.ports.runner import JobContext, JobHandler, JobOutcome
from prism.domain.errors import Cancelled, InvalidInput
from prism.domain.jobs import JobError, out_of_memory


def unknown_kind(kind: str) -> InvalidInput:
    return InvalidInput(
        f"unknown job type {kind!r}", hint="a newer version may know it: upgrade this worker"
    )


def run_handler(handlers: Mapping[str, JobHandler], context: JobContext) -> JobOutcome:
    """Run the handler of the claim's kind. Never raises: it is the last frame of a job.

    Of an error that is not one of Prism's own only the type is told: its text may hold secrets.
    What is logged meanwhile is about this attempt.
    """
    with about_job(context.claim):
        return _run(handlers, context)


def _run(handlers: Mapping[str, JobHandler], context: JobContext) -> JobOutcome:
    claim = context.claim
    try:
        handler = handlers.get(claim.job.kind)
        if handler is None:
            raise unknown_kind(claim.job.kind)
        return handler(context)
    except Cancelled:
        return JobOutcome(cancelled=True)
    except MemoryError:
        pass  # told below, where what its frames hold is free again
    except BaseException as error:  # noqa: BLE001 - no handler may take its worker down
        return JobOutcome(error=JobError.of(error, attempt=claim.attempt))
    return JobOutcome(error=out_of_memory(claim.attempt))
