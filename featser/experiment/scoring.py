"""The figures of a protocol: metrics of every task, baselines and calibration, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.evaluation.duration_baseline import duration_only
from featser.evaluation.fold_scores import fold_scores, unshared_scores
from featser.evaluation.group_gaps import gap_figures
from featser.evaluation.rated_scores import rated_scores
from featser.evaluation.statistics.intervals import evaluate_with_intervals
from featser.evaluation.statistics.reliability import reliability
from featser.experiment.audited import Examined
from featser.experiment.loading.data import Data
from featser.experiment.plan import Plan
from featser.tasks import Task


def metrics_of(
    data: Data, tasks: Sequence[Task], predictions: pd.DataFrame
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return task → metric → ``{"value", "low", "high"}`` of a protocol.

    Parameters
    ----------
    data : Data
    tasks : sequence of Task
        The primary one first: it alone has figures of calibration.
    predictions : DataFrame
        Out of fold, on the index of the data's rows that were tested.
    """
    result = {}
    speaker = data.speaker[predictions.index]
    for task in tasks:
        has_label = predictions[f"{task.name}.true"].notna().to_numpy()
        part, alone = predictions[has_label], f"{task.name}.duration"
        result[task.name] = evaluate_with_intervals(
            task,
            part[f"{task.name}.true"].to_numpy(),
            part[f"{task.name}.pred"].to_numpy(),
            speaker[has_label],
            part[f"{task.name}.baseline"].to_numpy(),
            duration_pred=part[alone].to_numpy() if alone in part else None,
        )
    if tasks[0].categorical:
        result[tasks[0].name] |= _calibration(tasks[0], predictions, speaker)
    ratings = {one.label: one.ratings for one in data.rated}
    for task in tasks:
        if task.name in ratings:
            result[task.name] |= rated_scores(task, ratings[task.name], predictions, speaker)
    return result


def add_fold_scores(
    metrics: dict[str, dict[str, dict[str, Any]]],
    data: Data,
    plan: Plan,
    predictions: pd.DataFrame,
) -> None:
    """Add the scores of each fold to a protocol's metrics, if its folds are published ones.

    Parameters
    ----------
    metrics : dict
        As :func:`metrics_of` returns them.
    data : Data
    plan : Plan
    predictions : DataFrame
        Out of fold, on the index of the data's rows that were tested.
    """
    if plan.overlap is None:
        return
    for task in plan.tasks:
        metrics[task.name] |= unshared_scores(task, predictions, plan.overlap, data.speaker)
        metrics[task.name] |= fold_scores(task, predictions, plan.folds, data.speaker)


def add_gaps(
    metrics: dict[str, dict[str, dict[str, Any]]],
    data: Data,
    tasks: Sequence[Task],
    described: pd.DataFrame,
    rows: pd.Index[int],
) -> None:
    """Add the gaps between groups of speakers to a protocol's metrics.

    Parameters
    ----------
    metrics : dict
        As :func:`metrics_of` returns them.
    data : Data
    tasks : sequence of Task
    described : DataFrame
        As :func:`described_predictions` returns it.
    rows : Index
        The data's rows that were tested, in the order of ``described``.
    """
    for task in tasks:
        metrics[task.name] |= gap_figures(task, described, data.speaker[rows])


def _calibration(
    task: Task, predictions: pd.DataFrame, speaker: NDArray[np.str_]
) -> dict[str, dict[str, Any]]:
    """Return the figures of a task's probabilities."""
    has_label = predictions[f"{task.name}.true"].notna().to_numpy()
    columns = [f"{task.name}.p[{name}]" for name in task.classes]
    return reliability(
        predictions.loc[has_label, f"{task.name}.true"].to_numpy(),
        predictions.loc[has_label, columns].to_numpy(dtype=float),
        task.classes,
        speaker[has_label],
    ).figures


def with_duration(predictions: pd.DataFrame, plan: Plan, audited: Examined) -> pd.DataFrame:
    """Add the predictions of the duration-only baseline, where durations are known."""
    if audited.seconds is None:
        return predictions
    return predictions.join(duration_only(audited.seconds, plan.labels, plan.folds, plan.tasks))


def described_predictions(
    protocol: str, table: pd.DataFrame, predictions: pd.DataFrame
) -> pd.DataFrame:
    """Return predictions with what the manifest says of each utterance, as a run writes them."""
    names = ("file", "start", "end", "speaker", "corpus", "language", "gender", "age_group", "age")
    described = table.loc[predictions.index, [name for name in names if name in table]]
    joined = pd.concat([described, predictions], axis=1).reset_index(drop=True)
    joined.insert(0, "protocol", protocol)
    return joined
