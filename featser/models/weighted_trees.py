r"""Boosted trees that learn several tasks at once, the harder ones with more weight.

One tree has a leaf value for every output of every task (XGBoost's ``multi_output_tree``), so the
tasks share its questions. XGBoost minimises one objective; here it is :math:`\sum_i w_i L_i`, by
gradients that are computed outside: each task's block of gradients and second derivatives times
its weight. Both are scaled, so a weight decides what a tree asks about, and hardly how far a leaf
moves. The weights follow a published rule for networks, refreshed with every tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from featser.errors import TaskError
from featser.models.balance import balanced_weights
from featser.models.multitask import encode
from featser.models.softmax import softmax
from featser.tasks import Task

Floats = NDArray[np.float64]

SIGMA = 0.01
"""Added to a loss before it is divided by."""

_LEAST = 1e-6
"""The second derivative of a row that a task learns nothing from: XGBoost divides by sums."""


class WeightedTrees(BaseEstimator):
    r"""Multi-output trees for tasks with classes and regressions; labels may be missing.

    Parameters
    ----------
    tasks : sequence of Task
    weighting : {'harder', 'equal'}
        ``harder``: :math:`w = \mathrm{softmax}(z)`, :math:`z` of length 1, and before each tree one
        step of gradient descent on :math:`\sum_i w_i / (L_i + \sigma)`, which moves weight to the
        harder task (:func:`step`). ``equal``: all the same, always.
    n_estimators, max_depth, learning_rate, subsample, colsample_bytree, colsample_bynode, max_bin
        As ``xgboost`` has them.
    rate : float
        The step on z.
    n_jobs : int
        Threads.
    random_state : int

    Attributes
    ----------
    booster_ : xgboost.Booster
    weights_ : ndarray, shape (n_estimators, tasks)
        With which each tree was grown; rows sum to 1.
    losses_ : ndarray, shape (n_estimators, tasks)
        Before each tree, on the training rows: cross-entropy or squared error, divided by that of
        a constant, so that 1 is having learnt nothing.
    n_features_in_ : int

    Notes
    -----
    Losses are of training rows, which boosting brings to 0 for hard and easy tasks alike, so what
    is called harder is what is learnt later.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        weighting: Literal["harder", "equal"] = "harder",
        n_estimators: int = 200,
        max_depth: int = 3,
        learning_rate: float = 0.1,
        subsample: float = 0.8,
        colsample_bytree: float = 0.1,
        colsample_bynode: float = 0.5,
        max_bin: int = 64,
        rate: float = 0.1,
        n_jobs: int = 1,
        random_state: int = 0,
    ) -> None:
        self.tasks = tasks
        self.weighting = weighting
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.learning_rate = learning_rate
        self.subsample = subsample
        self.colsample_bytree = colsample_bytree
        self.colsample_bynode = colsample_bynode
        self.max_bin = max_bin
        self.rate = rate
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: pd.DataFrame) -> WeightedTrees:
        """Fit all tasks at once.

        Parameters
        ----------
        X : array-like, shape (n, d)
            Features; NaN where a value is undefined.
        y : DataFrame, n rows
            A column for each task; NaN or None where a label is missing.

        Raises
        ------
        TaskError
            If the weighting is unknown, or a task has nothing to learn.
        """
        import xgboost

        if self.weighting not in ("harder", "equal"):
            raise TaskError(f"weighting is 'harder' or 'equal', not '{self.weighting}'")
        values: NDArray[Any] = validate_data(
            self, X, ensure_all_finite="allow-nan", dtype=np.float32
        )
        goals = [_Goal.of(task, y) for task in self.tasks]
        self.spread_ = np.array([[goal.mean, goal.deviation] for goal in goals])
        objective = _Objective(goals, self.rate if self.weighting == "harder" else 0.0)
        data = xgboost.QuantileDMatrix(values, max_bin=self.max_bin, nthread=self.n_jobs)
        self.booster_ = xgboost.train(
            self._parameters(objective.width), data, self.n_estimators, obj=objective
        )
        self.weights_, self.losses_ = np.array(objective.weights), np.array(objective.losses)
        return self

    def predict_proba(self, X: ArrayLike) -> dict[str, pd.DataFrame]:
        """Return, for each task with classes, a table of probabilities."""
        return {
            task.name: pd.DataFrame(softmax(margin, 1.0), columns=list(task.classes))
            for task, margin in self._margins(X)
            if task.categorical
        }

    def predict(self, X: ArrayLike) -> pd.DataFrame:
        """Return a column of predictions for each task: class names, or numbers."""
        columns: dict[str, Any] = {}
        for (task, margin), (mean, deviation) in zip(self._margins(X), self.spread_, strict=True):
            columns[task.name] = (
                np.asarray(task.classes, dtype=object)[margin.argmax(axis=1)]
                if task.categorical
                else margin[:, 0] * deviation + mean
            )
        return pd.DataFrame(columns)

    def _margins(self, X: ArrayLike) -> list[tuple[Task, Floats]]:
        check_is_fitted(self, "booster_")
        values = validate_data(
            self, X, reset=False, ensure_all_finite="allow-nan", dtype=np.float32
        )
        told = np.asarray(self.booster_.inplace_predict(values), dtype=np.float64)
        ends = np.cumsum([_width(task) for task in self.tasks])
        return list(zip(self.tasks, np.split(told, ends[:-1], axis=1), strict=True))

    def _parameters(self, outputs: int) -> dict[str, Any]:
        return {
            "multi_strategy": "multi_output_tree",
            "num_target": outputs,
            "base_score": 0.0,
            "disable_default_eval_metric": True,
            "tree_method": "hist",
            "max_depth": self.max_depth,
            "learning_rate": self.learning_rate,
            "subsample": self.subsample,
            "colsample_bytree": self.colsample_bytree,
            "colsample_bynode": self.colsample_bynode,
            "max_bin": self.max_bin,
            "nthread": self.n_jobs,
            "seed": self.random_state,
        }


