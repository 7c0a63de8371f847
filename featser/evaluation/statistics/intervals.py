"""How far a metric would vary with other speakers: intervals by leaving speakers out.

Utterances of one speaker are correlated, so an interval over utterances is too narrow. Here each
speaker (each unit that ``resampling`` chooses) is left out once, the metric is computed on all
other rows (pooled, as the value itself is), and the spread of these values gives the standard
error, which Student's t turns into an interval: see ``jackknife``. The interval is symmetric on the
scale that the metric has in the registry. ``docs/intervals.md`` shows by simulation that the
intervals keep their level.

The interval covers other speakers like these. It does not cover other training sets, other
corpora or other seeds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from featser.errors import TaskError
from featser.evaluation.metrics.metrics import evaluate_task, statistics_of
from featser.evaluation.metrics.pairs import Array
from featser.evaluation.metrics.registry import baselines_of, metrics_of
from featser.evaluation.metrics.scales import IDENTITY, LOGIT, Scale
from featser.evaluation.metrics.sums import half_an_error, recalls_of, uar_of
from featser.evaluation.statistics.jackknife_interval import Interval, interval_of, interval_of_sums
from featser.evaluation.statistics.resampling import (
    FEWEST_SPEAKERS,
    ResamplingUnits,
    resampling_units,
)
from featser.tasks import Task


def interval_by_speaker(
    statistic: Callable[[npt.NDArray[Any], npt.NDArray[Any]], float],
    true: npt.ArrayLike,
    pred: npt.ArrayLike,
    speaker: npt.ArrayLike | None,
    *,
    scale: Scale = IDENTITY,
    level: float = 0.95,
) -> Interval:
    """Compute any statistic of truth and prediction with its interval over speakers.

    The statistic is called once for each speaker, on the rows of all others. For a task's own
    metrics :func:`evaluate_with_intervals` gives the same intervals in a fraction of the time.

    Parameters
    ----------
    statistic : callable
        ``statistic(true, pred) -> float`` on arrays of rows.
    true, pred : array-like, shape (n_rows,)
        Truth and prediction.
    speaker : array-like, shape (n_rows,), or None
        Who speaks. ``resampling_units`` decides by it what is left out at once: a speaker, or a row
        that lacks a speaker.
    scale : Scale
        On which the interval is symmetric.
    level : float
        Such as 0.95.

    Returns
    -------
    Interval
        The statistic on all rows, and its bounds. They are NaN where the units are too few; the
        note gives the reason, or the number of rows without a speaker.

    Raises
    ------
    TaskError
        If lengths differ, or ``level`` cannot be.

    Examples
    --------
    >>> from featser.evaluation.metrics.metrics import mae
    >>> interval = interval_by_speaker(mae, [1, 2, 3, 4], [2, 2, 3, 4], ["f1", "f2", "m1", "m2"])
    >>> interval.value, interval.low <= interval.value <= interval.high
    (0.25, True)
    """
    truth, guess = np.asarray(true), np.asarray(pred)
    units = resampling_units(speaker, len(truth))
    _check_request(len(truth), len(guess), level)
    left_out: list[float] = []
    if units.enough:
        for unit in range(units.count):
            others = units.of_row != unit
            left_out.append(float(statistic(truth[others], guess[others])))
    value = float(statistic(truth, guess))
    return interval_of(value, np.array(left_out), units, scale, level)


def evaluate_with_intervals(
    task: Task,
    true: npt.ArrayLike,
    pred: npt.ArrayLike,
    speaker: npt.ArrayLike | None,
    baseline_pred: npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
    duration_pred: npt.ArrayLike | None = None,
) -> dict[str, dict[str, Any]]:
    """Compute all metrics of a task with their intervals, and the baselines with theirs.

    The recall of a class depends on the speakers who have that class, so these alone count for its
    interval.

    Parameters
    ----------
    task : Task
        The task.
    true, pred : array-like, shape (n_rows,)
        Truth and prediction, without missing values.
    speaker : array-like, shape (n_rows,), or None
        As in :func:`interval_by_speaker`.
    baseline_pred : array-like, shape (n_rows,), optional
        As in :func:`featser.evaluation.metrics.metrics.evaluate_task`.
    level : float
        Such as 0.95.
    duration_pred : array-like, shape (n_rows,), optional
        Predictions of the duration-only baseline
        (:func:`featser.evaluation.duration_baseline.duration_only`); its metrics come last, as
        ``duration.{metric}``, those of :func:`~featser.evaluation.metrics.registry.baselines_of`.

    Returns
    -------
    dict of str to dict
        :func:`~featser.evaluation.metrics.metrics.evaluate_task`'s metrics in its order, each with
        ``value``, ``low`` and ``high`` (float), and ``note`` (str) where an interval is absent or
        limited. ``chance.uar`` is a constant: its bounds equal it. Baselines that would look like
        a fault have an ``explanation`` (str), and ``informative`` (False) where they are none:
        those of the most frequent class, where it differs between folds.

    Raises
    ------
    TaskError
        If lengths differ, a value is missing, a class is unknown, or ``level`` cannot be.

    Examples
    --------
    >>> task = Task("emotion", classes=("angry", "sad"))
    >>> true = ["angry", "sad"] * 20
    >>> pred = ["angry"] * 10 + true[10:]
    >>> speaker = [f"s{row // 4}" for row in range(40)]
    >>> uar = evaluate_with_intervals(task, true, pred, speaker)["uar"]
    >>> uar["value"], round(uar["low"], 2), round(uar["high"], 2)
    (0.875, 0.64, 0.97)
    """
    values = evaluate_task(task, true, pred, baseline_pred)
    rows = len(np.asarray(true, dtype=object))
    units = resampling_units(speaker, rows)
    _check_request(rows, rows, level)
    intervals = dict(_intervals(task, true, pred, speaker, units, level))
    if "chance.uar" in values:
        chance = values["chance.uar"]
        intervals["chance.uar"] = Interval(chance, chance, chance)
    if baseline_pred is not None:
        baseline = dict(_intervals(task, true, baseline_pred, speaker, units, level))
        intervals |= {name: baseline[name.split(".", 1)[1]] for name in baselines_of(task.kind)}
    figures = {name: intervals[name].to_dict() for name in values}
    if baseline_pred is not None:
        _explain_baseline(figures, task, baseline_pred)
    if duration_pred is not None:
        alone = evaluate_with_intervals(task, true, duration_pred, speaker, level=level)
        names = [name.split(".", 1)[1] for name in baselines_of(task.kind)]
        figures |= {f"duration.{name}": alone[name] for name in names}
    return figures


def _intervals(
    task: Task,
    true: npt.ArrayLike,
    pred: npt.ArrayLike,
    speaker: npt.ArrayLike | None,
    units: ResamplingUnits,
    level: float,
) -> Iterator[tuple[str, Interval]]:
    """Yield the name and the interval of each metric of a task."""
    sums = statistics_of(task, true, pred, units.of_row)
    half_error = half_an_error(len(task.classes)) if task.categorical else None
    units = _noting_rare_classes(task, sums, units)
    for row in metrics_of(task.kind):
        if row.formula is not None:
            yield (
                row.name,
                interval_of_sums(row.formula, sums, units, row.scale, level, half_error=half_error),
            )
        else:
            yield from _recalls(task, true, pred, speaker, level)


def _recalls(
    task: Task,
    true: npt.ArrayLike,
    pred: npt.ArrayLike,
    speaker: npt.ArrayLike | None,
    level: float,
) -> Iterator[tuple[str, Interval]]:
    """Yield the recall of each class, over the speakers who have the class."""
    truth, guess = np.asarray(true, dtype=object), np.asarray(pred, dtype=object)
    who = None if speaker is None else np.asarray(speaker, dtype=object)
    half_error = len(task.classes) * half_an_error(len(task.classes))
    for k, name in enumerate(task.classes):
        rows = truth == name
        if not rows.any():
            note = "no utterance of this class"
            yield f"recall[{name}]", Interval(math.nan, math.nan, math.nan, note)
            continue
        units = resampling_units(None if who is None else who[rows], int(rows.sum()))
        sums = statistics_of(task, truth[rows], guess[rows], units.of_row)

        def recall(confusion: Array, k: int = k) -> Array:
            return recalls_of(confusion)[..., k]

        yield (
            f"recall[{name}]",
            interval_of_sums(recall, sums, units, LOGIT, level, half_error=half_error),
        )


def _noting_rare_classes(task: Task, sums: Array, units: ResamplingUnits) -> ResamplingUnits:
    """Add a note on classes of few speakers, whose recalls make the mean uncertain."""
    if not task.categorical or not units.enough:
        return units
    holders = (sums.sum(axis=-1) > 0).sum(axis=0)
    named = zip(task.classes, holders, strict=True)
    rare = [name for name, count in named if 0 < count < FEWEST_SPEAKERS]
    if not rare:
        return units
    note = (
        f"fewer than {FEWEST_SPEAKERS} {units.words} have the class {' or '.join(rare)}, so the "
        f"intervals of UAR and macro F1 are uncertain"
    )
    return replace(units, note="; ".join(filter(None, [units.note, note])))


def _explain_baseline(
    figures: dict[str, dict[str, Any]], task: Task, baseline_pred: npt.ArrayLike
) -> None:
    """Explain the baseline's figures that would otherwise look like a fault."""
    if len(set(np.asarray(baseline_pred, dtype=object).tolist())) < 2:
        return
    if task.categorical:
        remark: dict[str, Any] = {"informative": False}
        names = list(baselines_of(task.kind))
        why = (
            "the most frequent class is not the same in all training folds; a test fold has fewer "
            "utterances of the class that its training fold has more of, so the figure may lie far "
            "below chance"
        )
    else:
        remark, names = {}, ["mean.ccc"]
        why = (
            "each fold predicts the mean of its own training set, so the figure is 0 or a little "
            "below 0"
        )
    for name in names:
        figures[name] |= {**remark, "explanation": why}


