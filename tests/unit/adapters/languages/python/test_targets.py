"""Which file an import statement leads to."""

import pytest
from tests.support.python_tree import answer, resolve, target

from prism.domain.facts.runs import Resolution

PACKAGE = {
    "app/__init__.py": "",
    "app/util.py": "def f(): ...",
    "app/deep/__init__.py": "VALUE = 1",
    "app/deep/leaf.py": "class Leaf: ...",
}


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ("import app", "app/__init__.py"),
        ("import app.util", "app/util.py"),
        ("import app.deep.leaf", "app/deep/leaf.py"),
        ("import app.deep.leaf as leaf", "app/deep/leaf.py"),
        ("from app import util", "app/util.py"),
        ("from app.deep import leaf", "app/deep/leaf.py"),
        ("from app.deep import VALUE", "app/deep/__init__.py"),
        ("from app.deep import *", "app/deep/__init__.py"),
        ("from app.deep.leaf import Leaf", "app/deep/leaf.py"),
        ("from . import util", "app/util.py"),
        ("from .util import f", "app/util.py"),
        ("from .deep import leaf as l", "app/deep/leaf.py"),
        ("from .deep.leaf import Leaf", "app/deep/leaf.py"),
    ],
)
def test_a_statement_leads_to_the_deepest_module_it_names(statement: str, wanted: str) -> None:
    assert target(statement, PACKAGE) == wanted


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ("from .. import util", "app/util.py"),
        ("from ..util import f", "app/util.py"),
        ("from . import leaf", "app/deep/leaf.py"),
        ("from ..deep import leaf", "app/deep/leaf.py"),
    ],
)
def test_each_further_dot_goes_one_package_up(statement: str, wanted: str) -> None:
    assert target(statement, PACKAGE, "app/deep/other.py") == wanted


def test_one_dot_in_an_init_is_the_package_itself() -> None:
    assert target("from .leaf import Leaf", PACKAGE, "app/deep/__init__.py") == "app/deep/leaf.py"


def test_a_relative_import_above_the_tree_says_so() -> None:
    found = answer("from .... import x", PACKAGE)
    assert (found.status, found.target) == (Resolution.UNRESOLVED, "")
    assert found.reason == "the relative import leaves the tree"


def test_a_missing_submodule_is_unresolved_not_external() -> None:
    found = answer("from app.generated.parser import x", PACKAGE)
    assert found.status == Resolution.UNRESOLVED
    assert found.reason == "'app.generated.parser' is not in the tree, though its beginning is"


def test_a_name_that_the_package_defines_goes_before_its_submodule() -> None:
    files = {**PACKAGE, "app/deep/__init__.py": "from .leaf import Leaf as leaf"}
    found = answer("from app.deep import leaf", files)
    assert found.target == "app/deep/__init__.py"
    assert (found.home, found.home_symbol) == ("app/deep/leaf.py", "Leaf")


def test_a_submodule_that_the_package_imports_itself_is_meant_directly() -> None:
    files = {**PACKAGE, "app/deep/__init__.py": "from . import leaf"}
    assert target("from app.deep import leaf", files) == "app/deep/leaf.py"
    assert target("from . import leaf", files, "app/deep/__init__.py") == "app/deep/leaf.py"


def test_a_name_nobody_defines_leads_to_the_module_without_a_home() -> None:
    found = answer("from app.util import made_at_run_time", PACKAGE)
    assert (found.status, found.target, found.home) == (Resolution.INTERNAL, "app/util.py", "")


def test_a_package_goes_before_a_module_of_the_same_name() -> None:
    files = {"p/__init__.py": "", "p.py": "", "app/__init__.py": ""}
    assert target("import p", files) == "p/__init__.py"


def test_source_goes_before_a_stub() -> None:
    files = {"p/__init__.py": "", "p/m.pyi": "", "p/m.py": "", "p/only.pyi": ""}
    assert target("import p.m", files) == "p/m.py"
    assert target("import p.only", files) == "p/only.pyi"


@pytest.mark.parametrize("module", ["os", "os.path", "xml.etree.ElementTree", "distutils.core"])
def test_the_standard_library_is_known_for_every_version(module: str) -> None:
    found = answer(f"import {module}", PACKAGE)
    assert (found.status, found.target) == (Resolution.STDLIB, "")


def test_a_module_named_like_the_standard_librarys_is_meant_only_from_its_own_root() -> None:
    files = {"a/src/queue.py": "", "a/src/x.py": "", "b/src/y.py": ""}
    assert target("import queue", files, "a/src/user.py") == "a/src/queue.py"
    assert answer("import queue", files, "b/src/user.py").status == Resolution.STDLIB


def test_parents_are_the_packages_that_are_loaded_on_the_way() -> None:
    found = answer("import app.deep.leaf", PACKAGE, "tests/test_leaf.py")
    assert found.parents == ("app/__init__.py", "app/deep/__init__.py")


def test_packages_around_the_importing_file_are_loaded_already() -> None:
    assert answer("import app.deep.leaf", PACKAGE).parents == ("app/deep/__init__.py",)
    assert answer("from app.deep import leaf", PACKAGE).parents == ("app/deep/__init__.py",)
    assert answer("from app.deep import VALUE", PACKAGE).parents == ()


def test_dynamic_imports_with_a_literal_name_are_followed() -> None:
    files = {**PACKAGE, "app/main.py": 'import importlib\nimportlib.import_module("app.util")\n'}
    assert resolve(files, "app/main.py")[1].target == "app/util.py"


def test_a_relative_dynamic_import_needs_this_modules_own_package() -> None:
    text = (
        "from importlib import import_module\n"
        'import_module(".util", __package__)\n'
        'import_module(".util", package=other)\n'
    )
    found = resolve({**PACKAGE, "app/main.py": text}, "app/main.py")
    assert [one.target for one in found] == ["", "app/util.py"]


def test_every_binding_has_one_answer_in_order() -> None:
    text = "import os, app.util\nfrom .deep import leaf, VALUE\nimport numpy\n"
    found = resolve({**PACKAGE, "app/main.py": text}, "app/main.py")
    assert [one.binding for one in found] == [0, 1, 2, 3, 4]
    assert [one.status for one in found] == [
        "stdlib", "internal", "internal", "internal", "external",
    ]  # fmt: skip
