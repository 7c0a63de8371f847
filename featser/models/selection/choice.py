"""Comparison of methods on inner folds, with the standard error of the gain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featser.evaluation.metrics.metrics import scores, statistics_of
from featser.evaluation.metrics.registry import headline
from featser.evaluation.protocols.groups import speaker_groups
from featser.evaluation.statistics.jackknife import leave_one_out, standard_error
from featser.tasks import Task

BEYOND_NOISE = 2.0
"""Minimum gain in standard errors; smaller gains count as a tie."""


@dataclass(frozen=True)
class Judged:
    """Methods that were compared on the same rows; the first is the reference.

    Attributes
    ----------
    metric : str
        The task's headline metric, such as ``uar``.
    value : dict of str to float
        The metric of each method.
    error : dict of str to float
        Standard error of each gain over the first, by leaving out one speaker at a time.
    """

    metric: str
    value: dict[str, float]
    error: dict[str, float]

    @property
    def first(self) -> str:
        """The reference method."""
        return next(iter(self.value))

    @property
    def gain(self) -> dict[str, float]:
        """The gain of each other method over the first."""
        return {
            name: value - self.value[self.first]
            for name, value in self.value.items()
            if name != self.first
        }

    @property
    def best(self) -> str:
        """The method with the largest gain beyond noise; otherwise the first."""
        sure = {
            name: gain
            for name, gain in self.gain.items()
            if gain > 0 and gain > BEYOND_NOISE * self.error[name]
        }
        return max(sure, key=lambda name: sure[name]) if sure else self.first


def judged(
    task: Task, true: ArrayLike, predicted: Mapping[str, NDArray[Any]], speaker: ArrayLike | None
) -> Judged:
    """Compare methods by a task's headline metric.

    Parameters
    ----------
    task : Task
    true : array-like, shape (n,)
        Classes or values; none missing.
    predicted : mapping of str to ndarray, each of shape (n,)
        The predictions of each method.
    speaker : array-like, shape (n,), optional
        Who speaks. An utterance without a speaker stands for one; each of them does where they
        all have the same speaker.
    """
    rows = len(np.asarray(true))
    unit = speaker_groups(speaker, rows)
    if len(np.unique(unit)) < 2:
        unit = np.arange(rows)
    metric = headline(task.kind)
    value, left_out = {}, {}
    for name, pred in predicted.items():
        sums = statistics_of(task, true, pred, unit)
        value[name] = float(scores(task, sums.sum(axis=0))[metric])
        left_out[name] = scores(task, leave_one_out(sums))[metric]
    first = next(iter(predicted))
    error = {
        name: float(standard_error(values - left_out[first]))
        for name, values in left_out.items()
        if name != first
    }
    return Judged(metric, value, error)
