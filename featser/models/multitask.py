"""One estimator for each task, over one table of features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from featser.errors import TaskError
from featser.evaluation.conformal import Calibration
from featser.evaluation.rows import Rows
from featser.models.chosen import Chosen, chosen_by
from featser.models.labels import (
    Labels,
    SampleWeight,
    TrainingRows,
    label_table,
    most_probable,
    refuse_unlike,
    training_rows,
)
from featser.models.multitask_scorer import MultiTaskScorer
from featser.models.routing import REQUESTED, fit_routed
from featser.models.selection.left_out import left_out_probabilities
from featser.models.shared_work import sharing
from featser.tasks import Task


def has_classes(model: MultiTaskEstimator) -> bool:
    """Return whether a model has a task with classes, so that it predicts probabilities."""
    return any(task.categorical for task in model.tasks)


class MultiTaskEstimator(BaseEstimator):
    """Tasks of any kind, each with an estimator of any kind; labels may be missing.

    The estimator of each task is fitted on the rows with a label of the task. scikit-learn's
    ``MultiOutputClassifier`` supports neither missing labels, nor mixed kinds of target, nor a
    sample weight for each task.

    Parameters
    ----------
    tasks : sequence of Task
        What to predict; the first one that is primary is what :meth:`score` scores.
    estimators : mapping of str to estimator
        For each task's name an unfitted classifier with ``predict_proba``, or a regressor.
        Classifiers see the classes as integers, their positions in ``Task.classes``. Their
        parameters can be set under ``estimators__task__parameter``.

    Attributes
    ----------
    estimators_ : dict of str to estimator
        Fitted.
    calibrations_ : dict of str to Calibration
        For tasks whose classifiers offer probabilities of left-out speakers, what prediction sets
        are calibrated on (:mod:`featser.evaluation.conformal`).
    notes_ : list of str
        Notes of the estimators for the report.
    n_features_in_ : int

    Examples
    --------
    >>> tasks = [Task("emotion", classes=("angry", "sad")), Task("arousal", "regression")]
    >>> estimators = {task.name: make_estimator("vote", task) for task in tasks}  # doctest: +SKIP
    >>> model = MultiTaskEstimator(tasks, estimators)  # doctest: +SKIP
    >>> model.fit(X, labels, speaker=speaker).predict_proba(X)["emotion"]  # doctest: +SKIP
    >>> grid = {"estimators__arousal__alpha": [1.0, 10.0]}
    >>> GridSearchCV(model, grid).fit(X, labels)  # doctest: +SKIP
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = REQUESTED | {"language": True}

    def __init__(self, tasks: Sequence[Task], estimators: Mapping[str, Any]) -> None:
        self.tasks = tasks
        self.estimators = estimators

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters.

        Parameters
        ----------
        deep : bool
            Whether to include the tasks' estimators under ``estimators__task`` and their
            parameters under ``estimators__task__parameter``.
        """
        params: dict[str, Any] = super().get_params(deep=deep)
        if deep:
            params |= _nested_params(params.get("estimators"))
        return params

    def set_params(self, **params: Any) -> Any:
        """Set parameters, replace a task's estimator, or set a parameter of it.

        Parameters
        ----------
        **params
            Named as :meth:`get_params` names them.
        """
        prefix = "estimators__"
        super().set_params(**{k: v for k, v in params.items() if not k.startswith(prefix)})
        nested = {k.removeprefix(prefix): v for k, v in params.items() if k.startswith(prefix)}
        if not nested:
            return self
        estimators = dict(self.estimators)
        # A replaced estimator comes before the parameters that are set on it.
        for key in sorted(nested, key=lambda key: key not in estimators):
            name, parameter = _task_and_parameter(key, estimators)
            if parameter:
                estimators[name].set_params(**{parameter: nested[key]})
            else:
                estimators[name] = nested[key]
        self.estimators = estimators
        return self

    def fit(
        self,
        X: ArrayLike,
        y: Labels,
        sample_weight: SampleWeight = None,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
        language: ArrayLike | None = None,
    ) -> MultiTaskEstimator:
        """Fit every task's estimator on the rows that have its label.

        Parameters
        ----------
        X : array-like, shape (n, d)
            Features; NaN where a value is undefined.
        y : DataFrame, n rows, or array-like, shape (n,) or (n, tasks)
            A column for each task, named after it, or in the order of the tasks; NaN or None
            where a label is missing. A table may also have columns of soft labels
            (:mod:`featser.evaluation.soft_labels`) for estimators that can be fitted on them.
        sample_weight : array-like, shape (n,), or DataFrame, optional
            For all tasks alike, or a column for each task. A missing weight leaves the row out
            of that task.
        speaker : array-like, shape (n,), optional
            For the inner folds of the estimators that make some.
        provenance : ndarray of int, shape (n, 1 + k), optional
            Which rows are augmented copies, for the same
            (:func:`featser.evaluation.training_copies.trace_provenance`).
        language : array-like, shape (n,), optional
            For estimators with a model for each language.

        Raises
        ------
        TaskError
            If a task has no column, an unknown class, or fewer than two classes.
        """
        values: NDArray[Any] = validate_data(
            self, X, ensure_all_finite="allow-nan", ensure_min_samples=2
        )
        labels = label_table(self.tasks, y)
        self.refuse_mismatch(values, labels)
        self.notes_: list[str] = []
        self.estimators_ = {}
        self.calibrations_: dict[str, Calibration] = {}
        with sharing(len(self.tasks)):
            for task in self.tasks:
                training = training_rows(task, labels, sample_weight)
                rows = training.rows
                self.estimators_[task.name] = fit_routed(
                    clone(self.estimators[task.name]),
                    values[rows],
                    training.target,
                    sample_weight=training.weight,
                    soft_labels=training.soft_labels,
                    speaker=None if speaker is None else np.asarray(speaker)[rows],
                    provenance=None if provenance is None else provenance[rows],
                    language=None if language is None else np.asarray(language)[rows],
                )
                self.notes_ += getattr(self.estimators_[task.name], "notes_", [])
                who = None if speaker is None else np.asarray(speaker)[rows]
                self._calibrate(task, training, who)
        return self

    def _calibrate(self, task: Task, training: TrainingRows, speaker: NDArray[Any] | None) -> None:
        """Store what a task's prediction sets are calibrated on, if its estimator offers that.

        Recordings whose votes are tied have no class that a set could hold or miss.
        """
        estimator = self.estimators_[task.name]
        offered = left_out_probabilities(estimator) if task.categorical else None
        if offered is not None:
            used = training.has_label
            self.calibrations_[task.name] = Calibration.of(
                task.classes,
                training.target[used],
                _by_class(task, estimator, offered)[used],
                None if speaker is None else speaker[used],
            )

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
        self.calibrations_ = {}
        for task in self.tasks:
            estimator = clone(self.estimators[task.name])
            if not hasattr(estimator, "fit_batches"):
                raise TaskError(
                    f"task '{task.name}': {type(estimator).__name__} cannot be fitted in batches; "
                    f"use featser.models.building.make_batched, or fit with all in memory"
                )
            training = training_rows(task, y, sample_weight)
            self.estimators_[task.name] = estimator.fit_batches(
                X.part(training.rows), training.target, training.weight
            )
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
        return self.predict_with_proba(X)[0]

    @available_if(has_classes)  # type: ignore[untyped-decorator]
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
        values = self._checked(X)
        return {
            task.name: self._probabilities(task, values, index)
            for task in self.tasks
            if task.categorical
        }

    def predict_with_proba(self, X: ArrayLike) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
        """Return predictions and probabilities; every estimator is evaluated once.

        Parameters
        ----------
        X : array-like, shape (n, d)
            Features.

        Returns
        -------
        predictions : DataFrame, n rows
            As :meth:`predict`: of each task with classes the most probable class.
        probabilities : dict of str to DataFrame
            As :meth:`predict_proba`.
        """
        index = _index_of(X)
        values = self._checked(X)
        columns: dict[str, Any] = {}
        tables: dict[str, pd.DataFrame] = {}
        with sharing(len(self.tasks)):
            for task in self.tasks:
                if task.categorical:
                    tables[task.name] = table = self._probabilities(task, values, index)
                    columns[task.name] = most_probable(task, table.to_numpy())
                else:
                    predicted = self.estimators_[task.name].predict(values)
                    columns[task.name] = np.asarray(predicted, dtype=np.float64)
        return pd.DataFrame(columns, index=index), tables

    def _probabilities(
        self, task: Task, values: NDArray[Any], index: pd.Index | None
    ) -> pd.DataFrame:
        model = self.estimators_[task.name]
        table = _by_class(task, model, model.predict_proba(values))
        return pd.DataFrame(table, index=index, columns=list(task.classes))

    def identify(self, X: ArrayLike) -> NDArray[np.str_] | None:
        """Return the language of each row, identified by the first task with a first pass.

        Parameters
        ----------
        X : array-like, shape (n, d)
            Features.

        Returns
        -------
        ndarray of str, shape (n,), or None
            None where no estimator identifies languages
            (:class:`~featser.models.language.two_pass.LanguageRouted`).
        """
        values = self._checked(X)
        answers = (e.identify(values) for e in self.estimators_.values() if hasattr(e, "identify"))
        return next((languages for languages in answers if languages is not None), None)

    @property
    def tuned_(self) -> dict[str, Chosen]:
        """The choices of the tasks' estimators on left-out speakers, for tasks with a choice."""
        check_is_fitted(self)
        choices = {name: chosen_by(model) for name, model in self.estimators_.items()}
        return {name: choice for name, choice in choices.items() if choice}

    def score(self, X: ArrayLike, y: Labels) -> float:
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


