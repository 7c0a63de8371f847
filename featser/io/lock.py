"""One process at a time: an advisory lock on a file, held for as long as a write lasts.

The lock is the kernel's (``flock``): it vanishes with whoever held it, however that one ended, so
there are no stale locks to clear up. Assumed is a file system on which a renaming is atomic and
``flock`` reaches every machine that writes: local disks, NFSv4, NFSv3 with its lock service. Where
there are no locks the block still runs, and the caller is informed; files are written whole even
then.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

ATTEMPTS = 100
NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
"""Errors of file systems without locks."""
FOLDER_LOCK = ".folder.lock"
"""The file whose lock is that of the folder; not ``.lock``, which writers of a store lock."""


@contextmanager
def exclusive(path: str | Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold a lock on a file for the length of the block.

    Parameters
    ----------
    path : str or Path
        The file to lock; it and its folder are made when they do not exist, and stay.
    wait : bool
        Whether to wait where another has the lock, or to fail at once.

    Yields
    ------
    bool
        Whether the lock is held; False where the file system, or the platform, has none.

    Raises
    ------
    BlockingIOError
        Without ``wait``, if another process, or another block of this one, holds the lock.
    OSError
        If the file cannot be opened for writing.
    """
    handle, is_locked = _acquired(Path(path), wait)
    try:
        yield is_locked
    finally:
        os.close(handle)  # which gives the lock back


@contextmanager
def exclusive_folder(path: str | Path) -> Iterator[bool]:
    """Lock a folder for the length of the block, or fail at once where another has the lock.

    The lock is on a hidden file in the folder, since NFS has no locks on folders. The file is
    removed at the end of the block. A killed process leaves the file, but not the lock.

    Parameters
    ----------
    path : str or Path
        The folder; it is made when it does not exist, and removed if the block leaves it empty.

    Yields
    ------
    bool
        Whether the lock is held; False where the file system, or the platform, has none.

    Raises
    ------
    BlockingIOError
        If another process, or another block of this one, holds the lock.
    OSError
        If the folder cannot be made, or a file in it cannot be opened for writing.

    Examples
    --------
    >>> from pathlib import Path
    >>> with exclusive_folder("runs/svm-1"):
    ...     Path("runs/svm-1").is_dir()
    True
    >>> Path("runs").exists()
    False
    """
    path = Path(path)
    lock = path / FOLDER_LOCK
    new_folders = _make_folders(path)
    with ExitStack() as after:
        is_locked = after.enter_context(exclusive(lock, wait=False))
        try:
            yield is_locked
        finally:
            if not is_locked:  # Windows removes no open file
                after.close()
            with suppress(OSError):  # the folder was deleted meanwhile
                lock.unlink()
            after.close()  # only now: a file that is removed later may be another's lock
            for folder in new_folders:
                with suppress(OSError):  # it is not empty, since another process may use it
                    folder.rmdir()


def _make_folders(path: Path) -> list[Path]:
    """Make a folder and those above it; return the new ones, innermost first."""
    new_folders = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    return new_folders


def _acquired(path: Path, wait: bool) -> tuple[int, bool]:
    """Return the open file, and whether its lock is held."""
    for attempt in range(ATTEMPTS):
        handle = _opened(path)
        try:
            is_locked = _locked(handle, wait)
        except BaseException:
            os.close(handle)
            raise
        # Where the file was removed while this process waited, others lock the one made since.
        if not is_locked or is_named(handle, path) or attempt == ATTEMPTS - 1:
            return handle, is_locked
        os.close(handle)
    raise AssertionError("unreachable")


def _opened(path: Path) -> int:
    for _ in range(ATTEMPTS):
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:  # tried first: this is done for every write
            path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)


def is_named(handle: int, path: Path) -> bool:
    """Return whether an open file is still the one of that name.

    Examples
    --------
    >>> from pathlib import Path
    >>> with open("votes.txt", "w") as file:
    ...     is_named(file.fileno(), Path("votes.txt")), is_named(file.fileno(), Path("other.txt"))
    (True, False)
    """
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))  # noqa: PTH116
    except FileNotFoundError:
        return False


def _locked(handle: int, wait: bool) -> bool:
    if find_spec("fcntl") is None:  # on Windows
        return False
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in NO_LOCKS:
            return False
        raise
    return True
