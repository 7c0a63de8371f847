"""Classes as detectors: how well the probability of a class separates its utterances from others.

Each class is compared with all other classes together (one-vs-rest), on out-of-fold probabilities:

- **ROC curve**: the recall (share of the class's utterances that are found) against the false-alarm
  rate (share of all other utterances that are taken for the class), over all thresholds.
- **AUC**: the area below it, the probability that an utterance of the class gets a higher
  probability than another one; ties count half (Hanley and McNeil, "The meaning and use of the area
  under a ROC curve", Radiology 143, 1982). 0.5 is chance. The interval is the jackknife over
  speakers.
- **DET curve**: misses (1 less the recall) against false alarms, on axes of normal quantiles
  (Martin et al., "The DET curve in assessment of detection task performance", Eurospeech 1997).
- **EER**: where both rates are equal. It has no interval: the jackknife fails for figures that
  depend on single order statistics, as quantiles do (Miller, "The jackknife - a review",
  Biometrika 61, 1974).

The mean over classes averages the recalls at equal false-alarm rates, the AUCs, and the EERs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from featser.errors import TaskError
from featser.evaluation.metrics.pairs import Array, Indices
from featser.evaluation.metrics.scales import LOGIT
from featser.evaluation.statistics.jackknife_interval import Interval, interval_of
from featser.evaluation.statistics.resampling import ResamplingUnits, resampling_units

GRID = np.linspace(0.0, 1.0, 201)
"""The false-alarm rates at which recalls are averaged."""


@dataclass(frozen=True, eq=False)
class DetectionCurve:
    """A class as a detector, or the mean over classes.

    Attributes
    ----------
    name : str
        The class; empty for the mean.
    n : int
        How many utterances are of the class; 0 for the mean.
    false_alarms, recall : ndarray of float, shape (m,)
        The ROC curve from (0, 0) to (1, 1); both ascend.
    auc : Interval
    eer : float
    """

    name: str
    n: int
    false_alarms: Array
    recall: Array
    auc: Interval
    eer: float


def detection_curves(
    true: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    classes: tuple[str, ...],
    speaker: npt.ArrayLike | None,
    *,
    level: float = 0.95,
) -> list[DetectionCurve]:
    """Return the curve of each class, and their mean as the first.

    Parameters
    ----------
    true : array-like of str, shape (n_rows,)
        True classes.
    probabilities : array-like of float, shape (n_rows, K)
        A column for each class, in their order.
    classes : tuple of str, length K
        All classes. Those without an utterance, or without one of another class, have no curve.
    speaker, level
        As in :func:`featser.evaluation.statistics.intervals.interval_by_speaker`.

    Returns
    -------
    list of DetectionCurve
        Empty if no class has a curve.

    Raises
    ------
    TaskError
        If shapes differ, or a probability is missing.

    Examples
    --------
    >>> curves = detection_curves(
    ...     ["angry", "angry", "sad", "sad"], [[0.9, 0.1], [0.4, 0.6], [0.6, 0.4], [0.1, 0.9]],
    ...     ("angry", "sad"), None)
    >>> [(curve.name, curve.auc.value, curve.eer) for curve in curves]
    [('', 0.75, 0.5), ('angry', 0.75, 0.5), ('sad', 0.75, 0.5)]
    """
    truth, p = np.asarray(true, dtype=object), np.asarray(probabilities, dtype=np.float64)
    if p.shape != (len(truth), len(classes)):
        raise TaskError(
            f"{len(truth)} true values of {len(classes)} classes, but probabilities of shape "
            f"{p.shape}: give a row for each value and a column for each class"
        )
    if not np.isfinite(p).all():
        raise TaskError("a probability is missing: leave out rows without probabilities")
    units = resampling_units(speaker, len(truth))
    curves, areas = [], []
    for column, name in enumerate(classes):
        positive = np.asarray(truth == name, dtype=bool)
        if positive.all() or not positive.any():
            continue
        area, left_out = _areas(p[:, column], positive, units)
        auc = interval_of(area, left_out, units, LOGIT, level)
        false_alarms, recall = _roc(p[:, column], positive)
        eer = _equal_error(false_alarms, recall)
        curves.append(DetectionCurve(name, int(positive.sum()), false_alarms, recall, auc, eer))
        areas.append((area, left_out))
    return [_mean(curves, areas, units, level), *curves] if curves else []


def _mean(
    curves: list[DetectionCurve],
    areas: list[tuple[float, Array]],
    units: ResamplingUnits,
    level: float,
) -> DetectionCurve:
    recall = np.mean([_at(GRID, curve.false_alarms, curve.recall) for curve in curves], axis=0)
    area = float(np.mean([value for value, _ in areas]))
    left_out = np.mean([without for _, without in areas], axis=0)
    false_alarms, recall = np.append(0.0, GRID), np.append(0.0, recall)
    auc = interval_of(area, left_out, units, LOGIT, level)
    eer = float(np.mean([curve.eer for curve in curves]))
    return DetectionCurve("", 0, false_alarms, recall, auc, eer)


def _at(grid: Array, false_alarms: Array, recall: Array) -> Array:
    """Return the recall at each false-alarm rate; the highest where the curve is vertical."""
    last = np.searchsorted(false_alarms, grid, side="right") - 1
    between = np.interp(grid, false_alarms, recall)
    at_grid: Array = np.where(false_alarms[last] == grid, recall[last], between)
    return at_grid


def _roc(score: Array, positive: npt.NDArray[np.bool_]) -> tuple[Array, Array]:
    order = np.argsort(-score, kind="stable")
    right = positive[order]
    is_last_of_ties = np.append(np.diff(score[order]) != 0, True)
    hits, alarms = np.cumsum(right)[is_last_of_ties], np.cumsum(~right)[is_last_of_ties]
    return np.append(0.0, alarms / alarms[-1]), np.append(0.0, hits / hits[-1])


def _equal_error(false_alarms: Array, recall: Array) -> float:
    """Return the rate at which false alarms and misses are equal, on the line between points."""
    return float(np.interp(0.0, false_alarms - (1 - recall), false_alarms))


def _areas(
    score: Array, positive: npt.NDArray[np.bool_], units: ResamplingUnits
) -> tuple[float, Array]:
    """Return the AUC on all rows and without each unit.

    The AUC is a mean over pairs of a row of the class and another row. Those without a unit are all
    pairs, less those whose one row or other row is of the unit; pairs that have both are taken away
    twice and added again.
    """
    of_row, count = units.of_row, units.count
    placement = _placements(score, positive)
    won = np.bincount(of_row, placement, count)
    within = np.zeros(count)
    for unit, rows in enumerate(_rows_of_units(of_row, count)):
        if positive[rows].any() and not positive[rows].all():
            within[unit] = _placements(score[rows], positive[rows])[positive[rows]].sum()
    n_positive = np.bincount(of_row, positive, count)
    n_negative = np.bincount(of_row, ~positive, count)
    total = placement[positive].sum()
    area = float(total / (positive.sum() * (~positive).sum()))
    pairs = (positive.sum() - n_positive) * ((~positive).sum() - n_negative)
    left = np.full(count, math.nan)
    np.divide(total - won + within, pairs, out=left, where=pairs > 0)
    return area, left


def _placements(score: Array, positive: npt.NDArray[np.bool_]) -> Array:
    """Return in how many pairs with rows of the other kind each row is right; ties count half."""
    from scipy.stats import rankdata

    below = rankdata(score)
    placement = np.empty(len(score))
    placement[positive] = below[positive] - rankdata(score[positive])
    placement[~positive] = positive.sum() - (below[~positive] - rankdata(score[~positive]))
    return placement


def _rows_of_units(of_row: Indices, count: int) -> list[Indices]:
    order = np.argsort(of_row, kind="stable")
    ends = np.cumsum(np.bincount(of_row, minlength=count))[:-1]
    return list(np.split(order, ends))
