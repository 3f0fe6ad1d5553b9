"""Fault 19: one file of a repository ends whatever parses it."""

from tests.support.crashing_source import CRASHING
from tests.support.faults import FaultSite

from prism.domain.jobs import JobState


def test_a_file_that_crashes_the_parser_costs_itself_and_no_attempt(site: FaultSite) -> None:
    project = site.local_project("tool", {"pkg/poison.py": CRASHING})
    job_id = site.enqueue(project)
    with site.worker(once=True) as worker:
        assert worker.wait() == 0
    job = site.job(job_id)
    assert (job.state, job.attempt, job.failures, job.crashes) == (JobState.COMPLETED, 1, 0, 0)
    site.assert_one_effect(project, job_id, attempt=1)
    run_id, _ = site.published_by(project)
    assert run_id is not None
    run = site.index.run(project.id, run_id)
    assert run.complete
    [notice] = run.notices
    assert (notice.path, notice.status) == ("pkg/poison.py", "failed")
    assert notice.reason == "crashed: signal 11"
    [python] = run.coverage
    assert (python.files, python.parsed, python.failed) == (4, 3, 1)
    assert "not (fully) indexed: 1 failed" in site.prism("status", "tool").expect(0).out
    site.assert_nothing_left()
