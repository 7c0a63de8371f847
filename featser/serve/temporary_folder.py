"""The folder of all temporary files of a server, and what servers that were killed have left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from featser.workers.locked_temporary_folder import locked_temporary_folder

PREFIX = "featser-serve-"


@contextmanager
def temporary_folder() -> Iterator[str]:
    """Yield a folder for all temporary files, of this process and of its workers.

    The folder is locked for as long as the process lives. Folders that servers of the same user
    have left, because they were killed, are removed first.
    """
    with locked_temporary_folder(PREFIX) as folder:
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
