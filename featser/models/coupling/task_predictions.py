"""Predictions of the estimators of single tasks, as inputs of couplers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from featser.evaluation.protocols.folds import Split
from featser.evaluation.protocols.inner_folds import shared_folds
from featser.evaluation.training_copies import utterances_of
from featser.models.labels import encode
from featser.models.multitask import MultiTaskEstimator
from featser.models.selection.tuning import quarters
from featser.tasks import Task

Predictions = dict[str, NDArray[np.float64]]
"""Task → probabilities, shape (n, classes), or predicted values, shape (n, 1)."""


@dataclass(frozen=True, eq=False)
class Training:
    """A training set: features, labels, and the metadata of each row.

    Attributes
    ----------
    X : ndarray, shape (n, d)
    y : DataFrame, n rows
        A column for each task; missing labels are missing.
    sample_weight : array-like, shape (n,), or DataFrame, optional
    speaker : ndarray, shape (n,), optional
    provenance : ndarray of int, shape (n, 1 + k), optional
        From :func:`featser.evaluation.training_copies.trace_provenance`.
    """

    X: NDArray[Any]
    y: pd.DataFrame
    sample_weight: ArrayLike | pd.DataFrame | None = None
    speaker: NDArray[Any] | None = None
    provenance: NDArray[np.intp] | None = None

    @property
    def utterances(self) -> NDArray[np.intp]:
        """The rows that are neither augmented copies nor of auxiliary corpora."""
        return np.arange(len(self.X)) if self.provenance is None else utterances_of(self.provenance)

    @property
    def metadata(self) -> dict[str, Any]:
        """The arguments of ``fit`` beside features and labels."""
        return {
            "sample_weight": self.sample_weight,
            "speaker": self.speaker,
            "provenance": self.provenance,
        }

    def part(self, rows: NDArray[np.intp]) -> Training:
        """Return some of the rows."""
        return Training(
            self.X[rows],
            self.y.iloc[rows],
            **{name: _rows(value, rows) for name, value in self.metadata.items()},
        )

    def beside(self, columns: Sequence[NDArray[np.float64]]) -> Training:
        """Return the same rows with further inputs after the features."""
        return replace(self, X=beside(self.X, columns))

    def folds(self, tasks: Sequence[Task], n_folds: int, seed: int) -> list[Split]:
        """Make inner folds by speaker that all tasks share, the first of them leading."""
        codes = [_codes(task, self.y[task.name], self.provenance) for task in tasks]
        return shared_folds(codes, self.speaker, n_folds, seed, self.provenance)


def out_of_fold(
    model: MultiTaskEstimator, training: Training, folds: Sequence[Split]
) -> Predictions:
    """Predict every row by estimators that were not fitted on its fold.

    Parameters
    ----------
    model : MultiTaskEstimator
        Unfitted; its tasks are fitted for each fold.
    training : Training
        All rows, n.
    folds : sequence of (train, test)
        From :meth:`Training.folds`.

    Returns
    -------
    dict of str to ndarray, n rows
        An augmented copy is predicted by the same estimators as its source, which were fitted on
        neither. Rows of auxiliary corpora, on which all are fitted, have NaN.
    """
    predictions = {
        task.name: np.full((len(training.X), width_of(task) or 1), np.nan) for task in model.tasks
    }
    for train, test in folds:
        judged = _with_own_copies(test, training.provenance)
        part = training.part(train)
        fitted = MultiTaskEstimator(model.tasks, model.estimators)
        fitted.fit(part.X, part.y, **part.metadata)
        for name, values in predictions_of(fitted, training.X[judged]).items():
            predictions[name][judged] = values
    return predictions


def predictions_of(model: MultiTaskEstimator, X: NDArray[Any]) -> Predictions:
    """Return the predictions of fitted estimators for the rows of X."""
    return {
        task.name: predicted_columns(model.estimators_[task.name], width_of(task), X)
        for task in model.tasks
    }


def predicted_columns(estimator: Any, width: int, X: NDArray[Any]) -> NDArray[np.float64]:
    """Return an estimator's probabilities, a column for each of ``width`` classes, or its values.

    Parameters
    ----------
    estimator : estimator
        Fitted; its classes are positions among ``width`` classes.
    width : int
        0 for a regressor.
    X : ndarray, shape (n, d)
    """
    if not width:
        return np.asarray(estimator.predict(X), dtype=np.float64)[:, None]
    values = np.zeros((len(X), width))
    values[:, np.asarray(estimator.classes_, dtype=np.intp)] = estimator.predict_proba(X)
    return values


def width_of(task: Task) -> int:
    """Return the number of classes; 0 for a regression."""
    return len(task.classes)


def beside(X: NDArray[Any], columns: Sequence[NDArray[np.float64]]) -> NDArray[Any]:
    """Put further inputs after features, as numbers of the features' own type."""
    return np.hstack([X, *(values.astype(X.dtype) for values in columns)])


def part_of(predictions: Predictions, rows: NDArray[np.intp]) -> Predictions:
    """Return some rows of all predictions."""
    return {name: values[rows] for name, values in predictions.items()}


def _codes(task: Task, labels: pd.Series, provenance: NDArray[np.intp] | None) -> NDArray[np.intp]:
    """Return classes, or quarters of values, as numbers from 0; −1 where missing."""
    values = encode(task, labels)
    labelled = np.isfinite(values)
    codes = np.full(len(values), -1, dtype=np.intp)
    if task.categorical:
        codes[labelled] = values[labelled].astype(np.intp)
    elif labelled.any():
        codes[labelled] = quarters(
            values[labelled], None if provenance is None else provenance[labelled]
        )
    return codes


def _with_own_copies(
    test: NDArray[np.intp], provenance: NDArray[np.intp] | None
) -> NDArray[np.intp]:
    """Add to utterances the copies that they are the source of."""
    if provenance is None:
        return test
    copies = np.flatnonzero(provenance[:, 0] < 0)
    own = np.isin(provenance[copies, 1], provenance[test, 0])
    return np.concatenate([test, copies[own]])


def _rows(values: Any, rows: NDArray[np.intp]) -> Any:
    if values is None:
        return None
    return values.iloc[rows] if hasattr(values, "iloc") else np.asarray(values)[rows]
