"""The duration-only baseline: a tree on the duration, under the same folds as the model.

In acted corpora sad sentences are long and angry ones short, so a tree that is given only the
duration is often far above chance. Only what a model adds to it can come from the speech.

The duration is that of the whole utterance. The audit tests the duration without leading and
trailing silence as a shortcut.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.evaluation.protocols.folds import Folds
from featser.tasks import Task

DEPTH = 3


def duration_only(
    seconds: NDArray[np.float64], labels: pd.DataFrame, folds: Folds, tasks: Sequence[Task]
) -> pd.DataFrame:
    """Predict every task by a small tree on the duration, fitted in each training set.

    Parameters
    ----------
    seconds : ndarray of float, shape (n,)
        Durations; NaN where one is missing, which the tree treats as a value of its own.
    labels : DataFrame, n rows
        A column for each task; missing labels are missing.
    folds : Folds
        Those of the model.
    tasks : sequence of Task
        What is predicted.

    Returns
    -------
    DataFrame
        ``{task}.duration``, a row for each that is tested, its row number being the index.
    """
    parts = []
    for train, test in folds.splits():
        predictions = {
            f"{task.name}.duration": _tree_predictions(
                seconds[train], labels[task.name].iloc[train], seconds[test], task
            )
            for task in tasks
        }
        parts.append(pd.DataFrame(predictions, index=pd.Index(test)))
    return pd.concat(parts).sort_index()


def _tree_predictions(
    train: NDArray[np.float64], label: pd.Series[Any], test: NDArray[np.float64], task: Task
) -> NDArray[Any]:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    is_labelled = label.notna().to_numpy()
    shape = {"max_depth": DEPTH, "min_samples_leaf": max(5, len(label) // 100), "random_state": 0}
    x = train[is_labelled, None]
    if task.categorical:
        tree = DecisionTreeClassifier(class_weight="balanced", **shape)
        predicted_classes: NDArray[Any] = tree.fit(x, label[is_labelled].astype(str)).predict(
            test[:, None]
        )
        return predicted_classes.astype(object)
    fitted = DecisionTreeRegressor(**shape).fit(x, label[is_labelled].to_numpy(dtype=float))
    numbers: NDArray[Any] = fitted.predict(test[:, None])
    return numbers
