"""Arrays that lie in temporary files, for what is too large to be held in memory at once.

A file is mapped into memory, so that its array is read and written like any other. It has no name
from the beginning: it disappears with the array, however the process ends. The system reads pages
of it when they are used; :func:`release_pages` takes those that have been read out of the memory
of the process, in which they would otherwise stay and count.
"""

from __future__ import annotations

import errno
import mmap
import os
import tempfile
import threading
from collections.abc import Iterator
from math import prod
from typing import IO, Any
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from featser.errors import FeatserError

_CHUNK_BYTES = 1 << 24
_mapped: WeakSet[mmap.mmap] = WeakSet()
_lock = threading.Lock()


def disk_array(shape: int | tuple[int, ...], dtype: Any = np.float32) -> NDArray[Any]:
    """Return an array of zeros in a temporary file.

    Parameters
    ----------
    shape : int or tuple of int
        Its shape.
    dtype : dtype
        The type of its values.

    Raises
    ------
    FeatserError
        If the folder of temporary files has no room for it.

    Examples
    --------
    >>> disk_array((2, 3)).shape
    (2, 3)
    """
    size = prod(np.atleast_1d(shape).tolist()) * np.dtype(dtype).itemsize
    with DiskWriter(dtype) as writer:
        writer.reserve(size)
        return writer.finished().reshape(shape)


class DiskWriter:
    """Writes an array of unknown length into a temporary file, one block after the other.

    Parameters
    ----------
    dtype : dtype
        The type of its values.

    Examples
    --------
    >>> with DiskWriter() as writer:
    ...     writer.write(np.ones(2, np.float32))
    ...     writer.write(np.zeros(1, np.float32))
    ...     array = writer.finished()
    >>> array.tolist()
    [1.0, 1.0, 0.0]
    """

    def __init__(self, dtype: Any = np.float32) -> None:
        self._dtype = np.dtype(dtype)
        self._n_bytes = 0
        try:
            self._file: IO[bytes] = tempfile.TemporaryFile(buffering=0, prefix="featser-")  # noqa: SIM115  # closed by __exit__
        except OSError as error:
            raise _no_room(error, 0) from error

    def __enter__(self) -> DiskWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()  # what is mapped stays

    def write(self, block: NDArray[Any]) -> None:
        """Append a block.

        Raises
        ------
        FeatserError
            If the folder of temporary files has no room for it.
        """
        left = np.ascontiguousarray(block, self._dtype).data.cast("B")
        size = len(left)
        try:
            while left:  # a write may be cut short
                left = left[self._file.write(left) :]
        except OSError as error:
            raise _no_room(error, self._n_bytes + size) from error
        self._n_bytes += size

    def reserve(self, n_bytes: int) -> None:
        """Append zeros.

        Raises
        ------
        FeatserError
            If the folder of temporary files has no room for them. Without that, the process would
            be ended when it writes to an array for which there is no room.
        """
        if hasattr(os, "posix_fallocate") and n_bytes:
            try:
                os.posix_fallocate(self._file.fileno(), self._n_bytes, n_bytes)
            except OSError as error:
                raise _no_room(error, self._n_bytes + n_bytes) from error
            self._n_bytes += n_bytes
            self._file.seek(self._n_bytes)
            return
        zeros = np.zeros(min(n_bytes, _CHUNK_BYTES), np.uint8).view(self._dtype)
        for first in range(0, n_bytes, _CHUNK_BYTES):
            self.write(zeros[: (n_bytes - first) // self._dtype.itemsize])

    def finished(self) -> NDArray[Any]:
        """Return all that was written, as one array of one dimension."""
        if not self._n_bytes:
            return np.zeros(0, self._dtype)
        mapped = mmap.mmap(self._file.fileno(), self._n_bytes)
        with _lock:
            _mapped.add(mapped)
        return np.frombuffer(mapped, self._dtype)


def slices(length: int, size: int) -> Iterator[slice]:
    """Yield slices of a length, one after the other, and release what was read of each.

    Examples
    --------
    >>> list(slices(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    for first in range(0, length, size):
        yield slice(first, min(first + size, length))
        release_pages()


def release_pages() -> None:
    """Take what has been read and written of all arrays on the disk out of memory.

    Nothing is lost: what is used again is read again. Systems that offer no such request do it by
    themselves when memory is short.
    """
    if not hasattr(mmap, "MADV_DONTNEED"):
        return
    with _lock:
        all_mapped = list(_mapped)
    for mapped in all_mapped:
        mapped.madvise(mmap.MADV_DONTNEED)


def _no_room(error: OSError, n_bytes: int) -> FeatserError:
    folder = tempfile.gettempdir()
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return FeatserError(f"{folder}: no temporary file can be written: {error.strerror}")
    return FeatserError(
        f"{folder}: no room for a temporary file of {n_bytes / 1e6:.0f} MB: free some, or set the "
        f"environment variable TMPDIR to a folder that has it"
    )
