"""Intraclass correlations: which share of the variance of ratings is that of the recordings.

ICC(1): each recording is rated by raters of its own; one rating. ICC(2,1): the same raters rate all
recordings, and stand for raters like them; one rating. ICC(2,k): the mean of all raters' ratings.

ICC(1) allows different numbers of ratings (the analysis of variance with the average number of
ratings ``(N - Σ n_i² / N) / (n - 1)``). The others need recordings that all raters rated.

References
----------
Shrout and Fleiss, "Intraclass correlations: uses in assessing rater reliability", Psychological
Bulletin 86, 1979. McGraw and Wong, "Forming inferences about some intraclass correlation
coefficients", Psychological Methods 1, 1996: the intervals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from featser.errors import TaskError
from featser.ratings.agreement.item_bootstrap import METHOD, bootstrap_bounds
from featser.ratings.ratings import Array, Ratings, ratio

Form = Literal["icc1", "icc2", "icc2k"]
CLOSED_FORM = "F distribution"
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Correlation:
    """An intraclass correlation with its interval.

    Attributes
    ----------
    value, low, high : float
        NaN where it is undefined.
    n_items : int
        Recordings that it is computed from.
    interval : str
        How the interval is made.
    """

    value: float
    low: float
    high: float
    n_items: int
    interval: str


def intraclass_correlation(ratings: Ratings, form: Form, level: float = 0.95) -> Correlation:
    """Return an intraclass correlation.

    Parameters
    ----------
    ratings : Ratings
        Numbers.
    form : {'icc1', 'icc2', 'icc2k'}
        ICC(1), ICC(2,1) or ICC(2,k).
    level : float
        Of the interval.

    Returns
    -------
    Correlation

    Raises
    ------
    TaskError
        If ICC(2,1) or ICC(2,k) is asked for and raters are not named, or fewer than two recordings
        were rated by all of them.

    Examples
    --------
    >>> from featser.ratings.ratings import from_matrix
    >>> ratings = from_matrix([[1, 2, 2], [4, 4, 5], [7, 8, 8]])
    >>> round(intraclass_correlation(ratings, "icc1").value, 3)
    0.964
    """
    numbers = ratings.as_numbers()
    if form == "icc1":
        return _one_way(numbers, level)
    matrix = numbers.matrix
    complete = matrix[~np.isnan(matrix).any(axis=1)]
    if len(complete) < 2 or complete.shape[1] < 2:
        raise TaskError(
            f"{len(complete)} of {ratings.n_items} recordings were rated by all "
            f"{len(ratings.raters)} raters: ICC(2,1) and ICC(2,k) need two or more"
        )
    return _two_way(complete, form, level)


def _one_way(ratings: Ratings, level: float) -> Correlation:
    paired = ratings.of_items(np.flatnonzero(ratings.per_item > 1))
    sums = _one_way_sums(paired)
    value = float(_of_one_way(sums.sum(axis=0, keepdims=True))[0])
    sizes = np.unique(paired.per_item)
    if len(sizes) == 1 and paired.n_items > 1 and np.isfinite(value):
        low, high = _one_way_bounds(sums.sum(axis=0), int(sizes[0]), level)
        return Correlation(value, low, high, paired.n_items, CLOSED_FORM)
    low, high = bootstrap_bounds(_of_one_way, sums, level)
    return Correlation(value, low, high, paired.n_items, METHOD)


def _one_way_sums(ratings: Ratings) -> Array:
    """Return of each recording 1, n, n², Σx, (Σx)² / n and the spread within it."""
    values = ratings.value - (np.median(ratings.value) if len(ratings.value) else 0.0)
    n = ratings.per_item.astype(float)
    total = np.bincount(ratings.item, weights=values, minlength=ratings.n_items)
    deviations = values - (total / n)[ratings.item]
    within = np.bincount(ratings.item, weights=deviations**2, minlength=ratings.n_items)
    return np.stack([np.ones_like(n), n, n**2, total, total**2 / n, within], axis=1)


def _mean_squares(sums: Array) -> tuple[Array, Array, Array]:
    """Return the mean squares between and within recordings, and the average number of ratings."""
    items, n, squares, total, between, within = sums.T
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_between = (between - total**2 / n) / (items - 1)
        mean_within = within / (n - items)
        average = (n - squares / n) / (items - 1)
    return mean_between, mean_within, average


def _of_one_way(sums: Array) -> Array:
    between, within, average = _mean_squares(sums)
    above, below = between - within, between + (average - 1) * within
    return ratio(above, np.nan_to_num(below))


def _one_way_bounds(sums: Array, k: int, level: float) -> tuple[float, float]:
    between, within, _ = (float(part[0]) for part in _mean_squares(sums.reshape(1, -1)))
    if within == 0:
        return 1.0, 1.0
    items = int(sums[0])
    ratio = between / within
    df = (items - 1, items * (k - 1))
    low, high = ratio / _quantile(level, *df), ratio * _quantile(level, *reversed(df))
    return (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)


def _two_way(matrix: Array, form: Form, level: float) -> Correlation:
    n, k = matrix.shape
    grand = matrix.mean()
    rows, columns = matrix.mean(axis=1), matrix.mean(axis=0)
    of_rows = k * ((rows - grand) ** 2).sum() / (n - 1)
    of_columns = n * ((columns - grand) ** 2).sum() / (k - 1)
    residual = matrix - rows[:, None] - columns + grand
    error = (residual**2).sum() / ((n - 1) * (k - 1))
    below = of_rows + (k - 1) * error + k * (of_columns - error) / n
    if not below > 0:
        return Correlation(np.nan, np.nan, np.nan, n, CLOSED_FORM)
    value = float((of_rows - error) / below)
    low, high = _two_way_bounds(value, of_rows, of_columns, error, n, k, level)
    if form == "icc2k":
        value, low, high = (_of_mean(one, k) for one in (value, low, high))
    return Correlation(value, low, high, n, CLOSED_FORM)


def _of_mean(correlation: float, k: int) -> float:
    """Return the reliability of the mean of k ratings, by Spearman and Brown's formula."""
    below = 1 + correlation * (k - 1)
    return correlation * k / below if below > _ROUNDING else np.nan


def _two_way_bounds(
    value: float, rows: float, columns: float, error: float, n: int, k: int, level: float
) -> tuple[float, float]:
    """Return the bounds of ICC(2,1), with Satterthwaite's degrees of freedom."""
    if value >= 1 or error <= 0:
        return value, value
    a = k * value / (n * (1 - value))
    b = 1 + k * value * (n - 1) / (n * (1 - value))
    spread = (a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1))
    df = (a * columns + b * error) ** 2 / spread
    first, second = _quantile(level, n - 1, df), _quantile(level, df, n - 1)
    rest = k * columns + (k * n - k - n) * error
    low = n * (rows - first * error) / (first * rest + n * rows)
    high = n * (second * rows - error) / (rest + n * second * rows)
    return float(low), float(high)


def _quantile(level: float, df_above: float, df_below: float) -> float:
    from scipy.special import fdtri

    return float(fdtri(df_above, df_below, (1 + level) / 2))
