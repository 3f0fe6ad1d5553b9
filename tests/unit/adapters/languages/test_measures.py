"""Body hashes and winnowed windows: what they see, and what they do not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism.adapters.languages.engine import Engine
from prism.adapters.languages.measures import GRAM, WINDOW, winnow
from prism.adapters.languages.registry import load_engine
from prism.domain.facts.structure import Symbol

ENGINE: Engine = load_engine("python")
TOKENS = st.lists(st.integers(0, 500), min_size=0, max_size=80)
BODY = """def {name}(value):
    total = 0
    for item in value.items():
        if item and item.weight > 3:
            total += item.weight * {factor}
        elif item is None:
            raise ValueError(f"no item in {{value}}")
    return [total, value.first, value.last]
"""


def _symbols(text: str) -> dict[str, Symbol]:
    return {symbol.qualname: symbol for symbol in ENGINE.extract(text.encode()).symbols}


def _only(text: str) -> Symbol:
    [symbol] = _symbols(text).values()
    return symbol


@given(TOKENS, st.lists(st.integers(0, 500), min_size=GRAM + WINDOW - 1, max_size=60), TOKENS)
@settings(max_examples=150)
def test_a_common_run_is_always_found(before: list[int], run: list[int], after: list[int]) -> None:
    assert set(winnow(run)) & set(winnow([*before, *run, *after]))


@given(st.lists(st.integers(0, 65535), max_size=GRAM - 1))
def test_a_short_run_has_no_windows(tokens: list[int]) -> None:
    assert winnow(tokens) == ()


def test_windows_are_the_same_on_every_machine() -> None:
    assert winnow(list(range(40)))[:2] == (63981802, 270279760)


def test_a_renamed_copy_has_the_same_windows() -> None:
    one = _only(BODY.format(name="first", factor=2))
    other = _only(BODY.format(name="second", factor=3).replace("item", "thing"))
    assert one.windows == other.windows != ()


def test_a_function_inside_another_is_not_reported_twice() -> None:
    inner = "\n".join("    " + line for line in BODY.format(name="inner", factor=2).splitlines())
    found = _symbols(f"def outer():\n{inner}\n    return inner\n")
    assert found["outer.inner"].windows != ()
    assert found["outer"].windows == ()


@pytest.mark.parametrize(
    "same",
    [
        "def other(a):\n    return a + 1\n",
        "def name(a):  # why\n    # a comment\n    return a + 1\n",
        "def name(a):\n\n        return a  +  1\n",
    ],
)
def test_a_body_hash_sees_neither_name_nor_comments_nor_blanks(same: str) -> None:
    assert _only(same).body_hash == _only("def name(a):\n    return a + 1\n").body_hash


@pytest.mark.parametrize(
    "different",
    [
        "def name(a):\n    return a + 2\n",
        "def name(b):\n    return b + 1\n",
        "def name(a):\n    return '# a comment'\n",
        "async def name(a):\n    return a + 1\n",
    ],
)
def test_a_body_hash_sees_everything_else(different: str) -> None:
    assert _only(different).body_hash != _only("def name(a):\n    return a + 1\n").body_hash


def test_a_body_keeps_its_hash_when_it_moves_into_a_class() -> None:
    plain = _only("def name(self):\n    if self:\n        return 1\n")
    moved = _symbols("class C:\n    def name(self):\n        if self:\n            return 1\n")
    assert moved["C.name"].body_hash == plain.body_hash
