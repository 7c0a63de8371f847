"""Folders of temporary files that are locked while in use, and those that killed processes left."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from featser.io.lock import exclusive_folder

FRESH_S = 1.0
"""Seconds in which a process that starts has locked its folder: a younger one is left alone."""


@contextmanager
def locked_temporary_folder(prefix: str) -> Iterator[str]:
    """Yield a folder for temporary files, which is removed at the end of the block.

    The folder is locked for the length of the block. Folders that processes of the same user have
    left, because they were killed, are removed first.

    Parameters
    ----------
    prefix : str
        How the names of these folders begin; no others are removed.

    Examples
    --------
    >>> from pathlib import Path
    >>> with locked_temporary_folder("featser-example-") as folder:
    ...     Path(folder).is_dir()
    True
    >>> Path(folder).exists()
    False
    """
    remove_stale(Path(tempfile.gettempdir()), prefix)
    with (
        tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder,
        exclusive_folder(folder),
    ):
        yield folder


def remove_stale(folder: Path, prefix: str) -> list[Path]:
    """Remove the temporary folders of processes that were killed.

    Only folders of this user are removed, and only where their lock shows that no process uses
    them: on Windows, and on file systems without locks, they stay.

    Parameters
    ----------
    folder : Path
        Where processes make their temporary folders.
    prefix : str
        How the names of these folders begin.

    Returns
    -------
    list of Path
        What was removed.
    """
    removed = []
    for path in sorted(folder.glob(f"{prefix}*")):
        with suppress(OSError):  # in use (BlockingIOError), or removed meanwhile by another
            if not _is_own_folder(path):
                continue
            with exclusive_folder(path) as is_locked:
                if is_locked:
                    shutil.rmtree(path)
                    removed.append(path)
    return removed


def _is_own_folder(path: Path) -> bool:
    """Whether a path is a folder, not a link, of this user, and has existed for a moment."""
    facts = path.lstat()
    owner = getattr(os, "geteuid", lambda: facts.st_uid)()
    is_old = time.time() - facts.st_mtime > FRESH_S
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == owner and is_old
