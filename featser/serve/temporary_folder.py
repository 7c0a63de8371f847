"""The folder of all temporary files of a server, and what servers that were killed have left."""

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

PREFIX = "featser-serve-"
FRESH_S = 1.0
"""Seconds in which a server that starts has locked its folder: a younger one is left alone."""


@contextmanager
def temporary_folder() -> Iterator[str]:
    """Yield a folder for all temporary files, of this process and of its workers.

    The folder is locked for as long as the process lives. Folders that servers of the same user
    have left, because they were killed, are removed first.
    """
    remove_stale(Path(tempfile.gettempdir()))
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as folder,
        exclusive_folder(folder),
    ):
        before = {name: os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP")}
        os.environ.update(dict.fromkeys(before, folder))
        try:
            yield folder
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def remove_stale(folder: Path) -> list[Path]:
    """Remove the folders of servers that were killed.

    Only folders of this user are removed, and only where their lock shows that no server uses
    them: on Windows, and on file systems without locks, they stay.

    Parameters
    ----------
    folder : Path
        Where servers make their temporary folders.

    Returns
    -------
    list of Path
        What was removed.
    """
    removed = []
    for path in sorted(folder.glob(f"{PREFIX}*")):
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
