"""Blueprints from indexes made by the real pipeline, all in memory, and the checking of them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.indexing import Bench

from prism.adapters.memory.blueprints import MemoryBlueprintStore
from prism.adapters.memory.jobs import MemoryJobRepository
from prism.application.blueprints.generate_blueprint import GenerateBlueprint, GenerateRequest
from prism.application.blueprints.verify_blueprint import Verification, VerifyBlueprint
from prism.domain.blueprints.citations import citation_id
from prism.domain.blueprints.model import (
    Blueprint,
    BlueprintRequest,
    Citation,
    CitationKind,
    StoredBlueprint,
)
from prism.domain.blueprints.render_markdown import render_markdown
from prism.domain.errors import NotFound
from prism.domain.jobs import Publication

SOURCE = Path(__file__).resolve().parents[4] / "src" / "prism"
SHOP = {
    "shop/__init__.py": "from shop.cart import Cart\nfrom shop.stock import Item\n",
    "shop/cart.py": "from shop.stock import Item, SIZE\n\n\nclass Cart:\n    item: Item\n",
    "shop/stock.py": (
        "SIZE = 3\n\n\nclass Item:\n    def cart(self):\n"
        "        from shop import Cart\n        return Cart()\n"
    ),
    "tests/test_cart.py": "from shop.cart import Cart\n\n\ndef test_it():\n    assert Cart()\n",
}


class Desk:
    """Index, publish, generate and verify one project."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.jobs = MemoryJobRepository(self.bench.database)
        self.blueprints = MemoryBlueprintStore(self.bench.clock)
        self.project = self.bench.project()

    def index(self, files: dict[str, str]) -> None:
        run = self.bench.run(files)
        self.jobs.publish(self.project.id, Publication(run_id=run.id))

    def generate(self, request: BlueprintRequest | None = None) -> StoredBlueprint:
        generate = GenerateBlueprint(
            jobs=self.jobs,
            index=self.bench.index,
            blueprints=self.blueprints,
            projects=self.bench.projects,
        )
        asked = GenerateRequest(project_id=self.project.id, request=request or BlueprintRequest())
        return self.blueprints.get(self.project.id, generate(asked))

    def verify(self, blueprint_id: int) -> Verification:
        check = VerifyBlueprint(index=self.bench.index, blueprints=self.blueprints)
        return check(self.project.id, blueprint_id)

    def verify_changed(self, change: Callable[[Blueprint], Blueprint]) -> Verification:
        blueprint = change(self.generate().blueprint)
        return self.verify(self.blueprints.add(self.project.id, blueprint))


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.index(SHOP)
    return made


def renamed(citation: Citation, **changes: object) -> Citation:
    """A citation that says something else, with the id that this would have."""
    made = replace(citation, **changes)  # type: ignore[arg-type]  # fields by keyword
    name = citation_id(made.kind, made.path, made.line, made.end_line, made.ref)
    return replace(made, id=name)


def with_first(blueprint: Blueprint, kind: CitationKind, **changes: object) -> Blueprint:
    """The blueprint with its first citation of *kind* changed."""
    first = next(each for each in blueprint.citations if each.kind is kind)
    return replace(
        blueprint,
        citations=tuple(
            renamed(each, **changes) if each is first else each for each in blueprint.citations
        ),
    )


def test_a_blueprint_names_the_run_and_commit_it_was_made_from(desk: Desk) -> None:
    stored = desk.generate()
    run = desk.bench.index.run(desk.project.id, stored.blueprint.run_id)
    assert (stored.blueprint.commit, stored.blueprint.project_name) == (run.commit, "project")


def test_the_circle_of_the_shop_is_planned_away(desk: Desk) -> None:
    phases = desk.generate().blueprint.phases
    assert [phase.kind for phase in phases] == ["foundation", "untangle"]


def test_the_same_index_and_request_give_the_same_markdown(desk: Desk) -> None:
    first, second = (render_markdown(desk.generate().blueprint) for _ in range(2))
    assert first == second


def test_every_citation_of_a_fresh_blueprint_holds(desk: Desk) -> None:
    stored = desk.generate()
    report = desk.verify(stored.id)
    assert report.total == len(stored.blueprint.citations) > 10
    assert (list(report.broken), list(report.unchecked), list(report.uncited)) == ([], [], [])
    assert report.holding == report.total


