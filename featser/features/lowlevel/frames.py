"""Frames of a signal, and memory of a thread for arrays that do not outlive a call."""

from __future__ import annotations

from threading import local
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

_LARGEST_BYTES = 4_000_000


def framed(samples: NDArray[Any], length: int, hop: int) -> NDArray[Any]:
    """Return the frames of a signal as a view, shape (frames, length).

    Examples
    --------
    >>> framed(np.arange(6), length=4, hop=2).tolist()
    [[0, 1, 2, 3], [2, 3, 4, 5]]
    """
    return sliding_window_view(samples, length)[::hop]


class _Scratch(local):
    """The arrays of a thread, by name.

    A page that the system allocates costs more than the arithmetic on it: new arrays for every
    utterance took a quarter of the time.
    """

    def __init__(self) -> None:
        self.arrays: dict[str, NDArray[np.uint8]] = {}


_SCRATCH = _Scratch()


def scratch(name: str, shape: tuple[int, int], dtype: Any = np.float32) -> NDArray[Any]:
    """Return an array for an intermediate result, its values undefined.

    The next call of the thread with the same name overwrites it: never return it. Arrays above
    4 MB are allocated for each signal, so that a long recording occupies no memory afterwards.

    Examples
    --------
    >>> scratch("spectrum", (2, 3)).shape
    (2, 3)
    """
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if size > _LARGEST_BYTES:
        return np.empty(shape, dtype)
    array = _SCRATCH.arrays.get(name)
    if array is None or len(array) < size:
        array = _SCRATCH.arrays[name] = np.empty(size, np.uint8)
    return np.asarray(array[:size].view(dtype).reshape(shape))
