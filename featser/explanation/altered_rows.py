"""What a fitted model gives for rows that are put together from others, without building them all.

Models whose score is a sum or a product over columns are not asked again for every row: a linear
score is the sum of the groups' own terms, and a Gaussian kernel of a block is the product of a
factor for each group. Votes, calibration and preparation column by column are followed to the
models inside them. All others predict each row.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import TransformedTargetRegressor
from sklearn.feature_selection import SelectorMixin
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from featser.models.ensemble.voting import VoteClassifier, VoteRegressor
from featser.models.fusion.columns import WithoutColumns
from featser.models.heads.concordance import CCCMatched
from featser.models.heads.logistic_classifier import LogisticClassifier
from featser.models.heads.softmax import softmax
from featser.models.heads.softmax_regression import scores_of
from featser.models.kernel.multiple_kernels import KernelClassifier, KernelRegressor
from featser.speakers.normalization import Clip, Impute, Standardise

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Predict = Callable[[NDArray[Any]], Floats]
KernelModel = KernelClassifier | KernelRegressor

_BY_COLUMN = (Standardise, Impute, SimpleImputer, Clip)
"""Steps that change each column by itself, so that mixing rows before and after is the same. Models
that were saved before `Impute` existed have a `SimpleImputer`."""


@dataclass(frozen=True, eq=False)
class AlteredRows(ABC):
    """Rows of a table of features, and how the rows that a model is asked for come from them.

    Attributes
    ----------
    X : ndarray, shape (n, d)
        The table that the rows are made of, as the model reads it.
    groups : sequence of ndarray of int
        Columns that are altered together.
    """

    X: NDArray[Any]
    groups: Sequence[Indices]

    def with_features(self, X: NDArray[Any]) -> Self:
        """Return the same of another table with the same columns."""
        return replace(self, X=X)

    def of_columns(self, columns: Indices) -> Self:
        """Return the same for a model that reads only some columns."""
        position = np.full(self.X.shape[1], -1)
        position[columns] = np.arange(len(columns))
        groups = [own[own >= 0] for own in (position[group] for group in self.groups)]
        return replace(self, X=self.X[:, columns], groups=groups)

    @abstractmethod
    def predicted(self, predict: Predict) -> Floats:
        """Return what a function of tables gives for all rows, shape (m, k)."""

    @abstractmethod
    def linear_scores(self, weights: NDArray[Any], intercept: Any) -> Floats:
        """Return the linear scores of all rows, shape (m, k), of weights, shape (d, k)."""

    @abstractmethod
    def kernel_scores(self, model: KernelModel) -> Floats:
        """Return the scores of all rows by a model of kernels, shape (m, k)."""


@dataclass(frozen=True, eq=False)
class KernelBlock:
    """A block of columns with a Gaussian kernel of its own.

    Attributes
    ----------
    first, last : int
        Its columns; the last one is not included.
    weight : float
        Its share of the kernel.
    scale : float
        By which squared distances are multiplied.
    """

    first: int
    last: int
    weight: float
    scale: float

    @property
    def columns(self) -> slice:
        """Its columns as a slice."""
        return slice(self.first, self.last)

    def part_of(self, group: Indices) -> Indices:
        """Return the columns of a group that are in the block."""
        return group[(group >= self.first) & (group < self.last)]


def kernel_blocks(model: KernelModel) -> Iterator[KernelBlock]:
    """Yield the blocks of a model that count."""
    weights = getattr(model, "weights_", None) or [1 / len(model.blocks_)] * len(model.blocks_)
    first = 0
    for width, weight in zip(model.blocks_, weights, strict=True):
        if weight:
            yield KernelBlock(first, first + width, weight, model.gamma_ / (2 * width))
        first += width


def square_distances(X: NDArray[Any], Z: NDArray[Any]) -> Floats:
    """Return the squared distances between rows, shape (n, m), as the kernel computes them."""
    square = np.add.outer(np.einsum("ij,ij->i", X, X), np.einsum("ij,ij->i", Z, Z))
    square -= 2 * (X @ Z.T)
    return np.asarray(np.maximum(square, 0))


def outputs_of(model: Any, rows: AlteredRows) -> Floats:
    """Return the outputs of a fitted classifier or regressor.

    Parameters
    ----------
    model : estimator
        Fitted: with ``predict_proba``, or a regressor.
    rows : AlteredRows

    Returns
    -------
    ndarray of float, shape (m, k)
        Probabilities, in the order of ``classes_``; or predicted values as one column.
    """
    for kind, follow in _FOLLOWED:
        if isinstance(model, kind):
            return follow(model, rows)
    return _predicted(model, rows)


def _predicted(model: Any, rows: AlteredRows) -> Floats:
    """Let a model predict every row."""
    return rows.predicted(lambda X: plain_output(model, X))


def plain_output(model: Any, X: NDArray[Any]) -> Floats:
    """Return probabilities, or predicted values as one column."""
    predict = getattr(model, "predict_proba", None) or model.predict
    return np.asarray(predict(X), dtype=np.float64).reshape(len(X), -1)


def _through_steps(pipeline: Pipeline, rows: AlteredRows) -> Floats:
    """Apply the steps that keep columns apart, then follow what remains."""
    for place, (_, step) in enumerate(pipeline.steps[:-1]):
        if isinstance(step, _BY_COLUMN):
            rows = rows.with_features(step.transform(rows.X))
        elif isinstance(step, WithoutColumns):
            columns = np.arange(rows.X.shape[1])
            for first, last in step.ranges:
                columns = columns[(columns < first) | (columns >= last)]
            rows = rows.of_columns(columns)
        elif isinstance(step, SelectorMixin):
            rows = rows.of_columns(np.asarray(step.get_support(indices=True)))
        else:
            return _predicted(Pipeline(pipeline.steps[place:]), rows)
    return outputs_of(pipeline.steps[-1][1], rows)


def _voted(vote: VoteClassifier, rows: AlteredRows) -> Floats:
    members = [vote.by_class(member, outputs_of(member, rows)) for member in vote.members_]
    return np.asarray(vote.pooled(np.stack(members)))


def _averaged(vote: VoteRegressor, rows: AlteredRows) -> Floats:
    members = [outputs_of(member, rows) for member in vote.members_]
    return np.asarray(np.average(np.stack(members), 0, vote.weights_))


def _stretched(model: CCCMatched, rows: AlteredRows) -> Floats:
    return np.asarray(model.slope_ * outputs_of(model.estimator_, rows) + model.intercept_)


def _scaled_back(model: TransformedTargetRegressor, rows: AlteredRows) -> Floats:
    return np.asarray(model.transformer_.inverse_transform(outputs_of(model.regressor_, rows)))


def _kernel_classes(model: KernelClassifier, rows: AlteredRows) -> Floats:
    return softmax(rows.kernel_scores(model), model.slope_)


def _kernel_values(model: KernelRegressor, rows: AlteredRows) -> Floats:
    return rows.kernel_scores(model) + model.mean_


def _linear_classes(model: LogisticClassifier, rows: AlteredRows) -> Floats:
    return softmax(scores_of(_linear_values(model, rows)), 1.0)


def _linear_values(model: Any, rows: AlteredRows) -> Floats:
    return rows.linear_scores(np.atleast_2d(model.coef_).T, model.intercept_)


_FOLLOWED: tuple[tuple[type, Callable[[Any, AlteredRows], Floats]], ...] = (
    (Pipeline, _through_steps),
    (VoteClassifier, _voted),
    (VoteRegressor, _averaged),
    (CCCMatched, _stretched),
    (TransformedTargetRegressor, _scaled_back),
    (KernelClassifier, _kernel_classes),
    (KernelRegressor, _kernel_values),
    (LogisticClassifier, _linear_classes),
    (Ridge, _linear_values),
)
"""Models whose outputs are computed without predicting every row."""
