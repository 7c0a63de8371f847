"""The human ceiling: how well each rater agrees with the other raters, in a model's own metric.

Each rating is compared with what the other raters of the recording gave: of classes their majority
(of tied classes each is the truth in equal shares: to leave ties out would leave out the raters who
were in the majority by one vote), of ordered classes their lower median, of numbers their mean. All
ratings are pooled, and the interval is over speakers, as a model's is. A model is scored against
the same truths, so both figures mean the same: a model that agrees with the other raters as well as
a rater does is as good as these data can show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from featser.corpora.label_kinds import classes_in_order
from featser.evaluation.metrics.metrics import scores
from featser.evaluation.metrics.pairs import Array
from featser.evaluation.metrics.registry import headline, metric_of
from featser.evaluation.metrics.sums import half_an_error, moments
from featser.evaluation.statistics.jackknife_interval import Interval, interval_of_sums
from featser.evaluation.statistics.resampling import resampling_units
from featser.ratings.agreement.agreement import others_mean
from featser.ratings.ratings import UNNAMED, Indices, Ratings
from featser.tasks import Task


@dataclass(frozen=True, eq=False)
class OthersTruth:
    """What the other raters gave, for each rating that has such a truth.

    Attributes
    ----------
    item : ndarray of int, shape (n,)
        The recording.
    rater : ndarray of int, shape (n,)
        The rater whose rating is left out; −1 where raters are not named.
    true : ndarray of float, shape (n, K), or (n,) for numbers
        Which share each class has of the truth; the number.
    given : ndarray of float, shape (n,)
        What the rater gave: a position in the task's classes, or a number.
    task : Task
        The task, with the classes that raters gave beside its own.
    """

    item: Indices
    rater: Indices
    true: Array
    given: Array
    task: Task

    def sums(self, given: Array, unit: Indices, n_units: int) -> Array:
        """Sum what ratings contribute to the task's metrics, over those of each unit."""
        if not self.task.categorical:
            rows = moments(self.true, given)
            return np.stack([np.bincount(unit, column, n_units) for column in rows.T], axis=1)
        k = len(self.task.classes)
        result = np.zeros((n_units, k, k))
        for true in range(k):
            cell = unit * k + given.astype(np.intp)
            result[:, true, :] = np.bincount(cell, self.true[:, true], n_units * k).reshape(-1, k)
        return result


def others_truth(ratings: Ratings, task: Task) -> OthersTruth:
    """Leave each rating out once, and aggregate the others of its recording.

    Parameters
    ----------
    ratings : Ratings
        The ratings of the task's label.
    task : Task
        Only truths among its classes count.

    Examples
    --------
    >>> from featser.ratings.ratings import from_matrix
    >>> votes = from_matrix([[0, 0, 1]], classes=("angry", "sad"))
    >>> others_truth(votes, Task("emotion", classes=("angry", "sad"))).true.tolist()
    [[0.5, 0.5], [0.5, 0.5], [1.0, 0.0]]
    """
    if not task.categorical:
        numbers = ratings.as_numbers()
        mean = others_mean(numbers)
        rows = np.flatnonzero(~np.isnan(mean))
        return OthersTruth(
            numbers.item[rows], numbers.rater[rows], mean[rows], numbers.value[rows], task
        )
    classes = ratings.as_classes()
    every = [*task.classes, *(name for name in classes.classes if name not in task.classes)]
    if task.kind == "ordinal":
        every = list(classes_in_order(pd.Series(every)))
    votes = classes.in_order(every)
    counts = votes.counts[votes.item]
    counts[np.arange(len(counts)), votes.value.astype(np.intp)] -= 1
    true = _median_shares(counts) if task.kind == "ordinal" else _majority_shares(counts)
    true[:, ~np.isin(every, task.classes)] = 0.0
    rows = np.flatnonzero(true.sum(axis=1) > 0)
    extended = replace(task, classes=tuple(every))
    return OthersTruth(votes.item[rows], votes.rater[rows], true[rows], votes.value[rows], extended)


def _majority_shares(counts: Array) -> Array:
    most = counts.max(axis=1, keepdims=True)
    is_most = (counts == most) & (most > 0)
    return np.asarray(is_most / np.maximum(1, is_most.sum(axis=1, keepdims=True)))


def _median_shares(counts: Array) -> Array:
    n = counts.sum(axis=1, keepdims=True)
    median = (np.cumsum(counts, axis=1) >= np.ceil(n / 2)).argmax(axis=1)
    return np.where(n > 0, np.eye(counts.shape[1])[median], 0.0)


