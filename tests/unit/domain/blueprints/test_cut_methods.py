"""How an import is cut: each way by the facts that lead to it."""

from tests.support.planning import actions, milestones, planned


def test_a_name_with_another_home_is_taken_from_there() -> None:
    texts = actions(
        planned("""
pkg/
  __init__.py
    1 reexports pkg/core.py: run
    2 reexports pkg/tools.py: hammer
  core.py
    3 imports pkg/tools.py: hammer
  tools.py
    1 imports pkg/__init__.py: SIZE = pkg/sizes.py
  sizes.py
    class SIZE 2-4
"""),
        "untangle",
    )
    assert texts == [
        "In `pkg/tools.py` line 1 take `SIZE` from `pkg/sizes.py` (module `pkg.sizes`), where it "
        "is defined, instead of `pkg/__init__.py`"
    ]


def test_a_small_name_that_nothing_else_uses_moves_to_its_user() -> None:
    (text,) = actions(
        planned("""
a.py 100 lines
  1 imports b.py: big
  2 imports b.py: huge
  def small 10-14
  def rest 20-90
b.py 100 lines
  5 imports a.py: small
"""),
        "untangle",
    )
    assert text.startswith("In `b.py` line 5 replace the import of `small` from `a.py`: move")
    assert "5 lines of `a.py`, naming nothing else there) to here" in text
    assert "`a.py` → `b.py` is the direction that stays" in text


def test_a_small_name_that_many_use_moves_to_a_new_module() -> None:
    users = "\n".join(f"user{n}.py\n  1 imports a.py: small" for n in range(3))
    (text,) = actions(
        planned(f"""
a.py 100 lines
  1 imports b.py: big
  2 imports b.py: huge
  def small 10-14
  def rest 20-90
b.py 100 lines
  5 imports a.py: small
{users}
"""),
        "untangle",
    )
    assert "to a new module, for example `a_shared.py`," in text


def test_what_a_name_needs_of_its_file_moves_with_it() -> None:
    (text,) = actions(
        planned("""
a.py 100 lines
  1 imports b.py: big
  2 imports b.py: huge
  def base 4-6
  def small 10-14 uses base
  def rest 20-90
b.py 100 lines
  5 imports a.py: small
"""),
        "untangle",
    )
    assert "move `base` and `small` (8 lines" in text


def test_a_name_whose_needs_lead_back_is_inverted_with_the_reason() -> None:
    (text,) = actions(
        planned("""
a.py 100 lines
  1 imports b.py: big
  2 imports b.py: huge
  3 imports c.py: help
  def small 10-14 uses help
  def rest 20-90
b.py 100 lines
  5 imports a.py: small
c.py 100 lines
  1 imports b.py: big
"""),
        "untangle",
    )
    assert "take what is needed as a parameter, or declare a protocol here that `a.py`" in text
    assert "no lighter way: its definition needs `c.py`, which leads back here" in text


def test_a_large_definition_is_inverted_and_the_lines_it_would_take_are_told() -> None:
    (text,) = actions(
        planned("""
a.py 400 lines
  1 imports b.py: big
  2 imports b.py: huge
  class Large 10-390
b.py 100 lines
  5 imports a.py: Large
"""),
        "untangle",
    )
    assert "no lighter way: moving it would take 381 of 400 lines along (1 definition)" in text


def test_a_deferred_import_is_called_what_it_is() -> None:
    (text,) = actions(
        planned("""
a.py 400 lines
  1 imports b.py: big
  2 imports b.py: huge
  class Large 10-390
b.py 100 lines
  50 defers a.py: Large
"""),
        "untangle",
    )
    assert "the import of `Large` from `a.py` runs late already, which hides the circle" in text


def test_of_a_whole_module_the_names_used_are_taken_from_their_homes() -> None:
    (text,) = actions(
        planned("""
pkg/
  __init__.py
    1 reexports pkg/core.py: run
    2 reexports pkg/sizes.py: SIZE
  core.py
    3 imports pkg/tools.py: hammer
    4 imports pkg/tools.py: saw
  tools.py 30 lines
    1 imports pkg/__init__.py
    9 says total = pkg.SIZE + 1
  sizes.py
    class SIZE 2-4
"""),
        "untangle",
    )
    assert "take `pkg.SIZE` from `pkg/sizes.py`" in text


def test_a_name_that_a_file_takes_from_elsewhere_though_it_defines_it_is_dropped() -> None:
    (text,) = actions(
        planned("""
pkg/
  __init__.py
    1 reexports pkg/core.py: run
  core.py
    3 imports pkg/__init__.py: run = pkg/core.py
    def run 5-9
"""),
        "untangle",
    )
    assert text == (
        "In `pkg/core.py` line 3 drop `run` from `pkg/__init__.py`: this file defines it itself"
    )


def test_what_moved_for_one_cut_is_taken_from_there_by_the_next() -> None:
    texts = actions(
        planned("""
a.py 100 lines
  1 imports b.py: big
  2 imports b.py: huge
  3 imports c.py: big
  4 imports c.py: huge
  def small 10-14
  def rest 20-90
b.py 100 lines
  5 imports a.py: small
c.py 100 lines
  6 imports a.py: small
"""),
        "untangle",
    )
    moves = [text for text in texts if ": move `small`" in text]
    follows = [text for text in texts if "take `small` from `a_shared.py`, where it moves" in text]
    assert (len(moves), len(follows)) == (1, 1)
    assert texts.index(moves[0]) < texts.index(follows[0])


def test_the_steps_of_a_cut_cite_the_statement_and_the_definition() -> None:
    blueprint = planned("""
a.py 100 lines
  1 imports b.py: big
  2 imports b.py: huge
  def small 10-14
  def rest 20-90
b.py 100 lines
  5 imports a.py: small
""")
    (step,) = milestones(blueprint, "untangle")[0].steps
    cited = {each.id: each for each in blueprint.citations}
    places = {(cited[each].path, cited[each].line) for each in step.action.citations}
    assert {("b.py", 5), ("a.py", 10)} <= places
