"""A worker that takes a job and stops itself within a transaction that writes to the queue.

``python -m tests.support.frozen_worker LEASE_SECONDS``, with the environment of a real worker.
"""

import os
import signal
import sys

from sqlalchemy import update
from tests.support.index_faults import let_the_server_end_it_soon

from prism.adapters.sql.engine import writing
from prism.adapters.sql.jobs_tables import jobs
from prism.entrypoints.container import opened


def main(lease_seconds: float) -> None:
    with opened() as container:
        worker = container.claim_and_execute_job()
        claim = worker.jobs.claim(
            worker=worker.worker, host=worker.host, lease_seconds=lease_seconds
        )
        assert claim is not None
        with writing(container.database().jobs) as connection:
            connection.execute(update(jobs).where(jobs.c.id == claim.id).values(priority=1))
            let_the_server_end_it_soon(connection)
            os.kill(os.getpid(), signal.SIGSTOP)


if __name__ == "__main__":
    main(float(sys.argv[1]))