def test_without_an_index_the_error_says_to_index_first() -> None:
    with pytest.raises(NotFound) as caught:
        Desk().generate()
    assert "has no index" in caught.value.message
    assert "`prism index project`" in caught.value.hint


def test_the_index_that_is_not_published_is_not_used() -> None:
    desk = Desk()
    desk.bench.run(SHOP)
    with pytest.raises(NotFound):
        desk.generate()


def test_the_goal_and_focus_of_the_request_are_kept(desk: Desk) -> None:
    request = BlueprintRequest(goal="untangle-cycles", focus=("shop",))
    assert desk.generate(request).blueprint.request == request


def test_lines_with_another_text_are_broken(desk: Desk) -> None:
    report = desk.verify_changed(
        lambda made: with_first(made, CitationKind.LINES, span_hash="0" * 16)
    )
    assert [each.reason for each in report.broken] == ["the text of these lines is another one"]


@pytest.mark.parametrize(
    ("kind", "changes", "reason"),
    [
        (CitationKind.LINES, {"path": "shop/gone.py"}, "the run has no such file"),
        (CitationKind.LINES, {"line": 900, "end_line": 901}, "lines"),
        (CitationKind.LINES, {"line": 0, "end_line": 1}, "lines"),
        (CitationKind.FILE, {"path": "shop/gone.py"}, "the run has no such file with code facts"),
        (CitationKind.FINDING, {"ref": "0" * 16}, "the run has no such finding"),
        (CitationKind.EDGE, {"ref": "shop/cart.py -> shop/gone.py"}, "the run has no such import"),
        (CitationKind.EDGE, {"line": 4, "end_line": 4}, "holds no such import"),
        (CitationKind.CUT, {"ref": "77"}, "the run has no cut of such a circle"),
        (CitationKind.RUN, {"ref": "circles = 99"}, "circles is 1"),
        (CitationKind.RUN, {"ref": "unicorns = 1"}, "the run has no such figure"),
    ],
)
def test_a_citation_of_what_is_not_so_is_broken(
    desk: Desk, kind: CitationKind, changes: dict[str, object], reason: str
) -> None:
    report = desk.verify_changed(lambda made: with_first(made, kind, **changes))
    assert len(report.broken) == 1
    assert reason in report.broken[0].reason


def test_a_citation_whose_id_is_not_its_contents_is_broken(desk: Desk) -> None:
    def change(made: Blueprint) -> Blueprint:
        first = replace(made.citations[0], ref="something else")
        return replace(made, citations=(first, *made.citations[1:]))

    assert len(desk.verify_changed(change).broken) == 1


def test_a_statement_without_a_citation_of_the_plan_is_named(desk: Desk) -> None:
    def change(made: Blueprint) -> Blueprint:
        first = replace(made.summary[0], citations=("c000000000000",))
        return replace(made, summary=(first, *made.summary[1:]))

    assert len(desk.verify_changed(change).uncited) == 1


def test_a_run_that_was_swept_leaves_citations_unchecked_not_broken(desk: Desk) -> None:
    stored = desk.generate()
    desk.bench.index.sweep(desk.project.id, keep=(), running=())
    report = desk.verify(stored.id)
    assert list(report.broken) == []
    assert report.unchecked
    assert all("index the commit again" in each.reason for each in report.unchecked)


def test_a_run_that_is_gone_leaves_everything_unchecked(desk: Desk) -> None:
    stored = desk.generate()
    desk.bench.index.purge(desk.project.id)
    assert len(desk.verify(stored.id).unchecked) == len(stored.blueprint.citations)


def test_an_unknown_blueprint_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.verify(99)


def test_every_citation_of_a_plan_of_this_very_code_holds() -> None:
    """The way through with the real extractors and resolvers, on some two hundred files."""
    desk = Desk()
    desk.index(
        {
            f"src/prism/{path.relative_to(SOURCE).as_posix()}": path.read_text("utf-8")
            for path in sorted(SOURCE.rglob("*.py"))
        }
    )
    stored = desk.generate()
    report = desk.verify(stored.id)
    assert report.total > 5
    assert (list(report.broken), list(report.unchecked), list(report.uncited)) == ([], [], [])