def mean_uar_with_interval(
    task: Task,
    true: npt.ArrayLike,
    preds: Sequence[npt.ArrayLike],
    speaker: npt.ArrayLike | None,
    *,
    level: float = 0.95,
) -> tuple[dict[str, Any], list[float]]:
    """Average the UAR of several models on the same rows, with an interval of the mean.

    Parameters
    ----------
    task : Task
        With classes.
    true : array-like of str, shape (n_rows,)
        Truth.
    preds : sequence of array-like of str, shape (n_rows,)
        What each model predicted. A speaker is left out of all of them at once.
    speaker, level
        As in :func:`interval_by_speaker`.

    Returns
    -------
    dict
        ``value``, ``low`` and ``high`` of the mean, as :meth:`Interval.to_dict` has them.
    list of float
        Each model's UAR.

    Raises
    ------
    TaskError
        As :func:`evaluate_with_intervals`.
    """
    rows = len(np.asarray(true, dtype=object))
    units = resampling_units(speaker, rows)
    _check_request(rows, rows, level)
    each = [evaluate_task(task, true, pred)["uar"] for pred in preds]
    sums = np.stack([statistics_of(task, true, pred, units.of_row) for pred in preds], axis=1)

    def mean_uar(confusions: Array) -> Array:
        mean: Array = uar_of(confusions).mean(axis=-1)
        return mean

    interval = interval_of_sums(
        mean_uar, sums, units, LOGIT, level, half_error=half_an_error(len(task.classes))
    )
    return interval.to_dict(), each


def to_json(data: Any) -> Any:
    """Return nested plain data with NaN and infinities as ``None``, which JSON can hold.

    Parameters
    ----------
    data : Any
        Mappings, lists, tuples and scalars, such as :func:`evaluate_with_intervals` returns.

    Returns
    -------
    Any
        The same with dicts, lists and Python's own scalars, for
        ``json.dumps(..., allow_nan=False)``.

    Examples
    --------
    >>> import numpy as np
    >>> to_json({"uar": np.float64(0.5), "low": float("nan")})
    {'uar': 0.5, 'low': None}
    """
    if isinstance(data, Mapping):
        return {str(key): to_json(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [to_json(value) for value in data]
    if isinstance(data, np.ndarray):
        return to_json(data.tolist())
    if isinstance(data, np.generic):
        return to_json(data.item())
    if isinstance(data, float) and not math.isfinite(data):
        return None
    return data


def _check_request(n_true: int, n_pred: int, level: float) -> None:
    if n_true != n_pred:
        raise TaskError(f"{n_true} true values but {n_pred} predicted: give one for each row")
    if not 0 < level < 1:
        raise TaskError(f"level = {level}: give a share between 0 and 1, such as 0.95")
