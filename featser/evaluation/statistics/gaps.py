"""How far apart groups are: the metric of each, and the largest gap with its interval.

Overlapping intervals of two groups say little about their difference, so the gap has an interval of
its own: each speaker is left out of both groups at once (the jackknife), and the degrees of freedom
are those of Welch and Satterthwaite, since a small group makes the gap uncertain however many
speakers the other has (Satterthwaite, "An approximate distribution of estimates of variance
components", Biometrics Bulletin 2, 1946). The two groups were chosen since they are
farthest apart; where there are more than two groups, the interval is widened for the number of
pairs that could have been chosen (Bonferroni).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from featser.errors import TaskError
from featser.evaluation.metrics.metrics import scores, statistics_of
from featser.evaluation.metrics.registry import headline
from featser.evaluation.missing import as_text
from featser.evaluation.statistics.comparison import difference_of
from featser.evaluation.statistics.intervals import evaluate_with_intervals
from featser.evaluation.statistics.jackknife import error_in_strata, leave_one_out
from featser.evaluation.statistics.jackknife_interval import Interval
from featser.evaluation.statistics.resampling import (
    FEWEST_SPEAKERS,
    ResamplingUnits,
    resampling_units,
)
from featser.tasks import Task


@dataclass(frozen=True)
class Gap:
    """The metric of each group, and the largest difference between two.

    Attributes
    ----------
    metric : str
        Which metric it is.
    groups : dict of str to dict
        For each group ``value``, ``low``, ``high`` as
        ``evaluate_with_intervals`` gives them, and ``n``, the
        number of its rows.
    best, worst : str
        The groups with the largest and the smallest value; empty where fewer than two are defined.
    gap : Interval
        ``best - worst``; an interval that holds 0 does not show that they differ.
    level : float
        The gap's own level, after the widening.
    notes : list of str
        Why the groups cannot be compared as they stand, such as classes that one lacks.
    """

    metric: str
    groups: dict[str, dict[str, Any]]
    best: str
    worst: str
    gap: Interval
    level: float
    notes: list[str]


def group_gap(
    task: Task,
    true: npt.ArrayLike,
    pred: npt.ArrayLike,
    group: npt.ArrayLike,
    speaker: npt.ArrayLike | None,
    *,
    level: float = 0.95,
    metric: str | None = None,
) -> Gap:
    """Compare a metric between groups of rows.

    Parameters
    ----------
    task : Task
        What was predicted.
    true, pred : array-like, shape (n_rows,)
        Truth and prediction, without missing values.
    group : array-like of str, shape (n_rows,)
        The group of each row. A row whose group is missing (None, NaN, ``pandas.NA``) or empty is
        left out.
    speaker : array-like, shape (n_rows,), or None
        As in :func:`featser.evaluation.statistics.intervals.interval_by_speaker`. A speaker may be
        in several groups.
    level : float
        Such as 0.95.
    metric : str, optional
        The headline metric by default.

    Returns
    -------
    Gap
        Bounds of the gap are NaN where the speakers of one of the two groups are too few, as
        :func:`featser.evaluation.statistics.resampling.resampling_units` has it.

    Raises
    ------
    TaskError
        If lengths differ, or no row has a group.
    """
    dtype = object if task.categorical else float
    truth, guess = np.asarray(true, dtype=dtype), np.asarray(pred, dtype=dtype)
    names = as_text(group)
    who = np.full(len(names), "") if speaker is None else as_text(speaker)
    if not len(truth) == len(guess) == len(names) == len(who):
        raise TaskError(f"{len(truth)} rows but {len(names)} groups: give one for each row")
    has_group = names != ""
    if not has_group.any():
        raise TaskError("no row has a group: there is nothing to compare")
    truth, guess, names, who = truth[has_group], guess[has_group], names[has_group], who[has_group]
    name = headline(task.kind) if metric is None else metric
    figures = {
        str(one): _of_group(task, truth, guess, who, names == one, name, level)
        for one in np.unique(names)
    }
    defined = sorted(
        (figure["value"], one) for one, figure in figures.items() if _finite(figure["value"])
    )
    if len(defined) < 2:
        none = Interval(math.nan, math.nan, math.nan, note="fewer than two groups have a value")
        return Gap(name, figures, "", "", none, level, [])
    worst, best = defined[0][1], defined[-1][1]
    pairs = len(list(combinations(defined, 2)))
    own = 1 - (1 - level) / pairs
    gap = _gap(task, truth, guess, names, who, (best, worst), own, name)
    notes = _lacking(task, truth, names) if metric is None else []
    return Gap(name, figures, best, worst, gap, own, notes)


def recall_gaps(
    task: Task,
    true: npt.ArrayLike,
    pred: npt.ArrayLike,
    group: npt.ArrayLike,
    speaker: npt.ArrayLike | None,
    *,
    level: float = 0.95,
) -> list[Gap]:
    """Compare the recall of each class between groups of rows ("equalised recall").

    Parameters
    ----------
    task, true, pred, group, speaker, level
        As :func:`group_gap` takes them.

    Returns
    -------
    list of Gap
        Of each class that two groups or more have; the speakers that are left out are those who
        have the class. Levels are not corrected for the number of classes.

    Examples
    --------
    >>> task = Task("emotion", classes=("angry", "sad"))
    >>> gaps = recall_gaps(task, ["sad", "sad"], ["sad", "angry"], ["f", "m"], None)
    >>> [(gap.metric, gap.best, gap.gap.value) for gap in gaps]
    [('recall[sad]', 'f', 1.0)]
    """
    truth, guess = np.asarray(true, dtype=object), np.asarray(pred, dtype=object)
    names = as_text(group)
    who = np.full(len(names), "") if speaker is None else as_text(speaker)
    gaps = []
    for name in task.classes:
        rows = (truth == name) & (names != "")
        if len(set(names[rows].tolist())) > 1:
            own = (truth[rows], guess[rows], names[rows], who[rows])
            gaps.append(group_gap(task, *own, level=level, metric=f"recall[{name}]"))
    return gaps


def _of_group(
    task: Task,
    true: npt.NDArray[Any],
    pred: npt.NDArray[Any],
    who: npt.NDArray[np.str_],
    rows: npt.NDArray[np.bool_],
    name: str,
    level: float,
) -> dict[str, Any]:
    figures = evaluate_with_intervals(task, true[rows], pred[rows], who[rows], level=level)
    return figures[name] | {"n": int(rows.sum())}


def _gap(
    task: Task,
    true: npt.NDArray[Any],
    pred: npt.NDArray[Any],
    names: npt.NDArray[np.str_],
    who: npt.NDArray[np.str_],
    chosen: tuple[str, str],
    level: float,
    metric: str,
) -> Interval:
    """Return the gap of a metric between two groups, the first less the second."""
    both = np.isin(names, chosen)
    units = _units_of_both(names[both], who[both], chosen)
    # One call for both groups, whose moments must count from the same middle values.
    of_row = units.of_row + units.count * (names[both] == chosen[1])
    counted = statistics_of(task, true[both], pred[both], of_row)
    sums = np.zeros((2 * units.count, *counted.shape[1:]))
    sums[: len(counted)] = counted
    sides = sums.reshape(2, units.count, *counted.shape[1:])
    high, low = (float(scores(task, side.sum(axis=0))[metric]) for side in sides)
    if not units.enough:
        return Interval(high - low, math.nan, math.nan, units.note)
    left_out = [scores(task, leave_one_out(side))[metric] for side in sides]
    members = [np.isin(np.arange(units.count), units.of_row[names[both] == one]) for one in chosen]
    smaller = min(members, key=np.count_nonzero)
    spread, df = error_in_strata(left_out[0] - left_out[1], smaller)
    error = float(spread)
    interval, _ = difference_of(high - low, error, min(df, units.effective - 1), units, level)
    return interval


def _units_of_both(
    names: npt.NDArray[np.str_], who: npt.NDArray[np.str_], chosen: tuple[str, str]
) -> ResamplingUnits:
    """Return the units of two groups; too few where one of them has too few."""
    units = resampling_units(who, len(who))
    for one in chosen:
        own = who[names == one]
        if not resampling_units(own, len(own)).enough:
            note = f"no interval of the gap: '{one}' has fewer than {FEWEST_SPEAKERS} speakers"
            return replace(units, note=note, enough=False)
    # What limits the groups' own intervals limits the gap, too; their figures say it.
    return replace(units, note="")


def _lacking(task: Task, true: npt.NDArray[Any], names: npt.NDArray[np.str_]) -> list[str]:
    """Name the classes that a group lacks: its UAR is then of an easier task."""
    if not task.categorical:
        return []
    all_classes = set(true)
    notes = []
    for one in np.unique(names):
        absent = sorted(all_classes - set(true[names == one]))
        if absent:
            notes.append(
                f"'{one}' has no utterance of {', '.join(absent)}: its UAR is over fewer classes"
            )
    return notes


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
