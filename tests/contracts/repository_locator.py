"""Contract of ``RepositoryLocator``: finding repositories by paths and checking URLs."""

from typing import NamedTuple

import pytest

from prism.application.ports.git import RepositoryLocator
from prism.domain.errors import InvalidInput, Refused


class Places(NamedTuple):
    """``root`` has the commit ``head``; ``inside`` lies below it; ``empty`` has no commit;
    ``nowhere`` is in no repository."""

    root: str
    head: str
    inside: str
    empty: str
    nowhere: str


class RepositoryLocatorContract:
    @pytest.fixture
    def places(self) -> Places:
        raise NotImplementedError

    @pytest.fixture
    def locator(self, places: Places) -> RepositoryLocator:
        raise NotImplementedError

    def test_a_root_is_found_as_itself(self, locator: RepositoryLocator, places: Places) -> None:
        assert locator.locate(places.root) == places.root

    def test_a_path_inside_is_found_as_its_root(
        self, locator: RepositoryLocator, places: Places
    ) -> None:
        assert locator.locate(places.inside) == places.root

    def test_a_path_outside_is_refused_with_a_hint(
        self, locator: RepositoryLocator, places: Places
    ) -> None:
        with pytest.raises(InvalidInput) as refusal:
            locator.locate(places.nowhere)
        assert "git init" in refusal.value.hint

    def test_the_head_is_the_commit(self, locator: RepositoryLocator, places: Places) -> None:
        assert locator.head(places.root) == places.head

    def test_a_repository_without_commits_has_no_head(
        self, locator: RepositoryLocator, places: Places
    ) -> None:
        with pytest.raises(InvalidInput):
            locator.head(places.empty)

    def test_a_url_is_normalised(self, locator: RepositoryLocator) -> None:
        assert locator.check_url("https://example.org/a/b/") == "https://example.org/a/b"

    @pytest.mark.parametrize("url", ["http://example.org/a", "ext::sh -c id", "file:///etc"])
    def test_other_schemes_are_refused(self, locator: RepositoryLocator, url: str) -> None:
        with pytest.raises((InvalidInput, Refused)):
            locator.check_url(url)