class _Goal:
    """One task's targets, with the loss and its derivatives at given outputs."""

    def __init__(self, target: Floats, weight: Floats, mean: float, deviation: float) -> None:
        self.target, self.weight = target, weight
        self.mean, self.deviation = mean, deviation
        self.width = target.shape[1]
        self.constant = 1.0
        self.constant = self.loss(np.zeros_like(target))

    @classmethod
    def of(cls, task: Task, y: pd.DataFrame) -> _Goal:
        """Read a task's column; classes weigh the same, and missing labels nothing."""
        code = encode(task, y[task.name])
        known = np.isfinite(code)
        if len(np.unique(code[known])) < 2:
            raise TaskError(f"task '{task.name}': two different labels are needed to learn from")
        filled = np.where(known, code, code[known][0])
        if not task.categorical:
            mean, deviation = float(code[known].mean()), float(code[known].std())
            target = ((filled - mean) / deviation)[:, None]
            return cls(target, known / known.mean(), mean, deviation)
        position = filled.astype(np.intp)
        weight = balanced_weights(position, known.astype(np.float64)) / known.mean()
        return cls(np.eye(len(task.classes))[position], weight, 0.0, 1.0)

    def loss(self, margin: Floats) -> float:
        """Return the mean loss, divided by a constant's."""
        if self.width > 1:
            told = np.maximum((softmax(margin, 1.0) * self.target).sum(axis=1), 1e-12)
            each = -np.log(told)
        else:
            each = (margin[:, 0] - self.target[:, 0]) ** 2
        return float(np.average(each, weights=self.weight)) / self.constant

    def slopes(self, margin: Floats) -> tuple[Floats, Floats]:
        """Return the first and second derivatives of each row's loss, shape (n, width)."""
        weight = self.weight[:, None]
        if self.width == 1:
            return weight * (margin - self.target), weight * np.ones_like(margin)
        told = softmax(margin, 1.0)
        # Twice the diagonal bounds the whole matrix of second derivatives, as in XGBoost's own.
        return weight * (told - self.target), weight * 2 * told * (1 - told)


class _Objective:
    """What XGBoost asks before each tree: the weighted sum's derivatives; it notes the weights."""

    def __init__(self, goals: Sequence[_Goal], rate: float) -> None:
        self.goals, self.rate = goals, rate
        self.z = np.full(len(goals), 1 / np.sqrt(len(goals)))
        self.weights: list[Floats] = []
        self.losses: list[Floats] = []

    @property
    def width(self) -> int:
        """Outputs of all tasks."""
        return sum(goal.width for goal in self.goals)

    def __call__(self, raw: NDArray[Any], _: Any) -> tuple[Floats, Floats]:
        """Return the first and second derivatives, shape (n, outputs)."""
        ends = np.cumsum([goal.width for goal in self.goals])
        margins = np.split(raw.reshape(-1, self.width).astype(np.float64), ends[:-1], axis=1)
        parts = list(zip(self.goals, margins, strict=True))
        loss = np.array([goal.loss(margin) for goal, margin in parts])
        self.z = step(self.z, loss, self.rate)
        weight = softmax_of(self.z)
        self.weights.append(weight)
        self.losses.append(loss)
        slopes = [goal.slopes(margin) for goal, margin in parts]
        scaled = [
            (share * first, share * second)
            for share, (first, second) in zip(weight * len(weight), slopes, strict=True)
        ]
        firsts, seconds = zip(*scaled, strict=True)
        return np.hstack(firsts), np.maximum(np.hstack(seconds), _LEAST)


def step(z: Floats, loss: Floats, rate: float) -> Floats:
    r"""Move the weights' logits one step towards harder tasks.

    One step of gradient descent on :math:`\sum_i w_i / (L_i + \sigma)`, σ = 0.01, and back to
    length 1:

    .. math:: \frac{\partial}{\partial z_i} = w_i \Big(\frac{1}{L_i + \sigma}
              - \sum_j \frac{w_j}{L_j + \sigma}\Big)

    Length 1 bounds the weights: between 0.196 and 0.804 for two tasks.

    Parameters
    ----------
    z : ndarray, shape (k,)
        Of length 1.
    loss : ndarray, shape (k,)
        0 or more.
    rate : float
        How far.
    """
    weight = softmax_of(z)
    ease = 1 / (loss + SIGMA)
    moved = z - rate * weight * (ease - weight @ ease)
    return np.asarray(moved / np.linalg.norm(moved))


def softmax_of(z: Floats) -> Floats:
    """Return the weights that logits stand for, shape (k,)."""
    return np.asarray(softmax(z[None], 1.0)[0])


def _width(task: Task) -> int:
    return len(task.classes) if task.categorical else 1
