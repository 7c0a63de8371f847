"""A small sample of training rows, drawn evenly from the speakers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featser.evaluation.rows import Rows, rows_of

N_ROWS = 48
FEWEST_ROWS = 4

MOST_VALUES = 1_500_000
"""Values of a sample: of very wide features fewer rows are stored, so that bundles stay small."""


def background_rows(
    X: NDArray[Any] | Rows, speaker: ArrayLike, random_state: int = 0
) -> NDArray[np.float32] | None:
    """Return a sample of rows, as many of each speaker as of any other, or one fewer.

    Parameters
    ----------
    X : ndarray, or Rows, shape (n, d)
        Features as the model reads them.
    speaker : array-like of str, shape (n,)
        Who speaks; empty where that is missing.
    random_state : int
        Random seed of the draw.

    Returns
    -------
    ndarray of float32, shape (at most 48, d), or None
        In the order of X; None where fewer than four rows are available or small enough.

    Examples
    --------
    >>> X = np.arange(200, dtype=np.float32).reshape(100, 2)
    >>> background_rows(X, np.repeat(["anna", "ben"], [90, 10])).shape
    (48, 2)
    """
    n, width = X.shape
    count = min(N_ROWS, n, MOST_VALUES // max(width, 1))
    if count < FEWEST_ROWS:
        return None
    rows = np.sort(_in_turn(np.asarray(speaker).astype(str), random_state)[:count])
    drawn = rows_of(X, rows)
    values = np.concatenate(list(drawn.batches())) if isinstance(drawn, Rows) else drawn
    return np.asarray(values, dtype=np.float32)


def _in_turn(speaker: NDArray[np.str_], random_state: int) -> NDArray[np.intp]:
    """Return all rows in a random order in which the speakers take turns."""
    random = np.random.default_rng(random_state)
    order = random.permutation(len(speaker))
    turn = np.empty(len(speaker), dtype=np.intp)
    for name in np.unique(speaker):
        own = np.flatnonzero(speaker[order] == name)
        turn[own] = np.arange(len(own))
    return np.asarray(order[np.argsort(turn, kind="stable")], dtype=np.intp)
