"""A deliberate mistake, for one row of one table: augmenting before splitting.

Copies of every recording are made first, and recordings and copies are then divided at random, so
that altered copies of test recordings are in the training set. The resulting figure is not valid;
`featser leakage` shows it beside valid ones to show how much it is inflated. Nothing else may use
this module: `fit` cannot reach it, and a test holds that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from featser.evaluation.prediction_tables import out_of_fold_table
from featser.evaluation.protocols.folds import Folds
from featser.evaluation.training_copies import Copies
from featser.one_thread import one_thread
from featser.progress import Progress, silent
from featser.tasks import Task
from featser.workers.joblib_workers import parallel


def predict_with_test_copies_in_training(
    model: Any,
    X: NDArray[np.float32],
    label: pd.Series[Any],
    folds: Folds,
    task: Task,
    copies: Copies,
    seed: int = 0,
    jobs: int = 1,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Predict utterances by models whose training set has altered copies of them.

    Parameters
    ----------
    model : MultiTaskEstimator
        Unfitted.
    X : ndarray of float32, shape (n, d)
        Features of the utterances.
    label : Series, n rows
        The task's labels.
    folds : Folds
        Of the utterances, made at random. Each copy falls into a fold of its own, drawn at
        random, whatever the fold of the utterance that it was made of.
    task : Task
        What is predicted.
    copies : Copies
        Altered copies of the utterances.
    seed : int
        Of the copies' folds.
    jobs : int
        Folds at once, as joblib counts.
    progress : callable
        Called with the fits done and in all.

    Returns
    -------
    DataFrame
        A row for each utterance, none for a copy, so that the figure is of the same recordings as
        the valid ones: columns as :func:`featser.evaluation.cross_fit.out_of_fold_table` has them.
    """
    from joblib import delayed

    anywhere = np.random.default_rng(seed).integers(0, folds.count, len(copies.source))
    work = (
        delayed(_predict_fold)(model, X, label, folds, task, copies, anywhere, number)
        for number in range(folds.count)
    )
    parts: list[pd.DataFrame] = []
    progress(0, folds.count)
    for part in parallel(jobs, return_as="generator")(work):
        parts.append(part)
        progress(len(parts), folds.count)
    return pd.concat(parts).sort_index()


def _predict_fold(
    model: Any,
    X: NDArray[np.float32],
    label: pd.Series[Any],
    folds: Folds,
    task: Task,
    copies: Copies,
    fold_of_copy: NDArray[np.intp],
    number: int,
) -> pd.DataFrame:
    train, test = folds.train(number), folds.tested(number)
    training_copies = np.flatnonzero(fold_of_copy != number)
    rows = np.concatenate([train, copies.source[training_copies]])
    values = np.concatenate([X[train], np.asarray(copies.X)[training_copies]])
    labels = label.to_frame(task.name)
    with one_thread():
        fitted = clone(model).fit(values, labels.iloc[rows])
        table = out_of_fold_table(fitted, X[test], labels.iloc[test], labels.iloc[train], [task])
    table.index = pd.Index(test)
    return table
