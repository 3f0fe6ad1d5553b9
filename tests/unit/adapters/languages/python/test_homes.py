"""Names followed through re-exports to what defines them."""

import pytest
from tests.support.python_tree import home

FILES = {
    "lib/__init__.py": "from .api import run, Other as Renamed\nfrom .stars import *\n",
    "lib/api.py": "from ._impl import run\nclass Other: ...\n",
    "lib/_impl.py": "def run(): ...\n",
    "lib/stars.py": "__all__ = ['chosen']\nfrom ._impl import run as chosen, run as hidden\n",
    "lib/open.py": "from .more import *\n",
    "lib/more.py": "def visible(): ...\ndef _private(): ...\n",
}


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ("from lib import run", "lib/_impl.py:run"),
        ("from lib import Renamed", "lib/api.py:Other"),
        ("from lib.api import run as r", "lib/_impl.py:run"),
        ("from lib import chosen", "lib/_impl.py:run"),
        ("from lib import hidden", ":"),
        ("from lib.open import visible", "lib/more.py:visible"),
        ("from lib.open import _private", ":"),
        ("from lib import api", "lib/api.py:"),
        ("import lib.api", "lib/api.py:"),
        ("from lib.api import *", "lib/api.py:"),
    ],
)
def test_a_name_is_followed_to_its_home(statement: str, wanted: str) -> None:
    assert home(statement, FILES) == wanted


def test_modules_that_import_from_each_other_in_a_circle_have_no_home() -> None:
    files = {
        "lib/__init__.py": "",
        "lib/a.py": "from .b import x\nfrom .b import *",
        "lib/b.py": "from .a import x\nfrom .a import *",
    }
    assert home("from lib.a import x", files) == ":"
    assert home("from lib.a import y", files) == ":"


def test_a_chain_of_a_thousand_modules_is_followed() -> None:
    files = {f"lib/m{n}.py": f"from .m{n + 1} import x" for n in range(1000)}
    files |= {"lib/__init__.py": "", "lib/m1000.py": "x = 1"}
    assert home("from lib.m0 import x", files) == "lib/m1000.py:x"


def test_a_definition_goes_before_an_import_of_the_same_name() -> None:
    files = {
        "lib/__init__.py": "from .old import f\ndef f(): ...\n",
        "lib/old.py": "def f(): ...",
    }
    assert home("from lib import f", files) == "lib/__init__.py:f"


def test_an_import_goes_before_its_fallback() -> None:
    text = "try:\n    from .fast import f\nexcept ImportError:\n    def f(): ...\n"
    files = {"lib/__init__.py": text, "lib/fast.py": "def f(): ..."}
    assert home("from lib import f", files) == "lib/fast.py:f"


def test_an_import_for_type_checkers_goes_behind_the_one_that_runs() -> None:
    text = (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from .types import T\nelse:\n    from .real import T\n"
    )
    files = {"lib/__init__.py": text, "lib/types.py": "class T: ...", "lib/real.py": "class T: ..."}
    assert home("from lib import T", files) == "lib/real.py:T"


def test_a_dotted_import_binds_its_first_name() -> None:
    files = {"lib/__init__.py": "import lib.sub.leaf", "lib/sub/__init__.py": "",
             "lib/sub/leaf.py": ""}  # fmt: skip
    assert home("from lib import lib", files) == "lib/__init__.py:"


def test_what_comes_from_outside_has_no_home_in_the_tree() -> None:
    files = {"lib/__init__.py": "from json import dumps\nimport numpy as np"}
    assert home("from lib import dumps", files) == ":"
    assert home("from lib import np", files) == ":"


def test_imports_inside_functions_bind_nothing_for_others() -> None:
    files = {"lib/__init__.py": "def f():\n    from .m import x\n", "lib/m.py": "x = 1"}
    assert home("from lib import x", files) == ":"
