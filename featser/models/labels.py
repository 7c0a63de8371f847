"""The labels of tasks: as a table, as numbers, and the rows that a task is fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_array

from featser.errors import TaskError
from featser.evaluation.rows import Rows
from featser.evaluation.soft_labels import soft_labels_of
from featser.tasks import Task

SampleWeight = ArrayLike | pd.DataFrame | None
Labels = pd.DataFrame | ArrayLike
"""A column for each task, or an array with the columns in the order of the tasks."""


def label_table(tasks: Sequence[Task], y: Labels) -> pd.DataFrame:
    """Return labels as a table with a column for each task.

    Parameters
    ----------
    tasks : sequence of Task
    y : DataFrame, n rows, or array-like, shape (n,) or (n, tasks)
        A table is returned as it is; the columns of an array are in the order of the tasks.

    Raises
    ------
    ValueError
        If there are no labels, or an array has another number of columns than there are tasks.

    Examples
    --------
    >>> label_table([Task("arousal", "regression")], [0.5, 0.25])["arousal"].tolist()
    [0.5, 0.25]
    """
    if isinstance(y, pd.DataFrame):
        return y
    if y is None:
        raise ValueError("labels are required, but y is None: pass a column for each task")
    values = check_array(y, dtype=None, ensure_2d=False, ensure_all_finite="allow-nan")
    columns = values.reshape(len(values), -1)
    if columns.shape[1] != len(tasks):
        raise ValueError(
            f"y has {columns.shape[1]} columns, but there are {len(tasks)} tasks: "
            f"pass a column for each task"
        )
    return pd.DataFrame(columns, columns=[task.name for task in tasks])


def refuse_unlike(tasks: Sequence[Task], X: NDArray[Any] | Rows, y: pd.DataFrame) -> None:
    """Refuse tasks without labels, and features, n rows, and labels of unlike length.

    Raises
    ------
    TaskError
        With what is there.
    """
    for task in tasks:
        if task.name not in y:
            raise TaskError(f"no labels for task '{task.name}'; there are: {list(y.columns)}")
    if len(X) != len(y):
        raise TaskError(f"{len(X)} rows of features, {len(y)} rows of labels")


def primary_of(tasks: Sequence[Task]) -> Task:
    """Return the primary task, or the first where none is marked."""
    if not tasks:
        raise TaskError("there is no task")
    return next((task for task in tasks if task.role == "primary"), tasks[0])


def most_probable(task: Task, probabilities: NDArray[np.float64]) -> NDArray[Any]:
    """Return the most probable class of each row, shape (n,), of probabilities, shape (n, k)."""
    classes: NDArray[Any] = np.asarray(task.classes, dtype=object)
    chosen: NDArray[Any] = classes[np.argmax(probabilities, axis=1)]
    return chosen


def encode(task: Task, labels: pd.Series) -> NDArray[np.float64]:
    """Return labels as numbers: class positions or values; NaN where missing.

    Raises
    ------
    TaskError
        If a label is not one of the task's classes, or not a number.
    """
    if not task.categorical:
        return pd.to_numeric(labels, errors="raise").to_numpy(dtype=np.float64)
    codes = labels.map({name: code for code, name in enumerate(task.classes)})
    strange = sorted(set(labels[labels.notna() & codes.isna()].astype(str)))
    if strange:
        raise TaskError(
            f"task '{task.name}': {strange} are not among its classes {list(task.classes)}"
        )
    return np.asarray(codes, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """The rows that a task is fitted on.

    Attributes
    ----------
    rows : ndarray of int, shape (n,)
        Their positions in the table of labels.
    target : ndarray, shape (n,)
        Positions of classes, or values.
    weight : ndarray of float, shape (n,), or None
        Their sample weights.
    soft_labels : ndarray of float, shape (n, k), or None
        The share of each class of ``target``, in its order, in each row's label.
    has_label : ndarray of bool, shape (n,)
        Whether the label is given; False where votes are tied.
    """

    rows: NDArray[np.intp]
    target: NDArray[Any]
    weight: NDArray[np.float64] | None
    soft_labels: NDArray[np.float64] | None
    has_label: NDArray[np.bool_]


def training_rows(task: Task, y: pd.DataFrame, sample_weight: SampleWeight) -> TrainingRows:
    """Return the rows that a task is fitted on.

    With soft labels (:mod:`featser.evaluation.soft_labels`), rows whose votes are tied are fitted
    on as well; their target is the first of the tied classes. A row with a label and without soft
    labels, such as one of an auxiliary corpus, has one vote for its label.

    Parameters
    ----------
    task : Task
    y : DataFrame, n rows
        A column for each task, and those of soft labels.
    sample_weight : array-like, shape (n,), or DataFrame, optional
        As :meth:`MultiTaskEstimator.fit` has it.

    Raises
    ------
    TaskError
        If a classification has fewer than two classes, or a regression fewer than two values.
    """
    target = encode(task, y[task.name])
    has_label = np.isfinite(target)
    soft = soft_labels_of(task, y) if task.categorical else None
    if soft is not None:
        target, soft = _with_votes(target, soft)
    weight = _weight_of(task, sample_weight)
    is_used = np.isfinite(target) if weight is None else np.isfinite(target) & np.isfinite(weight)
    rows = np.flatnonzero(is_used)
    target = target[rows]
    _refuse_too_few_targets(task, target)
    return TrainingRows(
        rows,
        target.astype(np.intp) if task.categorical else target,
        None if weight is None else weight[rows],
        None if soft is None else _among(target.astype(np.intp), soft[rows]),
        has_label[rows],
    )


def hard_rows(
    task: Task, y: pd.DataFrame, sample_weight: SampleWeight
) -> tuple[NDArray[np.intp], NDArray[Any], NDArray[np.float64] | None]:
    """Return the positions of a task's training rows, and their targets and weights.

    Parameters are those of :func:`training_rows`.

    Raises
    ------
    TaskError
        As there, and if the task has soft labels.
    """
    training = training_rows(task, y, sample_weight)
    if training.soft_labels is not None:
        raise TaskError(
            f"task '{task.name}' has soft labels, which only independent tasks are fitted on: use "
            f"hard labels, or leave the coupling of tasks out"
        )
    return training.rows, training.target, training.weight


def _with_votes(
    target: NDArray[np.float64], soft: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give rows with a label alone one vote, and rows with votes alone a class."""
    has_label, has_votes = np.isfinite(target), np.isfinite(soft).all(axis=1)
    alone = np.flatnonzero(has_label & ~has_votes)
    soft, target = soft.copy(), target.copy()
    soft[alone] = np.eye(soft.shape[1])[target[alone].astype(np.intp)]
    tied = np.flatnonzero(~has_label & has_votes)
    target[tied] = soft[tied].argmax(axis=1)
    return target, soft


def _among(target: NDArray[np.intp], soft: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return soft labels with the columns of the classes that are a target; rows sum to 1."""
    columns = soft[:, np.unique(target)]
    return np.asarray(columns / columns.sum(axis=1, keepdims=True))


def _refuse_too_few_targets(task: Task, target: NDArray[np.float64]) -> None:
    if task.categorical:
        present = sorted({task.classes[int(code)] for code in target})
        if len(present) < 2:
            raise TaskError(
                f"task '{task.name}': two classes are needed, "
                f"the {len(target)} training rows with a label have {present}"
            )
    elif len(target) < 2:
        raise TaskError(f"task '{task.name}': {len(target)} training rows have a value")


def _weight_of(task: Task, sample_weight: SampleWeight) -> NDArray[np.float64] | None:
    if sample_weight is None:
        return None
    if isinstance(sample_weight, pd.DataFrame):
        if task.name not in sample_weight:
            return None
        return sample_weight[task.name].to_numpy(dtype=np.float64)
    return np.asarray(sample_weight, dtype=np.float64)
