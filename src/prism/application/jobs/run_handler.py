"""Turn whatever a handler does into an outcome: the one place that says how errors are told."""

from collections.abc import Mapping

from prism.application.ports.runner import JobContext, JobHandler, JobOutcome
from prism.domain.errors import Cancelled, InvalidInput
from prism.domain.jobs import JobError


def unknown_kind(kind: str) -> InvalidInput:
    return InvalidInput(
        f"unknown job type {kind!r}", hint="a newer version may know it: upgrade this worker"
    )


def run_handler(handlers: Mapping[str, JobHandler], context: JobContext) -> JobOutcome:
    """Run the handler of the claim's kind. Never raises: it is the last frame of a job.

    Of an error that is not one of Prism's own only the type is told: its text may hold secrets.
    """
    claim = context.claim
    try:
        handler = handlers.get(claim.job.kind)
        if handler is None:
            raise unknown_kind(claim.job.kind)
        return handler(context)
    except Cancelled:
        return JobOutcome(cancelled=True)
    except BaseException as error:  # noqa: BLE001 - no handler may take its worker down
        return JobOutcome(error=JobError.of(error, attempt=claim.attempt))
