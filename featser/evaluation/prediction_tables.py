"""Tables of a fitted model's predictions: every task's prediction and its probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.evaluation.rows import Rows
from featser.tasks import Task


def out_of_fold_table(
    fitted: Any,
    X: NDArray[np.float32] | Rows,
    labels: pd.DataFrame,
    training_labels: pd.DataFrame,
    tasks: Sequence[Task],
) -> pd.DataFrame:
    """Return truth, prediction, baseline and probabilities of a test set in one table."""
    table = prediction_table(fitted, X, tasks)
    for position, task in enumerate(tasks):
        table.insert(3 * position, f"{task.name}.true", labels[task.name].to_numpy())
        baseline = _baseline(task, training_labels[task.name])
        table.insert(3 * position + 2, f"{task.name}.baseline", baseline)
    return table.join(conformal_table(fitted, table, tasks))


def conformal_table(fitted: Any, table: pd.DataFrame, tasks: Sequence[Task]) -> pd.DataFrame:
    """Return p-values of classes, ``{task}.conformal[{class}]``, of the tasks that have them.

    Parameters
    ----------
    fitted : MultiTaskEstimator
        Its ``calibrations_`` are those of :mod:`featser.evaluation.conformal`.
    table : DataFrame
        From :func:`prediction_table`.
    tasks : sequence of Task
        The tasks of the table.
    """
    columns: dict[str, NDArray[np.float32]] = {}
    for task in tasks:
        calibration = getattr(fitted, "calibrations_", {}).get(task.name)
        if calibration is not None:
            probabilities = table[[f"{task.name}.p[{name}]" for name in task.classes]]
            values = calibration.p_values(probabilities.to_numpy(dtype=float)).astype(np.float32)
            columns |= dict(zip(conformal_columns(task), values.T, strict=True))
    return pd.DataFrame(columns, index=table.index)


def conformal_columns(task: Task) -> list[str]:
    """Return the columns of a task's p-values.

    Examples
    --------
    >>> conformal_columns(Task("emotion", classes=("angry", "sad")))
    ['emotion.conformal[angry]', 'emotion.conformal[sad]']
    """
    return [f"{task.name}.conformal[{name}]" for name in task.classes]


def prediction_table(
    fitted: Any, X: NDArray[np.float32] | Rows, tasks: Sequence[Task]
) -> pd.DataFrame:
    """Return every task's prediction, ``{task}.pred``, then ``{task}.p[{class}]``.

    Parameters
    ----------
    fitted : MultiTaskEstimator
        Its ``predict_with_proba``, if it has one, evaluates every estimator once.
    X : ndarray of float32, or Rows, shape (n, d)
        Features.
    tasks : sequence of Task
        The tasks of the table.
    """
    if isinstance(X, Rows):
        tables = [prediction_table(fitted, batch, tasks) for batch in X.batches()]
        return pd.concat(tables, ignore_index=True)
    if hasattr(fitted, "predict_with_proba"):
        predicted, probabilities = fitted.predict_with_proba(X)
    else:
        predicted, probabilities = fitted.predict(X), fitted.predict_proba(X)
    columns = {f"{task.name}.pred": predicted[task.name].to_numpy() for task in tasks}
    for task in tasks:
        if task.categorical:
            for name in task.classes:
                values = probabilities[task.name][name].to_numpy(dtype=np.float32)
                columns[f"{task.name}.p[{name}]"] = values
    return pd.DataFrame(columns)


def _baseline(task: Task, training: pd.Series) -> Any:
    labels = training.dropna()
    return labels.mode().iloc[0] if task.categorical else float(labels.astype(float).mean())
