"""What every blueprint store does."""

import json
from itertools import count

import pytest
from hypothesis import given, settings
from tests.support.plans import a_blueprint, blueprints

from prism.application.ports.blueprints import BlueprintStore
from prism.domain.blueprints.codec import blueprint_as_json
from prism.domain.blueprints.model import Blueprint
from prism.domain.errors import NotFound
from prism.domain.jobs import JobRef

_projects = count(1000)


class BlueprintStoreContract:
    @pytest.fixture
    def store(self) -> BlueprintStore:
        raise NotImplementedError

    def test_a_blueprint_comes_back_as_it_was(self, store: BlueprintStore) -> None:
        blueprint = a_blueprint(run_id=7, milestones=["1.1", "1.2", "2.1"])
        number = store.add(1, blueprint, job=JobRef(job_id=3, attempt=1))
        stored = store.get(1, number)
        assert (stored.project_id, stored.id, stored.blueprint) == (1, number, blueprint)
        assert stored.created_at.tzinfo is not None

    def test_any_blueprint_comes_back_byte_for_byte(self, store: BlueprintStore) -> None:
        @settings(max_examples=25, deadline=None)
        @given(blueprint=blueprints())
        def check(blueprint: Blueprint) -> None:
            project_id = next(_projects)
            stored = store.get(project_id, store.add(project_id, blueprint)).blueprint
            assert stored == blueprint
            assert _bytes(stored) == _bytes(blueprint)

        check()

    def test_blueprints_are_listed_newest_first(self, store: BlueprintStore) -> None:
        for title in ("first", "second", "third"):
            store.add(1, a_blueprint(title=title))
        store.add(2, a_blueprint(title="elsewhere"))
        assert [each.blueprint.title for each in store.list(1)] == ["third", "second", "first"]
        assert store.list(3) == []

    def test_ids_count_from_one_in_each_project(self, store: BlueprintStore) -> None:
        assert [store.add(project, a_blueprint()) for project in (1, 1, 2)] == [1, 2, 1]

    def test_a_missing_blueprint_is_not_found(self, store: BlueprintStore) -> None:
        number = store.add(1, a_blueprint())
        with pytest.raises(NotFound):
            store.get(2, number)
        with pytest.raises(NotFound):
            store.get(1, number + 1)

    def test_a_purge_leaves_nothing_of_its_project(self, store: BlueprintStore) -> None:
        store.add(1, a_blueprint())
        other = store.add(2, a_blueprint())
        store.purge(1)
        store.purge(1)
        assert store.list(1) == []
        assert store.get(2, other).id == other

    def test_ids_do_not_come_back_after_a_purge(self, store: BlueprintStore) -> None:
        first = store.add(1, a_blueprint())
        store.purge(1)
        assert store.add(1, a_blueprint()) == first + 1


def _bytes(blueprint: Blueprint) -> str:
    return json.dumps(blueprint_as_json(blueprint))
