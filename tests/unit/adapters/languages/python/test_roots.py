"""Where a tree's packages hang: source roots, namespaces, projects side by side."""

from tests.support.python_tree import answer, names, target

from prism.domain.facts.runs import Resolution


def test_a_src_folder_is_a_root() -> None:
    files = {"src/pkg/__init__.py": "", "src/pkg/m.py": "", "tests/test_m.py": "import pkg.m"}
    assert target("import pkg.m", files, "tests/test_other.py") == "src/pkg/m.py"
    assert names(files)["src/pkg/m.py"] == "pkg.m"


def test_several_projects_have_a_root_each() -> None:
    files = {
        "services/a/src/common/__init__.py": "",
        "services/b/src/common/__init__.py": "",
        "services/a/src/appa/__init__.py": "",
        "services/b/src/appb/__init__.py": "",
    }
    assert target("import common", files, "services/a/src/appa/x.py") == (
        "services/a/src/common/__init__.py"
    )
    assert target("import common", files, "services/b/src/appb/x.py") == (
        "services/b/src/common/__init__.py"
    )
    assert target("import appb", files, "services/a/src/appa/x.py") == (
        "services/b/src/appb/__init__.py"
    )


def test_the_trees_own_imports_show_which_folder_is_the_root() -> None:
    files = {"backend/app/__init__.py": "", "backend/app/m.py": "import app.other"}
    assert names(files)["backend/app/m.py"] == "app.m"
    files = {"backend/app/__init__.py": "", "backend/app/m.py": "import backend.app.other"}
    assert names(files)["backend/app/m.py"] == "backend.app.m"


def test_a_namespace_package_needs_no_init() -> None:
    files = {
        "src/acme/billing/__init__.py": "",
        "src/acme/billing/invoice.py": "",
        "src/acme/users/__init__.py": "from acme.billing import invoice",
    }
    assert names(files)["src/acme/billing/invoice.py"] == "acme.billing.invoice"
    importer = "src/acme/users/m.py"
    assert target("from acme.billing import invoice", files, importer) == (
        "src/acme/billing/invoice.py"
    )


def test_a_namespace_package_may_be_spread_over_roots() -> None:
    files = {
        "one/src/acme/a/__init__.py": "import acme.b",
        "two/src/acme/b/__init__.py": "import acme.a",
    }
    assert target("import acme.b", files, "one/src/acme/a/m.py") == "two/src/acme/b/__init__.py"


def test_a_folder_named_like_a_library_does_not_take_its_place() -> None:
    files = {"alembic/env.py": "from alembic import context", "app/__init__.py": ""}
    found = answer("from alembic import op", files)
    assert (found.status, found.distribution) == (Resolution.EXTERNAL, "alembic")


def test_a_fixture_named_like_a_library_is_not_seen_from_outside() -> None:
    files = {
        "tests/fixtures/proj/requests/__init__.py": "",
        "tests/fixtures/proj/use.py": "import requests",
        "app/__init__.py": "",
    }
    assert answer("import requests", files).status == Resolution.EXTERNAL
    inside = "tests/fixtures/proj/main.py"
    assert target("import requests", files, inside) == "tests/fixtures/proj/requests/__init__.py"


def test_a_script_sees_what_lies_beside_it() -> None:
    files = {"scripts/shared.py": "", "scripts/run.py": "import shared", "app/__init__.py": ""}
    assert target("import shared", files, "scripts/other.py") == "scripts/shared.py"
    assert answer("import shared", files).status == Resolution.EXTERNAL


def test_a_script_named_like_the_library_it_uses_does_not_mean_itself() -> None:
    files = {"tools/redis.py": "", "app/__init__.py": ""}
    assert answer("import redis", files, "tools/redis.py").status == Resolution.EXTERNAL


def test_tests_without_init_are_named_from_the_project() -> None:
    files = {"pyproject.toml": "", "tests/contracts/clock.py": "", "app/__init__.py": ""}
    statement = "from tests.contracts.clock import Contract"
    assert target(statement, files, "tests/unit/test_x.py") == "tests/contracts/clock.py"
    assert names(files)["tests/contracts/clock.py"] == "tests.contracts.clock"


def test_project_files_name_further_roots() -> None:
    hints = {
        "pyproject.toml": '[tool.setuptools.packages.find]\nwhere = ["lib"]\n',
        "setup.cfg": "[options]\npackage_dir =\n    = lib\n",
        "setup.py": 'setup(package_dir={"": "lib"})',
    }
    for path, text in hints.items():
        files = {path: text, "lib/acme/tools/__init__.py": "", "lib/acme/tools/m.py": ""}
        assert names(files)["lib/acme/tools/m.py"] == "acme.tools.m", path


def test_a_broken_project_file_is_no_obstacle() -> None:
    files = {"pyproject.toml": "[[[", "setup.cfg": "nonsense", "pkg/__init__.py": ""}
    assert target("import pkg", files) == "pkg/__init__.py"


def test_a_gap_inside_a_package_does_not_break_it() -> None:
    files = {"pkg/__init__.py": "", "pkg/gap/inner/__init__.py": "", "pkg/gap/inner/m.py": ""}
    assert names(files)["pkg/gap/inner/m.py"] == "pkg.gap.inner.m"
    assert target("import pkg.gap.inner.m", files) == "pkg/gap/inner/m.py"


def test_modules_need_be_no_identifiers() -> None:
    files = {"pkg/__init__.py": "", "pkg/0001_initial.py": ""}
    assert names(files)["pkg/0001_initial.py"] == "pkg.0001_initial"


def test_a_package_is_called_by_its_folder() -> None:
    assert names({"pkg/__init__.py": ""}) == {"pkg/__init__.py": "pkg"}


def test_a_very_deep_tree_is_no_obstacle() -> None:
    deep = "/".join("d" * 1 for _ in range(1500))
    files = {f"{deep}/__init__.py": "", f"{deep}/m.py": "from . import n", "app/__init__.py": ""}
    assert target("from . import m", files, f"{deep}/n.py") == f"{deep}/m.py"
