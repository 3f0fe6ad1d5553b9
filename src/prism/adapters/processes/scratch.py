"""Scratch directories of running jobs: private, locked while they are used, swept by lock."""

import contextlib
import errno
import fcntl
import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from prism.application.ports.runner import ScratchSpace
from prism.domain.errors import NoSpace, Transient

log = logging.getLogger(__name__)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_LOCK_SUFFIX = ".lock"


class ScratchDirectories(ScratchSpace):
    """``<root>/<name>`` with ``<root>/<name>.lock`` beside it.

    Whoever holds the ``flock`` of that file owns the directory. The kernel frees it when the owner
    is gone, in whatever way; no process id, which could mean another process by now, and no age,
    which says nothing about a job that takes long, is ever asked.
    """

    def __init__(self, root: str) -> None:
        self._root = Path(root)

    def open(self, name: str) -> AbstractContextManager[str]:
        if not _NAME.fullmatch(name) or name.endswith(_LOCK_SUFFIX):
            raise ValueError(f"{name!r} cannot be the name of a scratch directory")
        return self._opened(name)

    @contextmanager
    def _opened(self, name: str) -> Iterator[str]:
        path = self._root / name
        try:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = _take_lock(_lock_of(path))
        except OSError as error:
            raise _cannot(path, error) from error
        if lock is None:
            raise Transient(f"the scratch directory {path} is in use", hint="try again later")
        try:
            _remove(path)  # left by an owner that was killed
            try:
                path.mkdir(mode=0o700)
            except OSError as error:
                raise _cannot(path, error) from error
            yield str(path)
        finally:
            _discard(path, lock)

    def sweep(self) -> int:
        try:
            names = {entry.name.removesuffix(_LOCK_SUFFIX) for entry in self._root.iterdir()}
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise _cannot(self._root, error) from error
        mine = sorted(name for name in names if _NAME.fullmatch(name))
        return sum(self._sweep_one(self._root / name) for name in mine)

    def _sweep_one(self, path: Path) -> bool:
        try:
            lock = _take_lock(_lock_of(path))
        except OSError:
            return False
        if lock is None:
            return False
        existed = path.is_dir()
        return _discard(path, lock) and existed


def _lock_of(path: Path) -> Path:
    return path.with_name(path.name + _LOCK_SUFFIX)


def _take_lock(path: Path) -> int | None:
    """A descriptor that holds the lock, or None when somebody else does. Raises OSError."""
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        if _names(path, lock):
            return lock
        os.close(lock)  # unlinked between our open and our lock: this one protects nothing


def _names(path: Path, lock: int) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    ours = os.fstat(lock)
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)


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


def _cannot(path: Path, error: OSError) -> Transient:
    kind = NoSpace if error.errno in (errno.ENOSPC, errno.EDQUOT) else Transient
    return kind(
        f"{path} cannot be used ({os.strerror(error.errno or 0)})",
        hint="check free space and permissions of the data directory",
    )
