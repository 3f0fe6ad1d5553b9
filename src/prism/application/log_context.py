"""What every log record of a thread is about, said once: its worker, its job and attempt.

Whoever works for a job, an adapter too, logs without knowing which job that is. The handler of the
log adds these fields to each record that does not have them.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

from prism.domain.jobs import Claim

_NOTHING: Mapping[str, object] = MappingProxyType({})
_fields: ContextVar[Mapping[str, object]] = ContextVar("prism_log_fields", default=_NOTHING)


def log_fields() -> Mapping[str, object]:
    """What the records of this thread are about."""
    return _fields.get()


@contextmanager
def about_worker(worker: str) -> Iterator[None]:
    """Records are of that worker's loop."""
    with _about({"worker": worker}):
        yield


@contextmanager
def about_job(claim: Claim) -> Iterator[None]:
    """Records are of that attempt."""
    job = claim.job
    fields: dict[str, object] = {"job_id": job.id, "attempt": job.attempt}
    fields |= {"worker": job.worker, "project_id": job.project_id, "kind": job.kind}
    with _about(fields):
        yield


@contextmanager
def _about(fields: Mapping[str, object]) -> Iterator[None]:
    before = _fields.set({**_fields.get(), **fields})
    try:
        yield
    finally:
        _fields.reset(before)
