"""The parts plans are made of: goals, mentions, the order of cuts, splits, simulation."""

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.planning import actions, milestones, plan_material, planned
from tests.support.sketches import sketch

from prism.domain import graph
from prism.domain.blueprints.cut_order import Closure, cut_order
from prism.domain.blueprints.goals import GOALS, Aim, steer
from prism.domain.blueprints.mentions import definitions
from prism.domain.blueprints.model import BlueprintRequest
from prism.domain.blueprints.simulation import Simulated, simulate
from prism.domain.code_graph import code_graph

PATHS = ("src/api/routes.py", "src/core/cart.py")


def aims(goal: str) -> frozenset[Aim]:
    return steer(BlueprintRequest(goal=goal), PATHS).aims


def test_every_goal_can_be_asked_for_by_its_name() -> None:
    assert {goal.name: aims(goal.name) for goal in GOALS} == {
        goal.name: {Aim(goal.name)} for goal in GOALS
    }


def test_goals_are_read_from_free_text() -> None:
    assert aims("get rid of circular imports") == {Aim.UNTANGLE}
    assert aims("split the large modules, tame churn") == {Aim.SPLIT, Aim.TAME}


def test_a_goal_that_names_none_is_for_all() -> None:
    assert aims("") == aims("make it nicer") == frozenset(Aim)


def test_words_that_name_files_are_told_from_those_that_mean_nothing() -> None:
    steering = steer(BlueprintRequest(goal="untangle the API of xyzzy"), PATHS)
    assert set(steering.named) == {"api"}
    assert steering.unknown == ("xyzzy",)


SOURCE = b"""import os
def base():
    return os.name

def user():
    return base()

class Alone:
    pass
"""
DEFINED = sketch("""
a.py
  def base 2-3
  def user 5-6
  class Alone 8-9
""").symbols["a.py"]


def test_a_definition_takes_along_what_it_names() -> None:
    known = definitions("a.py", DEFINED, SOURCE)
    assert known.closure(["user"]) == ("base", "user")
    assert known.closure(["base"]) == ("base",)
    assert known.closure(["Alone"]) == ("Alone",)


def test_what_is_no_top_level_definition_has_no_closure() -> None:
    assert definitions("a.py", DEFINED, SOURCE).closure(["os"]) is None


def test_definitions_know_their_lines_and_words() -> None:
    known = definitions("a.py", DEFINED, SOURCE)
    assert known.lines(["base", "user"]) == 4
    assert "os" in known.mentioned(["base"])


def test_attributes_of_a_name_are_found_and_those_of_others_are_not() -> None:
    known = definitions("a.py", (), b"models.Field(x.models.Other, mymodels.No)\nmodels.Q")
    assert known.attributes("models") == ("Field", "Q")


@given(
    st.integers(2, 7).flatmap(
        lambda n: st.tuples(
            st.just(n),
            st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=12),
        )
    )
)
@settings(max_examples=80)
def test_a_growing_closure_is_that_of_the_grown_graph(
    drawn: tuple[int, list[tuple[int, int]]],
) -> None:
    nodes, edges = drawn
    closure = Closure(graph.from_edges(nodes, ()))
    known: list[tuple[int, int]] = []
    for source, target in edges:
        before = graph.reachable_pairs(graph.from_edges(nodes, known))
        gained = closure.pairs_gained(source, target)
        closure.add(source, target)
        known.append((source, target))
        assert graph.reachable_pairs(graph.from_edges(nodes, known)) == before + gained


def test_the_cut_that_gains_most_comes_first() -> None:
    # A chain 0 -> … -> 5 that two edges close: one over all of it, one over its end only.
    kept = [(node, node + 1) for node in range(5)]
    assert cut_order(6, kept, [(5, 4, 1), (5, 0, 1)]) == [1, 0]


def test_gain_counts_per_statement() -> None:
    kept = [(0, 1), (2, 3)]
    assert cut_order(4, kept, [(1, 0, 5), (3, 2, 1)]) == [1, 0]


def test_the_order_of_few_cuts_is_close_to_the_best_of_all_orders() -> None:
    kept = [(0, 1), (1, 2), (2, 3), (3, 4), (1, 4)]
    cuts = [(4, 0, 1), (3, 1, 1), (2, 0, 1), (4, 2, 1)]

    def area(order: tuple[int, ...]) -> int:
        left, total = list(order), 0
        while left:
            left.pop(0)
            total += graph.reachable_pairs(
                graph.from_edges(5, [*kept, *(cuts[at][:2] for at in left)])
            )
        return total

    best = min(area(order) for order in permutations(range(4)))
    assert area(tuple(cut_order(5, kept, cuts))) <= best + 1


USERS = [
    f"m{n:02}.py 40 lines\n  1 imports core/base.py: {'beta' if n % 2 else 'Base'}"
    for n in range(16, 30)
]
GOD = """
core/
  base.py 900 lines
    1 imports m00.py: tool
    def alpha 10-120 uses tool
    def beta 130-200 uses alpha
    class Base 210-880
""" + "\n".join([*(f"m{n:02}.py 40 lines" for n in range(16)), *USERS])


def test_the_part_of_a_god_module_that_needs_nothing_else_of_it_moves_out() -> None:
    texts = actions(planned(GOD), "restructure")
    assert texts[0].startswith("Move `alpha` and `beta` from `core/base.py` to a new module")
    assert "182 of 900 lines" in texts[0]
    assert "`tool` (in `core/base.py` line 1)" in texts[1]
    assert "the 7 files that take them by name from there go on working" in texts[2]


def test_importers_follow_what_moved_afterwards() -> None:
    blueprint = planned(GOD)
    (follow,) = milestones(blueprint, "consolidate")
    (split,) = milestones(blueprint, "restructure")
    assert split.id in follow.depends_on
    assert (follow.measure.before, follow.measure.after) == (7, 0)
    assert len(follow.steps) == 7


def test_a_god_module_in_one_piece_is_told_and_not_split() -> None:
    blueprint = planned(GOD.replace("uses alpha", "uses alpha Base"))
    assert any("`alpha`" in text for text in actions(blueprint, "restructure"))
    whole = planned(GOD.replace("uses tool", "uses Base").replace("uses alpha", "uses Base"))
    assert milestones(whole, "restructure") == []
    assert any("is not split here" in each.text for each in whole.non_goals)


def test_simulation_counts_what_is_left() -> None:
    material = plan_material(
        sketch("a.py\n  1 imports b.py\nb.py\n  1 imports a.py\nc.py\n  1 imports a.py")
    )
    (cut,) = material.facts.cut_edges
    code = code_graph(material.facts.files, material.facts.edges)
    simulated = simulate(code, [[(cut, ())]])
    assert (simulated.circles, simulated.files_in_circles) == (0, 0)
    assert simulated.propagation_costs[1] < simulated.propagation_costs[0]


def test_half_of_the_gain_is_reached_after_the_first_milestone_that_does() -> None:
    assert Simulated((0.9, 0.8, 0.3, 0.1), 0, 0).half_way() == 2
    assert Simulated((0.9, 0.9, 0.9), 1, 2).half_way() == 0
