"""The metrics of predictions over time, one row each: formula, meaning, scale.

A new metric is a function of a :class:`~featser.evaluation.timelines.labelled_time.LabelledTime`
and a row of :data:`TIMELINE_METRICS`; figures, intervals, tables and the glossary read the rows.

References
----------
Y. Wang, M. Ravanelli and A. Yacoubi, "Speech emotion diarization: which emotion appears when?",
ASRU 2023: the emotion diarisation error rate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from featser.evaluation.metrics.scales import LOG, LOGIT, Scale
from featser.evaluation.metrics.sums import uar_of
from featser.evaluation.statistics.comparison import difference_of
from featser.evaluation.statistics.jackknife import standard_error
from featser.evaluation.statistics.jackknife_interval import Interval, interval_of
from featser.evaluation.statistics.resampling import ResamplingUnits, resampling_units
from featser.evaluation.timelines.labelled_time import LabelledTime, together

NEAR_S = 0.5
"""A border counts as predicted if one is predicted at most so far from it."""


@dataclass(frozen=True)
class TimelineMetric:
    """A measure of how well labels over time are predicted.

    Attributes
    ----------
    name : str
        In the JSON of reports.
    title : str
        As readers know it.
    meaning : str
        For the glossary.
    scale : Scale
        On which its interval is symmetric.
    formula : callable
        From what recordings contribute together to the value; NaN where it is undefined.
    """

    name: str
    title: str
    meaning: str
    scale: Scale
    formula: Callable[[LabelledTime], float]


def frame_uar(time: LabelledTime) -> float:
    """Return the mean over the classes of the share of their time that is labelled correctly.

    Examples
    --------
    >>> none = np.zeros(0)
    >>> confusion = np.array([[3.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
    >>> frame_uar(LabelledTime(confusion, 0.0, 0.0, none, 0))
    0.625
    """
    return float(uar_of(time.confusion))


def diarisation_error(time: LabelledTime) -> float:
    """Return the seconds in error over the seconds with an emotion.

    Examples
    --------
    >>> none = np.zeros(0)
    >>> confusion = np.array([[3.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
    >>> diarisation_error(LabelledTime(confusion, 0.5, 0.0, none, 0)).__round__(4)
    0.4167
    """
    total = float(time.confusion.sum())
    correct = float(np.trace(time.confusion))
    errors = (total - correct) + time.false_alarm_s + time.overlap_s
    return errors / total if total else float("nan")


def missed_share(time: LabelledTime) -> float:
    """Return the share of the seconds with an emotion in which none is predicted."""
    total = float(time.confusion.sum())
    return float(time.confusion[:, -1].sum()) / total if total else float("nan")


def median_border_error(time: LabelledTime) -> float:
    """Return the median distance from true borders to the nearest predicted one, in seconds."""
    return float(np.median(time.distances_s)) if len(time.distances_s) else float("nan")


def near_borders(time: LabelledTime) -> float:
    """Return the share of true borders that have a predicted one within :data:`NEAR_S`."""
    if not len(time.distances_s):
        return float("nan")
    return float(np.mean(time.distances_s <= NEAR_S + 1e-9))


def borders_per_border(time: LabelledTime) -> float:
    """Return how many borders are predicted for each true one."""
    if not len(time.distances_s):
        return float("nan")
    return time.n_predicted_borders / len(time.distances_s)


TIMELINE_METRICS = (
    TimelineMetric(
        "frame_uar",
        "frame UAR",
        "The mean over the classes of the share of their time that is labelled correctly; time "
        "without a prediction is wrong.",
        LOGIT,
        frame_uar,
    ),
    TimelineMetric(
        "eder",
        "EDER",
        "Emotion diarisation error rate: the time of false alarms (an emotion is predicted where "
        "there is none), of missed emotion, of confused emotions and of overlapping predictions, "
        "over the time with an emotion. Smaller is better; it can exceed 1.",
        LOG,
        diarisation_error,
    ),
    TimelineMetric(
        "missed",
        "missed",
        "The share of the time with an emotion in which none is predicted, a part of EDER.",
        LOGIT,
        missed_share,
    ),
    TimelineMetric(
        "border_error",
        "border error, s",
        "The median distance from a border between two emotions to the nearest predicted border, "
        "in seconds. Smaller is better; many predicted borders make it small.",
        LOG,
        median_border_error,
    ),
    TimelineMetric(
        "near_borders",
        "borders within 0.5 s",
        "The share of borders that have a predicted one at most 0.5 s away.",
        LOGIT,
        near_borders,
    ),
    TimelineMetric(
        "borders_per_border",
        "predicted per true border",
        "How many borders are predicted for each true one; 1 is ideal.",
        LOG,
        borders_per_border,
    ),
)


def evaluate_timelines(
    times: Sequence[LabelledTime], speaker: npt.ArrayLike, level: float = 0.95
) -> dict[str, Interval]:
    """Return every metric with its interval over speakers.

    Parameters
    ----------
    times : sequence of LabelledTime
        What each recording contributes.
    speaker : array-like of str, shape (n,)
        Who speaks in each.
    level : float
        Of the intervals.
    """
    units = resampling_units(speaker, len(times))
    with np.errstate(invalid="ignore"):  # a metric may be infinite without predictions
        return {
            row.name: interval_of(
                row.formula(together(times)), _left_out(row, times, units), units, row.scale, level
            )
            for row in TIMELINE_METRICS
        }


def compare_timelines(
    a: Sequence[LabelledTime],
    b: Sequence[LabelledTime],
    speaker: npt.ArrayLike,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Return ``b - a`` of every metric on the same recordings, with its interval over speakers.

    Parameters
    ----------
    a, b : sequence of LabelledTime
        Two predictions of the same recordings.
    speaker, level
        As in :func:`evaluate_timelines`.
    """
    units = resampling_units(speaker, len(a))
    differences = {}
    for row in TIMELINE_METRICS:
        value = row.formula(together(b)) - row.formula(together(a))
        with np.errstate(invalid="ignore"):  # a metric may be infinite without predictions
            error = float(standard_error(_left_out(row, b, units) - _left_out(row, a, units)))
        differences[row.name], _ = difference_of(value, error, units.effective - 1, units, level)
    return differences


def _left_out(
    row: TimelineMetric, times: Sequence[LabelledTime], units: ResamplingUnits
) -> npt.NDArray[np.float64]:
    """Return a metric without each unit; NaN where the unit has all recordings."""
    values = np.full(units.count, np.nan)
    for unit in range(units.count):
        others = [time for time, of_row in zip(times, units.of_row, strict=True) if of_row != unit]
        if others:
            values[unit] = row.formula(together(others))
    return values