def _index_of(X: Any) -> pd.Index | None:
    return X.index if isinstance(X, pd.DataFrame) else None


def _by_class(
    task: Task, estimator: Any, probabilities: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return probabilities with a column for each class of a task; 0 if it has no training rows."""
    table = np.zeros((len(probabilities), len(task.classes)))
    table[:, np.asarray(estimator.classes_, dtype=np.intp)] = probabilities
    return table


def _nested_params(estimators: Any) -> dict[str, Any]:
    """Return the estimators and their parameters, named as ``get_params`` names them."""
    params: dict[str, Any] = {}
    if not isinstance(estimators, Mapping):
        return params
    for name, estimator in estimators.items():
        params[f"estimators__{name}"] = estimator
        inner = estimator.get_params(deep=True) if hasattr(estimator, "get_params") else {}
        params |= {f"estimators__{name}__{key}": value for key, value in inner.items()}
    return params


def _task_and_parameter(key: str, estimators: Mapping[str, Any]) -> tuple[str, str]:
    """Return the task and the parameter that ``task`` or ``task__parameter`` names.

    Raises
    ------
    ValueError
        If no task has that name.
    """
    for name in sorted(estimators, key=len, reverse=True):
        if key == name or key.startswith(f"{name}__"):
            return name, key.removeprefix(name).removeprefix("__")
    raise ValueError(f"no task for the parameter 'estimators__{key}' among {list(estimators)}")
