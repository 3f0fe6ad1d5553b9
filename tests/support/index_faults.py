"""Index jobs to which something happens at the worst moment; all else of them is real."""

import os
import signal
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine, event
from tests.support.toy_jobs import note, wait_to_go

from prism.application.ports.runner import JobContext, JobHandler, JobOutcome
from prism.domain.jobs import Claim

#: When a server ends the transaction of a session that is stopped within it; in production it is a
#: minute.
FROZEN_SECONDS_MAX = 2

KINDS = ("late_index", "frozen_index")


def handlers(index: JobHandler) -> Mapping[str, JobHandler]:
    """By kind, around the real handler of index jobs.

    late_index: holds (``toy_jobs.wait_to_go``) when its run is finished, but not told yet.
    frozen_index: stops itself, in the first attempt, within the transaction that writes facts.
    """

    def late_index(context: JobContext) -> JobOutcome:
        outcome = index(_without_options(context))
        wait_to_go(context)
        return outcome

    def frozen_index(context: JobContext) -> JobOutcome:
        if context.claim.attempt == 1:
            _stop_within_facts(context)
        return index(_without_options(context))

    return {"late_index": late_index, "frozen_index": frozen_index}


def _without_options(context: JobContext) -> JobContext:
    """Those of a test are none of an index job's."""
    return replace(context, claim=Claim(job=replace(context.claim.job, options={})))


def _stop_within_facts(context: JobContext) -> None:
    def stop(connection: Connection, _cursor: object, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO prism_blobs"):
            event.remove(Engine, "after_cursor_execute", stop)
            let_the_server_end_it_soon(connection)
            note(context)
            os.kill(os.getpid(), signal.SIGSTOP)

    event.listen(Engine, "after_cursor_execute", stop)


def let_the_server_end_it_soon(connection: Connection) -> None:
    """Of the open transaction only; an embedded file has no server."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            f"SET LOCAL idle_in_transaction_session_timeout = '{FROZEN_SECONDS_MAX}s'"
        )