@dataclass(frozen=True, eq=False)
class HumanCeiling:
    """How well raters agree with each other, in the metric of a task.

    Attributes
    ----------
    metric : str
        The task's headline metric.
    figure : dict
        ``value``, ``low``, ``high`` and perhaps ``note``, of all ratings together.
    n_ratings : int
        Ratings that have a truth by the others.
    raters : DataFrame
        ``rater``, ``ratings`` and the metric of each named rater, lowest first.
    """

    metric: str
    figure: dict[str, Any]
    n_ratings: int
    raters: pd.DataFrame


def human_ceiling(
    ratings: Ratings, task: Task, speaker: npt.ArrayLike | None
) -> HumanCeiling | None:
    """Score each rater against the others.

    Parameters
    ----------
    ratings : Ratings
        The ratings of the task's label.
    task : Task
        The task.
    speaker : array-like of str, shape (n_items,), or None
        Who speaks, for the interval; where no speaker is known, it is over recordings.

    Returns
    -------
    HumanCeiling or None
        None where no rating has a truth by others.

    Examples
    --------
    >>> from featser.ratings.ratings import from_matrix
    >>> votes = from_matrix([[0, 0, 0], [1, 1, 0]] * 6, classes=("angry", "sad"))
    >>> task = Task("emotion", classes=("angry", "sad"))
    >>> round(human_ceiling(votes, task, ["f1", "f2", "m1", "m2"] * 3).figure["value"], 3)
    0.625
    """
    truth = others_truth(ratings, task)
    if not len(truth.item):
        return None
    metric = headline(task.kind)
    raters = []
    for rater in np.unique(truth.rater[truth.rater != UNNAMED]):
        rows = truth.rater == rater
        own = OthersTruth(truth.item[rows], truth.rater[rows], truth.true[rows], truth.given[rows],
                          truth.task)  # fmt: skip
        total = own.sums(own.given, np.zeros(int(rows.sum()), dtype=np.intp), 1)
        value = float(scores(truth.task, total)[metric][0])
        raters.append((ratings.raters[rater], int(rows.sum()), value))
    table = pd.DataFrame(raters, columns=["rater", "ratings", metric])
    return HumanCeiling(
        metric,
        _interval(truth, truth.given, speaker).to_dict(),
        len(truth.item),
        table.sort_values([metric, "rater"], ignore_index=True),
    )


def against_raters(
    ratings: Ratings, task: Task, predicted: npt.ArrayLike, speaker: npt.ArrayLike | None
) -> dict[str, Any]:
    """Score predictions against the truths that each rater is scored against.

    Parameters
    ----------
    ratings, task, speaker
        As :func:`human_ceiling` takes them.
    predicted : array-like, shape (n_items,)
        What a model predicts for each recording.

    Returns
    -------
    dict
        ``value``, ``low`` and ``high`` of the headline metric.

    Examples
    --------
    >>> from featser.ratings.ratings import from_matrix
    >>> votes = from_matrix([[0, 0, 0], [1, 1, 0]] * 6, classes=("angry", "sad"))
    >>> task = Task("emotion", classes=("angry", "sad"))
    >>> speaker = ["f1", "f2", "m1", "m2"] * 3
    >>> round(against_raters(votes, task, ["angry", "sad"] * 6, speaker)["value"], 3)
    0.875
    """
    truth = others_truth(ratings, task)
    if task.categorical:
        place = {name: position for position, name in enumerate(truth.task.classes)}
        codes = np.array([place[name] for name in np.asarray(predicted, dtype=object)], dtype=float)
    else:
        codes = np.asarray(predicted, dtype=float)
    return _interval(truth, codes[truth.item], speaker).to_dict()


def _interval(truth: OthersTruth, given: Array, speaker: npt.ArrayLike | None) -> Interval:
    who = np.asarray([""] * (int(truth.item.max()) + 1) if speaker is None else speaker, object)
    if not any(who):
        # Ratings of one recording are no independent units, so recordings stand for speakers.
        who = np.array([f"recording {item}" for item in range(len(who))], dtype=object)
    units = resampling_units(who[truth.item], len(truth.item))
    metric = headline(truth.task.kind)
    half_error = half_an_error(len(truth.task.classes)) if truth.task.categorical else None
    return interval_of_sums(
        lambda sums: scores(truth.task, sums)[metric],
        truth.sums(given, np.asarray(units.of_row, dtype=np.intp), units.count),
        units,
        metric_of(metric).scale,
        0.95,
        half_error=half_error,
    )
