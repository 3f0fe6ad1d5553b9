"""``prism --help`` loads the standard library and typer: the start-up budget, checked exactly."""

import json
import subprocess
import sys

import pytest

#: typer's own dependencies, and what an interpreter of an editable install may load by itself.
ALLOWED = {"typer", "rich", "shellingham", "annotated_doc", "markdown_it", "mdurl", "pygments"}
ALLOWED |= {"prism", "click", "typing_extensions", "_distutils_hack", "__mp_main__"}

PROBE = """
import json, sys
before = set(sys.modules)
sys.argv = ["prism", *{arguments!r}]
from prism.entrypoints.cli.main import run
try:
    run()
except SystemExit as stop:
    code = stop.code
tops = sorted({{name.split(".")[0] for name in sys.modules if name not in before}})
print()
print(json.dumps([code, tops]))
"""


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["worker", "--help"], ["status", "--help"], ["index", "--help"],
     ["job", "--help"], ["credential", "add", "--help"], ["no-such-command"]],
    ids=" ".join,
)  # fmt: skip
def test_help_imports_only_the_standard_library_and_typer(arguments: list[str]) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", PROBE.format(arguments=arguments)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    code, modules = json.loads(answer.stdout.splitlines()[-1])
    strangers = {m for m in modules if m not in sys.stdlib_module_names and m not in ALLOWED}
    assert strangers == set()
    assert code == (2 if arguments == ["no-such-command"] else 0)


def test_help_does_not_load_rich_or_asyncio() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", PROBE.format(arguments=["--help"])],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    _, modules = json.loads(answer.stdout.splitlines()[-1])
    assert not {"rich", "asyncio", "sqlite3", "sqlalchemy", "pydantic"} & set(modules)
