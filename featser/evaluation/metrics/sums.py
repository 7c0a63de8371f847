"""The metrics' formulas, on confusion matrices and on sums, with any leading axes.

A metric of classes is a function of the confusion matrix, a metric of numbers of nine sums over
the pairs. Both add up over rows, so the sum without a speaker is the sum less what that speaker
has, and leaving each speaker out once is one call. ``metrics`` defines what each metric means.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from featser.evaluation.metrics.pairs import Array, number_pairs

# A variance below this share of the mean square is what rounding leaves of a constant.
_ROUNDING = 1e-12


def moments(true: npt.ArrayLike, pred: npt.ArrayLike) -> Array:
    """Return the nine terms of each pair whose sums give every metric of numbers.

    ``1, t, p, t², p², tp, e, |e|, e²`` with ``e = true - pred``, and ``t`` and ``p`` counted from
    one of the middle values of truth and prediction, so that squares of large offsets do not
    swallow the variance (and constants become exact zeros).

    Parameters
    ----------
    true, pred : array-like of float, shape (n,)
        Truth and prediction.

    Returns
    -------
    ndarray of float, shape (n, 9)
        One row for each pair.

    Raises
    ------
    TaskError
        If the lengths differ, nothing is given, or a value is missing or infinite.

    Examples
    --------
    >>> moments([1, 2], [1, 4]).shape
    (2, 9)
    """
    truth, guess = number_pairs(true, pred)
    t, p, e = truth - _middle(truth), guess - _middle(guess), truth - guess
    return np.stack([np.ones_like(t), t, p, t * t, p * p, t * p, e, np.abs(e), e * e], axis=1)


def chance_uar(confusion: Array) -> float:
    """Return the UAR of guessing: one over the number of classes present in the truth.

    Parameters
    ----------
    confusion : ndarray, shape (K, K)
        A confusion matrix, rows being the truth.

    Examples
    --------
    >>> import numpy as np
    >>> chance_uar(np.array([[3, 1], [0, 4]]))
    0.5
    """
    return 1.0 / int((confusion.sum(axis=-1) > 0).sum())


def half_an_error(k: int) -> Array:
    """Return the confusion matrix of half a right and half a wrong row, spread over all classes.

    Added to a confusion matrix without errors, it tells how near the metric is to its best value.
    For the recall of a single class, times ``k``: Jeffreys' prior.

    Parameters
    ----------
    k : int
        The number of classes.

    Examples
    --------
    >>> half_an_error(2).tolist()
    [[0.25, 0.25], [0.25, 0.25]]
    """
    half = np.full((k, k), 0.5 / k / max(1, k - 1))
    np.fill_diagonal(half, 0.5 / k)
    return half


def _ratio(above: Array, below: Array) -> Array:
    """Divide, with NaN where the denominator is 0."""
    above, below = np.broadcast_arrays(above, below)
    ratio: Array = np.divide(above, below, out=np.full(below.shape, np.nan), where=below != 0)
    return ratio


def recalls_of(confusion: Array) -> Array:
    """Return the recall of each class, NaN where it is absent from the truth, shape (..., K).

    Examples
    --------
    >>> import numpy as np
    >>> recalls_of(np.array([[3.0, 1.0], [0.0, 4.0]])).tolist()
    [0.75, 1.0]
    """
    return _ratio(np.diagonal(confusion, axis1=-2, axis2=-1), confusion.sum(axis=-1))


def _mean_over_present(values: Array, confusion: Array) -> Array:
    present = confusion.sum(axis=-1) > 0
    return _ratio(np.where(present, values, 0.0).sum(axis=-1), present.sum(axis=-1).astype(float))


def uar_of(confusion: Array) -> Array:
    """Return the mean recall of the classes present in the truth, shape (...).

    Examples
    --------
    >>> import numpy as np
    >>> float(uar_of(np.array([[3.0, 1.0], [0.0, 4.0]])))
    0.875
    """
    return _mean_over_present(recalls_of(confusion), confusion)


def accuracy_of(confusion: Array) -> Array:
    """Return the share of the diagonal, shape (...)."""
    return _ratio(np.trace(confusion, axis1=-2, axis2=-1), confusion.sum(axis=(-2, -1)))


def macro_f1_of(confusion: Array) -> Array:
    """Return the mean F1 of the classes present in the truth, shape (...)."""
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    f1 = _ratio(2 * right, confusion.sum(axis=-1) + confusion.sum(axis=-2))
    return _mean_over_present(f1, confusion)


def _distances(k: int) -> Array:
    ranks = np.arange(k, dtype=float)
    return np.abs(ranks[:, None] - ranks)


def kappa_of(confusion: Array) -> Array:
    """Return kappa with quadratic weights on the ranks, shape (...)."""
    weights = _distances(confusion.shape[-1]) ** 2
    rows, columns = confusion.sum(axis=-1), confusion.sum(axis=-2)
    expected = _ratio(
        np.einsum("...i,ij,...j->...", rows, weights, columns), confusion.sum(axis=(-2, -1))
    )
    return 1.0 - _ratio((confusion * weights).sum(axis=(-2, -1)), expected)


def ordinal_mae_of(confusion: Array) -> Array:
    """Return the mean distance of the ranks, shape (...)."""
    distance = (confusion * _distances(confusion.shape[-1])).sum(axis=(-2, -1))
    return _ratio(distance, confusion.sum(axis=(-2, -1)))


def ccc_of(sums: Array) -> Array:
    """Return CCC of summed :func:`moments`, shape (...); NaN for fewer than two rows."""
    n, var_t, var_p, covariance = _spread(sums)
    concordance = _ratio(2 * covariance, var_t + var_p + _means(sums)[5] ** 2)
    concordance = np.where(np.isnan(concordance), 1.0, concordance)  # the same constant
    return np.where(n < 2, np.nan, concordance)


def pearson_of(sums: Array) -> Array:
    """Return the correlation of summed :func:`moments`, shape (...)."""
    _, var_t, var_p, covariance = _spread(sums)
    varies = (var_t > 0) & (var_p > 0)
    correlation = _ratio(covariance, np.where(varies, np.sqrt(var_t * var_p), 0.0))
    return np.clip(correlation, -1.0, 1.0)


def rmse_of(sums: Array) -> Array:
    """Return the root of the mean squared error of summed :func:`moments`, shape (...)."""
    squared: Array = np.sqrt(_means(sums)[7])
    return squared


def mae_of(sums: Array) -> Array:
    """Return the mean absolute error of summed :func:`moments`, shape (...)."""
    absolute: Array = _means(sums)[6]
    return absolute


def _means(sums: Array) -> Array:
    """Return the means of the eight terms after the first, shape (8, ...)."""
    return np.moveaxis(_ratio(sums[..., 1:], sums[..., 0][..., None]), -1, 0)


def _spread(sums: Array) -> tuple[Array, Array, Array, Array]:
    """Return the count, the variances and the covariance of truth and prediction."""
    mean_t, mean_p, square_t, square_p, product = _means(sums)[:5]
    var_t, var_p = _variance(square_t, mean_t), _variance(square_p, mean_p)
    varies = (var_t > 0) & (var_p > 0)
    covariance = np.where(varies, product - mean_t * mean_p, 0.0)
    return sums[..., 0], var_t, var_p, covariance


def _variance(mean_square: Array, mean: Array) -> Array:
    variance = mean_square - mean**2
    return np.where(variance <= _ROUNDING * mean_square, 0.0, variance)


def _middle(values: Array) -> float:
    half = len(values) // 2
    return float(np.partition(values, half)[half])
