"""Out-of-fold predictions: every utterance predicted by a model that never heard its fold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from featser.errors import TaskError
from featser.evaluation.copies import Copies, TrainingPart, training_part
from featser.evaluation.folds import Folds
from featser.evaluation.rows import Rows, rows_of
from featser.progress import Progress, silent
from featser.tasks import Task

ALL = -1


@dataclass
class CrossFit:
    """What cross-validation gives.

    Attributes
    ----------
    predictions : DataFrame
        A row for each that is tested, its row number being the index: ``fold``, and for each task
        ``{task}.true``, ``{task}.pred``, ``{task}.baseline`` (the most frequent class, or the
        mean, of that fold's training part), and for tasks with classes ``{task}.p[{class}]``.
    model : estimator
        Fitted on all rows.
    notes : list of str
        What a reader must know, such as a class that a training part lacked.
    """

    predictions: pd.DataFrame
    model: Any
    notes: list[str]


def cross_fit(
    model: Any,
    X: NDArray[np.float32] | Rows,
    labels: pd.DataFrame,
    fold: Folds | NDArray[np.intp],
    unit: NDArray[np.str_] | None,
    tasks: Sequence[Task],
    n_jobs: int = -1,
    progress: Progress = silent,
    copies: Copies | None = None,
) -> CrossFit:
    """Predict every utterance by a model fitted on the other folds, and fit one model on all.

    Parameters
    ----------
    model : MultiTaskEstimator
        Unfitted; it is cloned for every fold.
    X : ndarray of float32, or Rows, shape (n, d)
        Features. Of :class:`~featser.evaluation.rows.Rows` no more than a batch is held at a
        time, and the model learns by its ``fit_batches``.
    labels : DataFrame, n rows
        A column for each task; missing labels are missing.
    fold : Folds, or ndarray of int, shape (n,)
        Which rows each fold tests and learns from; or the fold in which each row is tested, where
        it learns from all others.
    unit : ndarray of str, shape (n,), optional
        What the estimators' own inner folds keep together: the speakers, or
        :func:`~featser.evaluation.protocols.independent_units`.
    tasks : sequence of Task
        What is predicted.
    n_jobs : int
        Folds at once, as joblib counts.
    progress : callable
        Called with the fits done and in all.
    copies : Copies, optional
        Augmented copies of rows. A training part has those that are made of its rows alone; none
        is ever predicted.

    Returns
    -------
    CrossFit
        Predictions in the order of the rows, the model fitted on all, and notes.

    Raises
    ------
    TaskError
        If a training part has fewer than two classes of a task.
    """
    from joblib import Parallel, delayed

    plan = Folds.of(fold)
    folds = [ALL, *range(plan.count)]
    notes = [note for task in tasks for note in _absent_classes(task, labels[task.name], plan)]
    said: dict[int, list[str]] = {}
    jobs = (delayed(_fit_one)(model, X, labels, plan, unit, tasks, k, copies) for k in folds)
    parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered", batch_size=1)
    parts: list[pd.DataFrame] = []
    fitted: Any = None
    progress(0, len(folds))
    for done, (number, result) in enumerate(parallel(jobs), start=1):
        if number == ALL:
            fitted = result
            said[number] = list(getattr(result, "notes_", ()))
        else:
            parts.append(result)
            said[number] = list(result.attrs.pop("notes", ()))
        progress(done, len(folds))
    return CrossFit(pd.concat(parts).sort_index(), fitted, [*notes, *_by_fold(said)])


def _fit_one(
    model: Any,
    X: NDArray[np.float32] | Rows,
    labels: pd.DataFrame,
    fold: Folds,
    unit: NDArray[np.str_] | None,
    tasks: Sequence[Task],
    number: int,
    copies: Copies | None,
) -> tuple[int, Any]:
    from threadpoolctl import threadpool_limits

    train, test = fold.train(number), fold.tested(number)
    part = training_part(X, train, copies)
    # One BLAS thread a fold: folds run side by side, and sums have one order everywhere.
    with threadpool_limits(1):
        try:
            fitted = _fitted(clone(model), part, labels, unit)
        except TaskError as error:
            where = "all data" if number == ALL else f"the training part of fold {number}"
            raise TaskError(f"{where}: {error}") from error
        if number == ALL:
            return number, fitted
        table = out_of_fold_table(
            fitted, rows_of(X, test), labels.iloc[test], labels.iloc[train], tasks
        )
    table.index = pd.Index(test)
    table.insert(0, "fold", number)
    table.attrs["notes"] = list(getattr(fitted, "notes_", ()))
    return number, table


def _by_fold(said: dict[int, list[str]]) -> Iterator[str]:
    """Yield what the models of the folds noted: once where all of them say the same."""
    for note in dict.fromkeys(note for number in sorted(said) for note in said[number]):
        where = [number for number in sorted(said) if note in said[number]]
        if len(where) == len(said):
            yield note
            continue
        named = ["the model of all data" if number == ALL else f"fold {number}" for number in where]
        yield f"{', '.join(named)}: {note}"


def _fitted(
    model: Any, part: TrainingPart, labels: pd.DataFrame, unit: NDArray[np.str_] | None
) -> Any:
    y = labels.iloc[part.row]
    if isinstance(part.X, Rows):
        return model.fit_batches(part.X, y)
    known: dict[str, Any] = {"speaker": None if unit is None else unit[part.row]}
    if part.lineage is not None:
        known["lineage"] = part.lineage
    return model.fit(part.X, y, **known)


def out_of_fold_table(
    fitted: Any,
    X: NDArray[np.float32] | Rows,
    labels: pd.DataFrame,
    training_labels: pd.DataFrame,
    tasks: Sequence[Task],
) -> pd.DataFrame:
    """Set truth, prediction, baseline and probabilities of a test part side by side."""
    table = prediction_table(fitted, X, tasks)
    for position, task in enumerate(tasks):
        table.insert(3 * position, f"{task.name}.true", labels[task.name].to_numpy())
        baseline = _baseline(task, training_labels[task.name])
        table.insert(3 * position + 2, f"{task.name}.baseline", baseline)
    return table


def prediction_table(
    fitted: Any, X: NDArray[np.float32] | Rows, tasks: Sequence[Task]
) -> pd.DataFrame:
    """Return every task's prediction, ``{task}.pred``, then ``{task}.p[{class}]``."""
    if isinstance(X, Rows):
        tables = [prediction_table(fitted, batch, tasks) for batch in X.batches()]
        return pd.concat(tables, ignore_index=True)
    predicted, probabilities = fitted.predict(X), fitted.predict_proba(X)
    columns = {f"{task.name}.pred": predicted[task.name].to_numpy() for task in tasks}
    for task in tasks:
        if task.categorical:
            for name in task.classes:
                values = probabilities[task.name][name].to_numpy(dtype=np.float32)
                columns[f"{task.name}.p[{name}]"] = values
    return pd.DataFrame(columns)


def _baseline(task: Task, training: pd.Series) -> Any:
    known = training.dropna()
    return known.mode().iloc[0] if task.categorical else float(known.astype(float).mean())


def _absent_classes(task: Task, labels: pd.Series, fold: Folds) -> Iterator[str]:
    if not task.categorical:
        return
    for number, (train, test) in enumerate(fold.splits()):
        there = set(labels.iloc[train].dropna())
        lacking = sorted(set(labels.iloc[test].dropna()) - there)
        if lacking:
            yield (
                f"fold {number}: its training part has no '{task.name}' of class "
                f"{', '.join(map(str, lacking))}, so these utterances cannot be recognised"
            )
