"""Calibration: whether the probability of the predicted class matches its accuracy.

Definitions, with ``p`` the out-of-fold probabilities of an utterance and its *confidence* the
largest of them:

- **Reliability diagram**: utterances are put into :data:`BINS` bins of equal width by their
  confidence; each bin's accuracy (the share whose most probable class is right) stands against its
  mean confidence. For calibrated probabilities the two are equal (Murphy and Winkler,
  "Reliability of subjective probability forecasts", JRSS C 26, 1977).
- **ECE**, expected calibration error: ``Σ n_b / N · |accuracy_b − confidence_b|`` over the bins, in
  [0, 1] (Naeini et al., AAAI 2015; Guo et al., "On calibration of modern neural networks", ICML
  2017). It depends on the bins, and is too high where utterances are few; the lower bound of its
  interval is counted from the value less that bias, as the jackknife estimates it.
- **Brier score**: ``Σ_c (p_c − 1[c is the truth])²``, averaged over utterances, in [0, 2] (Brier,
  Monthly Weather Review 78, 1950). For two classes it is twice the Brier score of scikit-learn.
- **Log loss**: ``−ln p_truth``, averaged, in nats. Probabilities below :data:`FLOOR`, float32's
  resolution, count as that, so that one certain error does not make it infinite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from featser.errors import TaskError
from featser.evaluation.metrics.pairs import Array, class_pairs
from featser.evaluation.metrics.registry import metric_of
from featser.evaluation.metrics.scales import LOGIT
from featser.evaluation.statistics.jackknife_interval import interval_of_sums
from featser.evaluation.statistics.resampling import resampling_units

BINS = 10
FLOOR = float(np.finfo(np.float32).eps)
RELIABILITY = ("ece", "brier", "log_loss")
"""The metrics of probabilities; of each, smaller is better."""

_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Bin:
    """Utterances of about the same confidence.

    Attributes
    ----------
    low, high : float
        Its bounds: ``low < confidence <= high``; the first bin holds 0 as well.
    n : int
        How many utterances.
    confidence, accuracy : float
        Their mean confidence, and the share that is right; NaN where there are none.
    accuracy_low, accuracy_high : float
        Interval of the accuracy over the speakers in the bin; NaN where there is none.
    """

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float


@dataclass(frozen=True, eq=False)
class Reliability:
    """What :func:`reliability` finds.

    Attributes
    ----------
    figures : dict of str to dict
        :data:`RELIABILITY`, each with ``value``, ``low`` and ``high``, as
        :func:`featser.evaluation.statistics.intervals.evaluate_with_intervals` has them.
    bins : list of Bin
        All :data:`BINS`, from low to high confidence.
    """

    figures: dict[str, dict[str, Any]]
    bins: list[Bin]


def reliability(
    true: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    classes: tuple[str, ...],
    speaker: npt.ArrayLike | None,
    *,
    level: float = 0.95,
) -> Reliability:
    """Measure how well probabilities are calibrated, with intervals over speakers.

    Parameters
    ----------
    true : array-like of str, shape (n_rows,)
        True classes.
    probabilities : array-like of float, shape (n_rows, K)
        A column for each class, in their order; rows sum to 1.
    classes : tuple of str, length K
        All classes.
    speaker, level
        As in :func:`featser.evaluation.statistics.intervals.interval_by_speaker`.

    Returns
    -------
    Reliability
        The figures and the bins.

    Raises
    ------
    TaskError
        If shapes differ, a value is missing, or rows are not probabilities.
    """
    p = _checked(probabilities, len(classes))
    truth, _ = class_pairs(true, true, classes)
    if len(truth) != len(p):
        raise TaskError(f"{len(truth)} true values but {len(p)} rows of probabilities")
    units = resampling_units(speaker, len(p))
    sums = calibration_sums(truth, p, units.of_row, units.count)
    figures = {}
    for name, score in SCORES.items():
        row = metric_of(name)
        interval = interval_of_sums(score, sums, units, row.scale, level, is_biased=row.is_biased)
        figures[name] = interval.to_dict()
    return Reliability(figures, _bins(truth, p, speaker, sums.sum(axis=0), level))


def _checked(probabilities: npt.ArrayLike, k: int) -> Array:
    p = np.asarray(probabilities, dtype=np.float64)
    if p.ndim != 2 or p.shape[1] != k or not len(p):
        raise TaskError(f"probabilities of {k} classes have shape {p.shape}: a column for each")
    if not np.isfinite(p).all() or (p < 0).any() or (abs(p.sum(axis=1) - 1) > _TOLERANCE).any():
        raise TaskError("probabilities must be 0 or more, and sum to 1 in every row")
    return p


# What a unit of rows contributes: for each bin the rows, those that are right, and the sum of
# their confidences; then the sums of squares and of logarithms, in a row of their own.
_COUNT, _RIGHT, _CONFIDENCE = range(3)


def calibration_sums(
    truth: npt.NDArray[np.int64], p: Array, of_row: npt.NDArray[np.int64], n_units: int
) -> Array:
    """Sum what the rows of each unit contribute to the figures of :data:`SCORES`.

    Parameters
    ----------
    truth : ndarray of int, shape (n_rows,)
        Positions of the true classes.
    p : ndarray of float, shape (n_rows, K)
        Probabilities.
    of_row : ndarray of int, shape (n_rows,)
        The unit of each row.
    n_units : int
        How many units there are.

    Returns
    -------
    ndarray of float, shape (n_units, BINS + 1, 3)

    Examples
    --------
    >>> sums = calibration_sums(np.array([0, 1]), np.array([[0.9, 0.1]] * 2), np.array([0, 0]), 1)
    >>> round(float(SCORES["ece"](sums[0])), 2)
    0.4
    """
    rows = np.arange(len(p))
    right, confidence = p.argmax(axis=1) == truth, p.max(axis=1)
    squares = np.square(p).sum(axis=1) - 2 * p[rows, truth] + 1
    losses = -np.log(np.maximum(p[rows, truth], FLOOR))
    cell, cells = of_row * BINS + _places(confidence), n_units * BINS
    sums = np.zeros((n_units, BINS + 1, 3))
    for column, weights in ((_COUNT, None), (_RIGHT, right), (_CONFIDENCE, confidence)):
        counted = np.bincount(cell, weights, cells)
        sums[:, :BINS, column] = counted.reshape(n_units, BINS)
    sums[:, BINS, 0] = np.bincount(of_row, squares, n_units)
    sums[:, BINS, 1] = np.bincount(of_row, losses, n_units)
    return sums


def _places(confidence: Array) -> npt.NDArray[np.int64]:
    """Return the bin of each confidence."""
    return np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)


def _rows(sums: Array) -> Array:
    total: Array = sums[..., :BINS, _COUNT].sum(axis=-1)
    return total


def _ece(sums: Array) -> Array:
    gap = abs(sums[..., :BINS, _RIGHT] - sums[..., :BINS, _CONFIDENCE])
    error: Array = gap.sum(axis=-1) / _rows(sums)
    return error


def _brier(sums: Array) -> Array:
    score: Array = sums[..., BINS, 0] / _rows(sums)
    return score


def _log_loss(sums: Array) -> Array:
    loss: Array = sums[..., BINS, 1] / _rows(sums)
    return loss


SCORES: dict[str, Callable[[Array], Array]] = {
    "ece": _ece,
    "brier": _brier,
    "log_loss": _log_loss,
}
"""The figures, as functions of :func:`calibration_sums` with any leading axes."""


# Half a right and half a wrong row, as ``half_an_error`` has it for confusion matrices.
_HALF_ERROR = np.array([1.0, 0.5])


def _share_right(sums: Array) -> Array:
    share: Array = sums[..., _RIGHT] / sums[..., _COUNT]
    return share


def _bins(
    truth: npt.NDArray[np.int64],
    p: Array,
    speaker: npt.ArrayLike | None,
    whole: Array,
    level: float,
) -> list[Bin]:
    right, place = p.argmax(axis=1) == truth, _places(p.max(axis=1))
    who = None if speaker is None else np.asarray(speaker, dtype=object)
    bins = []
    for number in range(BINS):
        edges = number / BINS, (number + 1) / BINS
        rows = place == number
        n = int(rows.sum())
        if not n:
            bins.append(Bin(*edges, 0, *[np.nan] * 4))
            continue
        # The accuracy of a bin depends on the speakers in the bin.
        units = resampling_units(None if who is None else who[rows], n)
        counts = np.bincount(units.of_row), np.bincount(units.of_row, weights=right[rows])
        accuracy = interval_of_sums(
            _share_right, np.stack(counts, axis=1), units, LOGIT, level, half_error=_HALF_ERROR
        )
        confidence = float(whole[number, _CONFIDENCE] / n)
        bins.append(Bin(*edges, n, confidence, accuracy.value, accuracy.low, accuracy.high))
    return bins
