"""The Python files of a tree, looked up as modules and packages."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

#: A package or module may exist as source, as Cython and as a stub: the first is the one that runs.
_EXTENSIONS = (".py", ".pyx", ".pyi")
_INIT = "__init__"


def folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


class Located(NamedTuple):
    """Where a dotted name leads from some folder.

    ``matched`` components were found, all of them if ``complete``. ``target`` is the file of the
    last one found, '' for a namespace package. ``folder``: where its submodules are, None for a
    plain module. ``regular``: is the first component a file, or a package with ``__init__``?
    ``parents``: ``__init__`` files of the packages on the way, without the target.
    """

    matched: int
    complete: bool
    target: str
    folder: str | None
    regular: bool
    parents: tuple[str, ...]


class PythonTree:
    """Modules by path without extension, packages by folder, folders that hold Python at all."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.modules: dict[str, str] = {}
        self.packages: dict[str, str] = {}
        self.folders: set[str] = set()
        python = [path for path in paths if path.endswith(_EXTENSIONS)]
        for path in sorted(python, key=lambda path: (_preference(path), path)):
            stem = path[: path.rindex(".")]
            folder, _, name = stem.rpartition("/")
            if name == _INIT:
                self.packages.setdefault(folder, path)
            else:
                self.modules.setdefault(stem, path)
            while folder not in self.folders:
                self.folders.add(folder)
                folder = folder_of(folder)

    def child(self, folder: str, name: str) -> str:
        """The file of submodule or subpackage *name*, '' if there is none (or a namespace)."""
        key = join(folder, name)
        return self.packages.get(key) or self.modules.get(key) or ""

    def has_child(self, folder: str, name: str) -> bool:
        return bool(self.child(folder, name)) or join(folder, name) in self.folders

    def locate(self, base: str, parts: Sequence[str]) -> Located:
        """Follow *parts* from folder *base*, as the import system would with *base* on its path."""
        folder: str | None = base
        target, regular = "", False
        parents: list[str] = []
        for at, part in enumerate(parts):
            if folder is None:
                return Located(at, False, target, None, regular, tuple(parents))
            key = join(folder, part)
            package = self.packages.get(key)
            if package is None and key not in self.modules and key not in self.folders:
                return Located(at, False, target, folder, regular, tuple(parents))
            if at and target:
                parents.append(target)
            if package is not None:
                target, folder = package, key
            elif key in self.modules:
                target, folder = self.modules[key], None
            else:
                target, folder = "", key
            regular = regular or (at == 0 and bool(target))
        return Located(len(parts), True, target, folder, regular, tuple(parents))


def _preference(path: str) -> int:
    return next(rank for rank, extension in enumerate(_EXTENSIONS) if path.endswith(extension))
