"""Descriptors of long recordings in blocks of frames, and statistics of their contours in groups.

An hour of speech has 57.6 million samples and a spectrum of 370 MB for each copy of it, but its
contours, 100 values a second, are small. A recording that lasts longer than
:data:`featser.audio.signal.LONG_S` is therefore described in two steps:

- what depends on a frame and its neighbours alone is computed on blocks of frames
  (:func:`frame_blocks`), each with some frames of its surroundings, and put together as contours;
- what depends on all frames, such as the level of the loudest one, the path of the pitch and all
  statistics, is computed on whole contours, some rows at a time (:func:`by_rows`).

Contours of more than 8 MB lie on the disk (:func:`contour_array`). A shorter recording is one
block, and its contours are one group of rows: the same functions compute it as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from featser.io.disk_arrays import disk_array, release_pages, slices

BLOCK_FRAMES = 1000
"""Frames of a block without its surroundings: 10 s."""

GROUP_VALUES = 1 << 21
"""Values of the contours that statistics are computed of at a time: 60 s have fewer."""


@dataclass(frozen=True)
class FrameBlock:
    """Some frames of a signal, and the samples under them and their surroundings.

    Attributes
    ----------
    frames : slice
        Which frames of the signal.
    inside : slice
        Which these are among the frames of the block, which has its surroundings too.
    samples : slice
        Which samples of the signal the block is made of.
    """

    frames: slice
    inside: slice
    samples: slice


def frame_blocks(n_frames: int, hop: int, length: int, context: int) -> Iterator[FrameBlock]:
    """Yield the blocks of a signal.

    Frame ``t`` begins at sample ``t · hop`` of the signal, and likewise in each block. Where frames
    are centred on that sample instead, ``context`` includes those that half a window spans.

    Parameters
    ----------
    n_frames : int
        How many frames the signal has.
    hop, length : int
        Samples from one frame to the next, and in a frame.
    context : int
        Frames before and after a block that its values depend on.

    Examples
    --------
    >>> first, last = frame_blocks(1200, hop=160, length=320, context=2)
    >>> first.frames, first.inside, first.samples
    (slice(0, 1000, None), slice(0, 1000, None), slice(0, 160480, None))
    >>> last.frames, last.inside, last.samples
    (slice(1000, 1200, None), slice(2, 202, None), slice(159680, 192480, None))
    """
    for frames in frame_slices(n_frames):
        first, last = frames.start, frames.stop
        before = min(context, first)
        samples = slice((first - before) * hop, (last + context - 1) * hop + length)
        yield FrameBlock(frames, slice(before, before + last - first), samples)


def frame_slices(n_frames: int) -> Iterator[slice]:
    """Yield the frames of each block of so many frames.

    Examples
    --------
    >>> list(frame_slices(1200))
    [slice(0, 1000, None), slice(1000, 1200, None)]
    """
    return slices(n_frames, BLOCK_FRAMES)


def contour_array(shape: tuple[int, ...], dtype: Any = np.float32) -> NDArray[Any]:
    """Return an array for contours: on the disk if it is large; its values are undefined.

    Examples
    --------
    >>> contour_array((21, 100)).shape
    (21, 100)
    """
    if np.prod(shape, dtype=np.int64) <= GROUP_VALUES:
        return np.empty(shape, dtype)
    release_pages()
    return disk_array(shape, dtype)


def row_groups(shape: tuple[int, ...], multiple: int = 1) -> Iterator[slice]:
    """Yield which rows of contours to compute at a time: all at once if they are few or short.

    Parameters
    ----------
    shape : tuple of int
        Of the contours: rows, and values in each.
    multiple : int
        Rows that belong together.

    Examples
    --------
    >>> list(row_groups((21, 6000)))
    [slice(0, 21, None)]
    >>> list(row_groups((7, 1 << 20), multiple=2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 6, None), slice(6, 7, None)]
    """
    n_rows = shape[0]
    if np.prod(shape, dtype=np.int64) <= GROUP_VALUES:
        yield slice(0, n_rows)
        return
    width = int(np.prod(shape[1:], dtype=np.int64))
    size = max(1, GROUP_VALUES // width // multiple) * multiple
    yield from slices(n_rows, size)


def by_rows(
    function: Callable[[NDArray[Any]], NDArray[Any]], values: NDArray[Any], multiple: int = 1
) -> NDArray[Any]:
    """Apply a function to groups of rows; its results are put one below the other.

    Parameters
    ----------
    function : callable
        What it returns for a row does not depend on the other rows.
    values : ndarray, shape (rows, ...)
        Contours.
    multiple : int
        Rows that belong together.

    Examples
    --------
    >>> by_rows(lambda rows: rows.mean(axis=1), np.array([[1.0, 3.0], [5.0, 7.0]])).tolist()
    [2.0, 6.0]
    """
    result: NDArray[Any] | None = None
    for rows in row_groups(values.shape, multiple):
        of_group = function(values[rows])
        if rows.stop - rows.start == len(values):
            return of_group
        per_row = len(of_group) / (rows.stop - rows.start)
        if result is None:
            shape = round(per_row * len(values)), *of_group.shape[1:]
            result = contour_array(shape, of_group.dtype)
        result[round(per_row * rows.start) : round(per_row * rows.stop)] = of_group
    assert result is not None
    return result


def by_rows_of(
    function: Callable[[NDArray[Any]], NDArray[Any]], contours: Sequence[NDArray[Any]]
) -> NDArray[Any]:
    """Apply :func:`by_rows` to contours that are not in one array: put together, if they are few.

    Examples
    --------
    >>> by_rows_of(lambda rows: rows.sum(axis=1), [np.ones((1, 3)), np.zeros((2, 3))]).tolist()
    [3.0, 0.0, 0.0]
    """
    if sum(one.size for one in contours) <= GROUP_VALUES:
        return function(np.vstack(contours))
    return np.concatenate([by_rows(function, one) for one in contours])


def by_columns(
    function: Callable[[NDArray[Any]], NDArray[Any]], values: NDArray[Any]
) -> NDArray[Any]:
    """Apply a function to groups of columns, shape (frames, columns); it keeps their shape.

    Examples
    --------
    >>> by_columns(lambda columns: columns - columns[:1], np.array([[1, 2], [3, 5]])).tolist()
    [[0, 0], [2, 3]]
    """
    if values.size <= GROUP_VALUES:
        return function(values)
    result = contour_array(values.shape, values.dtype)
    for columns in row_groups(values.shape[::-1]):
        result[:, columns] = function(values[:, columns])
    return result


def stacked(rows: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return contours one below the other; each has one row or several.

    Examples
    --------
    >>> stacked([np.zeros(3, np.float32), np.ones((2, 3), np.float32)]).shape
    (3, 3)
    """
    matrices = [np.atleast_2d(one) for one in rows]
    shape = sum(len(one) for one in matrices), matrices[0].shape[1]
    return np.concatenate(matrices, out=contour_array(shape, matrices[0].dtype))


