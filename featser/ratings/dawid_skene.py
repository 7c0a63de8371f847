"""Classes from votes of raters who err in their own ways (Dawid and Skene).

Each recording has one true class, and each rater a confusion matrix: how often the rater names
class ``l`` where ``j`` is true. Both are estimated together by expectation maximisation, which
begins with the shares of the votes. A rater who confuses two classes counts less between these, and
a rater who errs in a fixed way is even informative.

References
----------
Dawid and Skene, "Maximum likelihood estimation of observer error-rates using the EM algorithm",
Journal of the Royal Statistical Society C 28, 1979.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from featser.errors import TaskError
from featser.ratings.ratings import Array, Indices, Ratings, ratio

_SMALLEST = 1e-12
"""Probabilities below count as that in logarithms: a class that a rater never named is possible."""


@dataclass(frozen=True, eq=False)
class DawidSkene:
    """What the votes say of recordings and raters.

    Attributes
    ----------
    probabilities : ndarray of float, shape (n_items, n_classes)
        Of each recording's class; NaN where a recording has no rating.
    prevalence : ndarray of float, shape (n_classes,)
        How frequent the classes are.
    confusions : ndarray of float, shape (n_raters, n_classes, n_classes)
        ``[r, j, l]``: how often rater r names class l where j is true. NaN for a class of which
        the rater rated no recording.
    iterations : int
        How many were needed.
    converged : bool
        Whether the probabilities no longer changed.
    """

    probabilities: Array
    prevalence: Array
    confusions: Array
    iterations: int
    converged: bool


def dawid_skene(
    ratings: Ratings, most_iterations: int = 500, tolerance: float = 1e-6
) -> DawidSkene:
    """Estimate classes and confusion matrices.

    Parameters
    ----------
    ratings : Ratings
        Classes by named raters. A rater may have rated a recording several times.
    most_iterations : int
        When to stop at the latest.
    tolerance : float
        The largest change of a probability that counts as none.

    Returns
    -------
    DawidSkene

    Raises
    ------
    TaskError
        If ratings are numbers, or have no raters.

    Examples
    --------
    >>> from featser.ratings.ratings import from_matrix
    >>> votes = from_matrix([[0, 0, 1], [1, 1, 1], [0, 0, 0]], classes=("angry", "sad"))
    >>> dawid_skene(votes).probabilities.argmax(axis=1).tolist()
    [0, 1, 0]
    """
    if not ratings.is_categorical:
        raise TaskError("Dawid and Skene's estimator needs classes: use ewe, mean or median")
    if not ratings.is_named:
        raise TaskError("Dawid and Skene's estimator needs to know the raters: use majority")
    votes = ratings.value.astype(np.intp)
    is_rated = ratings.per_item > 0
    posterior = np.where(is_rated[:, None], ratings.shares, 0.0)
    prevalence, confusions = _maximised(ratings, votes, posterior, is_rated)
    converged, iterations = False, 0
    while not converged and iterations < most_iterations:
        before = posterior
        posterior = _expected(ratings, votes, prevalence, confusions, is_rated)
        prevalence, confusions = _maximised(ratings, votes, posterior, is_rated)
        converged = bool(np.abs(posterior - before).max(initial=0.0) < tolerance)
        iterations += 1
    posterior[~is_rated] = np.nan
    return DawidSkene(posterior, prevalence, confusions, iterations, converged)


def _maximised(
    ratings: Ratings, votes: Indices, posterior: Array, is_rated: npt.NDArray[np.bool_]
) -> tuple[Array, Array]:
    """Return the prevalence of the classes and the raters' confusion matrices."""
    k = len(ratings.classes)
    counts = np.zeros((len(ratings.raters), k, k))
    cell = ratings.rater * k + votes
    for j in range(k):
        sums = np.bincount(cell, posterior[ratings.item, j], len(ratings.raters) * k)
        counts[:, j, :] = sums.reshape(-1, k)
    confusions = ratio(counts, counts.sum(axis=2, keepdims=True))
    prevalence = posterior.sum(axis=0) / max(1, int(is_rated.sum()))
    return prevalence, confusions


def _expected(
    ratings: Ratings,
    votes: Indices,
    prevalence: Array,
    confusions: Array,
    is_rated: npt.NDArray[np.bool_],
) -> Array:
    """Return the probabilities of each recording's class."""
    logs = np.log(np.maximum(np.nan_to_num(confusions), _SMALLEST))
    columns = [
        np.bincount(ratings.item, logs[ratings.rater, j, votes], ratings.n_items)
        for j in range(len(ratings.classes))
    ]
    likelihood = np.stack(columns, axis=1) + np.log(np.maximum(prevalence, _SMALLEST))
    posterior: Array = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
    posterior /= posterior.sum(axis=1, keepdims=True)
    return np.where(is_rated[:, None], posterior, 0.0)
