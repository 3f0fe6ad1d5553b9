"""Fault 4: a job needs more memory than it may have."""

import sys

import pytest
from tests.support.faults import FaultSite

from prism.domain.jobs import JobState


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces RLIMIT_DATA")
def test_a_job_beyond_its_memory_limit_fails_for_good_and_others_go_on(site: FaultSite) -> None:
    greedy = site.enqueue(site.project("greedy"), "eat_memory", how="in pieces")
    project = site.local_project("tool")
    good = site.enqueue(project)
    with site.worker(memory_mib=300) as worker:
        job = site.wait_for(greedy, JobState.FAILED)
        assert (job.attempt, job.failures, job.crashes) == (1, 1, 0)
        assert job.error is not None
        assert (job.error.code, job.error.exit_code) == ("out_of_memory", 5)
        assert "more than the 300 MiB" in job.error.message
        assert f"prism job retry {greedy}" in job.error.hint
        site.wait_for(good, JobState.COMPLETED)
        site.assert_one_effect(project, good, attempt=1)
        assert {event["worker"] for event in worker.events("job_claimed")} == {
            worker.events("worker_started")[0]["worker"]
        }
        assert site.scratch() == []
