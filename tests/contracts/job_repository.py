"""Contract of ``JobRepository``: the same for memory, SQLite and Postgres."""

from tests.contracts.job_attempts import AttemptContract
from tests.contracts.job_backlog import BacklogContract
from tests.contracts.job_care import CareContract
from tests.contracts.job_queue import ClaimContract, EnqueueContract


class JobRepositoryContract(
    EnqueueContract, ClaimContract, AttemptContract, CareContract, BacklogContract
):
    """Subclasses give ``storage``."""
