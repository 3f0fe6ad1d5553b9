"""Contract of ``JobRepository``, fourth part: what waits, counted."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.contracts.job_queue import (
    BROKEN,
    a_blueprint_job,
    a_claim_of,
    a_project,
    an_index_job,
)
from tests.support.storage import Storage

from prism.domain.backlog import Waiting
from prism.domain.jobs import JobRequest


class BacklogContract:
    """Subclasses give ``storage``."""

    @pytest.fixture
    def storage(self) -> Storage:
        raise NotImplementedError

    def test_an_empty_queue_has_no_backlog(self, storage: Storage) -> None:
        backlog = storage.jobs.backlog()
        assert list(backlog.waiting) == []
        assert (backlog.due, backlog.blocked, backlog.oldest_due_seconds) == (0, 0, 0.0)

    def test_waiting_jobs_are_counted_by_kind_and_host(self, storage: Storage) -> None:
        one, two = a_project(storage, "one"), a_project(storage, "two")
        an_index_job(storage, one)
        an_index_job(storage, two, host="there")
        a_blueprint_job(storage, one, "a")
        a_blueprint_job(storage, one, "b")
        waiting = storage.jobs.backlog().waiting
        assert [(w.kind, w.host, w.jobs, w.due) for w in waiting] == [
            ("blueprint", None, 2, 2),
            ("index", None, 1, 1),
            ("index", "there", 1, 1),
        ]

    def test_the_age_is_that_of_the_job_that_has_been_due_longest(self, storage: Storage) -> None:
        oldest = storage.jobs.get(an_index_job(storage, a_project(storage, "a")))
        storage.advance(40)
        an_index_job(storage, a_project(storage, "b"))
        storage.advance(2)
        backlog = storage.jobs.backlog()
        assert 42 <= backlog.oldest_due_seconds < 60
        assert [w.due_since for w in backlog.waiting] == [oldest.created_at]
        assert backlog.at.utcoffset() == timedelta()

    def test_a_job_whose_time_has_not_come_is_not_due(self, storage: Storage) -> None:
        an_index_job(storage, a_project(storage), run_at=datetime(2040, 1, 1, tzinfo=UTC))
        assert list(storage.jobs.backlog().waiting) == [
            Waiting(kind="index", host=None, jobs=1, due=0, blocked=0, due_since=None)
        ]
        assert storage.jobs.backlog().oldest_due_seconds == 0.0

    def test_a_job_counts_as_due_from_its_creation_at_the_earliest(self, storage: Storage) -> None:
        long_ago = datetime(2001, 1, 1, tzinfo=UTC)
        an_index_job(storage, a_project(storage), run_at=long_ago)
        storage.advance(5)
        assert 5 <= storage.jobs.backlog().oldest_due_seconds < 60

    def test_a_failed_attempt_is_due_again_after_its_backoff(self, storage: Storage) -> None:
        storage.jobs.fail(a_claim_of(storage, a_project(storage)), BROKEN, retry=True)
        assert storage.jobs.backlog().due == 0
        storage.advance(30)
        backlog = storage.jobs.backlog()
        assert backlog.due == 1
        assert 20 <= backlog.oldest_due_seconds < 30

    def test_jobs_behind_a_running_one_of_their_project_are_blocked(self, storage: Storage) -> None:
        busy, other = a_project(storage, "busy"), a_project(storage, "other")
        a_claim_of(storage, busy)
        a_blueprint_job(storage, busy, "a")
        a_blueprint_job(storage, other, "b")
        backlog = storage.jobs.backlog()
        assert (backlog.due, backlog.blocked) == (2, 1)

    def test_running_and_ended_jobs_wait_for_nothing(self, storage: Storage) -> None:
        storage.jobs.complete(a_claim_of(storage, a_project(storage, "a")), result={})
        a_claim_of(storage, a_project(storage, "b"))
        assert list(storage.jobs.backlog().waiting) == []

    def test_a_kind_that_nobody_knows_is_counted_too(self, storage: Storage) -> None:
        storage.jobs.enqueue(JobRequest(project_id=a_project(storage), kind="dance"))
        assert [w.kind for w in storage.jobs.backlog().waiting] == ["dance"]
