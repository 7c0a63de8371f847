"""How far a metric would vary with other speakers: intervals from resampling speakers.

Utterances of one speaker are correlated, so resampling utterances gives intervals that are too
narrow. Here whole speakers (the units that ``resampling`` chooses) are drawn
with replacement, the metric is computed on all rows drawn (pooled, as the value itself is), and
the interval is made of the percentiles of the draws: the cluster bootstrap (Davison and Hinkley,
"Bootstrap Methods and their Application", 1997, §3.8; Field and Welsh, "Bootstrapping clustered
data", JRSS B 69, 2007).

The interval covers other speakers like these. It does not cover other training sets, other
corpora or other seeds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from featser.errors import TaskError
from featser.evaluation.metrics.metrics import evaluate_task, scores, statistics_of
from featser.evaluation.metrics.pairs import Array
from featser.evaluation.metrics.registry import baselines_of
from featser.evaluation.statistics.resampling import ResamplingUnits, resampling_units
from featser.tasks import Task

_CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Interval:
    """A metric with its interval.

    Attributes
    ----------
    value : float
        The metric on all rows.
    low, high : float
        Bounds of the interval; NaN where there is none. A percentile interval need not be
        symmetric.
    undefined : float
        The share of draws that were left out since the metric is undefined there, in [0, 1].
    note : str
        Why there is no interval, or why it is not by speaker; empty if all is as it should be.
    """

    value: float
    low: float
    high: float
    undefined: float = 0.0
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return ``value``, ``low`` and ``high``, and the rest where it is not empty."""
        figure: dict[str, Any] = {"value": self.value, "low": self.low, "high": self.high}
        if self.undefined:
            figure["undefined"] = self.undefined
        if self.note:
            figure["note"] = self.note
        return figure


