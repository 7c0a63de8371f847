"""Coupled tasks, whose predictions are inputs of each other's models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from featser.errors import TaskError, unknown
from featser.evaluation.protocols.folds import Split
from featser.evaluation.rows import Rows
from featser.models.chosen import Chosen, chosen_by
from featser.models.coupling.couplers import Chain, Coupler, Powerset, Stacked, pair_of
from featser.models.coupling.task_predictions import (
    Predictions,
    Training,
    out_of_fold,
    part_of,
    predictions_of,
)
from featser.models.labels import Labels, SampleWeight, label_table, most_probable, primary_of
from featser.models.multitask import MultiTaskEstimator, has_classes
from featser.models.selection.choice import Judged, judged
from featser.tasks import Coupling, Task

COUPLERS: dict[str, type[Coupler]] = {"chain": Chain, "powerset": Powerset, "stacked": Stacked}
"""Name of a coupling → what makes it."""


class CoupledEstimator(MultiTaskEstimator):
    """Coupled tasks of any kind; labels may be missing.

    All predictions that are inputs of another task's model are out of fold: in inner folds by
    speaker, shared by all tasks, each utterance is predicted by estimators that were not fitted on
    its speaker.

    Parameters
    ----------
    tasks : sequence of Task
        What to predict, two or more.
    estimators : mapping of str to estimator
        As :class:`~featser.models.multitask.MultiTaskEstimator` has them.
    coupling : {'independent', 'chain', 'powerset', 'stacked', 'auto'}
        ``chain``: predictions of the auxiliary tasks are inputs of the primary task's estimator.
        ``powerset``: the primary and one auxiliary task have one classifier, with a class for each
        combination. ``stacked``: a linear head for each task on the predictions of all tasks.
        ``auto``: whichever has the highest headline metric of the primary task (UAR; CCC of a
        regression) on the inner folds, if it is above ``independent`` by more than noise: two
        standard errors of the gain, by leaving out a speaker at a time. All couplings are compared
        on the same out-of-fold predictions. This slightly underestimates ``stacked``, whose heads
        are fitted on predictions of estimators that were fitted on the test fold.
    n_folds, random_state : int
        Of the inner folds.

    Attributes
    ----------
    estimators_ : dict of str to estimator
        Estimators of the tasks whose independent predictions are needed, fitted on all rows.
    coupler_ : Coupler or None
        None where the tasks stay independent.
    chosen_ : str
        The coupling that was fitted.
    inner_ : dict of str to float
        With ``auto`` each coupling's headline metric on the inner folds, ``independent`` first.
    calibrations_ : dict of str to Calibration
        Of tasks whose predictions no coupling revises.
    notes_ : list of str
        Notes for the report.
    n_features_in_ : int

    Examples
    --------
    >>> model = CoupledEstimator(tasks, estimators, "chain")  # doctest: +SKIP
    >>> model.fit(X, labels, speaker=speaker).predict_proba(X)["emotion"]  # doctest: +SKIP
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        estimators: Mapping[str, Any],
        coupling: Coupling = "auto",
        n_folds: int = 4,
        random_state: int = 0,
    ) -> None:
        super().__init__(tasks, estimators)
        self.coupling = coupling
        self.n_folds = n_folds
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: Labels,
        sample_weight: SampleWeight = None,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
        language: ArrayLike | None = None,
    ) -> CoupledEstimator:
        """Fit every task's estimator, and what couples them.

        Parameters
        ----------
        X, y, sample_weight, speaker, provenance
            As :meth:`featser.models.multitask.MultiTaskEstimator.fit` has them.
        language : array-like, shape (n,), optional
            Refused: tasks cannot be coupled and have a model for each language.

        Raises
        ------
        TaskError
            If languages are given, there is one task alone, or a task has too few labels.
        ProtocolError
            If there are too few utterances for inner folds.
        """
        values: NDArray[Any] = validate_data(
            self, X, ensure_all_finite="allow-nan", ensure_min_samples=2
        )
        labels = label_table(self.tasks, y)
        self.refuse_mismatch(values, labels)
        self._refuse_nothing_to_couple()
        if language is not None:
            raise TaskError(
                f"coupling {self.coupling} does not support languages: use independent tasks"
            )
        speakers = None if speaker is None else np.asarray(speaker)
        training = Training(values, labels, sample_weight, speakers, provenance)
        self.notes_ = []
        self.inner_: dict[str, float] = {}
        self.chosen_, inner_predictions = self._choose(training)
        self.coupler_: Coupler | None = None
        if self.chosen_ != "independent":
            ordered, estimators = self._ordered(), self.estimators
            coupler = COUPLERS[self.chosen_]().fit(training, inner_predictions, ordered, estimators)
            self.coupler_ = coupler
            self.notes_ += coupler.notes_
        alone = self._alone().fit(values, labels, **training.metadata)
        self.estimators_ = alone.estimators_
        revised = () if self.coupler_ is None else self.coupler_.revised_
        self.calibrations_ = {
            name: calibration
            for name, calibration in alone.calibrations_.items()
            if name not in revised
        }
        return self

    def _choose(self, training: Training) -> tuple[str, Predictions]:
        """Return the coupling to fit, and the out-of-fold predictions that it needs."""
        if self.coupling == "independent":
            return "independent", {}
        if self.coupling == "powerset":
            return self._joined_if_possible(training), {}
        ordered = self._ordered()
        folds = training.folds(ordered, self.n_folds, self.random_state)
        needed = ordered[1:] if self.coupling == "chain" else ordered
        inner_predictions = out_of_fold(
            MultiTaskEstimator(needed, self.estimators), training, folds
        )
        if self.coupling != "auto":
            return self.coupling, inner_predictions
        return self._best(training, inner_predictions, folds), inner_predictions

    def _joined_if_possible(self, training: Training) -> str:
        if pair_of(self.tasks, training) is not None:
            return "powerset"
        name = primary_of(self.tasks).name
        self.notes_.append(
            f"coupling powerset: no auxiliary task with classes has labels for the same "
            f"utterances as '{name}', so all tasks stay independent"
        )
        return "independent"

    def _best(
        self, training: Training, inner_predictions: Predictions, folds: Sequence[Split]
    ) -> str:
        """Choose by the primary task's headline metric on the inner folds."""
        ordered = self._ordered()
        primary = ordered[0]
        possible = dict(COUPLERS)
        if pair_of(ordered, training) is None:
            del possible["powerset"]
        tested = np.concatenate([test for _, test in folds])
        predictions = {"independent": inner_predictions[primary.name][tested]}
        for name, make in possible.items():
            revised = [
                make()
                .fit(
                    training.part(train),
                    part_of(inner_predictions, train),
                    ordered,
                    self.estimators,
                )
                .revise(training.X[test], part_of(inner_predictions, test))[primary.name]
                for train, test in folds
            ]
            predictions[name] = np.concatenate(revised)
        labels = training.y[primary.name].iloc[tested]
        labelled = labels.notna().to_numpy()
        comparison = judged(
            primary,
            labels.to_numpy()[labelled],
            {name: _verdict(primary, values[labelled]) for name, values in predictions.items()},
            None if training.speaker is None else training.speaker[tested][labelled],
        )
        self.inner_ = comparison.value
        self.notes_.append(_selection_note(comparison, primary))
        return comparison.best

    def fit_batches(
        self, X: Rows, y: pd.DataFrame, sample_weight: SampleWeight = None
    ) -> CoupledEstimator:
        """Refuse: inner folds need all features at once.

        Raises
        ------
        TaskError
            Always.
        """
        refuse_batches(self.coupling)
        raise TaskError("a CoupledEstimator cannot be fitted in batches; use a MultiTaskEstimator")

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
        return self.predict_with_proba(X)[1]

    def predict_with_proba(self, X: ArrayLike) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
        """Return what :meth:`predict` and :meth:`predict_proba` return, from one evaluation.

        Parameters
        ----------
        X : array-like, shape (n, d)
            Features.
        """
        index = X.index if isinstance(X, pd.DataFrame) else None
        predictions = self._predictions(X)
        columns = {task.name: _verdict(task, predictions[task.name]) for task in self.tasks}
        tables = {
            task.name: pd.DataFrame(predictions[task.name], index=index, columns=list(task.classes))
            for task in self.tasks
            if task.categorical
        }
        return pd.DataFrame(columns, index=index), tables

    @property
    def tuned_(self) -> dict[str, Chosen]:
        """The choices of the tasks' estimators, those that a coupler has fitted among them."""
        choices = super().tuned_
        coupler = self.coupler_
        if isinstance(coupler, Chain | Powerset):
            choices = {" × ".join(coupler.revised_): chosen_by(coupler.estimator_)} | choices
        return {name: choice for name, choice in choices.items() if choice}

    def _predictions(self, X: ArrayLike) -> Predictions:
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, ensure_all_finite="allow-nan")
        alone = self._alone()
        alone.estimators_ = self.estimators_
        predictions = predictions_of(alone, values)
        if self.coupler_ is None:
            return predictions
        return predictions | self.coupler_.revise(values, predictions)

    def _alone(self) -> MultiTaskEstimator:
        """Return a model of the tasks whose independent estimators are needed."""
        coupler = self.coupler_
        needed = [
            task
            for task in self.tasks
            if coupler is None or task.name in coupler.inputs_ or task.name not in coupler.revised_
        ]
        return MultiTaskEstimator(needed, self.estimators)

    def _ordered(self) -> list[Task]:
        """Return the tasks, the primary one first."""
        primary = primary_of(self.tasks)
        return [primary, *(task for task in self.tasks if task is not primary)]

    def _refuse_nothing_to_couple(self) -> None:
        if self.coupling not in get_args(Coupling):
            raise TaskError(unknown("coupling", self.coupling, get_args(Coupling)))
        if self.coupling != "independent" and len(self.tasks) < 2:
            raise TaskError(
                f"--coupling {self.coupling} needs an auxiliary task beside "
                f"'{primary_of(self.tasks).name}'; name one with --task, or use "
                f"--coupling independent"
            )


def refuse_batches(coupling: str, select: str = "none") -> None:
    """Refuse what needs all features at once.

    Raises
    ------
    TaskError
        If tasks are coupled or features selected.
    """
    for option, value, plain in (
        ("coupling", coupling, "independent"),
        ("select", select, "none"),
    ):
        if value != plain:
            raise TaskError(
                f"--{option} {value} needs all features in memory and cannot be fitted in batches; "
                f"use --{option} {plain}, or leave --batches out"
            )


def _verdict(task: Task, prediction: NDArray[np.float64]) -> NDArray[Any]:
    return most_probable(task, prediction) if task.categorical else prediction[:, 0]


def _selection_note(comparison: Judged, task: Task) -> str:
    others = [
        f"{name} {gain:+.3f} (standard error {comparison.error[name]:.3f})"
        for name, gain in comparison.gain.items()
    ]
    first = comparison.first
    return (
        f"coupling auto chose {comparison.best} by {comparison.metric.upper()} of '{task.name}' on "
        f"inner folds: {first} {comparison.value[first]:.3f}; against it {', '.join(others)}"
    )
