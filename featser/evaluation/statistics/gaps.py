"""How far apart groups are: the metric of each, and the largest gap with its interval.

Overlapping intervals of two groups say little about their difference, so the gap has an interval of
its own, from the same draws of speakers. The two groups were chosen since they are farthest apart;
where there are more than two groups, the interval is widened for the number of pairs that could
have been chosen (Bonferroni).
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
from featser.evaluation.metrics.pairs import Array
from featser.evaluation.metrics.registry import headline
from featser.evaluation.missing import as_text
from featser.evaluation.statistics.intervals import (
    Interval,
    drawn_weights,
    evaluate_with_intervals,
    interval_of,
)
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
        The task's headline metric.
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
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Gap:
    """Compare the headline metric between groups of rows.

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
        As in ``bootstrap_by_speaker``. A speaker may be in
        several groups.
    n, seed, level
        As in :func:`featser.evaluation.statistics.intervals.bootstrap_by_speaker`.

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
    name = headline(task.kind)
    figures = {
        str(one): _of_group(task, truth, guess, who, names == one, name, n, seed, level)
        for one in np.unique(names)
    }
    defined = sorted(
        (figure["value"], one) for one, figure in figures.items() if _finite(figure["value"])
    )
    if len(defined) < 2:
        none = Interval(math.nan, math.nan, math.nan, note="fewer than two groups have a value")
        return Gap(name, figures, "", "", none, level, [])
    (low, worst), (high, best) = defined[0], defined[-1]
    pairs = len(list(combinations(defined, 2)))
    own = 1 - (1 - level) / pairs
    units = _units_of_both(names, who, (best, worst))
    draws = np.array([])
    if units.enough:
        draws = _gap_draws(task, truth, guess, names, units, (best, worst), n, seed)
    gap = interval_of(high - low, draws, units, own)
    return Gap(name, figures, best, worst, gap, own, _lacking(task, truth, names))


def _of_group(
    task: Task,
    true: npt.NDArray[Any],
    pred: npt.NDArray[Any],
    who: npt.NDArray[np.str_],
    rows: npt.NDArray[np.bool_],
    name: str,
    n: int,
    seed: int,
    level: float,
) -> dict[str, Any]:
    figures = evaluate_with_intervals(
        task, true[rows], pred[rows], who[rows], n=n, seed=seed, level=level
    )
    return figures[name] | {"n": int(rows.sum())}


def _units_of_both(
    names: npt.NDArray[np.str_], who: npt.NDArray[np.str_], chosen: tuple[str, str]
) -> ResamplingUnits:
    """Return the units of all rows; too few where one of the two groups has too few."""
    units = resampling_units(who, len(who))
    for one in chosen:
        own = who[names == one]
        if units.enough and not resampling_units(own, len(own)).enough:
            note = f"no interval of the gap: '{one}' has fewer than {FEWEST_SPEAKERS} speakers"
            return replace(units, note=note, enough=False)
    return units


def _gap_draws(
    task: Task,
    true: npt.NDArray[Any],
    pred: npt.NDArray[Any],
    names: npt.NDArray[np.str_],
    units: ResamplingUnits,
    chosen: tuple[str, str],
    n: int,
    seed: int,
) -> Array:
    """Return the gap between two groups in every draw of speakers."""
    both = np.isin(names, chosen)
    # One call for both groups, whose moments must count from the same middle values.
    of_row = units.of_row[both] + units.count * (names[both] == chosen[1])
    sums = statistics_of(task, true[both], pred[both], of_row)
    shape = sums.shape[1:]
    flat = np.zeros((2 * units.count, int(np.prod(shape))))
    flat[: len(sums)] = sums.reshape(len(sums), -1)
    sides = flat.reshape(2, units.count, -1)
    metric = headline(task.kind)
    gaps = []
    for block in drawn_weights(units.count, n, seed):
        values = scores(task, (block @ sides).reshape(2, len(block), *shape))[metric]
        gaps.append(values[0] - values[1])
    return np.concatenate(gaps)


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
