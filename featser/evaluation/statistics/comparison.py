"""Whether one run is better than another on the same utterances: paired, by speaker.

All functions are pure. Utterances of one speaker are correlated, so each speaker is left out of
both runs at once, and the spread of the differences gives the interval and the p value: the
jackknife, with Student's t (see ``jackknife``). The interval excludes 0 exactly where p is below
0.05. Tests that take utterances as independent, such as McNemar's, find differences where there are
none: see ``docs/intervals.md``.

References
----------
Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics
6, 1979.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from featser.errors import TaskError
from featser.evaluation.metrics.metrics import scores, statistics_of
from featser.evaluation.metrics.pairs import Array
from featser.evaluation.metrics.registry import headline
from featser.evaluation.metrics.scales import IDENTITY
from featser.evaluation.statistics.jackknife import (
    leave_one_out,
    standard_error,
    t_bounds,
    t_test,
)
from featser.evaluation.statistics.jackknife_interval import Interval
from featser.evaluation.statistics.resampling import ResamplingUnits, resampling_units
from featser.tasks import Task

_ROUNDING = 1e-12
_UNDEFINED = "no interval: the difference is undefined without one of the speakers"
_LENGTHS = "{} true values, {} and {} predicted: give one for each row"
_ALIKE = "no interval: all {words} differ by the same amount, so their spread is not known"


@dataclass(frozen=True)
class Difference:
    """How much better one run's headline metric is than another's, on the same rows.

    Attributes
    ----------
    metric : str
        The task's headline metric, or the recall of a class (``recall[sad]``).
    a, b : float
        The metric of either run.
    difference : Interval
        ``b - a``, and its interval over speakers.
    p : float
        Two-sided p value of no difference; NaN where there is no interval.
    """

    metric: str
    a: float
    b: float
    difference: Interval
    p: float


def compare_task(
    task: Task,
    true: npt.ArrayLike,
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    speaker: npt.ArrayLike | None,
    *,
    level: float = 0.95,
) -> Difference:
    """Compare two runs' predictions of the same utterances.

    Parameters
    ----------
    task : Task
        What was predicted; its headline metric is compared.
    true, a, b : array-like, shape (n_rows,)
        Truth, and what either run predicted, without missing values.
    speaker : array-like, shape (n_rows,), or None
        As in :func:`featser.evaluation.statistics.intervals.interval_by_speaker`.
    level : float
        Of the interval, such as 0.95.

    Returns
    -------
    Difference
        ``b - a``.

    Raises
    ------
    TaskError
        If lengths differ, a value is missing, or a class is unknown.

    Examples
    --------
    >>> task = Task("emotion", classes=("angry", "sad"))
    >>> true = ["angry", "sad"] * 8
    >>> a = ["angry"] * 10 + true[10:]
    >>> speaker = [f"s{row // 4}" for row in range(16)]
    >>> compared = compare_task(task, true, a, true, speaker)
    >>> round(compared.difference.value, 2), round(compared.p, 2)
    (0.31, 0.08)
    """
    truth = np.asarray(true, dtype=object if task.categorical else float)
    units = resampling_units(speaker, len(truth))
    sums = _sums(task, truth, a, b, units)
    return paired_difference(task, sums, units, level)


def compare_recalls(
    task: Task,
    true: npt.ArrayLike,
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    speaker: npt.ArrayLike | None,
    *,
    level: float = 0.95,
) -> dict[str, Difference]:
    """Compare the recall of each class in two runs' predictions of the same utterances.

    The units are the speakers who have the class. The p values are not corrected for the number
    of classes: see :func:`holm`.

    Parameters
    ----------
    task : Task
        One with classes.
    true, a, b, speaker, level
        As :func:`compare_task` takes them.

    Returns
    -------
    dict of str to Difference
        ``b - a`` of each class that has an utterance.

    Raises
    ------
    TaskError
        As :func:`compare_task`.

    Examples
    --------
    >>> task = Task("emotion", classes=("angry", "sad"))
    >>> true = ["angry", "sad"] * 8
    >>> a = ["angry"] * 10 + true[10:]
    >>> speaker = [f"s{row // 4}" for row in range(16)]
    >>> found = compare_recalls(task, true, a, true, speaker)
    >>> {name: round(one.difference.value, 2) for name, one in found.items()}
    {'angry': 0.0, 'sad': 0.62}
    """
    truth, one, two = (np.asarray(values, dtype=object) for values in (true, a, b))
    if not len(truth) == len(one) == len(two):
        raise TaskError(_LENGTHS.format(len(truth), len(one), len(two)))
    who = None if speaker is None else np.asarray(speaker, dtype=object)
    differences = {}
    for name in task.classes:
        rows = np.flatnonzero(truth == name)
        if not len(rows):
            continue
        units = resampling_units(None if who is None else who[rows], len(rows))
        sums = _sums(task, truth[rows], one[rows], two[rows], units)
        differences[name] = paired_difference(task, sums, units, level, f"recall[{name}]")
    return differences


def paired_difference(
    task: Task,
    sums: Array,
    units: ResamplingUnits,
    level: float = 0.95,
    metric: str | None = None,
) -> Difference:
    """Compare two runs by what each unit contributes to the metric in either.

    Parameters
    ----------
    task : Task
        What was predicted.
    sums : ndarray of float, shape (2, units.count, ...)
        As :func:`featser.evaluation.metrics.metrics.statistics_of` gives them, of one run and of
        the other.
    units : ResamplingUnits
        The units.
    level : float
        Of the interval.
    metric : str, optional
        Which metric is compared; the headline one by default.
    """
    name = headline(task.kind) if metric is None else metric
    one, two = (float(scores(task, side.sum(axis=0))[name]) for side in sums)
    left_out = [scores(task, leave_one_out(side))[name] for side in sums]
    error = float(standard_error(left_out[1] - left_out[0]))
    difference, p = difference_of(two - one, error, units.effective - 1, units, level)
    return Difference(name, one, two, difference, p)


def difference_of(
    value: float, error: float, df: float, units: ResamplingUnits, level: float
) -> tuple[Interval, float]:
    """Return a difference with its interval, and the p value of no difference.

    Parameters
    ----------
    value, error : float
        The difference on all rows, and its standard error.
    df : float
        Degrees of freedom of Student's t.
    units : ResamplingUnits
        What was left out.
    level : float
        Such as 0.95.

    Returns
    -------
    Interval
        On the identity scale.
    float
        Two-sided p; NaN where there is no interval.

    Examples
    --------
    >>> units = resampling_units([f"s{number}" for number in range(10)], 10)
    >>> interval, p = difference_of(0.05, 0.02, 9, units, 0.95)
    >>> round(interval.low, 3), round(p, 3)
    (0.005, 0.034)
    """
    if not units.enough:
        return Interval(value, math.nan, math.nan, units.note), math.nan
    if not (math.isfinite(value) and math.isfinite(error)):
        return Interval(value, math.nan, math.nan, _UNDEFINED), math.nan
    if error < _ROUNDING and abs(value) < _ROUNDING:
        return Interval(value, value, value, units.note), 1.0
    if error < _ROUNDING:
        note = _ALIKE.format(words=units.words)
        return Interval(value, math.nan, math.nan, note), math.nan
    low, high = t_bounds(value, error, df, IDENTITY, level)
    return Interval(value, float(low), float(high), units.note), float(t_test(value, error, df))


def holm(p: npt.ArrayLike) -> Array:
    """Return p values corrected for there being several: Holm's step-down procedure.

    Parameters
    ----------
    p : array-like of float, shape (m,)
        P values; NaN where a test could not be made, which then is none of the several.

    Returns
    -------
    ndarray of float, shape (m,)
        The k-th smallest times ``m - k + 1``, never smaller than the one before it, at most 1;
        NaN stays NaN.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.5]).round(2).tolist()
    [0.03, 0.08, 0.5]
    """
    given = np.asarray(p, dtype=float)
    corrected = np.full(given.shape, np.nan)
    defined = np.flatnonzero(np.isfinite(given))
    order = defined[np.argsort(given[defined], kind="stable")]
    steps = given[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return corrected


def _sums(
    task: Task,
    true: npt.NDArray[np.generic],
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    units: ResamplingUnits,
) -> Array:
    """Return what each unit contributes to the metric in either run, shape (2, U, ...)."""
    dtype = object if task.categorical else float
    one, two = np.asarray(a, dtype=dtype), np.asarray(b, dtype=dtype)
    if not len(true) == len(one) == len(two):
        raise TaskError(_LENGTHS.format(len(true), len(one), len(two)))
    # In one call: moments count from a middle value, which must be the same for both runs.
    both = statistics_of(
        task,
        np.concatenate([true, true]),
        np.concatenate([one, two]),
        np.concatenate([units.of_row, units.of_row + units.count]),
    )
    return both.reshape(2, units.count, *both.shape[1:])
