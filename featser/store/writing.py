"""Writing into a store, and saying why that is not possible."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from featser.errors import StoreError
from featser.io.lock import exclusive

LOCK = ".lock"

FIXES = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EFBIG: "raise the limit on the size of files (`ulimit -f`)",
}


@contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Hold a store's lock for the length of a block.

    Yields
    ------
    bool
        Whether nobody else can be writing: False where the file system has no locks.

    Raises
    ------
    StoreError
        If the store cannot be written, be it at the beginning or in the block.
    """
    try:
        with exclusive(folder / LOCK) as alone:
            yield alone
    except OSError as error:
        raise _cannot_write(folder, error) from error


def refuse_unwritable(*folders: Path) -> None:
    """Try to write into folders.

    Raises
    ------
    OSError
        If that is not possible.
    """
    for folder in folders:
        with tempfile.TemporaryFile(prefix=".writing-", dir=folder):
            pass


def _cannot_write(folder: Path, error: OSError) -> StoreError:
    fix = FIXES.get(error.errno or 0, "make it writable, or choose another place with --store,")
    why = os.strerror(error.errno) if error.errno else str(error)
    return StoreError(
        f"{folder}: cannot write ({why}). What was stored before is complete; "
        f"{fix} and run the same command again to continue"
    )
