"""Contract of ``WorkerPresence``: who is dead is told for certain, or not at all."""

from collections.abc import Callable
from typing import Protocol

import pytest

from prism.application.ports.presence import WorkerPresence


class Neighbour(Protocol):
    """Another process of the host, which works under some names."""

    def die(self) -> None:
        """End without a word; returns when it is gone."""

    def leave(self) -> None:
        """Withdraw and end; returns when it is gone."""


StartNeighbour = Callable[..., Neighbour]


class WorkerPresenceContract:
    """Subclasses give ``presence``, this process's own, and ``neighbour``, which starts another
    process that has announced itself as each of its arguments."""

    @pytest.fixture
    def presence(self) -> WorkerPresence:
        raise NotImplementedError

    @pytest.fixture
    def neighbour(self) -> StartNeighbour:
        raise NotImplementedError

    def test_at_first_nobody_is_there(self, presence: WorkerPresence) -> None:
        assert (list(presence.find_dead()), set(presence.find_alive())) == ([], set())

    def test_who_announced_itself_is_alive(self, presence: WorkerPresence) -> None:
        presence.announce("a")
        presence.announce("b")
        presence.announce("a")
        assert (list(presence.find_dead()), set(presence.find_alive())) == ([], {"a", "b"})

    def test_who_withdrew_is_neither_alive_nor_dead(self, presence: WorkerPresence) -> None:
        presence.announce("a")
        presence.withdraw()
        presence.withdraw()
        assert (list(presence.find_dead()), set(presence.find_alive())) == ([], set())

    def test_who_withdrew_may_come_back(self, presence: WorkerPresence) -> None:
        presence.announce("a")
        presence.withdraw()
        presence.announce("a")
        assert set(presence.find_alive()) == {"a"}

    def test_another_process_is_seen(
        self, presence: WorkerPresence, neighbour: StartNeighbour
    ) -> None:
        presence.announce("a")
        neighbour("b")
        assert (list(presence.find_dead()), set(presence.find_alive())) == ([], {"a", "b"})

    def test_a_process_that_ended_without_a_word_is_dead_until_it_is_forgotten(
        self, presence: WorkerPresence, neighbour: StartNeighbour
    ) -> None:
        neighbour("c", "b").die()
        presence.announce("a")
        assert (presence.find_dead(), set(presence.find_alive())) == (["b", "c"], {"a"})
        assert presence.find_dead() == ["b", "c"]
        presence.forget(["b"])
        assert presence.find_dead() == ["c"]
        presence.forget(["c", "b", "nobody"])
        assert list(presence.find_dead()) == []

    def test_a_process_that_left_is_not_dead(
        self, presence: WorkerPresence, neighbour: StartNeighbour
    ) -> None:
        neighbour("b").leave()
        assert (list(presence.find_dead()), set(presence.find_alive())) == ([], set())

    def test_the_living_cannot_be_forgotten(
        self, presence: WorkerPresence, neighbour: StartNeighbour
    ) -> None:
        other = neighbour("b")
        presence.forget(["b"])
        assert set(presence.find_alive()) == {"b"}
        other.die()
        assert presence.find_dead() == ["b"]

    def test_a_name_that_is_at_work_again_is_not_dead(
        self, presence: WorkerPresence, neighbour: StartNeighbour
    ) -> None:
        neighbour("b", "c").die()
        presence.announce("b")
        assert (presence.find_dead(), set(presence.find_alive())) == (["c"], {"b"})

    def test_who_is_unknown_cannot_be_evicted(self, presence: WorkerPresence) -> None:
        presence.announce("a")
        assert not presence.evict("b")

    def test_who_is_dead_cannot_be_evicted(
        self, presence: WorkerPresence, neighbour: StartNeighbour
    ) -> None:
        neighbour("b").die()
        assert not presence.evict("b")
        assert presence.find_dead() == ["b"]

    def test_a_worker_that_runs_is_evicted_and_lives(
        self, presence: WorkerPresence, neighbour: StartNeighbour
    ) -> None:
        neighbour("b")
        assert presence.evict("b")
        assert (list(presence.find_dead()), set(presence.find_alive())) == ([], {"b"})

    def test_a_process_may_evict_a_worker_of_its_own(self, presence: WorkerPresence) -> None:
        presence.announce("a")
        assert presence.evict("a")
        assert set(presence.find_alive()) == {"a"}
