"""The names that packages from outside are installed by."""

import pytest
from tests.support.python_tree import answer

from prism.adapters.languages.python.manifests import requirements, wanted
from prism.domain.facts.runs import Resolution


@pytest.mark.parametrize(
    ("statement", "manifest", "distribution"),
    [
        ("import numpy.linalg", "", "numpy"),
        ("import yaml", "", "PyYAML"),
        ("from PIL import Image", "", "Pillow"),
        ("import yaml", "pyyaml>=6\n", "pyyaml"),
        ("import flask_login", "Flask-Login\n", "Flask-Login"),
        ("import multipart", "python-multipart==1\n", "python-multipart"),
        ("from google.cloud.storage import Client", "google-cloud-storage\n",
         "google-cloud-storage"),
        ("import google.protobuf", "", "protobuf"),
    ],
)  # fmt: skip
def test_a_library_is_called_as_it_is_installed(
    statement: str, manifest: str, distribution: str
) -> None:
    files = {"app/__init__.py": "", "requirements.txt": manifest}
    found = answer(statement, files)
    assert (found.status, found.distribution) == (Resolution.EXTERNAL, distribution)


def test_requirements_are_read_from_every_common_file() -> None:
    pyproject = (
        '[project]\ndependencies = ["a>=1", "b[extra]; python_version > \'3\'"]\n'
        '[project.optional-dependencies]\ndev = ["c"]\n'
        '[dependency-groups]\ntest = ["d", {include-group = "dev"}]\n'
        '[tool.poetry.dependencies]\npython = "^3"\ne = "1"\n'
        '[tool.poetry.group.dev.dependencies]\nf = "1"\n'
    )
    assert requirements("pyproject.toml", pyproject) == ["a", "b", "c", "d", "e", "f"]
    assert requirements("requirements/dev.txt", "# no\n-r base.txt\ng==1 # h\n\n") == ["g"]
    setup = "[options]\ninstall_requires =\n  i\n  j>1\n[options.extras_require]\nx =\n  k\n"
    assert requirements("sub/setup.cfg", setup) == ["i", "j", "k"]


@pytest.mark.parametrize("shape", ["project = 1", "tool = 'x'", "[tool]\npoetry = []", "[[[", ""])
def test_a_project_file_of_any_shape_is_read(shape: str) -> None:
    assert requirements("pyproject.toml", shape) == []


@pytest.mark.parametrize(
    ("path", "yes"),
    [
        ("pyproject.toml", True),
        ("a/b/setup.cfg", True),
        ("requirements-dev.txt", True),
        ("requirements/base.in", True),
        ("a/readme.txt", False),
        ("package.json", False),
    ],
)
def test_only_pythons_project_files_are_wanted(path: str, yes: bool) -> None:
    assert wanted(path) is yes
