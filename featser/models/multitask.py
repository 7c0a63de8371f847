"""One estimator for each task, over one table of features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from featser.errors import TaskError
from featser.evaluation.metrics import evaluate_task
from featser.evaluation.rows import Rows
from featser.models.chosen import Chosen, chosen_by
from featser.models.routing import REQUESTED, fit_routed
from featser.tasks import Task

SampleWeight = ArrayLike | pd.DataFrame | None


class MultiTaskEstimator(BaseEstimator):
    """Tasks of any kind, each with an estimator of any kind; labels may be missing.

    An utterance trains the tasks it has labels for: each task's estimator is fitted on the rows
    with that label. scikit-learn's ``MultiOutputClassifier`` knows neither missing labels, nor
    mixed kinds of target, nor a sample weight for each task.

    Parameters
    ----------
    tasks : sequence of Task
        What to predict; the first one that is primary is what :meth:`score` scores.
    estimators : mapping of str to estimator
        For each task's name an unfitted classifier with ``predict_proba``, or a regressor.
        Classifiers see the classes as integers, their positions in ``Task.classes``.

    Attributes
    ----------
    estimators_ : dict of str to estimator
        Fitted.
    notes_ : list of str
        What a reader must know of the estimators.
    n_features_in_ : int

    Examples
    --------
    >>> tasks = [Task("emotion", classes=("angry", "sad")), Task("arousal", "regression")]
    >>> estimators = {task.name: make_estimator("vote", task) for task in tasks}  # doctest: +SKIP
    >>> model = MultiTaskEstimator(tasks, estimators)  # doctest: +SKIP
    >>> model.fit(X, labels, speaker=speaker).predict_proba(X)["emotion"]  # doctest: +SKIP
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = REQUESTED | {"language": True}

    def __init__(self, tasks: Sequence[Task], estimators: Mapping[str, Any]) -> None:
        self.tasks = tasks
        self.estimators = estimators

    def fit(
        self,
        X: ArrayLike,
        y: pd.DataFrame,
        sample_weight: SampleWeight = None,
        speaker: ArrayLike | None = None,
        lineage: NDArray[np.intp] | None = None,
        language: ArrayLike | None = None,
    ) -> MultiTaskEstimator:
        """Fit every task's estimator on the rows that have its label.

        Parameters
        ----------
        X : array-like, shape (n, d)
            Features; NaN where a value is undefined.
        y : DataFrame, n rows
            A column for each task; NaN or None where a label is missing.
        sample_weight : array-like, shape (n,), or DataFrame, optional
            For all tasks alike, or a column for each task. A missing weight leaves the row out
            of that task.
        speaker : array-like, shape (n,), optional
            For the inner folds of the estimators that make some.
        lineage : ndarray of int, shape (n, 1 + k), optional
            Which rows are augmented copies, for the same
            (:func:`featser.evaluation.copies.lineage`).
        language : array-like, shape (n,), optional
            For estimators with a model for each language.

        Raises
        ------
        TaskError
            If a task has no column, an unknown class, or fewer than two classes to learn from.
        """
        values: NDArray[Any] = validate_data(self, X, ensure_all_finite="allow-nan")
        self.refuse_mismatch(values, y)
        self.notes_: list[str] = []
        self.estimators_ = {}
        for task in self.tasks:
            known, target, weight = lesson_of(task, y, sample_weight)
            self.estimators_[task.name] = fit_routed(
                clone(self.estimators[task.name]),
                values[known],
                target,
                sample_weight=weight,
                speaker=None if speaker is None else np.asarray(speaker)[known],
                lineage=None if lineage is None else lineage[known],
                language=None if language is None else np.asarray(language)[known],
            )
            self.notes_ += getattr(self.estimators_[task.name], "notes_", [])
        return self

    def fit_batches(
        self, X: Rows, y: pd.DataFrame, sample_weight: SampleWeight = None
    ) -> MultiTaskEstimator:
        """Fit every task's estimator to features that are read in batches.

        Parameters
        ----------
        X : Rows, shape (n, d)
            Features; NaN where a value is undefined. Each task's rows are read on their own.
        y, sample_weight
            As :meth:`fit` has them; they are in memory as a whole.

        Raises
        ------
        TaskError
            As :meth:`fit`, and if an estimator has no ``fit_batches``.
        """
        self.refuse_mismatch(X, y)
        self.n_features_in_ = X.shape[1]
        self.estimators_ = {}
        for task in self.tasks:
            estimator = clone(self.estimators[task.name])
            if not hasattr(estimator, "fit_batches"):
                raise TaskError(
                    f"task '{task.name}': {type(estimator).__name__} cannot learn from batches; "
                    f"use featser.models.estimators.make_batched, or fit with all in memory"
                )
            known, target, weight = lesson_of(task, y, sample_weight)
            self.estimators_[task.name] = estimator.fit_batches(X.part(known), target, weight)
        return self

    def predict(self, X: ArrayLike) -> pd.DataFrame:
        """Return a column of predictions for each task: class names, or numbers.

        Parameters
        ----------
        X : array-like, shape (n, d)
            Features.

        Returns
        -------
        DataFrame, n rows
            With the index of X where X is a DataFrame.
        """
        index = _index_of(X)
        values = self._checked(X)
        columns: dict[str, Any] = {}
        for task in self.tasks:
            predicted = self.estimators_[task.name].predict(values)
            columns[task.name] = (
                np.asarray(task.classes, dtype=object)[predicted]
                if task.categorical
                else np.asarray(predicted, dtype=np.float64)
            )
        return pd.DataFrame(columns, index=index)

    def predict_proba(self, X: ArrayLike) -> dict[str, pd.DataFrame]:
        """Return, for each task with classes, a table of probabilities.

        Parameters
        ----------
        X : array-like, shape (n, d)
            Features.

        Returns
        -------
        dict of str to DataFrame
            A column for each class; rows sum to 1. A class that training lacked has 0.
        """
        index = _index_of(X)
        features = self._checked(X)
        tables: dict[str, pd.DataFrame] = {}
        for task in self.tasks:
            if not task.categorical:
                continue
            model = self.estimators_[task.name]
            values = np.zeros((len(features), len(task.classes)))
            values[:, np.asarray(model.classes_, dtype=np.intp)] = model.predict_proba(features)
            tables[task.name] = pd.DataFrame(values, index=index, columns=list(task.classes))
        return tables

    def identify(self, X: ArrayLike) -> NDArray[np.str_] | None:
        """Return which language the first task that has a first pass takes each row for.

        Parameters
        ----------
        X : array-like, shape (n, d)
            Features.

        Returns
        -------
        ndarray of str, shape (n,), or None
            None where no estimator identifies languages
            (:class:`~featser.models.language.LanguageRouted`).
        """
        values = self._checked(X)
        asked = (e.identify(values) for e in self.estimators_.values() if hasattr(e, "identify"))
        return next((told for told in asked if told is not None), None)

    @property
    def tuned_(self) -> dict[str, Chosen]:
        """What each task's estimator chose on left-out speakers; tasks without a choice lack."""
        check_is_fitted(self)
        found = {name: chosen_by(model) for name, model in self.estimators_.items()}
        return {name: choice for name, choice in found.items() if choice}

    def score(self, X: ArrayLike, y: pd.DataFrame) -> float:
        """Return the primary task's headline metric: UAR, or CCC for a regression."""
        return MultiTaskScorer()(self, X, y)

    def _checked(self, X: ArrayLike) -> NDArray[Any]:
        check_is_fitted(self)
        checked: NDArray[Any] = validate_data(self, X, reset=False, ensure_all_finite="allow-nan")
        return checked

    def refuse_mismatch(self, X: NDArray[Any] | Rows, y: pd.DataFrame) -> None:
        """Refuse tasks without labels or estimator, and features and labels of unlike length."""
        refuse_unlike(self.tasks, X, y)
        for task in self.tasks:
            if task.name not in self.estimators:
                raise TaskError(f"no estimator for task '{task.name}': {list(self.estimators)}")


