"""Packed frames: rows of T × D descriptors, frame by frame, NaN beyond an utterance's end."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class ColumnRange:
    """Where in a row of features packed frames stand.

    Attributes
    ----------
    first, last : int
        The first column, and the one after the last.
    width : int
        The number of descriptors of each frame.
    """

    first: int
    last: int
    width: int

    def of(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return the packed frames of X, shape (n, d)."""
        return X[:, self.first : self.last]

    def rest(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return all other features of X, shape (n, d)."""
        return np.delete(X, np.s_[self.first : self.last], axis=1)


def unpacked(X: ArrayLike, width: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Take packed frames apart.

    Parameters
    ----------
    X : array-like, shape (n, T · D)
        An utterance a row, frame by frame; NaN beyond its end.
    width : int
        D, the number of descriptors of a frame.

    Returns
    -------
    frames : ndarray of float32, shape (n, T, D)
        0 where there is no frame.
    present : ndarray of bool, shape (n, T)
        Where there is one. A frame with any undefined descriptor counts as none.

    Raises
    ------
    ValueError
        If rows do not hold whole frames, or an utterance has no frame at all.
    """
    values = np.asarray(X, dtype=np.float32)
    if values.ndim != 2 or width < 1 or values.shape[1] % width:
        raise ValueError(f"features of shape {values.shape} do not hold frames of {width} values")
    frames = values.reshape(len(values), -1, width)
    present = np.asarray(np.isfinite(frames).all(axis=2))
    if (empty := np.flatnonzero(~present.any(axis=1))).size:
        raise ValueError(f"row {empty[0]} has no frame")
    return np.where(present[:, :, None], frames, np.float32(0)), present


def averaged(X: NDArray[Any], place: ColumnRange) -> NDArray[np.float64]:
    """Return the mean of each utterance's frames, shape (n, D), of X, shape (n, d)."""
    frames, present = unpacked(place.of(X), place.width)
    mean: NDArray[np.float64] = frames.sum(axis=1, dtype=np.float64) / present.sum(axis=1)[:, None]
    return mean


def packed(frames: Floats, present: NDArray[np.bool_]) -> Floats:
    """Put frames, shape (n, T, D), that are present, shape (n, T), back into rows."""
    filled = np.where(present[:, :, None], frames, np.float32(np.nan))
    return np.asarray(filled.reshape(len(frames), -1), dtype=np.float32)


def cepstra(frames: Floats, count: int) -> Floats:
    """Return the first cepstra of log-mel frames: their orthonormal DCT-II.

    Parameters
    ----------
    frames : ndarray of float32, shape (..., D)
        Bands in dB.
    count : int
        How many, from the zeroth, which is the mean level; at most D.

    Raises
    ------
    ValueError
        If there are fewer bands than that.
    """
    bands = frames.shape[-1]
    if not 1 <= count <= bands:
        raise ValueError(f"{count} cepstra cannot be computed from {bands} bands")
    return np.asarray(frames @ _basis(count, bands), dtype=np.float32)


@lru_cache(maxsize=8)
def _basis(count: int, bands: int) -> Any:
    from scipy.fft import dct

    return np.ascontiguousarray(dct(np.eye(bands), axis=1, norm="ortho")[:, :count]).astype(
        np.float32
    )
