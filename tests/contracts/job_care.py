"""Contract of ``JobRepository``, third part: dead workers, cancelling, dead letters, old jobs."""

from datetime import UTC, datetime

import pytest
from tests.contracts.job_queue import (
    BROKEN,
    LEASE,
    a_blueprint_job,
    a_claim,
    a_claim_of,
    a_project,
    an_index_job,
    next_claim,
)
from tests.support.storage import Storage

from prism.domain.errors import Conflict, NotFound
from prism.domain.jobs import Job, JobRequest, JobState, Publication, Renewal

DAY = 86_400.0


def reaped(storage: Storage) -> Job:
    """The one job whose worker just stopped renewing."""
    storage.advance(LEASE + 1)
    (job,) = storage.jobs.reap()
    return job


class CareContract:
    """Subclasses give ``storage``."""

    @pytest.fixture
    def storage(self) -> Storage:
        raise NotImplementedError

    def test_a_live_lease_is_never_reaped(self, storage: Storage) -> None:
        claim = a_claim_of(storage, a_project(storage))
        storage.advance(LEASE - 5)
        assert list(storage.jobs.reap()) == []
        assert storage.jobs.get(claim.id) == claim.job

    def test_a_crash_is_charged_to_its_own_budget(self, storage: Storage) -> None:
        claim = a_claim_of(storage, a_project(storage))
        job = reaped(storage)
        assert job == storage.jobs.get(claim.id)
        assert (job.state, job.crashes, job.failures) == (JobState.PENDING, 1, 0)
        assert (job.worker, job.lease_until, job.clone_path) == (None, None, None)
        assert job.error is not None
        assert (job.error.code, job.error.attempt) == ("worker_lost", 1)

    def test_a_reaped_job_waits_before_it_runs_again(self, storage: Storage) -> None:
        a_claim_of(storage, a_project(storage))
        reaped(storage)
        storage.advance(3.5)
        assert next_claim(storage.jobs) is None
        storage.advance(3)
        assert a_claim(storage.jobs).attempt == 2

    def test_a_job_that_kills_its_workers_ends_as_failed(self, storage: Storage) -> None:
        claim = a_claim_of(storage, a_project(storage))
        for _ in range(2):
            assert reaped(storage).state is JobState.PENDING
            storage.advance(1000)
            a_claim(storage.jobs)
        job = reaped(storage)
        assert (job.id, job.state, job.crashes) == (claim.id, JobState.FAILED, 3)
        assert job.error is not None
        assert job.error.message == "the worker died in each of 3 attempts"
        storage.advance(10_000)
        assert next_claim(storage.jobs) is None

    def test_reaping_takes_the_longest_dead_first_and_no_more_than_asked(
        self, storage: Storage
    ) -> None:
        first = a_claim_of(storage, a_project(storage, "a"))
        storage.advance(1)
        second = a_claim_of(storage, a_project(storage, "b"))
        storage.advance(LEASE + 1)
        assert [job.id for job in storage.jobs.reap(limit=1)] == [first.id]
        assert [job.id for job in storage.jobs.reap(limit=1)] == [second.id]
        assert list(storage.jobs.reap()) == []

    def test_the_job_of_a_dead_worker_is_reaped_while_its_lease_holds(
        self, storage: Storage
    ) -> None:
        dead = a_claim_of(storage, a_project(storage, "a"), worker="dead")
        alive = a_claim_of(storage, a_project(storage, "b"), worker="alive")
        (job,) = storage.jobs.reap(dead=["dead", "another"])
        assert (job.id, job.state, job.crashes) == (dead.id, JobState.PENDING, 1)
        assert job.error is not None
        assert job.error.message == "the worker died"
        assert storage.jobs.get(alive.id).state is JobState.RUNNING

    def test_a_spared_worker_keeps_its_job_although_its_lease_is_over(
        self, storage: Storage
    ) -> None:
        spared = a_claim_of(storage, a_project(storage, "a"), worker="spared")
        other = a_claim_of(storage, a_project(storage, "b"), worker="other")
        storage.advance(LEASE + 1)
        assert [job.id for job in storage.jobs.reap(spare=["spared"])] == [other.id]
        assert storage.jobs.renew(spared, lease_seconds=LEASE) is Renewal.CONTINUE

    def test_a_worker_that_runs_nothing_gives_back_what_it_does_not_know_of(
        self, storage: Storage
    ) -> None:
        project = a_project(storage, "a")
        unknown = a_claim_of(storage, project, worker="w7")
        other = a_claim_of(storage, a_project(storage, "b"), worker="w8")
        (job,) = storage.jobs.release_all(worker="w7")
        assert job == storage.jobs.get(unknown.id)
        assert (job.state, job.failures, job.crashes, job.worker) == (JobState.PENDING, 0, 0, None)
        assert storage.jobs.get(other.id).state is JobState.RUNNING
        assert a_claim(storage.jobs).attempt == 2
        assert not storage.jobs.complete(unknown, result={})
        assert list(storage.jobs.release_all(worker="w7")) == []

    def test_a_request_follows_a_cancelled_job_that_was_given_back(self, storage: Storage) -> None:
        project = a_project(storage)
        claim = a_claim_of(storage, project, worker="w7")
        storage.jobs.request_cancel(claim.id)
        an_index_job(storage, project)
        (job,) = storage.jobs.release_all(worker="w7")
        assert (job.id, job.state) == (claim.id, JobState.CANCELLED)
        assert a_claim(storage.jobs).id > claim.id

    def test_expired_attempts_are_told_and_left_alone(self, storage: Storage) -> None:
        first = a_claim_of(storage, a_project(storage, "a"))
        storage.advance(1)
        second = a_claim_of(storage, a_project(storage, "b"))
        assert list(storage.jobs.expired()) == []
        storage.advance(LEASE + 1)
        assert [job.id for job in storage.jobs.expired()] == [first.id, second.id]
        assert [job.id for job in storage.jobs.expired(limit=1)] == [first.id]
        assert storage.jobs.get(first.id) == first.job

    def test_a_request_follows_the_last_crash_too(self, storage: Storage) -> None:
        project = a_project(storage)
        a_claim_of(storage, project)
        for _ in range(2):
            reaped(storage)
            storage.advance(1000)
            a_claim(storage.jobs)
        an_index_job(storage, project)
        job = reaped(storage)
        assert (job.state, job.rerun) == (JobState.FAILED, False)
        assert a_claim(storage.jobs).id > job.id

    def test_a_request_follows_a_reaped_cancelled_job(self, storage: Storage) -> None:
        project = a_project(storage)
        claim = a_claim_of(storage, project)
        storage.jobs.request_cancel(claim.id)
        an_index_job(storage, project)
        assert reaped(storage).state is JobState.CANCELLED
        assert a_claim(storage.jobs).id > claim.id

    def test_a_request_follows_a_released_cancelled_job(self, storage: Storage) -> None:
        project = a_project(storage)
        claim = a_claim_of(storage, project)
        storage.jobs.request_cancel(claim.id)
        an_index_job(storage, project)
        assert storage.jobs.release(claim)
        assert storage.jobs.get(claim.id).state is JobState.CANCELLED
        assert a_claim(storage.jobs).id > claim.id

    def test_a_pending_job_is_cancelled_at_once(self, storage: Storage) -> None:
        job_id = an_index_job(storage, a_project(storage))
        assert storage.jobs.request_cancel(job_id) is JobState.CANCELLED
        job = storage.jobs.get(job_id)
        assert job.state is JobState.CANCELLED
        assert job.finished_at is not None
        assert next_claim(storage.jobs) is None

    def test_a_running_job_hears_of_the_cancel_with_its_heartbeat(self, storage: Storage) -> None:
        claim = a_claim_of(storage, a_project(storage))
        assert storage.jobs.request_cancel(claim.id) is JobState.RUNNING
        assert storage.jobs.renew(claim, lease_seconds=LEASE) is Renewal.CANCEL_REQUESTED
        assert storage.jobs.acknowledge_cancel(claim)
        assert storage.jobs.get(claim.id).state is JobState.CANCELLED

    def test_cancelling_a_run_forgets_the_request_that_came_before(self, storage: Storage) -> None:
        project = a_project(storage)
        claim = a_claim_of(storage, project)
        an_index_job(storage, project)
        storage.jobs.request_cancel(claim.id)
        storage.jobs.acknowledge_cancel(claim)
        assert next_claim(storage.jobs) is None

    def test_a_job_asked_to_cancel_is_not_run_again(self, storage: Storage) -> None:
        claim = a_claim_of(storage, a_project(storage))
        storage.jobs.request_cancel(claim.id)
        assert storage.jobs.fail(claim, BROKEN, retry=True) is JobState.CANCELLED

    def test_a_job_asked_to_cancel_may_still_complete(self, storage: Storage) -> None:
        claim = a_claim_of(storage, a_project(storage))
        storage.jobs.request_cancel(claim.id)
        assert storage.jobs.complete(claim, result={"run": 1})
        assert storage.jobs.get(claim.id).state is JobState.COMPLETED

    def test_an_ended_job_cannot_be_cancelled(self, storage: Storage) -> None:
        claim = a_claim_of(storage, a_project(storage))
        storage.jobs.complete(claim, result={})
        with pytest.raises(Conflict, match="completed"):
            storage.jobs.request_cancel(claim.id)

    def test_an_unknown_job_is_not_found(self, storage: Storage) -> None:
        for ask in (storage.jobs.get, storage.jobs.request_cancel, storage.jobs.retry):
            with pytest.raises(NotFound, match="4711"):
                ask(4711)

    def test_a_dead_letter_can_be_tried_again_with_fresh_budgets(self, storage: Storage) -> None:
        claim = a_claim_of(storage, a_project(storage))
        storage.jobs.fail(claim, BROKEN, retry=False)
        job = storage.jobs.retry(claim.id)
        assert job == storage.jobs.get(claim.id)
        assert (job.state, job.failures, job.crashes) == (JobState.PENDING, 0, 0)
        assert (job.attempt, job.finished_at) == (1, None)
        assert job.errors[0].message == "it broke"
        assert a_claim(storage.jobs).attempt == 2

    def test_a_cancelled_job_can_be_tried_again(self, storage: Storage) -> None:
        claim = a_claim_of(storage, a_project(storage))
        storage.jobs.request_cancel(claim.id)
        storage.jobs.acknowledge_cancel(claim)
        storage.jobs.retry(claim.id)
        again = a_claim(storage.jobs)
        assert again.id == claim.id
        assert storage.jobs.renew(again, lease_seconds=LEASE) is Renewal.CONTINUE

    def test_what_did_not_end_badly_is_not_tried_again(self, storage: Storage) -> None:
        claim = a_claim_of(storage, a_project(storage))
        with pytest.raises(Conflict):
            storage.jobs.retry(claim.id)
        storage.jobs.complete(claim, result={})
        with pytest.raises(Conflict):
            storage.jobs.retry(claim.id)

    def test_a_dead_letter_stays_while_another_does_its_work(self, storage: Storage) -> None:
        project = a_project(storage)
        claim = a_claim_of(storage, project)
        storage.jobs.fail(claim, BROKEN, retry=False)
        an_index_job(storage, project)
        with pytest.raises(Conflict):
            storage.jobs.retry(claim.id)
        assert storage.jobs.get(claim.id).state is JobState.FAILED

    def test_jobs_are_listed_newest_first(self, storage: Storage) -> None:
        one, other = a_project(storage, "one"), a_project(storage, "other")
        ids = [an_index_job(storage, one), an_index_job(storage, other)]
        ids.append(a_blueprint_job(storage, one, "g"))
        assert [job.id for job in storage.jobs.list()] == ids[::-1]
        assert [job.id for job in storage.jobs.list(limit=2)] == ids[:0:-1]
        assert [job.id for job in storage.jobs.list(project_id=one)] == [ids[2], ids[0]]
        assert [job.id for job in storage.jobs.list(project_id=4711)] == []

    def test_jobs_are_listed_by_state(self, storage: Storage) -> None:
        done = a_claim_of(storage, a_project(storage, "a"))
        storage.jobs.complete(done, result={})
        runs = a_claim_of(storage, a_project(storage, "b"))
        waits = an_index_job(storage, a_project(storage, "c"))
        running = storage.jobs.list(states=(JobState.RUNNING,))
        assert [job.id for job in running] == [runs.id]
        ended_or_waiting = storage.jobs.list(states=(JobState.COMPLETED, JobState.PENDING))
        assert [job.id for job in ended_or_waiting] == [waits, done.id]

    def test_every_state_is_counted(self, storage: Storage) -> None:
        assert storage.jobs.counts() == dict.fromkeys(JobState, 0)
        a_claim_of(storage, a_project(storage, "a"))
        an_index_job(storage, a_project(storage, "b"))
        an_index_job(storage, a_project(storage, "c"))
        counts = storage.jobs.counts()
        assert counts[JobState.PENDING] == 2
        assert counts[JobState.RUNNING] == 1
        assert sum(counts.values()) == 3

    def test_old_ended_jobs_go_and_the_newest_of_a_project_stay(self, storage: Storage) -> None:
        one, other = a_project(storage, "one"), a_project(storage, "other")
        ids = [_an_ended_job(storage, one) for _ in range(4)]
        kept = _an_ended_job(storage, other)
        storage.advance(10 * DAY)
        assert storage.jobs.prune(older_than_seconds=DAY, keep_per_project=2) == 2
        assert [job.id for job in storage.jobs.list()] == [kept, ids[3], ids[2]]
        assert storage.jobs.prune(older_than_seconds=DAY, keep_per_project=2) == 0

    def test_young_jobs_are_not_pruned(self, storage: Storage) -> None:
        _an_ended_job(storage, a_project(storage))
        storage.advance(DAY / 2)
        assert storage.jobs.prune(older_than_seconds=DAY, keep_per_project=0) == 0

    def test_jobs_that_have_not_ended_are_not_pruned(self, storage: Storage) -> None:
        a_claim_of(storage, a_project(storage, "a"))
        an_index_job(storage, a_project(storage, "b"))
        storage.advance(100 * DAY)
        assert storage.jobs.prune(older_than_seconds=DAY, keep_per_project=0) == 0

    def test_pruning_takes_the_oldest_in_batches(self, storage: Storage) -> None:
        project = a_project(storage)
        ids = [_an_ended_job(storage, project) for _ in range(5)]
        storage.advance(10 * DAY)
        assert storage.jobs.prune(older_than_seconds=DAY, keep_per_project=0, limit=3) == 3
        assert [job.id for job in storage.jobs.list()] == [ids[4], ids[3]]

    def test_ids_of_pruned_jobs_do_not_come_back(self, storage: Storage) -> None:
        project = a_project(storage)
        last = [_an_ended_job(storage, project) for _ in range(3)][-1]
        storage.advance(10 * DAY)
        storage.jobs.prune(older_than_seconds=DAY, keep_per_project=0)
        assert an_index_job(storage, project) > last

    def test_a_removed_project_keeps_no_history(self, storage: Storage) -> None:
        project = a_project(storage)
        _an_ended_job(storage, project)
        storage.projects.mark_removed(project)
        storage.advance(10 * DAY)
        assert storage.jobs.prune(older_than_seconds=DAY, keep_per_project=20) == 1

    def test_a_later_time_does_not_outlive_a_cancel(self, storage: Storage) -> None:
        project = a_project(storage)
        job_id = an_index_job(storage, project, run_at=datetime(2040, 1, 1, tzinfo=UTC))
        storage.jobs.request_cancel(job_id)
        assert storage.jobs.enqueue(JobRequest(project_id=project, kind="index")).created

    def test_a_removed_project_takes_no_job_but_its_sweep(self, storage: Storage) -> None:
        project = a_project(storage)
        storage.projects.mark_removed(project)
        with pytest.raises(NotFound):
            an_index_job(storage, project)
        storage.jobs.enqueue(JobRequest(project_id=project, kind="sweep"))
        assert a_claim(storage.jobs).job.kind == "sweep"

    def test_nothing_is_published_for_a_removed_project(self, storage: Storage) -> None:
        project = a_project(storage)
        claim = a_claim_of(storage, project)
        storage.projects.mark_removed(project)
        assert storage.jobs.complete(claim, result={}, publish=Publication(run_id=1))
        assert storage.jobs.published(project).run_id is None
        with pytest.raises(NotFound):
            storage.jobs.publish(project, Publication(run_id=1))

    def test_the_end_of_a_sweep_outlives_its_project(self, storage: Storage) -> None:
        project = a_project(storage)
        storage.projects.mark_removed(project)
        storage.jobs.enqueue(JobRequest(project_id=project, kind="sweep"))
        claim = a_claim(storage.jobs)
        storage.projects.purge(project)
        assert storage.jobs.complete(claim, result={})
        assert storage.jobs.get(claim.id).state is JobState.COMPLETED


def _an_ended_job(storage: Storage, project: int) -> int:
    claim = a_claim_of(storage, project)
    storage.jobs.complete(claim, result={})
    storage.advance(1)
    return claim.id
