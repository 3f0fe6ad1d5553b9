"""Registering and finding projects, on the in-memory adapters."""

from dataclasses import dataclass

import pytest

from prism.adapters.memory.clock import ManualClock
from prism.adapters.memory.credentials import MemoryCredentialRepository
from prism.adapters.memory.database import MemoryDatabase
from prism.adapters.memory.jobs import MemoryJobRepository
from prism.adapters.memory.projects import MemoryProjectRepository
from prism.application.ports.git import RepositoryLocator
from prism.application.projects.add_project import AddProject
from prism.application.projects.find_project import FindProject, ReadSource
from prism.application.projects.remove_project import RemoveProject
from prism.domain.credentials import Credential, Provider
from prism.domain.errors import Conflict, InvalidInput, NotFound
from prism.domain.jobs import JobKind, JobRequest, JobState
from prism.domain.projects import Source, url_host

HOST = "here"


class Paths(RepositoryLocator):
    """A locator that knows two repositories: /code/shop and what lies below it, and /code/api."""

    def locate(self, path: str) -> str:
        for root in ("/code/shop", "/code/api"):
            if path == root or path.startswith(root + "/"):
                return root
        raise InvalidInput(f"{path} is not in a git repository")

    def head(self, root: str) -> str:
        return "0" * 40

    def check_url(self, url: str) -> str:
        if not url.startswith("https://"):
            raise InvalidInput(f"{url} is not an https URL")
        return url.removesuffix("/")


@dataclass
class Prism:
    add: AddProject
    find: FindProject
    remove: RemoveProject
    credentials: MemoryCredentialRepository
    projects: MemoryProjectRepository
    jobs: MemoryJobRepository

    def credential(self, host: str) -> str:
        self.credentials.add(
            Credential(
                id=f"id-{host}", name=f"for {host}", provider=Provider.GENERIC, host=host,
                username="git", encrypted_token="x", created_at=ManualClock().now(),
            )
        )  # fmt: skip
        return f"id-{host}"


@pytest.fixture
def prism() -> Prism:
    database = MemoryDatabase(ManualClock())
    projects = MemoryProjectRepository(database)
    credentials = MemoryCredentialRepository(database)
    jobs = MemoryJobRepository(database)
    read_source = ReadSource(locator=Paths(), host=HOST)
    return Prism(
        add=AddProject(projects=projects, credentials=credentials, read_source=read_source),
        find=FindProject(projects=projects, read_source=read_source),
        remove=RemoveProject(projects=projects),
        credentials=credentials,
        projects=projects,
        jobs=jobs,
    )


def test_a_path_is_registered_as_the_repository_that_encloses_it(prism: Prism) -> None:
    project = prism.add("/code/shop/src/deep")
    assert project.source == Source.local(HOST, "/code/shop")
    assert project.name == "shop"


def test_a_project_is_found_by_id_name_path_and_url(prism: Prism) -> None:
    shop = prism.add("/code/shop")
    remote = prism.add("https://example.org/team/tool.git")
    assert prism.find(str(shop.id)) == shop
    assert prism.find("shop") == shop
    assert prism.find("/code/shop/src") == shop
    assert prism.find("https://example.org/team/tool.git/") == remote
    assert prism.find("tool") == remote


def test_what_no_project_is_called_is_not_found(prism: Prism) -> None:
    prism.add("/code/shop")
    for reference in ("api", "/code/api", "/elsewhere", "99", "https://example.org/x"):
        with pytest.raises(NotFound):
            prism.find(reference)


def test_an_ssh_address_is_answered_with_its_https_url(prism: Prism) -> None:
    with pytest.raises(InvalidInput) as refusal:
        prism.add("git@example.org:team/tool.git")
    assert refusal.value.hint == "use https://example.org/team/tool.git"


def test_a_source_is_registered_once_and_the_message_names_its_project(prism: Prism) -> None:
    prism.add("/code/shop", name="store")
    with pytest.raises(Conflict, match="store"):
        prism.add("/code/shop/src")


def test_a_taken_default_name_gets_a_number(prism: Prism) -> None:
    names = [prism.add(f"https://example.org/{team}/tool").name for team in ("a", "b", "c")]
    assert names == ["tool", "tool-2", "tool-3"]


def test_a_chosen_name_that_is_taken_is_refused(prism: Prism) -> None:
    prism.add("/code/shop")
    with pytest.raises(Conflict):
        prism.add("/code/api", name="shop")


@pytest.mark.parametrize("name", ["", " ", "12", "a\nb", "a\x1b[31m", "x" * 101])
def test_names_that_cannot_be_typed_or_mean_an_id_are_refused(prism: Prism, name: str) -> None:
    with pytest.raises(InvalidInput):
        prism.add("/code/shop", name=name)


def test_a_credential_is_for_its_own_host_only(prism: Prism) -> None:
    credential = prism.credential("example.org")
    project = prism.add("https://example.org/a/b", credential=credential)
    assert project.credential_id == credential
    with pytest.raises(InvalidInput, match=r"example\.org"):
        prism.add("https://example.com/a/b", credential=credential)


def test_a_local_repository_takes_no_credential(prism: Prism) -> None:
    credential = prism.credential("example.org")
    with pytest.raises(InvalidInput):
        prism.add("/code/shop", credential=credential)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Example.org/a", "example.org"),
        ("https://example.org:443/a", "example.org"),
        ("https://example.org:8443/a", "example.org:8443"),
        ("ssh://git@example.org:22/a", "example.org"),
        ("https://[::1]:8443/a", "[::1]:8443"),
    ],
)
def test_the_host_of_a_url_is_what_a_credential_names(url: str, host: str) -> None:
    assert url_host(url) == host


def test_removing_cancels_the_jobs_and_queues_the_sweep(prism: Prism) -> None:
    shop = prism.add("/code/shop")
    index = prism.jobs.enqueue(JobRequest(project_id=shop.id, kind=JobKind.INDEX))
    sweep = prism.remove(shop.id)
    assert prism.jobs.get(index.job_id).state is JobState.CANCELLED
    assert prism.jobs.get(sweep.job_id).state is JobState.PENDING
    with pytest.raises(NotFound):
        prism.find("shop")


def test_the_name_and_the_source_of_a_removed_project_are_free_again(prism: Prism) -> None:
    first = prism.add("/code/shop")
    prism.remove(first.id)
    second = prism.add("/code/shop")
    assert second.name == "shop"
    assert second.id != first.id
