"""One process at a time: an advisory lock on a file, held for as long as a write lasts.

The lock is the kernel's (``flock``): it vanishes with whoever held it, however that one ended, so
there are no stale locks to clear up. Assumed is a file system on which a renaming is atomic and
``flock`` reaches every machine that writes: local disks, NFSv4, NFSv3 with its lock service. Where
there are no locks the block still runs and is told so; what is written is written whole even then.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


@contextmanager
def exclusive(path: str | Path) -> Iterator[bool]:
    """Wait for a lock on a file and hold it for the length of the block.

    Parameters
    ----------
    path : str or Path
        The file to lock; it and its folder are made when they do not exist, and stay.

    Yields
    ------
    bool
        Whether the lock is held; False where the file system, or the platform, has none.

    Raises
    ------
    OSError
        If the file cannot be opened for writing.
    """
    path = Path(path)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except FileNotFoundError:  # tried first: this is done for every write
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    # Closing the descriptor gives the lock back.
    try:
        yield _locked(handle)
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno in NO_LOCKS:
            return False
        raise
    return True
