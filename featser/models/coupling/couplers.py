"""Couplers of tasks: a chain, joint classes, and linear heads on all predictions.

Each coupler is fitted by ``fit(training, inner_predictions, tasks, estimators)``, where
``inner_predictions`` are out-of-fold predictions of independent estimators. It revises the
predictions of new rows by ``revise(X, predictions)``. It holds only names and numbers of tasks, so
that a model file can contain it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from featser.errors import TaskError
from featser.models.coupling.task_predictions import (
    Predictions,
    Training,
    beside,
    part_of,
    predicted_columns,
    width_of,
)
from featser.models.heads.concordance import CCCMatched
from featser.models.heads.ordinal import nominal
from featser.models.labels import encode, hard_rows, primary_of
from featser.models.routing import fit_routed
from featser.tasks import Task

FLOOR = 1e-3
"""A probability below it counts as this much when its logarithm is taken."""

TOO_FEW = 2
"""Minimum number of utterances of a combination of classes."""


class Coupler(BaseEstimator, ABC):
    """Base of all couplers.

    Attributes
    ----------
    inputs_ : list of str
        Tasks whose independent predictions it needs.
    revised_ : list of str
        Tasks whose predictions it revises.
    widths_ : dict of str to int
        The number of classes of each; 0 for a regression.
    notes_ : list of str
        Notes for the report.
    """

    inputs_: list[str]
    revised_: list[str]
    widths_: dict[str, int]
    notes_: list[str]

    @abstractmethod
    def fit(
        self,
        training: Training,
        inner_predictions: Predictions,
        tasks: Sequence[Task],
        estimators: Mapping[str, Any],
    ) -> Coupler:
        """Fit the coupler to the tasks."""

    @abstractmethod
    def revise(self, X: NDArray[Any], predictions: Predictions) -> Predictions:
        """Return the revised predictions."""


class Chain(Coupler):
    """An estimator of the primary task whose inputs include the auxiliary tasks' predictions.

    Attributes
    ----------
    estimator_ : estimator
        Fitted on features and out-of-fold predictions.
    """

    def fit(
        self,
        training: Training,
        inner_predictions: Predictions,
        tasks: Sequence[Task],
        estimators: Mapping[str, Any],
    ) -> Chain:
        """Fit the primary task's estimator, all else as :class:`Coupler` has it."""
        primary = primary_of(tasks)
        self.inputs_ = [task.name for task in tasks if task is not primary]
        self.revised_ = [primary.name]
        self.widths_ = {primary.name: width_of(primary)}
        self.notes_ = []
        wider = training.beside([inner_predictions[name] for name in self.inputs_])
        self.estimator_ = _fitted(estimators[primary.name], primary, wider)
        return self

    def revise(self, X: NDArray[Any], predictions: Predictions) -> Predictions:
        """Return the predictions of the primary task."""
        wider = beside(X, [predictions[name] for name in self.inputs_])
        name = self.revised_[0]
        return {name: predicted_columns(self.estimator_, self.widths_[name], wider)}


class Powerset(Coupler):
    """Two tasks as one: every combination of their classes is a class.

    The partner of the primary task is the first auxiliary one with classes that has labels for
    the same utterances. A combination that training lacks, or has once only, has probability 0.

    Attributes
    ----------
    cells_ : ndarray of int, shape (m, 2)
        The combinations: positions of the primary's and the partner's class.
    estimator_ : classifier
        Of their positions.
    """

    def fit(
        self,
        training: Training,
        inner_predictions: Predictions,
        tasks: Sequence[Task],
        estimators: Mapping[str, Any],
    ) -> Powerset:
        """Fit the estimator of the combinations; ``inner_predictions`` are not used."""
        pair = pair_of(tasks, training)
        if pair is None:
            raise TaskError("no auxiliary task can be joined with the primary one")
        self.inputs_ = []
        self.revised_ = [task.name for task in pair]
        self.widths_ = {task.name: width_of(task) for task in pair}
        codes = np.stack([encode(task, training.y[task.name]) for task in pair], axis=1)
        cells, cell = _cells(codes, training.utterances)
        self.cells_ = cells
        self.notes_ = _joint_notes(pair, tasks, cells, codes[training.utterances])
        joint = Task(_joint_name(pair), classes=tuple(map(str, range(len(cells)))))
        names = np.array([*joint.classes, None], dtype=object)
        labels = pd.DataFrame({joint.name: names[cell]})
        metadata = training.metadata | {"sample_weight": _joint_weight(training, pair)}
        estimator = nominal(estimators[pair[0].name])
        self.estimator_ = _fitted(estimator, joint, Training(training.X, labels, **metadata))
        return self

    def revise(self, X: NDArray[Any], predictions: Predictions) -> Predictions:
        """Return the predictions of both tasks: sums over the combinations."""
        joint = predicted_columns(self.estimator_, len(self.cells_), X)
        return {
            name: joint @ np.eye(self.widths_[name])[self.cells_[:, position]]
            for position, name in enumerate(self.revised_)
        }


