"""Scratch directories of running jobs: private, locked while they are used, swept by lock."""

import contextlib
import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from prism.adapters.processes.file_locks import LOCK_SUFFIX, cannot_use, take_lock
from prism.application.ports.runner import ScratchSpace
from prism.domain.errors import Transient

log = logging.getLogger(__name__)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class ScratchDirectories(ScratchSpace):
    """``<root>/<name>`` with ``<root>/<name>.lock`` beside it.

    Whoever holds the lock of that file owns the directory; see ``file_locks``.
    """

    def __init__(self, root: str) -> None:
        self._root = Path(root)

    def open(self, name: str) -> AbstractContextManager[str]:
        if not _NAME.fullmatch(name) or name.endswith(LOCK_SUFFIX):
            raise ValueError(f"{name!r} cannot be the name of a scratch directory")
        return self._opened(name)

    @contextmanager
    def _opened(self, name: str) -> Iterator[str]:
        path = self._root / name
        try:
            lock = self._locked(path)
        except OSError as error:
            raise cannot_use(path, error) from error
        if lock is None:
            raise Transient(f"the scratch directory {path} is in use", hint="try again later")
        try:
            _remove(path)  # left by an owner that was killed
            try:
                path.mkdir(mode=0o700)
            except OSError as error:
                raise cannot_use(path, error) from error
            yield str(path)
        finally:
            _discard(path, lock)

    def _locked(self, path: Path) -> int | None:
        try:
            return take_lock(_lock_of(path))
        except FileNotFoundError:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            return take_lock(_lock_of(path))

    def sweep(self) -> int:
        try:
            names = {entry.name.removesuffix(LOCK_SUFFIX) for entry in self._root.iterdir()}
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise cannot_use(self._root, error) from error
        mine = sorted(name for name in names if _NAME.fullmatch(name))
        return sum(self._sweep_one(self._root / name) for name in mine)

    def _sweep_one(self, path: Path) -> bool:
        try:
            lock = take_lock(_lock_of(path))
        except OSError:
            return False
        if lock is None:
            return False
        existed = path.is_dir()
        return _discard(path, lock) and existed


def _lock_of(path: Path) -> Path:
    return path.with_name(path.name + LOCK_SUFFIX)


def _discard(path: Path, lock: int) -> bool:
    """Remove the directory, then its lock file. What cannot be removed is left to a later sweep."""
    try:
        _remove(path)
        with contextlib.suppress(FileNotFoundError):
            _lock_of(path).unlink()
    except OSError as error:
        fields = {"action": "scratch_left", "path": str(path), "errno": error.errno}
        log.warning("scratch directory left", extra=fields)
        return False
    else:
        return True
    finally:
        os.close(lock)


def _remove(path: Path) -> None:
    """Raises OSError when something of it is left."""
    try:
        path.rmdir()  # most jobs leave nothing in it, and what was never there is gone too
    except FileNotFoundError:
        return
    except OSError:
        _remove_what_is_there(path)


def _remove_what_is_there(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
        return
    if not path.exists():
        return
    try:
        shutil.rmtree(path)
    except OSError:  # a directory without permissions, or a file that came or went meanwhile
        for directory, _, _ in os.walk(path):
            with contextlib.suppress(OSError):
                Path(directory).chmod(0o700)
        if path.exists():
            shutil.rmtree(path)