class MultiTaskScorer:
    """A scorer for ``GridSearchCV`` and ``cross_val_score``: one task's headline metric.

    Parameters
    ----------
    task : str, optional
        Which task; the primary one when omitted.

    Examples
    --------
    >>> GridSearchCV(model, grid, scoring=MultiTaskScorer("emotion"))  # doctest: +SKIP
    """

    def __init__(self, task: str | None = None) -> None:
        self.task = task

    def __call__(self, estimator: Any, X: ArrayLike, y: pd.DataFrame) -> float:
        """Return UAR, or CCC for a regression, on the rows that have the label."""
        tasks = _tasks_of(estimator)
        task = primary_of(tasks) if self.task is None else _named(self.task, tasks)
        known = y[task.name].notna().to_numpy()
        predicted = estimator.predict(X)[task.name].to_numpy()[known]
        scores = evaluate_task(task, y[task.name].to_numpy()[known], predicted)
        return next(iter(scores.values()))


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


def lesson_of(
    task: Task, y: pd.DataFrame, sample_weight: SampleWeight
) -> tuple[NDArray[np.intp], NDArray[Any], NDArray[np.float64] | None]:
    """Return which rows a task learns from, as positions, and their targets and weights.

    Parameters
    ----------
    task : Task
    y : DataFrame, n rows
        A column for each task.
    sample_weight : array-like, shape (n,), or DataFrame, optional
        As :meth:`MultiTaskEstimator.fit` has it.

    Raises
    ------
    TaskError
        If there is nothing to tell apart.
    """
    target = encode(task, y[task.name])
    weight = _weight_of(task, sample_weight)
    there = np.isfinite(target) if weight is None else np.isfinite(target) & np.isfinite(weight)
    known = np.flatnonzero(there)
    target = target[known]
    _refuse_nothing_to_learn(task, target)
    return (
        known,
        target.astype(np.intp) if task.categorical else target,
        None if weight is None else weight[known],
    )


def _refuse_nothing_to_learn(task: Task, target: NDArray[np.float64]) -> None:
    if task.categorical:
        there = sorted({task.classes[int(code)] for code in target})
        if len(there) < 2:
            raise TaskError(
                f"task '{task.name}': two classes are needed to learn from, "
                f"the {len(target)} training rows with a label have {there}"
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


def _index_of(X: Any) -> pd.Index | None:
    return X.index if isinstance(X, pd.DataFrame) else None


def _tasks_of(estimator: Any) -> Sequence[Task]:
    last = estimator[-1] if hasattr(estimator, "steps") else estimator
    tasks: Sequence[Task] = last.tasks
    return tasks


def _named(name: str, tasks: Sequence[Task]) -> Task:
    for task in tasks:
        if task.name == name:
            return task
    raise TaskError(f"no task '{name}' among {[task.name for task in tasks]}")