class Stacked(Coupler):
    """A linear head for each task, fitted on the predictions of all tasks without the features.

    Probabilities enter as logarithms. The heads are a logistic regression with balanced classes
    and a ridge regression, stretched where that raises CCC. They are fitted on utterances,
    not on augmented copies.

    Attributes
    ----------
    heads_ : dict of str to estimator
    """

    def fit(
        self,
        training: Training,
        inner_predictions: Predictions,
        tasks: Sequence[Task],
        estimators: Mapping[str, Any],
    ) -> Stacked:
        """Fit the heads; ``estimators`` are not needed again."""
        self.inputs_ = [task.name for task in tasks]
        self.revised_ = list(self.inputs_)
        self.widths_ = {task.name: width_of(task) for task in tasks}
        self.notes_ = []
        own = training.utterances
        part, heads = training.part(own), {}
        X = self._logarithms(part_of(inner_predictions, own))
        for task in tasks:
            training_set = Training(X, part.y, part.sample_weight, part.speaker)
            heads[task.name] = _fitted(_head(task), task, training_set)
        self.heads_ = heads
        return self

    def revise(self, X: NDArray[Any], predictions: Predictions) -> Predictions:
        """Return the predictions of all tasks; X is not used."""
        logarithms = self._logarithms(predictions)
        return {
            name: predicted_columns(self.heads_[name], self.widths_[name], logarithms)
            for name in self.revised_
        }

    def _logarithms(self, predictions: Predictions) -> NDArray[np.float64]:
        columns = [
            np.log(np.maximum(predictions[name], FLOOR))
            if self.widths_[name]
            else predictions[name]
            for name in self.inputs_
        ]
        return np.hstack(columns)


def pair_of(tasks: Sequence[Task], training: Training) -> tuple[Task, Task] | None:
    """Return the primary task and the one that it can be joined with; None where there is none.

    Parameters
    ----------
    tasks : sequence of Task
    training : Training
        The labels of its utterances decide. Rows of auxiliary corpora may lack one of both.
    """
    primary = primary_of(tasks)
    if not primary.categorical:
        return None
    y = training.y.iloc[training.utterances]
    labelled = y[primary.name].notna()
    for task in tasks:
        if task is not primary and task.categorical and (y[task.name].notna() == labelled).all():
            return primary, task
    return None


def _fitted(estimator: Any, task: Task, training: Training) -> Any:
    rows, target, weight = hard_rows(task, training.y, training.sample_weight)
    part = training.part(rows)
    metadata = part.metadata | {"sample_weight": weight}
    return fit_routed(clone(estimator), part.X, target, **metadata)


def _head(task: Task) -> Pipeline:
    with config_context(enable_metadata_routing=True):
        scale = StandardScaler().set_fit_request(sample_weight=False)
        if task.categorical:
            last = LogisticRegression(C=0.1, class_weight="balanced", max_iter=500)
            return make_pipeline(scale, last.set_fit_request(sample_weight=True))
        ridge = Ridge(alpha=1.0).set_fit_request(sample_weight=True)
        return make_pipeline(scale, CCCMatched(ridge))


def _cells(
    codes: NDArray[np.float64], utterances: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the frequent combinations, and which of them each row has; −1 for none."""
    labelled_rows = np.flatnonzero(np.isfinite(codes).all(axis=1))
    own = labelled_rows[np.isin(labelled_rows, utterances)]
    cells, count = np.unique(codes[own].astype(np.intp), axis=0, return_counts=True)
    cells = cells[count >= TOO_FEW]
    same = np.asarray(np.equal(codes[:, None, :], cells[None]).all(axis=2))
    return cells, np.where(same.any(axis=1), same.argmax(axis=1), -1)


def _joint_name(pair: Sequence[Task]) -> str:
    return " × ".join(task.name for task in pair)


def _joint_notes(
    pair: tuple[Task, Task],
    tasks: Sequence[Task],
    cells: NDArray[np.intp],
    codes: NDArray[np.float64],
) -> list[str]:
    note = f"coupling powerset: {_joint_name(pair)}, {len(cells)} combinations of classes"
    rare = [
        f"{pair[0].classes[int(one)]} with {pair[1].classes[int(two)]}"
        for one, two in np.unique(codes[np.isfinite(codes).all(axis=1)], axis=0)
        if [int(one), int(two)] not in cells.tolist()
    ]
    if rare:
        note += f"; not fitted, since fewer than {TOO_FEW} utterances have it: {', '.join(rare)}"
    alone = [task.name for task in tasks if task not in pair]
    return [f"{note}; on their own: {', '.join(alone)}" if alone else note]


def _joint_weight(training: Training, pair: Sequence[Task]) -> Any:
    """Return a row's weight for the primary task, since it is one row for both tasks."""
    weight = training.sample_weight
    if isinstance(weight, pd.DataFrame):
        name = pair[0].name
        return weight[name].to_numpy(dtype=np.float64) if name in weight else None
    return weight
