"""Krippendorff's alpha: one less the observed disagreement over that expected by chance.

Missing ratings are allowed; recordings with one rating count for nothing. Disagreement of two
values is 1 for classes (nominal), the squared difference of numbers (interval), or the squared
number of ratings between two levels (ordinal).

References
----------
Krippendorff, "Computing Krippendorff's alpha-reliability", University of Pennsylvania, 2011.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from featser.ratings.agreement.item_bootstrap import bootstrap_bounds
from featser.ratings.ratings import Array, Ratings, ratio

Level = Literal["nominal", "ordinal", "interval"]


def alpha(ratings: Ratings, level: Level) -> float:
    """Return Krippendorff's alpha.

    Parameters
    ----------
    ratings : Ratings
        Classes, for ``ordinal`` from low to high; or numbers.
    level : {'nominal', 'ordinal', 'interval'}
        The level of measurement.

    Returns
    -------
    float
        1 for perfect agreement, 0 for that of chance; NaN where no recording has two ratings, or
        all ratings are the same.

    Examples
    --------
    >>> from featser.ratings.ratings import from_matrix
    >>> round(alpha(from_matrix([[1, 1], [2, 2], [3, 3], [1, 2]]), "nominal"), 3)
    0.667
    """
    sums, formula = alpha_sums(ratings, level)
    return float(formula(np.asarray(sums.sum(axis=0), dtype=float).reshape(1, -1))[0])


def alpha_bounds(ratings: Ratings, level: Level, confidence: float = 0.95) -> tuple[float, float]:
    """Return the bounds of alpha's interval, by the bootstrap over recordings."""
    sums, formula = alpha_sums(ratings, level)
    return bootstrap_bounds(formula, sums, confidence)


def alpha_sums(ratings: Ratings, level: Level) -> tuple[Any, Callable[[Array], Array]]:
    """Return what each recording with two or more ratings contributes, and alpha of such sums."""
    items = np.flatnonzero(ratings.per_item > 1)
    paired = ratings.of_items(items)
    if level == "interval":
        return _moments(paired.as_numbers()), _of_moments
    classes = paired.as_classes()
    k = len(classes.classes)
    return _coincidences(classes), lambda sums: _of_coincidences(sums.reshape(-1, k, k), level)


def _coincidences(ratings: Ratings) -> Any:
    """Return each recording's coincidence matrix, flat, as a sparse matrix."""
    from scipy.sparse import csr_matrix

    k = len(ratings.classes)
    counts = csr_matrix(ratings.counts)
    rows, cells, values = [], [], []
    for item in range(ratings.n_items):
        chosen = slice(counts.indptr[item], counts.indptr[item + 1])
        codes, n = counts.indices[chosen], counts.data[chosen]
        pairs = (np.outer(n, n) - np.diag(n)) / (n.sum() - 1)
        rows.append(np.full(len(codes) ** 2, item))
        cells.append((codes[:, None] * k + codes).ravel())
        values.append(pairs.ravel())
    shape = (ratings.n_items, k * k)
    if not rows:
        return csr_matrix(shape)
    return csr_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(cells))), shape
    )


def _of_coincidences(coincidences: Array, level: Level) -> Array:
    """Return alpha of coincidence matrices of shape (n, k, k)."""
    margins = coincidences.sum(axis=2)
    total = margins.sum(axis=1)
    if level == "ordinal":
        ranks = np.cumsum(margins, axis=1) - margins / 2
        distance = (ranks[:, :, None] - ranks[:, None, :]) ** 2
    else:
        distance = np.broadcast_to(1.0 - np.eye(coincidences.shape[1]), coincidences.shape)
    observed = (coincidences * distance).sum(axis=(1, 2))
    expected = np.einsum("bi,bij,bj->b", margins, distance, margins)
    return _one_less(observed * (total - 1), expected)


def _moments(ratings: Ratings) -> Array:
    """Return each recording's ratings, their sum and square sum, and twice their spread."""
    n, values = ratings.n_items, ratings.value
    values = values - (np.median(values) if len(values) else 0.0)
    count = ratings.per_item.astype(float)
    sums = np.bincount(ratings.item, weights=values, minlength=n)
    deviations = values - (sums / count)[ratings.item]
    spread = np.bincount(ratings.item, weights=deviations**2, minlength=n)
    squares = np.bincount(ratings.item, weights=values**2, minlength=n)
    return np.stack([count, sums, squares, 2 * count * spread / (count - 1)], axis=1)


def _of_moments(sums: Array) -> Array:
    """Return alpha of sums of :func:`_moments`."""
    count, total, squares, observed = sums.T
    expected = 2 * (count * squares - total**2)
    return _one_less(observed * (count - 1), np.where(expected > 1e-12 * squares, expected, 0.0))


def _one_less(observed: Array, expected: Array) -> Array:
    return np.asarray(1.0 - ratio(observed, expected))
