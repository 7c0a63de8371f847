"""Noticing that a folder was deleted, moved away or replaced while it is in use."""

from __future__ import annotations

import os
import weakref
from pathlib import Path

from featser.errors import StoreError


class FolderWatch:
    """Remembers which folder a path meant, and says when it means another, or none.

    The folder is held open where the system allows it: its number on the file system, by which it
    is known, then stays the same for as long as it exists, on network file systems too.

    Parameters
    ----------
    path : Path
        The folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = str(path)  # text: this is done for every write
        self._handle: int | None = None
        self._first: os.stat_result | None = None

    def begin(self) -> None:
        """Remember the folder, unless one is remembered or there is none."""
        if self._first is not None or not os.path.isdir(self._path):  # noqa: PTH112
            return
        if os.name == "posix":
            self._handle = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            weakref.finalize(self, os.close, self._handle)
        self._first = os.stat(self._path)  # noqa: PTH116

    def check(self) -> None:
        """Compare the folder with the one that is remembered, if one is.

        Raises
        ------
        StoreError
            If it is another, or gone.
        """
        if self._first is None:
            return
        try:
            first = self._first if self._handle is None else os.fstat(self._handle)
            is_same = os.path.samestat(first, os.stat(self._path))  # noqa: PTH116
        except OSError:  # the path means nothing any more, or the handle of a lost network disk
            is_same = False
        if not is_same:
            raise StoreError(
                f"{self._path}: was deleted, moved or replaced while it was in use, with what was "
                f"stored in it; put it back or leave it as it is, and run the same command again"
            )
