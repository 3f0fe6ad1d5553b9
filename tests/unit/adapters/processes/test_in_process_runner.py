"""The runner in this process passes the contract."""

import pytest
from tests.contracts.job_runner import JobRunnerContract
from tests.support.toy_jobs import HANDLERS

from prism.adapters.processes.in_process import InProcessRunner


class TestInProcessRunner(JobRunnerContract):
    @pytest.fixture
    def runner(self) -> InProcessRunner:
        return InProcessRunner(HANDLERS)
