"""Contract of ``JobRepository``, first part: what is stored, and who gets it next."""

import itertools
import threading
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.storage import Storage

from prism.application.ports.jobs import JobRepository
from prism.domain.errors import NotFound
from prism.domain.jobs import Claim, JobError, JobKind, JobRequest, JobState, Progress
from prism.domain.projects import Source

HOST = "here"
LEASE = 60.0
BROKEN = JobError(code="broken", message="it broke", hint="mend it", exit_code=6)


def a_project(storage: Storage, name: str = "shop") -> int:
    source = Source.remote(f"https://example.org/{name}.git")
    return storage.projects.add(name=name, source=source).id


def an_index_job(storage: Storage, project: int, **fields: object) -> int:
    request = JobRequest(project_id=project, kind=JobKind.INDEX, **fields)  # type: ignore[arg-type]
    return storage.jobs.enqueue(request).job_id


def a_blueprint_job(storage: Storage, project: int, goal: str, **fields: object) -> int:
    """Requests with different goals are different jobs of the same project."""
    request = JobRequest(
        project_id=project,
        kind=JobKind.BLUEPRINT,
        options={"goal": goal},
        **fields,  # type: ignore[arg-type]
    )
    return storage.jobs.enqueue(request).job_id


def next_claim(jobs: JobRepository, *, worker: str = "w1", only: int | None = None) -> Claim | None:
    return jobs.claim(worker=worker, host=HOST, lease_seconds=LEASE, only=only)


def a_claim(jobs: JobRepository, *, worker: str = "w1", only: int | None = None) -> Claim:
    claim = next_claim(jobs, worker=worker, only=only)
    assert claim is not None, "nothing was due"
    return claim


