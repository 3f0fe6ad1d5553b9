"""Contract of ``ProjectRepository``: the same for memory, SQLite and Postgres."""

from datetime import UTC, datetime

import pytest
from tests.contracts.job_queue import (
    LEASE,
    a_blueprint_job,
    a_claim,
    a_claim_of,
    an_index_job,
    next_claim,
)
from tests.support.storage import Storage

from prism.domain.credentials import Credential, Provider
from prism.domain.errors import Conflict, NotFound
from prism.domain.jobs import JobRequest, JobState, Publication, Published, Renewal
from prism.domain.projects import Source, SourceKind

REMOTE = Source.remote("https://example.org/shop.git")
LOCAL = Source.local("here", "/srv/shop")


def a_credential(name: str = "ci", *, credential_id: str = "c1") -> Credential:
    return Credential(
        id=credential_id,
        name=name,
        provider=Provider.GITHUB,
        host="example.org",
        username="x-access-token",
        encrypted_token="v1.sealed",
        created_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    )


class ProjectRepositoryContract:
    """Subclasses give ``storage``."""

    @pytest.fixture
    def storage(self) -> Storage:
        raise NotImplementedError

    def test_a_new_project_is_found_by_id_name_and_source(self, storage: Storage) -> None:
        added = storage.projects.add(name="shop", source=REMOTE)
        assert (added.name, added.source, added.removed_at) == ("shop", REMOTE, None)
        assert storage.projects.get(added.id) == added
        assert storage.projects.by_name("shop") == added
        assert storage.projects.by_source(REMOTE) == added
        assert list(storage.projects.list()) == [added]

    def test_a_local_source_comes_back_as_it_was(self, storage: Storage) -> None:
        project = storage.projects.get(storage.projects.add(name="shop", source=LOCAL).id)
        assert project.source == LOCAL
        assert (project.source.kind, project.source.host) == (SourceKind.LOCAL, "here")

    def test_what_is_not_there_is_not_found(self, storage: Storage) -> None:
        with pytest.raises(NotFound, match="4711"):
            storage.projects.get(4711)
        assert storage.projects.by_name("shop") is None
        assert storage.projects.by_source(REMOTE) is None
        assert list(storage.projects.list()) == []

    def test_a_name_is_taken_once(self, storage: Storage) -> None:
        storage.projects.add(name="shop", source=REMOTE)
        with pytest.raises(Conflict, match="shop"):
            storage.projects.add(name="shop", source=LOCAL)
        assert len(storage.projects.list()) == 1

    def test_a_source_is_taken_once(self, storage: Storage) -> None:
        storage.projects.add(name="shop", source=REMOTE)
        with pytest.raises(Conflict, match="shop"):
            storage.projects.add(name="other", source=REMOTE)
        assert len(storage.projects.list()) == 1

    def test_the_same_path_on_another_host_is_another_source(self, storage: Storage) -> None:
        storage.projects.add(name="one", source=LOCAL)
        other = Source.local("there", LOCAL.location)
        added = storage.projects.add(name="two", source=other)
        assert storage.projects.by_source(other) == added

    def test_names_differ_by_case(self, storage: Storage) -> None:
        storage.projects.add(name="shop", source=REMOTE)
        storage.projects.add(name="Shop", source=LOCAL)
        found = storage.projects.by_name("Shop")
        assert found is not None
        assert found.source == LOCAL

    def test_projects_are_listed_by_name(self, storage: Storage) -> None:
        for name in ("b", "a", "B", "ä", "a-2"):
            source = Source.remote(f"https://example.org/{name}")
            storage.projects.add(name=name, source=source)
        names = [project.name for project in storage.projects.list()]
        assert names == ["B", "a", "a-2", "b", "ä"]

    def test_a_credential_must_exist(self, storage: Storage) -> None:
        with pytest.raises(NotFound, match="c9"):
            storage.projects.add(name="shop", source=REMOTE, credential_id="c9")
        assert list(storage.projects.list()) == []

    def test_a_project_remembers_its_credential(self, storage: Storage) -> None:
        storage.credentials.add(a_credential())
        project = storage.projects.add(name="shop", source=REMOTE, credential_id="c1")
        assert storage.projects.get(project.id).credential_id == "c1"

    def test_a_removed_project_is_seen_by_its_id_only(self, storage: Storage) -> None:
        project = storage.projects.add(name="shop", source=REMOTE)
        storage.projects.mark_removed(project.id)
        assert storage.projects.get(project.id).removed_at is not None
        assert storage.projects.by_name("shop") is None
        assert storage.projects.by_source(REMOTE) is None
        assert list(storage.projects.list()) == []

    def test_removing_frees_name_and_source_for_a_new_project(self, storage: Storage) -> None:
        old = storage.projects.add(name="shop", source=REMOTE)
        storage.projects.mark_removed(old.id)
        new = storage.projects.add(name="shop", source=REMOTE)
        assert new.id > old.id
        assert storage.projects.by_name("shop") == new

    def test_what_is_removed_cannot_be_removed_again(self, storage: Storage) -> None:
        project = storage.projects.add(name="shop", source=REMOTE)
        storage.projects.mark_removed(project.id)
        for project_id in (project.id, 4711):
            with pytest.raises(NotFound):
                storage.projects.mark_removed(project_id)

    def test_removing_cancels_what_is_pending_and_asks_what_runs(self, storage: Storage) -> None:
        project = storage.projects.add(name="shop", source=REMOTE).id
        claim = a_claim_of(storage, project)
        an_index_job(storage, project)
        waiting = a_blueprint_job(storage, project, "g")
        sweep = storage.projects.mark_removed(project)
        assert storage.jobs.get(waiting).state is JobState.CANCELLED
        assert storage.jobs.renew(claim, lease_seconds=LEASE) is Renewal.CANCEL_REQUESTED
        assert next_claim(storage.jobs) is None
        assert storage.jobs.acknowledge_cancel(claim)
        assert a_claim(storage.jobs).id == sweep.job_id
        assert next_claim(storage.jobs) is None

    def test_removing_queues_the_sweep_in_the_same_step(self, storage: Storage) -> None:
        project = storage.projects.add(name="shop", source=LOCAL).id
        sweep = storage.projects.mark_removed(project)
        (job,) = storage.jobs.list(project_id=project)
        assert (job.id, sweep.created) == (sweep.job_id, True)
        assert (job.kind, job.host, job.state) == ("sweep", None, JobState.PENDING)
        joined = storage.jobs.enqueue(JobRequest(project_id=project, kind="sweep"))
        assert (joined.job_id, joined.created) == (sweep.job_id, False)

    def test_removing_leaves_the_jobs_of_others_alone(self, storage: Storage) -> None:
        project = storage.projects.add(name="shop", source=REMOTE).id
        other = storage.projects.add(name="other", source=LOCAL).id
        job_id = an_index_job(storage, other)
        storage.projects.mark_removed(project)
        assert a_claim(storage.jobs).id == job_id

    def test_purging_leaves_nothing_of_the_project(self, storage: Storage) -> None:
        project = storage.projects.add(name="shop", source=REMOTE).id
        claim = a_claim_of(storage, project)
        storage.jobs.complete(claim, result={}, publish=Publication(run_id=1))
        storage.jobs.request_cancel(storage.projects.mark_removed(project).job_id)
        storage.projects.purge(project)
        storage.projects.purge(project)
        with pytest.raises(NotFound):
            storage.projects.get(project)
        assert storage.jobs.published(project) == Published()
        assert list(storage.jobs.list()) == []

    def test_purging_leaves_other_projects_alone(self, storage: Storage) -> None:
        project = storage.projects.add(name="shop", source=REMOTE).id
        other = storage.projects.add(name="other", source=LOCAL).id
        claim = a_claim_of(storage, other)
        storage.jobs.complete(claim, result={}, publish=Publication(run_id=5))
        sweep = storage.projects.mark_removed(project).job_id
        storage.projects.purge(project)
        assert storage.projects.get(other).name == "other"
        assert storage.jobs.published(other) == Published(run_id=5)
        assert [job.id for job in storage.jobs.list()] == [sweep, claim.id]

    def test_purging_needs_a_removed_project(self, storage: Storage) -> None:
        project = storage.projects.add(name="shop", source=REMOTE)
        with pytest.raises(Conflict):
            storage.projects.purge(project.id)
        assert storage.projects.get(project.id) == project

    def test_purging_spares_the_job_that_does_it(self, storage: Storage) -> None:
        project = storage.projects.add(name="shop", source=REMOTE).id
        claim = a_claim_of(storage, project)
        storage.projects.mark_removed(project)
        storage.projects.purge(project)
        assert storage.jobs.get(claim.id).state is JobState.RUNNING

    def test_the_id_of_a_purged_project_does_not_come_back(self, storage: Storage) -> None:
        old = storage.projects.add(name="shop", source=REMOTE).id
        storage.projects.mark_removed(old)
        storage.projects.purge(old)
        assert storage.projects.add(name="shop", source=REMOTE).id > old
