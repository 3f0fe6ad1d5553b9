"""Each golden case gives the facts that are written down beside it."""

from functools import cache
from pathlib import Path

import pytest
from tests.languages.golden import CASES, as_json, cases, expected, input_of, language_of

from prism.adapters.languages.engine import Engine
from prism.adapters.languages.records import pack, unpack
from prism.adapters.languages.registry import load_engine

engine = cache(load_engine)


def _name(case: Path) -> str:
    return case.relative_to(CASES).as_posix()


@pytest.mark.parametrize("case", cases(), ids=_name)
def test_a_file_gives_the_expected_facts(case: Path) -> None:
    loaded: Engine = engine(language_of(case))
    found = as_json(loaded.extract(input_of(case)))
    assert found == expected(case, found)


@pytest.mark.parametrize("case", cases(), ids=_name)
def test_facts_survive_packing(case: Path) -> None:
    facts = engine(language_of(case)).extract(input_of(case))
    assert unpack(pack(facts)[1]) == facts
