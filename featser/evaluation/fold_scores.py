"""Scores of each published fold and their mean, as the sources of folds report them.

The figures over all test rows together (pooled) are the primary ones; these stand beside them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.evaluation.metrics.metrics import evaluate_task
from featser.evaluation.metrics.registry import headline
from featser.evaluation.protocols.folds import Folds
from featser.evaluation.protocols.overlap import Overlap
from featser.evaluation.statistics.intervals import evaluate_with_intervals
from featser.tasks import Task

OF_FOLD, MEAN, UNSHARED = "fold", "fold_mean", "unshared"
"""Heads of the names of figures: ``fold[1].uar``, ``fold_mean.uar``, ``unshared.uar``."""

Figures = dict[str, dict[str, Any]]


def fold_metrics(task: Task) -> tuple[str, ...]:
    """Return the metrics that each fold has.

    Examples
    --------
    >>> fold_metrics(Task("emotion", "classification", ("angry", "sad")))
    ('uar', 'accuracy')
    """
    return (headline(task.kind), "accuracy") if task.categorical else (headline(task.kind),)


def fold_scores(
    task: Task, predictions: pd.DataFrame, folds: Folds, speaker: NDArray[np.str_]
) -> Figures:
    """Score each fold by itself, and average over folds.

    Parameters
    ----------
    task : Task
    predictions : DataFrame
        Out of fold: ``fold``, ``{task}.true`` and ``{task}.pred``, on the index of the data's rows.
    folds : Folds
        With the names of the folds.
    speaker : ndarray of str, shape (n,)
        Who speaks in each row of the data; empty where it is missing.

    Returns
    -------
    dict of str to dict
        ``fold[NAME].{metric}`` with ``value``, ``n`` (utterances) and ``speakers``; and
        ``fold_mean.{metric}``, the mean of these values, with ``folds``. A fold without a label
        of the task has no figure. There are no intervals.

    Examples
    --------
    >>> task = Task("emotion", "classification", ("angry", "sad"))
    >>> table = pd.DataFrame({"fold": [0, 1], "emotion.true": ["sad", "sad"],
    ...                       "emotion.pred": ["sad", "angry"]})
    >>> folds = Folds(np.array([0, 1]), names=("a", "b"))
    >>> figures = fold_scores(task, table, folds, np.array(["f1", "m1"]))
    >>> figures["fold[a].uar"]["value"], figures["fold_mean.uar"]["value"]
    (1.0, 0.5)
    """
    labelled = predictions[predictions[f"{task.name}.true"].notna()]
    figures: Figures = {}
    values: dict[str, list[float]] = {metric: [] for metric in fold_metrics(task)}
    for number, rows in labelled.groupby("fold", sort=True):
        scores = evaluate_task(task, *_pair(rows, task))
        counts = {"n": len(rows), "speakers": len({*speaker[rows.index].tolist()} - {""})}
        name = folds.names[int(str(number))]
        for metric, held in values.items():
            held.append(scores[metric])
            figures[f"{OF_FOLD}[{name}].{metric}"] = _without_interval(scores[metric]) | counts
    for metric, held in values.items():
        mean = float(np.mean(held)) if held else float("nan")
        figures[f"{MEAN}.{metric}"] = _without_interval(mean) | {"folds": len(held)}
    return figures


def unshared_scores(
    task: Task,
    predictions: pd.DataFrame,
    overlap: Overlap,
    speaker: NDArray[np.str_],
) -> Figures:
    """Score the test rows whose recording is not in the training set of their fold.

    Parameters
    ----------
    task, predictions, speaker
        As :func:`fold_scores` has them.
    overlap : Overlap
        What training and test sets share.

    Returns
    -------
    dict of str to dict
        ``unshared.{metric}`` with ``value``, ``low``, ``high`` and ``n``; empty if no recording
        is shared, or no other is left.
    """
    labelled = predictions[predictions[f"{task.name}.true"].notna()]
    rows = labelled[~overlap.in_training[labelled.index]]
    if not len(rows) or len(rows) == len(labelled):
        return {}
    figures = evaluate_with_intervals(task, *_pair(rows, task), speaker[rows.index])
    return {
        f"{UNSHARED}.{metric}": figures[metric] | {"n": len(rows)} for metric in fold_metrics(task)
    }


def fold_of_figure(name: str) -> tuple[str, str] | None:
    """Return the fold and the metric of a figure; None if the figure is not of one fold.

    Examples
    --------
    >>> fold_of_figure("fold[1].uar"), fold_of_figure("uar")
    (('1', 'uar'), None)
    """
    if not name.startswith(f"{OF_FOLD}["):
        return None
    fold, _, metric = name.removeprefix(f"{OF_FOLD}[").rpartition("].")
    return fold, metric


def score_table(metrics: dict[str, dict[str, Figures]]) -> pd.DataFrame:
    """Return the scores of folds as a table, the mean over folds last.

    Parameters
    ----------
    metrics : dict
        protocol → task → figures.

    Returns
    -------
    DataFrame
        ``protocol``, ``task``, ``fold`` (``mean`` in the last row of a task), ``utterances``,
        ``speakers``, and a column for each metric; empty if no protocol has scores of folds.
    """
    rows = [
        {"protocol": protocol, "task": task, **row}
        for protocol, by_task in metrics.items()
        for task, figures in by_task.items()
        for row in score_rows(figures)
    ]
    return pd.DataFrame(rows)


def score_rows(figures: Figures) -> list[dict[str, Any]]:
    """Return a row for each fold of a task, and one for their mean.

    Examples
    --------
    >>> figures = {"fold[1].uar": {"value": 0.5, "n": 4, "speakers": 2},
    ...            "fold_mean.uar": {"value": 0.5, "folds": 1}}
    >>> [row["fold"] for row in score_rows(figures)]
    ['1', 'mean']
    """
    rows: dict[str, dict[str, Any]] = {}
    mean: dict[str, Any] = {"fold": "mean", "utterances": 0, "speakers": None}
    for name, figure in figures.items():
        if (of_fold := fold_of_figure(name)) is not None:
            fold, metric = of_fold
            start = {"fold": fold, "utterances": figure["n"], "speakers": figure["speakers"]}
            rows.setdefault(fold, start)[metric] = figure["value"]
        elif name.startswith(f"{MEAN}."):
            mean[name.removeprefix(f"{MEAN}.")] = figure["value"]
    if not rows:
        return []
    mean["utterances"] = sum(row["utterances"] for row in rows.values())
    return [*rows.values(), mean]


def _without_interval(value: float) -> dict[str, Any]:
    return {"value": value, "low": float("nan"), "high": float("nan")}


def _pair(rows: pd.DataFrame, task: Task) -> tuple[NDArray[Any], NDArray[Any]]:
    true, pred = (rows[f"{task.name}.{end}"].to_numpy() for end in ("true", "pred"))
    return true, pred
