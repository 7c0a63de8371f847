"""Intervals of coefficients of agreement: recordings are drawn again, with replacement.

What a recording contributes to a coefficient adds up, so a sample of recordings is a sum with
weights. The raters are those of the data: the interval covers other recordings, not other raters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from featser.ratings.ratings import Array

RESAMPLES = 1000
SEED = 0
METHOD = "bootstrap over recordings"
_AT_ONCE = 100
"""Samples whose sums are held in memory at once."""


def bootstrap_bounds(
    formula: Callable[[Array], Array], sums: Any, level: float = 0.95
) -> tuple[float, float]:
    """Return the bounds of an interval by the percentile bootstrap.

    Parameters
    ----------
    formula : callable
        From sums of shape (n_samples, n_sums) to the coefficient, shape (n_samples,).
    sums : ndarray or sparse matrix, shape (n_items, n_sums)
        What each recording contributes.
    level : float
        Such as 0.95.

    Returns
    -------
    tuple of float
        The lower and the upper bound; NaN with fewer than two recordings, or without a coefficient
        in any sample.

    Examples
    --------
    >>> low, high = bootstrap_bounds(lambda s: s[:, 0] / s[:, 1], np.ones((9, 2)))
    >>> low, high
    (1.0, 1.0)
    """
    n_items = sums.shape[0]
    if n_items < 2:
        return np.nan, np.nan
    rng = np.random.default_rng(SEED)
    values = []
    for first in range(0, RESAMPLES, _AT_ONCE):
        count = min(_AT_ONCE, RESAMPLES - first)
        weights = rng.multinomial(n_items, np.full(n_items, 1 / n_items), size=count)
        values.append(formula(np.asarray((sums.T @ weights.T).T, dtype=float)))
    tail = (1 - level) / 2
    drawn = np.concatenate(values)
    if np.isnan(drawn).all():  # the ratings do not vary, so that no sample has a coefficient
        return np.nan, np.nan
    low, high = np.nanquantile(drawn, [tail, 1 - tail])
    return float(low), float(high)
