"""Contract of ``JobRepository``, second part: attempts, how they end, and who may end them."""

from collections.abc import Callable
from datetime import timedelta

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

from prism.application.ports.jobs import JobRepository
from prism.domain.errors import NoSpace, NotFound
from prism.domain.jobs import (
    Claim,
    JobError,
    JobRef,
    JobState,
    Progress,
    Publication,
    Published,
    Renewal,
)


def complete(storage: Storage, claim: Claim) -> None:
    storage.jobs.complete(claim, result={})


def fail_for_good(storage: Storage, claim: Claim) -> None:
    storage.jobs.fail(claim, BROKEN, retry=False)


def cancel_and_acknowledge(storage: Storage, claim: Claim) -> None:
    storage.jobs.acknowledge_cancel(claim)


#: Every way in which a running attempt becomes a terminal job by its worker's own word.
ENDS = (complete, fail_for_good, cancel_and_acknowledge)

FULL = JobError.of(NoSpace("no space left on the device"))

#: Every method that takes a claim, and its answer when the lease is lost.
FENCED: tuple[tuple[str, Callable[[JobRepository, Claim], object], object], ...] = (
    ("renew", lambda jobs, c: jobs.renew(c, lease_seconds=LEASE), Renewal.LEASE_LOST),
    ("complete", lambda jobs, c: jobs.complete(c, result={"by": "zombie"}), False),
    ("fail", lambda jobs, c: jobs.fail(c, BROKEN, retry=True), None),
    ("fail for good", lambda jobs, c: jobs.fail(c, BROKEN, retry=False), None),
    ("release", lambda jobs, c: jobs.release(c), False),
    ("acknowledge", lambda jobs, c: jobs.acknowledge_cancel(c), False),
)
_FENCED_NAMES = [name for name, _, _ in FENCED]


def a_zombie(storage: Storage, project: int) -> tuple[Claim, Claim]:
    """A claim whose lease ran out, and the one that another worker got afterwards."""
    lost = a_claim_of(storage, project)
    storage.advance(LEASE + 1)
    storage.jobs.reap()
    storage.advance(30)
    return lost, a_claim(storage.jobs, worker="w2")


