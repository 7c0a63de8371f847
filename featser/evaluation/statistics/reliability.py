"""Calibration: whether the probability of the predicted class matches its accuracy.

Definitions, with ``p`` the out-of-fold probabilities of an utterance and its *confidence* the
largest of them:

- **Reliability diagram**: utterances are put into :data:`BINS` bins of equal width by their
  confidence; each bin's accuracy (the share whose most probable class is right) stands against its
  mean confidence. For calibrated probabilities the two are equal (Murphy and Winkler,
  "Reliability of subjective probability forecasts", JRSS C 26, 1977).
- **ECE**, expected calibration error: ``Σ n_b / N · |accuracy_b − confidence_b|`` over the bins, in
  [0, 1] (Naeini et al., AAAI 2015; Guo et al., "On calibration of modern neural networks", ICML
  2017). It depends on the bins, and is biased upwards where utterances are few: a draw of speakers
  has more of that than the data, so its interval may lie above the value.
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
from featser.evaluation.statistics.intervals import drawn_weights, interval_of
from featser.evaluation.statistics.resampling import ResamplingUnits, resampling_units

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
        Interval of the accuracy by bootstrap over speakers; NaN where there is none.
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
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Reliability:
    """Measure how well probabilities are calibrated, with intervals by bootstrap over speakers.

    Parameters
    ----------
    true : array-like of str, shape (n_rows,)
        True classes.
    probabilities : array-like of float, shape (n_rows, K)
        A column for each class, in their order; rows sum to 1.
    classes : tuple of str, length K
        All classes.
    speaker, n, seed, level
        As in :func:`featser.evaluation.statistics.intervals.bootstrap_by_speaker`.

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
    sums = _sums(truth, p, units)
    drawn = np.empty((0, *sums.shape[1:]))
    if units.enough:
        flat = sums.reshape(len(sums), -1)
        drawn = np.concatenate([weights @ flat for weights in drawn_weights(len(sums), n, seed)])
        drawn = drawn.reshape(-1, *sums.shape[1:])
    whole = sums.sum(axis=0)
    figures = {
        name: interval_of(float(score(whole)), score(drawn), units, level).to_dict()
        for name, score in _SCORES.items()
    }
    return Reliability(figures, _bins(whole, drawn, units, level))


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


def _sums(truth: npt.NDArray[np.int64], p: Array, units: ResamplingUnits) -> Array:
    """Return what each unit contributes, shape (units, BINS + 1, 3)."""
    rows = np.arange(len(p))
    top = p.argmax(axis=1)
    confidence = p[rows, top]
    own = np.zeros((len(p), BINS + 1, 3))
    place = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    own[rows, place, _COUNT] = 1
    own[rows, place, _RIGHT] = top == truth
    own[rows, place, _CONFIDENCE] = confidence
    true_probabilities = np.zeros_like(p)
    true_probabilities[rows, truth] = 1
    own[:, BINS, 0] = ((p - true_probabilities) ** 2).sum(axis=1)
    own[:, BINS, 1] = -np.log(np.maximum(p[rows, truth], FLOOR))
    summed = np.zeros((units.count, BINS + 1, 3))
    np.add.at(summed, units.of_row, own)
    return summed


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


_SCORES: dict[str, Callable[[Array], Array]] = {
    "ece": _ece,
    "brier": _brier,
    "log_loss": _log_loss,
}


def _bins(whole: Array, drawn: Array, units: ResamplingUnits, level: float) -> list[Bin]:
    bins = []
    for number in range(BINS):
        n, right, confidence = whole[number]
        edges = number / BINS, (number + 1) / BINS
        if not n:
            bins.append(Bin(*edges, 0, *[np.nan] * 4))
            continue
        counts = drawn[:, number, _COUNT]
        shares = np.divide(
            drawn[:, number, _RIGHT], counts, out=np.full(len(counts), np.nan), where=counts > 0
        )
        accuracy = interval_of(float(right / n), shares, units, level)
        bins.append(
            Bin(*edges, int(n), float(confidence / n), accuracy.value, accuracy.low, accuracy.high)
        )
    return bins
