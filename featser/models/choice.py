"""Whether one way is better than another on inner folds, or only seems so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featser.evaluation.metrics import METRICS, scores, statistics_of
from featser.evaluation.units import as_text
from featser.tasks import Task

BEYOND_NOISE = 2.0
"""Standard errors that a gain must have; what is below counts as a tie."""


@dataclass(frozen=True)
class Judged:
    """Ways that were tried on the same rows, the first being the one to beat.

    Attributes
    ----------
    metric : str
        The task's headline metric, such as ``uar``.
    value : dict of str to float
        Of each way.
    error : dict of str to float
        Of each gain over the first way the standard error, by leaving out one speaker at a time.
    """

    metric: str
    value: dict[str, float]
    error: dict[str, float]

    @property
    def first(self) -> str:
        """The way to beat."""
        return next(iter(self.value))

    @property
    def gain(self) -> dict[str, float]:
        """What each other way gains over the first."""
        return {
            name: value - self.value[self.first]
            for name, value in self.value.items()
            if name != self.first
        }

    @property
    def best(self) -> str:
        """The way that gains most beyond noise; the first where none does."""
        sure = {
            name: gain
            for name, gain in self.gain.items()
            if gain > 0 and gain > BEYOND_NOISE * self.error[name]
        }
        return max(sure, key=lambda name: sure[name]) if sure else self.first


def judged(
    task: Task, true: ArrayLike, predicted: Mapping[str, NDArray[Any]], speaker: ArrayLike | None
) -> Judged:
    """Compare ways by a task's headline metric.

    Parameters
    ----------
    task : Task
    true : array-like, shape (n,)
        Classes or values; none missing.
    predicted : mapping of str to ndarray, each of shape (n,)
        What each way says.
    speaker : array-like, shape (n,), optional
        Who speaks. Utterances stand for speakers where none, or one, is known.
    """
    unit = np.arange(len(np.asarray(true)))
    if speaker is not None and len(np.unique(as_text(speaker))) > 1:
        unit = np.unique(as_text(speaker), return_inverse=True)[1]
    metric = METRICS[task.kind][0]
    value, left_out = {}, {}
    for name, pred in predicted.items():
        sums = statistics_of(task, true, pred, unit)
        total = sums.sum(axis=0)
        value[name] = float(scores(task, total)[metric])
        left_out[name] = scores(task, total - sums)[metric]
    first = next(iter(predicted))
    error = {
        name: _jackknife(values - left_out[first])
        for name, values in left_out.items()
        if name != first
    }
    return Judged(metric, value, error)


def _jackknife(values: NDArray[np.float64]) -> float:
    """Return the standard error from values with one unit left out each."""
    count = len(values)
    return float(np.sqrt((count - 1) / count * np.sum((values - values.mean()) ** 2)))
