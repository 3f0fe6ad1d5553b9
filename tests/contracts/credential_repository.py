"""Contract of ``CredentialRepository``: the same for memory, SQLite and Postgres."""

import pytest
from tests.contracts.project_repository import LOCAL, REMOTE, a_credential
from tests.support.storage import Storage

from prism.domain.errors import Conflict, NotFound


class CredentialRepositoryContract:
    """Subclasses give ``storage``."""

    @pytest.fixture
    def storage(self) -> Storage:
        raise NotImplementedError

    def test_a_credential_comes_back_by_id_and_by_name(self, storage: Storage) -> None:
        credential = a_credential()
        storage.credentials.add(credential)
        assert storage.credentials.get("c1") == credential
        assert storage.credentials.get("ci") == credential

    def test_an_id_goes_before_a_name(self, storage: Storage) -> None:
        named_like_an_id = a_credential("c2", credential_id="c1")
        wanted = a_credential("other", credential_id="c2")
        storage.credentials.add(named_like_an_id)
        storage.credentials.add(wanted)
        assert storage.credentials.get("c2") == wanted

    def test_what_is_not_there_is_not_found(self, storage: Storage) -> None:
        with pytest.raises(NotFound, match="nope"):
            storage.credentials.get("nope")
        with pytest.raises(NotFound, match="nope"):
            storage.credentials.remove("nope")

    @pytest.mark.parametrize(("name", "credential_id"), [("ci", "c2"), ("other", "c1")])
    def test_a_name_and_an_id_are_taken_once(
        self, storage: Storage, name: str, credential_id: str
    ) -> None:
        storage.credentials.add(a_credential())
        with pytest.raises(Conflict):
            storage.credentials.add(a_credential(name, credential_id=credential_id))
        assert list(storage.credentials.list()) == [a_credential()]

    def test_credentials_are_listed_by_name(self, storage: Storage) -> None:
        for number, name in enumerate(("b", "a", "B", "ä")):
            storage.credentials.add(a_credential(name, credential_id=str(number)))
        assert [c.name for c in storage.credentials.list()] == ["B", "a", "b", "ä"]

    @pytest.mark.parametrize("reference", ["c1", "ci"])
    def test_a_removed_credential_is_gone(self, storage: Storage, reference: str) -> None:
        storage.credentials.add(a_credential())
        storage.credentials.remove(reference)
        assert list(storage.credentials.list()) == []

    def test_a_credential_in_use_stays_and_its_projects_are_named(self, storage: Storage) -> None:
        storage.credentials.add(a_credential())
        storage.projects.add(name="shop", source=REMOTE, credential_id="c1")
        storage.projects.add(name="tools", source=LOCAL, credential_id="c1")
        with pytest.raises(Conflict, match="'shop', 'tools'"):
            storage.credentials.remove("ci")
        assert storage.credentials.get("c1") == a_credential()

    def test_a_removed_project_keeps_no_credential(self, storage: Storage) -> None:
        storage.credentials.add(a_credential())
        project = storage.projects.add(name="shop", source=REMOTE, credential_id="c1")
        storage.projects.mark_removed(project.id)
        storage.credentials.remove("c1")
        assert list(storage.credentials.list()) == []
