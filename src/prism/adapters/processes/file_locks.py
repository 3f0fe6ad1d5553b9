"""Locks that the kernel frees when their owner is gone: ``flock`` on a file that is made for it.

No process id, which could mean another process by now, and no age, which says nothing about a job
that takes long, decides who owns something.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prism.domain.errors import NoSpace, Transient

LOCK_SUFFIX = ".lock"
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


def take_lock(path: Path) -> int | None:
    """Make the file and lock it: a descriptor that no child inherits, or None when somebody else
    has the lock. Raises OSError."""
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _names(path, lock):
                return lock
        except BlockingIOError:
            os.close(lock)
            return None
        except OSError:
            os.close(lock)
            raise
        os.close(lock)  # unlinked between our open and our lock: this one protects nothing


@contextmanager
def examined(path: Path) -> Iterator[tuple[int, bool]]:
    """(a descriptor to read from, has its lock an owner). Raises OSError.

    A free lock is shared with other readers meanwhile: nobody can take it, so the file may be
    unlinked, and no reader sees an owner in another reader.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor, not _share(descriptor)
    finally:
        os.close(descriptor)


def _share(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _names(path: Path, lock: int) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    ours = os.fstat(lock)
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)


def cannot_use(path: Path, error: OSError) -> Transient:
    """What to raise when a file of the data directory cannot be made, locked or written."""
    kind = NoSpace if error.errno in (errno.ENOSPC, errno.EDQUOT) else Transient
    hint = "check free space and permissions of the data directory"
    if error.errno in _NO_LOCKS:
        hint = "put the data directory on a file system that knows flock, like a local disk"
    return kind(f"{path} cannot be used ({os.strerror(error.errno or 0)})", hint=hint)
