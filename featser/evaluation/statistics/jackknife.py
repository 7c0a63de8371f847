"""The jackknife over speakers: standard errors from leaving out one speaker at a time.

With ``S`` units (speakers) and the metric ``v_i`` of all rows but those of unit ``i``, the standard
error is ``sqrt((S - 1) / S · Σ (v_i - mean of v)²)``. What rows contribute to a metric adds up, so
the total without a unit is the total minus that unit, and no row is read again. Bounds are
``value ± t · error`` on the metric's scale, with the quantile ``t`` of Student's distribution with
``S - 1`` degrees of freedom, since the spread between a few speakers is itself uncertain.

References
----------
Tukey, "Bias and confidence in not quite large samples" (abstract), Annals of Mathematical
Statistics 29, 1958. Efron and Stein, "The jackknife estimate of variance", Annals of Statistics 9,
1981. Cameron and Miller, "A practitioner's guide to cluster-robust inference", Journal of Human
Resources 50, 2015: few clusters, and t with one degree of freedom less than clusters. Quenouille,
"Notes on bias in estimation", Biometrika 43, 1956.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from featser.evaluation.metrics.pairs import Array
from featser.evaluation.metrics.scales import Scale


def leave_one_out(statistics: Array) -> Array:
    """Return the totals without each unit.

    Parameters
    ----------
    statistics : ndarray of float, shape (S, ...)
        What each unit contributes.

    Returns
    -------
    ndarray of float, shape (S, ...)
        The sum over all units but the one at that position.

    Examples
    --------
    >>> leave_one_out(np.array([1.0, 2.0, 4.0])).tolist()
    [6.0, 5.0, 3.0]
    """
    totals: Array = statistics.sum(axis=0) - statistics
    return totals


def standard_error(left_out: Array) -> Array:
    """Return the jackknife standard error.

    Parameters
    ----------
    left_out : ndarray of float, shape (S, ...)
        The metric without each unit.

    Returns
    -------
    ndarray of float, shape (...)
        NaN where the metric is undefined without one of the units.

    Examples
    --------
    The mean of 1, 2 and 6 has the standard error ``sqrt(7 / 3)``:

    >>> round(float(standard_error(np.array([4.0, 3.5, 1.5])) ** 2), 3)
    2.333
    """
    units = len(left_out)
    spread = np.square(left_out - left_out.mean(axis=0)).sum(axis=0)
    error: Array = np.sqrt((units - 1) / units * spread)
    return error


def error_in_strata(left_out: Array, first: npt.NDArray[np.bool_]) -> tuple[Array, float]:
    """Return the standard error of a difference between two groups of units, and its df.

    Parameters
    ----------
    left_out : ndarray of float, shape (S, ...)
        The difference without each unit.
    first : ndarray of bool, shape (S,)
        Which units are of the smaller group; the others have rows in the larger one alone. Where
        fewer than two are others, the groups have the same units and are one stratum.

    Returns
    -------
    ndarray of float, shape (...)
        The standard error.
    float
        The degrees of freedom by Welch and Satterthwaite for units that vary alike in both groups:
        close to those of the smaller group, however large the other is. They are not estimated from
        the spread of either group, since a spread that is too small by chance would raise them.

    Examples
    --------
    >>> error, df = error_in_strata(np.array([1.0, 2.0, 3.0, 1.0, 2.0, 3.0]), np.arange(6) < 3)
    >>> round(float(error), 3), df
    (1.633, 4.0)
    """
    strata = [first, ~first] if np.count_nonzero(~first) > 1 else [np.ones_like(first)]
    sizes = [int(np.count_nonzero(chosen)) for chosen in strata]
    variance = sum(np.square(standard_error(left_out[chosen])) for chosen in strata)
    above = sum(1 / size for size in sizes) ** 2
    below = sum(1 / (size**2 * (size - 1)) for size in sizes)
    return np.sqrt(variance), above / below


def bias(value: npt.ArrayLike, left_out: Array) -> Array:
    """Return the jackknife's estimate of how much a metric is too high.

    Parameters
    ----------
    value : array-like of float, shape (...)
        On all rows.
    left_out : ndarray of float, shape (S, ...)
        The metric without each unit.

    Examples
    --------
    >>> float(bias(2.0, np.array([2.5, 2.5])))
    0.5
    """
    estimated: Array = (len(left_out) - 1) * (left_out.mean(axis=0) - value)
    return estimated


def t_bounds(
    value: npt.ArrayLike, error: npt.ArrayLike, df: npt.ArrayLike, scale: Scale, level: float
) -> tuple[Array, Array]:
    """Return the bounds of an interval by Student's t.

    Parameters
    ----------
    value, error : array-like of float
        The metric inside its range, and its standard error.
    df : array-like of float
        Degrees of freedom.
    scale : Scale
        On which the interval is symmetric.
    level : float
        Such as 0.95.

    Returns
    -------
    tuple of ndarray
        The lower and the upper bound, within the range of the metric.

    Examples
    --------
    >>> from featser.evaluation.metrics.scales import LOGIT
    >>> low, high = t_bounds(0.9, 0.03, 9, LOGIT, 0.95)
    >>> round(float(low), 3), round(float(high), 3)
    (0.809, 0.95)
    """
    from scipy.special import stdtrit

    centre = np.asarray(value, dtype=float)
    width = stdtrit(df, (1 + level) / 2) * np.asarray(error) * scale.slope(centre)
    middle = scale.forward(centre)
    low, high = scale.inverse(middle - width), scale.inverse(middle + width)
    return np.clip(low, scale.low, scale.high), np.clip(high, scale.low, scale.high)


def t_test(difference: npt.ArrayLike, error: npt.ArrayLike, df: npt.ArrayLike) -> Array:
    """Return the two-sided p value of a difference by Student's t.

    It is below 0.05 exactly where the 95 % interval by :func:`t_bounds` on the identity excludes 0.

    Parameters
    ----------
    difference, error : array-like of float
        The difference and its standard error, above 0.
    df : array-like of float
        Degrees of freedom.

    Examples
    --------
    >>> round(float(t_test(0.05, 0.02, 9)), 3)
    0.034
    """
    from scipy.special import stdtr

    p: Array = 2 * stdtr(df, -np.abs(np.asarray(difference)) / np.asarray(error))
    return p


def jackknife_bounds(
    value: npt.ArrayLike,
    left_out: Array,
    df: npt.ArrayLike,
    scale: Scale,
    level: float,
    *,
    near: npt.ArrayLike = math.nan,
    is_biased: bool = False,
) -> tuple[Array, Array]:
    """Return the bounds of a metric's interval, of many sets of rows at once.

    Parameters
    ----------
    value : array-like of float, shape (...)
        The metric on all rows.
    left_out : ndarray of float, shape (S, ...)
        The metric without each unit.
    df : array-like of float, shape (...)
        Degrees of freedom.
    scale : Scale
        On which the interval is symmetric.
    level : float
        Such as 0.95.
    near : array-like of float, shape (...)
        The metric with half an error more. It counts where the value is at an end of its range, so
        that all units are alike and show no spread: the interval then reaches from that end as far
        as if one speaker had made the half error, whose standard error is the distance between
        ``near`` and the end. NaN gives no bounds there.
    is_biased : bool
        Whether the lower bound is counted from the value less its bias.

    Returns
    -------
    tuple of ndarray, each of shape (...)
        The lower and the upper bound, NaN where they are undefined.

    Examples
    --------
    >>> from featser.evaluation.metrics.scales import LOGIT
    >>> low, high = jackknife_bounds(1.0, np.ones(4), 3, LOGIT, 0.95, near=0.99)
    >>> round(float(low), 3), float(high)
    (0.799, 1.0)
    """
    whole, half = np.asarray(value, dtype=float), np.asarray(near, dtype=float)
    at_low, at_high = whole == scale.low, whole == scale.high
    at_end = at_low | at_high
    centre = np.where(at_end, half, whole)
    error = np.where(at_end, np.abs(whole - half), standard_error(left_out))
    low, high = t_bounds(centre, error, df, scale, level)
    if is_biased:
        low, _ = t_bounds(centre - bias(whole, left_out), error, df, scale, level)
    has_bounds = np.isfinite(centre)
    return np.where(at_low & has_bounds, whole, low), np.where(at_high & has_bounds, whole, high)


def bounds_of_sums(
    formula: Callable[[Array], Array],
    sums: Array,
    df: npt.ArrayLike,
    scale: Scale,
    level: float,
    *,
    half_error: Array | None = None,
    is_biased: bool = False,
) -> tuple[Array, Array, Array]:
    """Return a metric and its bounds, from what each unit contributes to its sums.

    Parameters
    ----------
    formula : callable
        From sums of shape (..., *sums) to the metric, of shape (...).
    sums : ndarray of float, shape (S, ..., *sums)
        The contributions; axes between the units and the sums are many sets of rows.
    df, scale, level, is_biased
        As :func:`jackknife_bounds` takes them.
    half_error : ndarray of float, shape (*sums), optional
        The sums of half an error, where the metric can be at an end of its range.

    Returns
    -------
    tuple of ndarray, each of shape (...)
        The metric, the lower and the upper bound.

    Examples
    --------
    >>> from featser.evaluation.metrics.scales import IDENTITY
    >>> shares = np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 4.0], [2.0, 4.0]])  # right, rows
    >>> found = bounds_of_sums(lambda s: s[..., 0] / s[..., 1], shares, 3, IDENTITY, 0.95)
    >>> [round(float(number), 2) for number in found]
    [0.5, 0.11, 0.89]
    """
    total = sums.sum(axis=0)
    value = formula(total)
    near = math.nan if half_error is None else formula(total + half_error)
    left_out = formula(leave_one_out(sums))
    low, high = jackknife_bounds(value, left_out, df, scale, level, near=near, is_biased=is_biased)
    return value, low, high
