"""How often prediction sets have the true class, and how large they are, with intervals.

Each speaker has the same weight, as in the guarantee of :mod:`featser.evaluation.conformal`: a
figure of a class is the mean over the speakers who have it, and the figure of all classes the mean
over all speakers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from featser.evaluation.conformal import COVERAGES, in_set
from featser.evaluation.metrics.pairs import Array
from featser.evaluation.metrics.scales import IDENTITY, LOGIT, Scale
from featser.evaluation.prediction_tables import conformal_columns
from featser.evaluation.statistics.jackknife_interval import Interval, interval_of_sums
from featser.evaluation.statistics.resampling import resampling_units
from featser.tasks import Task

ALL_CLASSES = "all classes"

_HALF_ERROR = np.array([1.0, 0.5])


def coverage_table(
    task: Task,
    predictions: pd.DataFrame,
    speaker: ArrayLike | None,
    coverages: Sequence[float] = COVERAGES,
    *,
    level: float = 0.95,
) -> pd.DataFrame:
    """Evaluate prediction sets out of fold.

    Parameters
    ----------
    task : Task
    predictions : DataFrame, n rows
        ``{task}.true`` and ``{task}.conformal[{class}]``, as ``cross_fit`` predicts them.
    speaker : array-like, shape (n,), or None
        As in :func:`featser.evaluation.statistics.intervals.interval_by_speaker`.
    coverages : sequence of float
        The coverages that sets were asked for.
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        A row for each coverage and each class, ``all classes`` first: ``task``, ``coverage``,
        ``class``, ``utterances``, ``speakers``; ``covered``, the share of sets that have the true
        class; ``set_size``, the mean number of classes; ``answered``, the share of sets of exactly
        one class; each with ``_low`` and ``_high``; and ``right``, the share of these sets whose
        class is true. Empty where there are no p-values. Sets are without classes that no fold is
        trained on and no row has.

    Examples
    --------
    >>> task = Task("emotion", classes=("angry", "sad"))
    >>> table = pd.DataFrame({"emotion.true": ["angry"] * 4, "emotion.conformal[angry]": [0.5] * 4,
    ...                       "emotion.conformal[sad]": [0.3, 0.05, 0.05, 0.05]})
    >>> rows = coverage_table(task, table, ["f1", "f2", "m1", "m2"], [0.9])
    >>> rows.loc[0, ["covered", "set_size", "answered"]].astype(float).tolist()
    [1.0, 1.25, 0.75]
    """
    columns = conformal_columns(task)
    if not task.categorical or not set(columns) <= set(predictions):
        return pd.DataFrame()
    values = predictions[columns].to_numpy(dtype=float)
    true = predictions[f"{task.name}.true"].to_numpy(dtype=object)
    scored = np.isfinite(values).all(axis=1) & predictions[f"{task.name}.true"].notna().to_numpy()
    who = None if speaker is None else np.asarray(speaker, dtype=object)[scored]
    code = np.array([task.classes.index(name) for name in true[scored]], dtype=np.intp)
    unused = _unused(code, values[scored])
    rows = [
        {"task": task.name, "coverage": coverage, **row}
        for coverage in coverages
        for row in _rows(task, code, in_set(values[scored], coverage) & ~unused, who, level)
    ]
    return pd.DataFrame(rows)


def _unused(code: NDArray[np.intp], values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which classes are neither tested nor calibrated, shape (k,).

    Across corpora, these are the classes that not all corpora have: no fold is trained on them, and
    they would be in every set.
    """
    is_tested = np.bincount(code, minlength=values.shape[1]) > 0
    unused: NDArray[np.bool_] = ~is_tested & (values == 1.0).all(axis=0)
    return unused


def _rows(
    task: Task,
    code: NDArray[np.intp],
    sets: NDArray[np.bool_],
    speaker: NDArray[Any] | None,
    level: float,
) -> Iterator[dict[str, Any]]:
    """Yield the figures of all classes, and those of each."""
    for name, own in [
        (ALL_CLASSES, np.ones(len(code), dtype=bool)),
        *((name, code == position) for position, name in enumerate(task.classes)),
    ]:
        if own.any():
            yield {"class": name} | _figures(
                code[own], sets[own], None if speaker is None else speaker[own], level
            )


def _figures(
    code: NDArray[np.intp], sets: NDArray[np.bool_], speaker: NDArray[Any] | None, level: float
) -> dict[str, Any]:
    units = resampling_units(speaker, len(code))
    covered = sets[np.arange(len(code)), code]
    size = sets.sum(axis=1)
    answered = size == 1
    row: dict[str, Any] = {"utterances": len(code), "speakers": units.count}

    def over_speakers(values: NDArray[Any], scale: Scale, half_error: Array | None) -> Interval:
        mean = np.bincount(units.of_row, values) / np.bincount(units.of_row)
        sums = np.stack([np.ones(units.count), mean], axis=1)
        return interval_of_sums(_mean, sums, units, scale, level, half_error=half_error)

    for name, values, scale, half_error in (
        ("covered", covered, LOGIT, _HALF_ERROR),
        ("set_size", size, IDENTITY, None),
        ("answered", answered, LOGIT, _HALF_ERROR),
    ):
        interval = over_speakers(values, scale, half_error)
        ends = {f"{name}_low": interval.low, f"{name}_high": interval.high}
        row |= {name: interval.value} | ends
    return row | {"right": float(covered[answered].mean()) if answered.any() else np.nan}


def _mean(sums: Array) -> Array:
    mean: Array = sums[..., 1] / sums[..., 0]
    return mean
