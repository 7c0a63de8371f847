"""What of a recording's time is labelled correctly, and where its labels change.

Labels are intervals in seconds. Time is counted in steps of 10 ms, in each of which at most one
class is true and at most one is predicted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from featser.errors import TaskError, unknown

STEP_S = 0.01
NONE = -1
"""The code of moments without a label."""

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


class LabelledInterval(NamedTuple):
    """An interval with its label, in seconds."""

    start: float
    end: float
    label: str


@dataclass(frozen=True, eq=False)
class LabelledTime:
    """What one recording contributes to the metrics; the contributions of recordings add up.

    Attributes
    ----------
    confusion : ndarray, shape (K, K + 1)
        Seconds by true class and predicted class; the last column is of what was not predicted.
    false_alarm_s : float
        Seconds in which a class is predicted and none is true.
    overlap_s : float
        Seconds in which more than one class is predicted, counted once for each class beyond the
        first.
    distances_s : ndarray, shape (borders,)
        From each true border to the nearest predicted one; infinite where none is predicted.
    n_predicted_borders : int
        How many borders are predicted.
    """

    confusion: Array
    false_alarm_s: float
    overlap_s: float
    distances_s: Array
    n_predicted_borders: int

    @classmethod
    def of(
        cls,
        true: Sequence[LabelledInterval],
        predicted: Sequence[LabelledInterval],
        classes: Sequence[str],
    ) -> LabelledTime:
        """Compare the true intervals of a recording with predicted ones.

        Parameters
        ----------
        true : sequence of LabelledInterval
            They do not overlap.
        predicted : sequence of LabelledInterval
            Of those that overlap, the first one counts, and the others as overlap.
        classes : sequence of str
            All classes.

        Raises
        ------
        TaskError
            If a label is not one of the classes.

        Examples
        --------
        >>> true = [LabelledInterval(0, 2, "sad"), LabelledInterval(2, 4, "angry")]
        >>> predicted = [LabelledInterval(0, 3, "sad"), LabelledInterval(3, 4, "angry")]
        >>> time = LabelledTime.of(true, predicted, ["angry", "sad"])
        >>> time.confusion.round(2).tolist()
        [[1.0, 1.0, 0.0], [0.0, 2.0, 0.0]]
        >>> time.distances_s.tolist()
        [1.0]
        """
        end = max((interval.end for interval in (*true, *predicted)), default=0.0)
        truth, _ = _codes(true, classes, end)
        guess, n_overlapping = _codes(predicted, classes, end)
        k = len(classes)
        labelled = truth != NONE
        cells = truth[labelled] * (k + 1) + np.where(guess[labelled] == NONE, k, guess[labelled])
        confusion = np.bincount(cells, minlength=k * (k + 1)).reshape(k, k + 1)
        alarm = float(np.count_nonzero(~labelled & (guess != NONE)) * STEP_S)
        true_borders, guessed_borders = borders_of(true), borders_of(predicted)
        distances = _distances(true_borders, guessed_borders)
        return cls(
            STEP_S * confusion.astype(np.float64),
            alarm,
            n_overlapping * STEP_S,
            distances,
            len(guessed_borders),
        )


def together(times: Sequence[LabelledTime]) -> LabelledTime:
    """Return what several recordings contribute together."""
    return LabelledTime(
        np.sum([time.confusion for time in times], axis=0),
        sum(time.false_alarm_s for time in times),
        sum(time.overlap_s for time in times),
        np.concatenate([time.distances_s for time in times]),
        sum(time.n_predicted_borders for time in times),
    )


def borders_of(intervals: Sequence[LabelledInterval]) -> Array:
    """Return where the label changes from an interval to the next, halfway through a pause.

    Examples
    --------
    >>> intervals = [LabelledInterval(0, 1, "sad"), LabelledInterval(2, 3, "angry")]
    >>> borders_of([*intervals, LabelledInterval(3, 4, "angry")]).tolist()
    [1.5]
    """
    ordered = sorted(intervals)
    pairs = pairwise(ordered)
    return np.array(
        [(one.end + two.start) / 2 for one, two in pairs if one.label != two.label], dtype=float
    )


def _codes(
    intervals: Sequence[LabelledInterval], classes: Sequence[str], end_s: float
) -> tuple[Codes, int]:
    """Return the class of each step, and how many further labels steps have."""
    codes = np.full(round(end_s / STEP_S), NONE, np.int64)
    n_overlapping = 0
    for interval in sorted(intervals):
        if interval.label not in classes:
            raise TaskError(unknown("class", interval.label, classes))
        inside = slice(round(interval.start / STEP_S), round(interval.end / STEP_S))
        is_free = codes[inside] == NONE
        n_overlapping += int(np.count_nonzero(~is_free))
        codes[inside] = np.where(is_free, list(classes).index(interval.label), codes[inside])
    return codes, n_overlapping


def _distances(borders: Array, predicted: Array) -> Array:
    """Return from each border the distance to the nearest predicted one."""
    if not len(predicted):
        return np.full(len(borders), np.inf)
    nearest: Array = np.abs(borders[:, None] - predicted).min(axis=1)
    return nearest
