"""What a project's files say about its layout and its requirements."""

import re
import tomllib
from collections.abc import Iterator
from configparser import ConfigParser
from configparser import Error as ConfigError
from typing import Any

from prism.adapters.languages.python.tree import folder_of

PROJECT_FILES = frozenset({"pyproject.toml", "setup.cfg", "setup.py"})
_REQUIREMENTS = re.compile(
    r"(?:[\w.-]*requirements[\w.-]*|(?:.*/)?requirements/[\w./-]+)\.(?:txt|in)\Z"
)
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_PACKAGE_DIR = re.compile(r"""package_dir\s*=\s*\{\s*['"]{2}\s*:\s*['"]([\w./-]+)['"]""")
_WHERE = re.compile(r"""find_(?:namespace_)?packages\(\s*(?:where\s*=\s*)?['"]([\w./-]+)['"]""")


def wanted(path: str) -> bool:
    """Is *path* a file that ``source_folders`` or ``requirements`` can read?"""
    name = path.rpartition("/")[2]
    return name in PROJECT_FILES or _REQUIREMENTS.match(path.lower()) is not None


def source_folders(path: str, text: str) -> list[str]:
    """Folders that the project file at *path* puts on the import path, relative to the tree."""
    name = path.rpartition("/")[2]
    base = folder_of(path)
    if name == "pyproject.toml":
        folders = list(_pyproject_folders(_toml(text)))
    elif name == "setup.cfg":
        folders = _setup_cfg_folders(text)
    elif name == "setup.py":
        folders = [*_PACKAGE_DIR.findall(text), *_WHERE.findall(text)]
    else:
        return []
    found = [_inside(base, folder) for folder in folders]
    return sorted({folder for folder in found if folder is not None})


def _inside(base: str, folder: str) -> str | None:
    """*folder* as a path of the tree, None if it leaves it."""
    parts = base.split("/") if base else []
    for part in folder.replace("\\", "/").split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _at(table: object, *keys: str) -> Any:
    for key in keys:
        if not isinstance(table, dict):
            return None
        table = table.get(key)
    return table


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [item for item in value if isinstance(item, str)]
    return []


def _pyproject_folders(data: dict[str, Any]) -> Iterator[str]:
    """setuptools, poetry, hatch, pdm, and what pytest and mypy add to the path."""
    tool = data.get("tool")
    yield from _texts(_at(tool, "setuptools", "packages", "find", "where"))
    yield from _texts(_at(tool, "setuptools", "package-dir", ""))
    packages = _at(tool, "poetry", "packages")
    for package in packages if isinstance(packages, list) else []:
        yield from _texts(_at(package, "from"))
    for package in _texts(_at(tool, "hatch", "build", "targets", "wheel", "packages")):
        yield folder_of(package.strip("/"))
    yield from _texts(_at(tool, "hatch", "build", "targets", "wheel", "sources"))
    yield from _texts(_at(tool, "pdm", "build", "package-dir"))
    yield from _texts(_at(tool, "pytest", "ini_options", "pythonpath"))
    for entry in _texts(_at(tool, "mypy", "mypy_path")):
        yield from (part for part in re.split("[:,]", entry) if "$" not in part)


def _setup_cfg(text: str) -> ConfigParser:
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except ConfigError:
        return ConfigParser(interpolation=None)
    return parser


def _setup_cfg_folders(text: str) -> list[str]:
    parser = _setup_cfg(text)
    folders = [parser.get("options.packages.find", "where", fallback="").strip()]
    for line in parser.get("options", "package_dir", fallback="").splitlines():
        key, equals, value = line.partition("=")
        if equals and not key.strip():
            folders.append(value.strip())
    return [folder for folder in folders if folder]


def requirements(path: str, text: str) -> list[str]:
    """Names of the distributions that the file at *path* asks for, as written."""
    name = path.rpartition("/")[2]
    if name == "pyproject.toml":
        lines = list(_pyproject_requirements(_toml(text)))
    elif name == "setup.cfg":
        parser = _setup_cfg(text)
        lines = parser.get("options", "install_requires", fallback="").splitlines()
        if parser.has_section("options.extras_require"):
            for _extra, value in parser.items("options.extras_require"):
                lines.extend(value.splitlines())
    elif name == "setup.py":
        return []
    else:
        lines = [line for line in text.splitlines() if not line.lstrip().startswith(("#", "-"))]
    return [match.group(1) for line in lines if (match := _NAME.match(line))]


def _pyproject_requirements(data: dict[str, Any]) -> Iterator[str]:
    yield from _texts(_at(data, "project", "dependencies"))
    for table in (
        _at(data, "project", "optional-dependencies"),
        _at(data, "dependency-groups"),
    ):
        for group in table.values() if isinstance(table, dict) else ():
            yield from _texts(group)
    poetry = _at(data, "tool", "poetry")
    tables = [_at(poetry, "dependencies"), _at(poetry, "dev-dependencies")]
    groups = _at(poetry, "group")
    for group in groups.values() if isinstance(groups, dict) else ():
        tables.append(_at(group, "dependencies"))
    for table in tables:
        yield from (name for name in table if name != "python") if isinstance(table, dict) else ()
