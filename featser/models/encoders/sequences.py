"""What the encoders read of packed frames: cepstra and their slopes, of the frames that sound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featser.features.packed_frames import cepstra, unpacked

Floats = NDArray[np.float32]

_SLOPE = 2
"""Frames on either side that a slope is taken over: 40 ms, as is usual."""

_ROWS = 256
_LOUD = 0.95


class Sequences(NamedTuple):
    """Frames of several utterances, one after the other.

    Parameters
    ----------
    values : ndarray of float32, shape (N, d)
        All frames.
    bounds : ndarray of int, shape (n + 1,)
        Utterance i has the frames from ``bounds[i]`` up to ``bounds[i + 1]``; at least one.
    """

    values: Floats
    bounds: NDArray[np.intp]


def sequences(
    X: ArrayLike, width: int, count: int, deltas: bool = True, silence: float | None = 35.0
) -> Sequences:
    """Return cepstra, and their slopes, of packed log-mel frames.

    Parameters
    ----------
    X : array-like, shape (n, T · D)
        Packed frames, bands in dB.
    width : int
        D.
    count : int
        How many cepstra, from the zeroth, at most D.
    deltas : bool
        Whether their slopes are added: regression over two frames on either side.
    silence : float, optional
        Frames that are more than so many dB below the utterance's 95th percentile of level are
        left out; None keeps all. Slopes are taken before.

    Returns
    -------
    Sequences
        Of width ``count``, or twice that.

    Raises
    ------
    ValueError
        If rows do not hold whole frames, an utterance has none, or ``silence`` is negative.
    """
    if silence is not None and silence < 0:
        raise ValueError(f"silence is how many dB below the loudest, 0 or more, not {silence}")
    frames, present = unpacked(X, width)
    flat = frames[present]
    bounds = _bounds(present.sum(axis=1))
    descriptors = cepstra(flat, count)
    if deltas:
        descriptors = np.hstack([descriptors, slopes(descriptors, bounds)])
    if silence is None:
        return Sequences(descriptors, bounds)
    level = flat.mean(axis=1)
    is_loud = level >= np.repeat(_loud(level, bounds) - np.float32(silence), np.diff(bounds))
    return Sequences(
        descriptors[is_loud], _bounds(np.add.reduceat(is_loud, bounds[:-1], dtype=np.intp))
    )


def batches(X: NDArray[np.float32]) -> Iterator[slice]:
    """Divide rows so that the frames of a part fit in memory several times."""
    for begin in range(0, len(X), _ROWS):
        yield slice(begin, begin + _ROWS)


def slopes(values: Floats, bounds: NDArray[np.intp]) -> Floats:
    """Return the regression slope of each frame, shape (N, d); an utterance's ends are repeated.

    ``Σ_k k (x[t+k] − x[t−k]) / 2 Σ_k k²`` for k = 1, 2: the HTK book's delta.
    """
    length = np.diff(bounds)
    first, last = np.repeat(bounds[:-1], length), np.repeat(bounds[1:] - 1, length)
    here = np.arange(len(values))
    total = np.zeros_like(values)
    for step in range(1, _SLOPE + 1):
        ahead = values[np.minimum(here + step, last)]
        total += step * (ahead - values[np.maximum(here - step, first)])
    return total / np.float32(2 * sum(step * step for step in range(1, _SLOPE + 1)))


def _bounds(length: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.concatenate([[0], np.cumsum(length)]).astype(np.intp)


def _loud(level: Floats, bounds: NDArray[np.intp]) -> Floats:
    """Return each utterance's 95th percentile of level, shape (n,), one of the values there."""
    length = np.diff(bounds)
    order = np.lexsort((level, np.repeat(np.arange(len(length)), length)))
    return np.asarray(level[order[bounds[:-1] + (_LOUD * (length - 1)).astype(np.intp)]])
