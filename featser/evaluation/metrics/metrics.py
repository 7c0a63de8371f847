"""The field's metrics, as pure functions of truth and prediction.

Each function checks its input and then computes; nothing is dropped or filled in. The formulas
are in :mod:`featser.evaluation.metrics.sums`; :func:`scores` applies them to many sums at once.

References
----------
Schuller et al., "The INTERSPEECH 2009 Emotion Challenge": UAR as the measure of a task whose
classes are not equally frequent. Lin, "A concordance correlation coefficient to evaluate
reproducibility", Biometrics 45, 1989. Cohen, "Weighted kappa", Psychological Bulletin 70, 1968.
Opitz and Burst, "Macro F1 and Macro F1", arXiv:1911.03347: the mean of the classes' F1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from featser.errors import TaskError
from featser.evaluation.metrics.pairs import Array, Indices, class_pairs
from featser.evaluation.metrics.registry import PER_CLASS, baselines_of, metrics_of
from featser.evaluation.metrics.sums import (
    accuracy_of,
    ccc_of,
    chance_uar,
    kappa_of,
    macro_f1_of,
    mae_of,
    moments,
    ordinal_mae_of,
    pearson_of,
    recalls_of,
    rmse_of,
    uar_of,
)
from featser.tasks import Task


def metric_names(task: Task) -> list[str]:
    """Return the task's metrics in the order of reports, without baselines.

    Parameters
    ----------
    task : Task
        The task.

    Returns
    -------
    list of str
        Those of its kind, ``recall[class]`` written out for each of its classes.

    Examples
    --------
    >>> from featser.tasks import Task
    >>> metric_names(Task("arousal", "regression"))
    ['ccc', 'pearson', 'rmse', 'mae']
    """
    names: list[str] = []
    for row in metrics_of(task.kind):
        names += [f"recall[{c}]" for c in task.classes] if row.name == PER_CLASS else [row.name]
    return names


def confusion_matrix(
    true: npt.ArrayLike, pred: npt.ArrayLike, classes: Sequence[str]
) -> npt.NDArray[np.int64]:
    """Count how often each class was predicted as each.

    Parameters
    ----------
    true, pred : array-like of str, shape (n,)
        True and predicted classes.
    classes : sequence of str, length K
        All classes, in the order of rows and columns.

    Returns
    -------
    ndarray of int, shape (K, K)
        ``[i, j]`` is the number of rows of class ``i`` that were predicted as class ``j``.

    Raises
    ------
    TaskError
        If the lengths differ, nothing is given, a value is missing, or one is not a class.

    Examples
    --------
    >>> confusion_matrix(["a", "a", "b"], ["a", "b", "b"], ["a", "b"]).tolist()
    [[1, 1], [0, 1]]
    """
    truth, guess = class_pairs(true, pred, classes)
    k = len(classes)
    return np.bincount(truth * k + guess, minlength=k * k).reshape(k, k).astype(np.int64)


def recall_per_class(true: npt.ArrayLike, pred: npt.ArrayLike, classes: Sequence[str]) -> Array:
    """Return the share of each class's rows that were recognised, in [0, 1], shape (K,).

    A class that is absent from the truth has no recall: NaN. Parameters and errors are
    :func:`confusion_matrix`'s.

    Examples
    --------
    >>> recall_per_class(["a", "a", "b"], ["a", "b", "b"], ["a", "b"]).tolist()
    [0.5, 1.0]
    """
    return recalls_of(confusion_matrix(true, pred, classes).astype(float))


def uar(true: npt.ArrayLike, pred: npt.ArrayLike, classes: Sequence[str]) -> float:
    """Return the unweighted average recall (UAR, also "UA"), in [0, 1].

    The mean of the recalls of the classes that are present in the truth, on all rows pooled (not
    the mean of folds). A class that is predicted but absent from the truth counts through the
    rows of other classes that were predicted as it, and has no recall of its own.

    How it differs: ``audmetric.unweighted_average_recall`` gives a predicted class that is absent
    from the truth a recall of 0 and averages it in; ``sklearn.metrics.balanced_accuracy_score``
    leaves it out, as here, but warns. Where the truth has all classes the three are equal.

    Parameters and errors are :func:`confusion_matrix`'s.

    Examples
    --------
    >>> uar(["a", "a", "b"], ["a", "b", "b"], ["a", "b"])
    0.75
    """
    return float(uar_of(confusion_matrix(true, pred, classes).astype(float)))


def uar_of_codes(true: npt.NDArray[np.intp], pred: npt.NDArray[np.intp], n_classes: int) -> float:
    """Return the UAR of classes that are given as positions.

    Parameters
    ----------
    true, pred : ndarray of int, shape (n,)
        Positions of classes, from 0.
    n_classes : int
        How many there are.

    Returns
    -------
    float
        In [0, 1]: :func:`uar` of the same classes by name.

    Examples
    --------
    >>> import numpy as np
    >>> uar_of_codes(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    0.75
    """
    pairs = np.bincount(true * n_classes + pred, minlength=n_classes**2)
    return float(uar_of(pairs.reshape(n_classes, n_classes).astype(float)))


def accuracy(true: npt.ArrayLike, pred: npt.ArrayLike, classes: Sequence[str]) -> float:
    """Return the share of rows that are right, in [0, 1]: weighted accuracy (WA).

    It is the recall averaged with the classes' frequencies as weights, so frequent classes
    dominate it. Parameters and errors are :func:`confusion_matrix`'s.

    Examples
    --------
    >>> accuracy(["a", "a", "b", "b"], ["a", "b", "b", "b"], ["a", "b"])
    0.75
    """
    return float(accuracy_of(confusion_matrix(true, pred, classes).astype(float)))


def macro_f1(true: npt.ArrayLike, pred: npt.ArrayLike, classes: Sequence[str]) -> float:
    """Return the mean of the classes' F1, in [0, 1], over the classes present in the truth.

    F1 of a class is ``2 TP / (2 TP + FP + FN)``; a class that was never predicted has 0. A class
    that was predicted but is absent from the truth has no F1 of its own: its rows count as misses
    (FN) of the classes they belong to. That is ``sklearn.metrics.f1_score(average="macro",
    labels=classes present in the truth)``.

    Parameters and errors are :func:`confusion_matrix`'s.

    Examples
    --------
    >>> macro_f1(["a", "a", "b", "b"], ["a", "a", "b", "b"], ["a", "b"])
    1.0
    """
    return float(macro_f1_of(confusion_matrix(true, pred, classes).astype(float)))


def quadratic_kappa(true: npt.ArrayLike, pred: npt.ArrayLike, classes: Sequence[str]) -> float:
    """Return Cohen's kappa with quadratic weights on the classes' ranks, in [-1, 1].

    ``1 - Σ w O / Σ w E`` with ``w = (i - j)²``, O the confusion matrix and E the one expected if
    truth and prediction were independent (Cohen 1968). NaN if truth and prediction are all one
    and the same class, where nothing could differ.

    Parameters and errors are :func:`confusion_matrix`'s; ``classes`` go from low to high.

    Examples
    --------
    >>> classes = ["low", "mid", "high"]
    >>> round(quadratic_kappa(["low", "mid", "high"], ["low", "mid", "mid"], classes), 3)
    0.667
    """
    return float(kappa_of(confusion_matrix(true, pred, classes).astype(float)))


def ordinal_mae(true: npt.ArrayLike, pred: npt.ArrayLike, classes: Sequence[str]) -> float:
    """Return the mean distance between true and predicted rank, in classes, in [0, K - 1].

    Parameters and errors are :func:`confusion_matrix`'s; ``classes`` go from low to high.

    Examples
    --------
    >>> ordinal_mae(["low", "high"], ["low", "low"], ["low", "mid", "high"])
    1.0
    """
    return float(ordinal_mae_of(confusion_matrix(true, pred, classes).astype(float)))


def ccc(true: npt.ArrayLike, pred: npt.ArrayLike) -> float:
    """Return Lin's concordance correlation coefficient, in [-1, 1].

    ``2 cov / (σ²_true + σ²_pred + (μ_true - μ_pred)²)`` with population (1/n) moments, as in Lin
    1989. A constant truth or prediction gives 0, unless both are the same constant: 1
    (``audmetric.concordance_cc`` returns NaN there). Fewer than two pairs: NaN.

    Parameters
    ----------
    true, pred : array-like of float, shape (n,)
        True and predicted numbers.

    Raises
    ------
    TaskError
        If the lengths differ, nothing is given, or a value is missing or infinite.

    Examples
    --------
    >>> ccc([1, 2, 3], [1, 2, 3])
    1.0
    >>> round(ccc([1, 2, 3], [2, 3, 4]), 3)
    0.571
    """
    return float(ccc_of(moments(true, pred).sum(axis=0)))


def pearson(true: npt.ArrayLike, pred: npt.ArrayLike) -> float:
    """Return Pearson's correlation, in [-1, 1]; NaN if truth or prediction is constant.

    Parameters and errors are :func:`ccc`'s.

    Examples
    --------
    >>> round(pearson([1, 2, 3], [2, 3, 4]), 3)
    1.0
    """
    return float(pearson_of(moments(true, pred).sum(axis=0)))


def rmse(true: npt.ArrayLike, pred: npt.ArrayLike) -> float:
    """Return the root of the mean squared error, in the label's unit.

    Parameters and errors are :func:`ccc`'s.

    Examples
    --------
    >>> round(rmse([1, 2, 3], [1, 2, 5]), 3)
    1.155
    """
    return float(rmse_of(moments(true, pred).sum(axis=0)))


def mae(true: npt.ArrayLike, pred: npt.ArrayLike) -> float:
    """Return the mean absolute error, in the label's unit.

    Parameters and errors are :func:`ccc`'s.

    Examples
    --------
    >>> mae([1.0, 2.0], [2.0, 4.0])
    1.5
    """
    return float(mae_of(moments(true, pred).sum(axis=0)))


def evaluate_task(
    task: Task,
    true: npt.ArrayLike,
    pred: npt.ArrayLike,
    baseline_pred: npt.ArrayLike | None = None,
) -> dict[str, float]:
    """Compute all metrics of a task, and its baselines.

    Parameters
    ----------
    task : Task
        The task.
    true, pred : array-like, shape (n,)
        Truth and prediction; classes (str) or numbers by the task's kind. Rows without a label
        are the caller's to leave out.
    baseline_pred : array-like, shape (n,), optional
        For each row the prediction of a model without features: the most frequent class, or
        the mean, of the training set of the row's fold.

    Returns
    -------
    dict of str to float
        The metrics in :func:`metric_names`' order, then ``chance.uar`` (one over the number of
        classes present in the truth), then those of the baseline if there is one. NaN where
        a metric is undefined, such as the recall of a class that is absent from the truth.

    Raises
    ------
    TaskError
        If the lengths differ, nothing is given, a value is missing, or a class is unknown.
    """
    statistics = statistics_of(task, true, pred)
    values = {name: float(value) for name, value in scores(task, statistics).items()}
    if task.categorical:
        values["chance.uar"] = chance_uar(statistics)
    if baseline_pred is not None:
        baseline = scores(task, statistics_of(task, true, baseline_pred))
        for name in baselines_of(task.kind):
            values[name] = float(baseline[name.split(".", 1)[1]])
    return values


def scores(task: Task, statistics: Array) -> dict[str, Array]:
    """Compute a task's metrics from summed statistics, of many sets of rows at once.

    Parameters
    ----------
    task : Task
        The task.
    statistics : ndarray of float, shape (..., K, K) or (..., 9)
        Confusion matrices, or sums of :func:`moments`, over the rows of a set.

    Returns
    -------
    dict of str to ndarray, shape (...)
        The metrics in :func:`metric_names`' order; NaN where one is undefined.
    """
    values: dict[str, Array] = {}
    for row in metrics_of(task.kind):
        if row.formula is not None:
            values[row.name] = row.formula(statistics)
        else:
            recalls = recalls_of(statistics)
            values |= {f"recall[{c}]": recalls[..., i] for i, c in enumerate(task.classes)}
    return values


def statistics_of(
    task: Task,
    true: npt.ArrayLike,
    pred: npt.ArrayLike,
    unit: Indices | None = None,
) -> Array:
    """Sum what the rows contribute to the metrics, over all rows or over those of each unit.

    Parameters
    ----------
    task : Task
        The task.
    true, pred : array-like, shape (n,)
        Truth and prediction.
    unit : ndarray of int, shape (n,), optional
        The rows' units (speakers), 0 … U - 1.

    Returns
    -------
    ndarray of float, shape (K, K) or (9,), with a leading axis U where ``unit`` is given
        Confusion matrices, or sums of :func:`featser.evaluation.metrics.sums.moments`.

    Raises
    ------
    TaskError
        As :func:`evaluate_task`, naming the task.
    """
    try:
        if not task.categorical:
            rows = moments(true, pred)
            return rows.sum(axis=0) if unit is None else _sum_by_unit(rows, unit)
        truth, guess = class_pairs(true, pred, task.classes)
    except TaskError as error:
        raise TaskError(f"task '{task.name}': {error}") from None
    k = len(task.classes)
    cell, units = truth * k + guess, 1
    if unit is not None:
        cell, units = unit * k * k + cell, int(unit.max()) + 1
    counts = np.bincount(cell, minlength=units * k * k).astype(float)
    return counts.reshape((k, k) if unit is None else (units, k, k))


def _sum_by_unit(rows: Array, unit: Indices) -> Array:
    return np.stack([np.bincount(unit, weights=column) for column in rows.T], axis=1)