class EnqueueContract:
    """Subclasses give ``storage``."""

    @pytest.fixture
    def storage(self) -> Storage:
        raise NotImplementedError

    def test_a_new_job_is_pending_with_fresh_budgets(self, storage: Storage) -> None:
        project = a_project(storage)
        request = JobRequest(
            project_id=project, kind="index", options={"ref": "main"}, priority=3, host=HOST
        )
        enqueued = storage.jobs.enqueue(request)
        job = storage.jobs.get(enqueued.job_id)
        assert enqueued.created
        assert (job.project_id, job.kind, job.state) == (project, "index", JobState.PENDING)
        assert (job.options, job.priority, job.host) == ({"ref": "main"}, 3, HOST)
        assert (job.attempt, job.failures, job.crashes) == (0, 0, 0)
        assert (job.failures_max, job.crashes_max) == (3, 3)
        assert (job.errors, job.result, job.progress, job.clone_path) == ((), None, None, None)
        assert job.created_at.utcoffset() == timedelta()
        assert job.run_at == job.created_at

    def test_what_is_stored_comes_back_as_it_was(self, storage: Storage) -> None:
        options = {"goal": "höher 🎯", "focus": ["a/b.py", "c"], "deep": {"n": 1.5, "none": None}}
        request = JobRequest(project_id=a_project(storage), kind="blueprint", options=options)
        job_id = storage.jobs.enqueue(request).job_id
        assert storage.jobs.get(job_id).options == options
        assert a_claim(storage.jobs).job.options == options

    def test_a_given_time_comes_back_exactly_and_in_utc(self, storage: Storage) -> None:
        moment = datetime(2031, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
        job = storage.jobs.get(an_index_job(storage, a_project(storage), run_at=moment))
        assert job.run_at == moment
        assert job.run_at.utcoffset() == timedelta()

    def test_an_unknown_project_is_refused(self, storage: Storage) -> None:
        with pytest.raises(NotFound):
            an_index_job(storage, 4711)
        assert list(storage.jobs.list()) == []

    def test_a_second_request_joins_the_pending_one(self, storage: Storage) -> None:
        project = a_project(storage)
        first = storage.jobs.enqueue(
            JobRequest(project_id=project, kind="index", options={"a": 1, "b": 1}, priority=1)
        )
        second = storage.jobs.enqueue(
            JobRequest(project_id=project, kind="index", options={"b": 2, "c": 2}, priority=5)
        )
        assert (second.job_id, second.created) == (first.job_id, False)
        job = storage.jobs.get(first.job_id)
        assert job.options == {"a": 1, "b": 2, "c": 2}
        assert job.priority == 5
        assert not job.rerun
        assert len(storage.jobs.list()) == 1

    def test_joining_never_lowers_the_priority(self, storage: Storage) -> None:
        project = a_project(storage)
        job_id = an_index_job(storage, project, priority=5)
        an_index_job(storage, project, priority=1)
        assert storage.jobs.get(job_id).priority == 5

    def test_joining_brings_a_later_job_forward(self, storage: Storage) -> None:
        project = a_project(storage)
        job_id = an_index_job(storage, project, run_at=datetime(2040, 1, 1, tzinfo=UTC))
        assert next_claim(storage.jobs) is None
        an_index_job(storage, project)
        assert a_claim(storage.jobs).id == job_id

    def test_joining_does_not_put_a_due_job_off(self, storage: Storage) -> None:
        project = a_project(storage)
        job_id = an_index_job(storage, project)
        an_index_job(storage, project, run_at=datetime(2040, 1, 1, tzinfo=UTC))
        assert a_claim(storage.jobs).id == job_id

    def test_a_request_ends_the_backoff_of_a_waiting_job(self, storage: Storage) -> None:
        project = a_project(storage)
        job_id = an_index_job(storage, project)
        storage.jobs.fail(a_claim(storage.jobs), BROKEN, retry=True)
        assert next_claim(storage.jobs) is None
        an_index_job(storage, project)
        assert a_claim(storage.jobs).id == job_id

    def test_a_request_during_a_run_is_kept_for_afterwards(self, storage: Storage) -> None:
        project = a_project(storage)
        job_id = an_index_job(storage, project)
        a_claim(storage.jobs)
        joined = storage.jobs.enqueue(
            JobRequest(project_id=project, kind="index", options={"ref": "v2"}, priority=4)
        )
        job = storage.jobs.get(job_id)
        assert (joined.job_id, joined.created) == (job_id, False)
        assert (job.state, job.rerun) == (JobState.RUNNING, True)
        assert (job.options, job.priority) == ({"ref": "v2"}, 4)

    def test_different_blueprint_requests_are_different_jobs(self, storage: Storage) -> None:
        project = a_project(storage)
        first = a_blueprint_job(storage, project, "untangle")
        assert a_blueprint_job(storage, project, "split") != first
        assert a_blueprint_job(storage, project, "untangle") == first

    def test_after_the_end_a_request_is_a_new_job(self, storage: Storage) -> None:
        project = a_project(storage)
        first = an_index_job(storage, project)
        storage.jobs.complete(a_claim(storage.jobs), result={})
        assert an_index_job(storage, project) > first

    def test_requests_at_the_same_moment_are_one_job(self, storage: Storage) -> None:
        project = a_project(storage)
        found: list[tuple[int, bool]] = []

        def enqueue() -> None:
            request = JobRequest(project_id=project, kind="index")
            enqueued = storage.jobs.enqueue(request)
            found.append((enqueued.job_id, enqueued.created))

        _run_all([threading.Thread(target=enqueue) for _ in range(6)])
        assert len(found) == 6
        assert len({job_id for job_id, _ in found}) == 1
        assert [created for _, created in found].count(True) == 1

    def test_no_request_is_lost_while_runs_end(self, storage: Storage) -> None:
        """Whatever a request joins: a run that begins after it follows."""
        project = a_project(storage)
        ticks = itertools.count()  # which of two events came first
        claims: list[int] = []
        done = threading.Event()

        def work() -> None:
            while not (done.is_set() and storage.jobs.counts()[JobState.PENDING] == 0):
                claim = next_claim(storage.jobs)
                if claim is not None:
                    claims.append(next(ticks))
                    storage.jobs.complete(claim, result={})

        worker = threading.Thread(target=work)
        worker.start()
        requests = []
        for _ in range(40):
            requests.append(next(ticks))
            an_index_job(storage, project)
        done.set()
        worker.join()
        assert claims[-1] > requests[-1]
        assert storage.jobs.counts()[JobState.RUNNING] == 0


class ClaimContract:
    """Subclasses give ``storage``."""

    @pytest.fixture
    def storage(self) -> Storage:
        raise NotImplementedError

    def test_nothing_is_claimed_from_an_empty_queue(self, storage: Storage) -> None:
        assert next_claim(storage.jobs) is None

    def test_a_claimed_job_shows_who_has_it_and_how_long(self, storage: Storage) -> None:
        job_id = an_index_job(storage, a_project(storage))
        claim = a_claim(storage.jobs, worker="w7")
        job = storage.jobs.get(job_id)
        assert job == claim.job
        assert (job.state, job.worker, job.attempt) == (JobState.RUNNING, "w7", 1)
        assert job.started_at is not None
        assert job.heartbeat_at == job.started_at
        assert job.lease_until == job.started_at + timedelta(seconds=LEASE)

    def test_a_held_job_is_not_given_twice(self, storage: Storage) -> None:
        an_index_job(storage, a_project(storage))
        a_claim(storage.jobs)
        assert next_claim(storage.jobs, worker="w2") is None

    def test_the_higher_priority_goes_first(self, storage: Storage) -> None:
        an_index_job(storage, a_project(storage, "low"), priority=1)
        high = an_index_job(storage, a_project(storage, "high"), priority=2)
        an_index_job(storage, a_project(storage, "none"))
        assert a_claim(storage.jobs).id == high

    def test_of_one_priority_the_earlier_due_goes_first(self, storage: Storage) -> None:
        late = datetime(2020, 1, 2, tzinfo=UTC)
        early = datetime(2020, 1, 1, tzinfo=UTC)
        second = an_index_job(storage, a_project(storage, "a"), run_at=late)
        first = an_index_job(storage, a_project(storage, "b"), run_at=early)
        assert [a_claim(storage.jobs).id, a_claim(storage.jobs).id] == [first, second]

    def test_of_jobs_due_at_once_the_lowest_id_goes_first(self, storage: Storage) -> None:
        moment = datetime(2020, 1, 1, tzinfo=UTC)
        ids = [an_index_job(storage, a_project(storage, f"p{n}"), run_at=moment) for n in range(5)]
        assert [a_claim(storage.jobs).id for _ in ids] == ids

    def test_a_job_waits_for_its_time(self, storage: Storage) -> None:
        project = a_project(storage)
        storage.jobs.fail(a_claim_of(storage, project), BROKEN, retry=True)
        storage.advance(3.5)
        assert next_claim(storage.jobs) is None
        storage.advance(3.0)
        assert next_claim(storage.jobs) is not None

    def test_one_job_of_a_project_runs_at_a_time(self, storage: Storage) -> None:
        project = a_project(storage)
        first = a_blueprint_job(storage, project, "one")
        second = a_blueprint_job(storage, project, "two")
        claim = a_claim(storage.jobs)
        assert claim.id == first
        assert next_claim(storage.jobs, worker="w2") is None
        storage.jobs.complete(claim, result={})
        assert a_claim(storage.jobs).id == second

    def test_a_busy_project_does_not_hold_up_others(self, storage: Storage) -> None:
        busy = a_project(storage, "busy")
        a_blueprint_job(storage, busy, "one")
        a_blueprint_job(storage, busy, "two", priority=1)
        a_claim(storage.jobs)
        other = an_index_job(storage, a_project(storage, "other"))
        assert a_claim(storage.jobs, worker="w2").id == other

    def test_a_job_for_another_host_is_left_to_it(self, storage: Storage) -> None:
        project = a_project(storage)
        job_id = an_index_job(storage, project, host="there", priority=9)
        assert next_claim(storage.jobs) is None
        claim = storage.jobs.claim(worker="w1", host="there", lease_seconds=LEASE)
        assert claim is not None
        assert claim.id == job_id

    def test_only_takes_that_job_though_others_are_first(self, storage: Storage) -> None:
        an_index_job(storage, a_project(storage, "a"), priority=9)
        wanted = an_index_job(storage, a_project(storage, "b"))
        assert a_claim(storage.jobs, only=wanted).id == wanted

    def test_only_takes_nothing_when_that_job_is_held(self, storage: Storage) -> None:
        wanted = an_index_job(storage, a_project(storage, "a"))
        an_index_job(storage, a_project(storage, "b"))
        a_claim(storage.jobs, only=wanted)
        assert next_claim(storage.jobs, only=wanted) is None

    def test_only_respects_the_running_job_of_the_project(self, storage: Storage) -> None:
        project = a_project(storage)
        a_blueprint_job(storage, project, "one")
        wanted = a_blueprint_job(storage, project, "two")
        a_claim(storage.jobs)
        assert next_claim(storage.jobs, only=wanted) is None

    def test_a_claim_starts_afresh(self, storage: Storage) -> None:
        project = a_project(storage)
        first = a_claim_of(storage, project)
        storage.jobs.renew(
            first, lease_seconds=LEASE, progress=Progress(stage="files"), clone_path="/x"
        )
        an_index_job(storage, project)
        storage.jobs.release(first)
        job = a_claim(storage.jobs).job
        assert job.attempt == 2
        assert (job.progress, job.clone_path, job.rerun) == (None, None, False)
        assert (job.cancel_requested_at, job.finished_at) == (None, None)

    def test_many_workers_share_without_overlap(self, storage: Storage) -> None:
        projects = [a_project(storage, f"p{n}") for n in range(8)]
        ids = {a_blueprint_job(storage, p, goal) for p in projects for goal in "abcde"}
        guard = threading.Lock()
        running: set[int] = set()
        finished: list[int] = []
        problems: list[str] = []

        def work(name: str) -> None:
            idle = 0
            while idle < 200 and len(finished) < len(ids):
                claim = next_claim(storage.jobs, worker=name)
                if claim is None:
                    idle += 1
                    continue
                with guard:
                    if claim.job.project_id in running:
                        problems.append(f"two jobs of project {claim.job.project_id} at once")
                    running.add(claim.job.project_id)
                threading.Event().wait(0.001)
                with guard:
                    running.discard(claim.job.project_id)
                    finished.append(claim.id)
                if not storage.jobs.complete(claim, result={}):
                    problems.append(f"job {claim.id} was lost while it was held")

        _run_all([threading.Thread(target=work, args=(f"w{n}",)) for n in range(6)])
        assert problems == []
        assert sorted(finished) == sorted(ids)
        assert {storage.jobs.get(job_id).attempt for job_id in ids} == {1}


def a_claim_of(storage: Storage, project: int, *, worker: str = "w1") -> Claim:
    return a_claim(storage.jobs, only=an_index_job(storage, project), worker=worker)


def _run_all(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