Part = TypeVar("Part")
Descriptor = Callable[[Part], NDArray[Any]]


class BlockContours(Generic[Part]):
    """Contours of a long signal, each computed once, on block after block.

    Parameters
    ----------
    blocks : callable
        Yields the blocks of the signal.
    part : callable
        Returns, for a block, what descriptors are computed of, its surroundings included.
    n_frames : int
        How many frames the signal has.
    """

    def __init__(
        self,
        blocks: Callable[[], Iterator[FrameBlock]],
        part: Callable[[FrameBlock], Part],
        n_frames: int,
    ) -> None:
        self._blocks, self._part, self._n_frames = blocks, part, n_frames
        self._contours: dict[Descriptor[Part], NDArray[Any]] = {}

    def prepare(self, descriptors: Sequence[Descriptor[Part]]) -> None:
        """Compute several descriptors together, as far as they have not been computed."""
        missing = [one for one in dict.fromkeys(descriptors) if one not in self._contours]
        if not missing:
            return
        contours: dict[Descriptor[Part], NDArray[Any]] = {}
        for block in self._blocks():
            part = self._part(block)
            for descriptor in missing:
                values = descriptor(part)[..., block.inside]
                if descriptor not in contours:
                    shape = (*values.shape[:-1], self._n_frames)
                    contours[descriptor] = contour_array(shape, values.dtype)
                contours[descriptor][..., block.frames] = values
        self._contours |= contours

    def contour(self, descriptor: Descriptor[Part]) -> NDArray[Any]:
        """Return a descriptor of all frames, shape (frames,) or (size, frames)."""
        self.prepare([descriptor])
        return self._contours[descriptor]

    def at(
        self, compute: Callable[[Part, NDArray[np.int64]], NDArray[Any]], frames: NDArray[np.int64]
    ) -> NDArray[Any]:
        """Return what is computed of chosen frames, in ascending order, shape (size, n)."""
        result: NDArray[Any] | None = None
        for block in self._blocks():
            first, last = np.searchsorted(frames, (block.frames.start, block.frames.stop))
            if first == last and result is not None:
                continue
            local = frames[first:last] - block.frames.start + block.inside.start
            values = compute(self._part(block), local)
            if result is None:
                result = contour_array((len(values), len(frames)), values.dtype)
            result[:, first:last] = values
        assert result is not None
        return result
