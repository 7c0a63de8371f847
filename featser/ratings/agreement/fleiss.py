"""Fleiss' kappa: how far raters agree on classes beyond chance.

Recordings may have different numbers of ratings: each recording with two or more counts the same,
by the share of its pairs of ratings that agree, and by its shares of the classes (Gwet, "Handbook
of inter-rater reliability", 4th edition, 2014, chapter 2). Equal numbers give Fleiss' formula.

References
----------
Fleiss, "Measuring nominal scale agreement among many raters", Psychological Bulletin 76, 1971.
"""

from __future__ import annotations

import numpy as np

from featser.ratings.agreement.item_bootstrap import bootstrap_bounds
from featser.ratings.ratings import Array, Ratings, ratio

_ROUNDING = 1e-12


def fleiss_kappa(ratings: Ratings) -> float:
    """Return Fleiss' kappa.

    Parameters
    ----------
    ratings : Ratings
        Classes.

    Returns
    -------
    float
        1 for perfect agreement, 0 for that of chance; NaN where no recording has two ratings, or
        all ratings are the same.

    Examples
    --------
    >>> from featser.ratings.ratings import from_counts
    >>> round(fleiss_kappa(from_counts([[2, 0], [0, 2], [1, 1]], ("angry", "sad"))), 3)
    0.333
    """
    return float(_of_sums(_sums(ratings).sum(axis=0, keepdims=True))[0])


def fleiss_bounds(ratings: Ratings, confidence: float = 0.95) -> tuple[float, float]:
    """Return the bounds of kappa's interval, by the bootstrap over recordings."""
    return bootstrap_bounds(_of_sums, _sums(ratings), confidence)


def agreeing_pairs(ratings: Ratings) -> Array:
    """Return the share of each recording's pairs of ratings that agree; NaN below two ratings.

    Examples
    --------
    >>> from featser.ratings.ratings import from_counts
    >>> agreeing_pairs(from_counts([[3, 1], [1, 0]], ("angry", "sad"))).tolist()
    [0.5, nan]
    """
    counts, n = ratings.counts, ratings.per_item.astype(float)
    agreeing = (counts * (counts - 1)).sum(axis=1)
    pairs = n * (n - 1)
    return ratio(agreeing, pairs)


def _sums(ratings: Ratings) -> Array:
    paired = ratings.of_items(np.flatnonzero(ratings.per_item > 1))
    ones = np.ones(paired.n_items)
    return np.column_stack([ones, agreeing_pairs(paired), paired.shares])


def _of_sums(sums: Array) -> Array:
    means = ratio(sums[:, 1:], sums[:, :1])
    observed, chance = means[:, 0], (means[:, 1:] ** 2).sum(axis=1)
    beyond = 1.0 - chance
    return ratio(observed - chance, np.where(beyond > _ROUNDING, beyond, 0.0))