def bootstrap_by_speaker(
    statistic: Callable[[npt.NDArray[Any], npt.NDArray[Any]], float],
    true: npt.ArrayLike,
    pred: npt.ArrayLike,
    speaker: npt.ArrayLike | None,
    *,
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Bootstrap any statistic of truth and prediction by speaker.

    The statistic is called on the rows of each draw. For a task's own metrics
    :func:`evaluate_with_intervals` gives the same intervals in a fraction of the time.

    Parameters
    ----------
    statistic : callable
        ``statistic(true, pred) -> float`` on arrays of rows.
    true, pred : array-like, shape (n_rows,)
        Truth and prediction.
    speaker : array-like, shape (n_rows,), or None
        Who speaks. ``resampling_units`` decides by it what is
        drawn: speakers, and one by one the rows that lack a speaker.
    n : int
        The number of draws.
    seed : int
        Seed of the draws.
    level : float
        The share of draws inside the interval, in (0, 1).

    Returns
    -------
    Interval
        The statistic on all rows, and the percentiles of the draws where it is defined. The bounds
        are NaN where the units are too few; the note gives the reason, or the number of rows
        without a speaker.

    Raises
    ------
    TaskError
        If lengths differ, or ``n`` or ``level`` cannot be.

    Examples
    --------
    >>> from featser.evaluation.metrics.metrics import mae
    >>> interval = bootstrap_by_speaker(mae, [1, 2, 3], [2, 2, 3], ["f1", "f2", "m1"], n=100)
    >>> round(interval.value, 2), interval.low <= interval.value <= interval.high
    (0.33, True)
    """
    truth, guess = np.asarray(true), np.asarray(pred)
    units = resampling_units(speaker, len(truth))
    _check_request(len(truth), len(guess), n, level)
    draws: list[float] = []
    if units.enough:
        for weights in drawn_weights(units.count, n, seed):
            for weight in weights:
                rows = np.repeat(np.arange(len(truth)), weight[units.of_row].astype(np.int64))
                draws.append(float(statistic(truth[rows], guess[rows])))
    return interval_of(float(statistic(truth, guess)), np.array(draws), units, level)


def evaluate_with_intervals(
    task: Task,
    true: npt.ArrayLike,
    pred: npt.ArrayLike,
    speaker: npt.ArrayLike | None,
    baseline_pred: npt.ArrayLike | None = None,
    *,
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    duration_pred: npt.ArrayLike | None = None,
) -> dict[str, dict[str, Any]]:
    """Compute all metrics of a task with their intervals, and the baselines with theirs.

    All metrics see the same draws. A draw of speakers may lack a class: its UAR is then the mean
    over the classes it has, and the recall of that class is left out of that draw.

    Parameters
    ----------
    task : Task
        The task.
    true, pred : array-like, shape (n_rows,)
        Truth and prediction, without missing values.
    speaker : array-like, shape (n_rows,), or None
        As in :func:`bootstrap_by_speaker`.
    baseline_pred : array-like, shape (n_rows,), optional
        As in :func:`featser.evaluation.metrics.metrics.evaluate_task`.
    n, seed, level
        As in :func:`bootstrap_by_speaker`.
    duration_pred : array-like, shape (n_rows,), optional
        Predictions of the duration-only baseline
        (:func:`featser.evaluation.duration_baseline.duration_only`); its metrics come last, as
        ``duration.{metric}``, those of :func:`~featser.evaluation.metrics.registry.baselines_of`.

    Returns
    -------
    dict of str to dict
        :func:`~featser.evaluation.metrics.metrics.evaluate_task`'s metrics in its order, each with
        ``value``, ``low`` and ``high`` (float); ``undefined``, the share of draws left out, where
        there are any; and ``note`` (str) where an interval is absent or not by speaker.
        ``chance.uar`` is a constant: its bounds equal it. Baselines that would look like a fault
        have an ``explanation`` (str), and ``informative`` (False) where they are none: those of
        the most frequent class, where it differs between folds.

    Raises
    ------
    TaskError
        If lengths differ, a value is missing, a class is unknown, or ``n`` or ``level`` cannot be.
    """
    values = evaluate_task(task, true, pred, baseline_pred)
    rows = len(np.asarray(true, dtype=object))
    units = resampling_units(speaker, rows)
    _check_request(rows, rows, n, level)
    draws: dict[str, Array] = {}
    if units.enough:
        draws = _metric_draws(task, statistics_of(task, true, pred, units.of_row), n, seed)
        if baseline_pred is not None:
            statistics = statistics_of(task, true, baseline_pred, units.of_row)
            baseline = _metric_draws(task, statistics, n, seed)
            draws |= {name: baseline[name.split(".", 1)[1]] for name in baselines_of(task.kind)}
    figures: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        if name == "chance.uar":
            figures[name] = Interval(value, value, value).to_dict()
        else:
            figures[name] = interval_of(
                value, draws.get(name, np.array([])), units, level
            ).to_dict()
    if baseline_pred is not None:
        _explain_baseline(figures, task, baseline_pred)
    if duration_pred is not None:
        alone = evaluate_with_intervals(
            task, true, duration_pred, speaker, n=n, seed=seed, level=level
        )
        names = [name.split(".", 1)[1] for name in baselines_of(task.kind)]
        figures |= {f"duration.{name}": alone[name] for name in names}
    return figures


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
    n: int = 1000,
    seed: int = 0,
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
        What each model predicted. In every draw of speakers all of them are scored.
    speaker, n, seed, level
        As in :func:`bootstrap_by_speaker`.

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
    _check_request(rows, rows, n, level)
    each = [evaluate_task(task, true, pred)["uar"] for pred in preds]
    draws = np.array([])
    if units.enough:
        by_unit = [statistics_of(task, true, pred, units.of_row) for pred in preds]
        draws = np.mean(
            [_metric_draws(task, statistics, n, seed)["uar"] for statistics in by_unit], axis=0
        )
    return interval_of(float(np.mean(each)), draws, units, level).to_dict(), each


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


def _metric_draws(task: Task, statistics: Array, n: int, seed: int) -> dict[str, Array]:
    # A draw's statistics are the drawn units' statistics, added: no row is touched again.
    units = len(statistics)
    flat = statistics.reshape(units, -1)
    totals = np.concatenate([weights @ flat for weights in drawn_weights(units, n, seed)])
    return scores(task, totals.reshape(n, *statistics.shape[1:]))


def drawn_weights(units: int, n: int, seed: int) -> Iterator[Array]:
    """Yield, in blocks of draws, how often each unit was drawn, shape (block, units).

    Parameters
    ----------
    units : int
        How many there are; as many are drawn, with replacement.
    n : int
        The number of draws.
    seed : int
        Equal seeds give equal draws.

    Examples
    --------
    >>> next(drawn_weights(3, 2, seed=0)).sum(axis=1).tolist()
    [3.0, 3.0]
    """
    random = np.random.default_rng(seed)
    at_once = max(1, _CELLS_AT_ONCE // units)
    for start in range(0, n, at_once):
        block = min(at_once, n - start)
        drawn = random.integers(0, units, size=(block, units))
        cell = drawn + np.arange(block)[:, None] * units
        counts = np.bincount(cell.ravel(), minlength=block * units)
        yield counts.reshape(block, units).astype(float)


def interval_of(value: float, draws: Array, units: ResamplingUnits, level: float) -> Interval:
    """Return a value with the interval that its draws make.

    Parameters
    ----------
    value : float
        On all rows.
    draws : ndarray of float, shape (n,)
        The same on each draw; those that are not finite are left out. Not looked at where the
        units are too few.
    units : Units
        What was drawn.
    level : float
        The share of draws inside the interval, in (0, 1).
    """
    if not units.enough:
        return Interval(value, math.nan, math.nan, note=units.note)
    defined = draws[np.isfinite(draws)]
    undefined = 1.0 - len(defined) / len(draws)
    if not len(defined):
        return Interval(value, math.nan, math.nan, undefined, "undefined in every draw")
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high), undefined, units.note)


def _check_request(n_true: int, n_pred: int, n: int, level: float) -> None:
    if n_true != n_pred:
        raise TaskError(f"{n_true} true values but {n_pred} predicted: give one for each row")
    if n < 1:
        raise TaskError(f"n = {n}: a bootstrap needs one draw or more, commonly 1000")
    if not 0 < level < 1:
        raise TaskError(f"level = {level}: give a share between 0 and 1, such as 0.95")