class AttemptContract:
    """Subclasses give ``storage``."""

    @pytest.fixture
    def storage(self) -> Storage:
        raise NotImplementedError

    def test_renewing_moves_the_lease_and_the_heartbeat(self, storage: Storage) -> None:
        claim = a_claim_of(storage, a_project(storage))
        storage.advance(20)
        assert storage.jobs.renew(claim, lease_seconds=LEASE) is Renewal.CONTINUE
        job = storage.jobs.get(claim.id)
        assert job.heartbeat_at is not None
        assert claim.job.heartbeat_at is not None
        assert job.heartbeat_at - claim.job.heartbeat_at >= timedelta(seconds=20)
        assert job.lease_until == job.heartbeat_at + timedelta(seconds=LEASE)

    def test_progress_and_clone_stay_when_a_renewal_names_none(self, storage: Storage) -> None:
        claim = a_claim_of(storage, a_project(storage))
        progress = Progress(stage="structure", done=3, total=9)
        storage.jobs.renew(claim, lease_seconds=LEASE, progress=progress, clone_path="/tmp/c")
        storage.jobs.renew(claim, lease_seconds=LEASE)
        job = storage.jobs.get(claim.id)
        assert job.progress == {"stage": "structure", "done": 3, "total": 9}
        assert job.clone_path == "/tmp/c"

    def test_a_renewed_lease_is_not_reaped(self, storage: Storage) -> None:
        claim = a_claim_of(storage, a_project(storage))
        storage.advance(LEASE - 5)
        storage.jobs.renew(claim, lease_seconds=LEASE)
        storage.advance(LEASE - 5)
        assert list(storage.jobs.reap()) == []
        assert storage.jobs.renew(claim, lease_seconds=LEASE) is Renewal.CONTINUE

    def test_a_completed_job_has_its_result_and_no_worker(self, storage: Storage) -> None:
        claim = a_claim_of(storage, a_project(storage))
        assert storage.jobs.complete(claim, result={"run": 7, "note": "ok"})
        job = storage.jobs.get(claim.id)
        assert (job.state, job.result) == (JobState.COMPLETED, {"run": 7, "note": "ok"})
        assert (job.worker, job.lease_until, job.error) == (None, None, None)
        assert job.finished_at is not None
        assert job.started_at is not None
        assert job.finished_at >= job.started_at

    def test_completing_again_is_a_success_and_changes_nothing(self, storage: Storage) -> None:
        project = a_project(storage)
        claim = a_claim_of(storage, project)
        storage.jobs.complete(claim, result={"run": 1}, publish=Publication(run_id=1))
        before = storage.jobs.get(claim.id)
        assert storage.jobs.complete(claim, result={"run": 2}, publish=Publication(run_id=2))
        assert storage.jobs.get(claim.id) == before
        assert storage.jobs.published(project) == Published(run_id=1)

    def test_completing_moves_the_pointers_it_names(self, storage: Storage) -> None:
        project = a_project(storage)
        assert storage.jobs.published(project) == Published()
        for publication in (Publication(run_id=4), Publication(blueprint_id=2)):
            claim = a_claim_of(storage, project)
            storage.jobs.complete(claim, result={}, publish=publication)
        assert storage.jobs.published(project) == Published(run_id=4, blueprint_id=2)

    def test_only_completing_publishes(self, storage: Storage) -> None:
        project = a_project(storage)
        storage.jobs.fail(a_claim_of(storage, project), BROKEN, retry=False)
        assert storage.jobs.published(project) == Published()

    def test_a_lost_lease_publishes_nothing(self, storage: Storage) -> None:
        project = a_project(storage)
        lost, held = a_zombie(storage, project)
        assert not storage.jobs.complete(lost, result={}, publish=Publication(run_id=1))
        assert storage.jobs.published(project) == Published()
        assert storage.jobs.complete(held, result={}, publish=Publication(run_id=2))
        assert not storage.jobs.complete(lost, result={}, publish=Publication(run_id=1))
        assert storage.jobs.published(project) == Published(run_id=2)

    def test_pointers_can_be_moved_without_a_job(self, storage: Storage) -> None:
        project = a_project(storage)
        storage.jobs.publish(project, Publication(run_id=3))
        storage.jobs.publish(project, Publication(blueprint_id=1))
        assert storage.jobs.published(project) == Published(run_id=3, blueprint_id=1)

    def test_nothing_is_published_for_an_unknown_project(self, storage: Storage) -> None:
        with pytest.raises(NotFound):
            storage.jobs.publish(4711, Publication(run_id=3))

    def test_pointers_of_projects_are_apart(self, storage: Storage) -> None:
        one, other = a_project(storage, "one"), a_project(storage, "other")
        storage.jobs.publish(one, Publication(run_id=3))
        assert storage.jobs.published(other) == Published()

    def test_a_failure_waits_and_keeps_its_error(self, storage: Storage) -> None:
        claim = a_claim_of(storage, a_project(storage))
        assert storage.jobs.fail(claim, BROKEN, retry=True) is JobState.PENDING
        job = storage.jobs.get(claim.id)
        assert (job.failures, job.crashes, job.attempt) == (1, 0, 1)
        assert (job.worker, job.lease_until, job.finished_at) == (None, None, None)
        assert job.errors == (
            JobError(code="broken", message="it broke", hint="mend it", exit_code=6, attempt=1),
        )

    @pytest.mark.parametrize(("failures", "seconds"), [(0, 5.0), (1, 15.0)])
    def test_the_wait_triples_within_a_fifth(
        self, storage: Storage, failures: int, seconds: float
    ) -> None:
        claim = a_claim_of(storage, a_project(storage))
        for _ in range(failures):
            storage.jobs.fail(claim, BROKEN, retry=True)
            storage.advance(1000)
            claim = a_claim(storage.jobs)
        storage.jobs.fail(claim, BROKEN, retry=True)
        storage.advance(seconds * 0.8 - 0.5)
        assert next_claim(storage.jobs) is None
        storage.advance(seconds * 0.4 + 0.5)
        assert next_claim(storage.jobs) is not None

    def test_the_third_failure_is_the_last(self, storage: Storage) -> None:
        claim = a_claim_of(storage, a_project(storage))
        states = [storage.jobs.fail(claim, BROKEN, retry=True)]
        for _ in range(2):
            storage.advance(1000)
            states.append(storage.jobs.fail(a_claim(storage.jobs), BROKEN, retry=True))
        assert states == [JobState.PENDING, JobState.PENDING, JobState.FAILED]
        job = storage.jobs.get(claim.id)
        assert [error.attempt for error in job.errors] == [1, 2, 3]
        assert job.finished_at is not None
        storage.advance(10_000)
        assert next_claim(storage.jobs) is None

    def test_a_full_disk_is_charged_nothing_and_waited_for_longer(self, storage: Storage) -> None:
        claim = a_claim_of(storage, a_project(storage))
        for seconds in (60.0, 180.0, 540.0, 1620.0, 3600.0):
            assert storage.jobs.fail(claim, FULL, retry=True) is JobState.PENDING
            storage.advance(seconds * 0.8 - 0.5)
            assert next_claim(storage.jobs) is None
            storage.advance(seconds * 0.4 + 0.5)
            claim = a_claim(storage.jobs)
        assert (claim.job.failures, claim.job.crashes, claim.attempt) == (0, 0, 6)
        assert [error.code for error in claim.job.errors] == ["no_space"] * 5

    def test_a_full_disk_is_the_end_where_nobody_tries_again(self, storage: Storage) -> None:
        claim = a_claim_of(storage, a_project(storage))
        assert storage.jobs.fail(claim, FULL, retry=False) is JobState.FAILED

    def test_another_failure_ends_the_row_of_full_disks(self, storage: Storage) -> None:
        claim = a_claim_of(storage, a_project(storage))
        for error in (FULL, BROKEN, FULL):
            storage.jobs.fail(claim, error, retry=True)
            storage.advance(60 * 1.2)
            claim = a_claim(storage.jobs)
        assert claim.job.failures == 1

    def test_what_trying_again_cannot_help_fails_at_once(self, storage: Storage) -> None:
        claim = a_claim_of(storage, a_project(storage))
        assert storage.jobs.fail(claim, BROKEN, retry=False) is JobState.FAILED
        assert storage.jobs.get(claim.id).failures == 1

    def test_a_released_job_is_due_at_once_and_charged_nothing(self, storage: Storage) -> None:
        claim = a_claim_of(storage, a_project(storage))
        assert storage.jobs.release(claim)
        job = storage.jobs.get(claim.id)
        assert (job.state, job.failures, job.crashes) == (JobState.PENDING, 0, 0)
        assert (job.attempt, job.errors, job.worker) == (1, (), None)
        assert a_claim(storage.jobs).attempt == 2

    def test_a_released_job_keeps_its_place(self, storage: Storage) -> None:
        project = a_project(storage)
        first = a_claim_of(storage, project)
        other = an_index_job(storage, a_project(storage, "other"))
        storage.jobs.release(first)
        assert {a_claim(storage.jobs).id, a_claim(storage.jobs).id} == {first.id, other}

    @pytest.mark.parametrize(("name", "call", "answer"), FENCED, ids=_FENCED_NAMES)
    def test_a_lost_lease_changes_nothing(
        self,
        storage: Storage,
        name: str,
        call: Callable[[JobRepository, Claim], object],
        answer: object,
    ) -> None:
        lost, held = a_zombie(storage, a_project(storage))
        assert held.id == lost.id
        before = storage.jobs.get(held.id)
        assert call(storage.jobs, lost) == answer
        assert storage.jobs.get(held.id) == before
        assert storage.jobs.complete(held, result={"by": "w2"})

    @pytest.mark.parametrize(("name", "call", "answer"), FENCED, ids=_FENCED_NAMES)
    def test_an_attempt_that_was_reaped_changes_nothing(
        self,
        storage: Storage,
        name: str,
        call: Callable[[JobRepository, Claim], object],
        answer: object,
    ) -> None:
        lost = a_claim_of(storage, a_project(storage))
        storage.advance(LEASE + 1)
        storage.jobs.reap()
        before = storage.jobs.get(lost.id)
        assert before.state is JobState.PENDING
        assert call(storage.jobs, lost) == answer
        assert storage.jobs.get(lost.id) == before

    @pytest.mark.parametrize("end", ENDS)
    @pytest.mark.parametrize(("name", "call", "answer"), FENCED, ids=_FENCED_NAMES)
    def test_an_ended_job_is_not_changed_by_its_worker(
        self,
        storage: Storage,
        name: str,
        call: Callable[[JobRepository, Claim], object],
        answer: object,
        end: Callable[[Storage, Claim], None],
    ) -> None:
        claim = a_claim_of(storage, a_project(storage))
        end(storage, claim)
        before = storage.jobs.get(claim.id)
        again = end is complete and name == "complete"
        assert call(storage.jobs, claim) == (True if again else answer)
        assert storage.jobs.get(claim.id) == before

    @pytest.mark.parametrize("end", ENDS)
    def test_a_request_during_the_run_follows_every_end(
        self, storage: Storage, end: Callable[[Storage, Claim], None]
    ) -> None:
        project = a_project(storage)
        claim = a_claim_of(storage, project)
        an_index_job(storage, project)
        end(storage, claim)
        follow_up = a_claim(storage.jobs).job
        assert follow_up.id > claim.id
        assert (follow_up.project_id, follow_up.kind) == (project, "index")
        assert (follow_up.attempt, follow_up.failures, follow_up.errors) == (1, 0, ())
        assert follow_up.dedup_key == claim.job.dedup_key
        assert not storage.jobs.get(claim.id).rerun

    def test_the_follow_up_has_the_joined_request_s_wishes(self, storage: Storage) -> None:
        project = a_project(storage)
        claim = a_claim(storage.jobs, only=an_index_job(storage, project, options={"a": 1}))
        an_index_job(storage, project, options={"b": 2}, priority=7)
        storage.jobs.complete(claim, result={})
        follow_up = a_claim(storage.jobs).job
        assert (follow_up.options, follow_up.priority) == ({"a": 1, "b": 2}, 7)

    def test_a_request_follows_the_last_failure_too(self, storage: Storage) -> None:
        project = a_project(storage)
        claim = a_claim_of(storage, project)
        for _ in range(2):
            storage.jobs.fail(claim, BROKEN, retry=True)
            storage.advance(1000)
            claim = a_claim(storage.jobs)
        an_index_job(storage, project)
        assert storage.jobs.fail(claim, BROKEN, retry=True) is JobState.FAILED
        assert a_claim(storage.jobs).id > claim.id

    def test_a_retry_serves_the_request_that_came_meanwhile(self, storage: Storage) -> None:
        project = a_project(storage)
        claim = a_claim_of(storage, project)
        an_index_job(storage, project)
        storage.jobs.fail(claim, BROKEN, retry=True)
        storage.advance(1000)
        storage.jobs.complete(a_claim(storage.jobs), result={})
        assert next_claim(storage.jobs) is None
        assert len(storage.jobs.list()) == 1

    @pytest.mark.parametrize("end", [*ENDS, lambda s, c: s.jobs.release(c)])
    def test_every_end_clears_the_clone_s_path(
        self, storage: Storage, end: Callable[[Storage, Claim], None]
    ) -> None:
        claim = a_claim_of(storage, a_project(storage))
        storage.jobs.renew(claim, lease_seconds=LEASE, clone_path="/tmp/clone")
        assert storage.jobs.get(claim.id).clone_path == "/tmp/clone"
        end(storage, claim)
        assert storage.jobs.get(claim.id).clone_path is None

    def test_running_attempts_of_a_project_are_named(self, storage: Storage) -> None:
        project = a_project(storage)
        assert list(storage.jobs.running_refs(project)) == []
        claim = a_claim_of(storage, project)
        a_claim_of(storage, a_project(storage, "other"))
        a_blueprint_job(storage, project, "waits")
        assert list(storage.jobs.running_refs(project)) == [(claim.id, 1)]
        assert claim.ref == JobRef(job_id=claim.id, attempt=1)
