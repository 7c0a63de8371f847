r"""What a fitted model gives for rows of which a group of columns is permuted.

Every output equals what the model predicts for the permuted table. Models whose score is a sum or a
product over columns are not asked again for every permutation. A linear score is the sum of the
groups' own parts, which are permuted. A Gaussian kernel of a block is the product of a factor for
the group, which is permuted, and one for the rest:

.. math:: k_b(x^\pi, z) = \exp(-c \lVert x_r - z_r \rVert^2) \,
          \exp(-c \lVert x_{g,\pi} - z_g \rVert^2)

Votes, calibration and preparation column by column are followed to the models inside them. All
others predict each permuted table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

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
from featser.speakers.normalization import Clip, Standardise

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_BY_COLUMN = (Standardise, SimpleImputer, Clip)
"""Steps that change each column by itself, so that permuting before and after them is the same."""


@dataclass(frozen=True, eq=False)
class Permutations:
    """Rows, the groups of their columns, and the orders in which groups are permuted.

    Attributes
    ----------
    X : ndarray, shape (n, d)
        Features as the model reads them.
    groups : sequence of ndarray of int
        Columns that are permuted together.
    orders : ndarray of int, shape (r, n)
        In each repetition the row whose values each row gets.
    """

    X: NDArray[Any]
    groups: Sequence[Indices]
    orders: Indices

    def tables(self) -> Iterator[tuple[int, int, NDArray[Any]]]:
        """Yield group, repetition and permuted table, one at a time."""
        for place, columns in enumerate(self.groups):
            for repetition, order in enumerate(self.orders):
                table = self.X.copy()
                table[:, columns] = self.X[np.ix_(order, columns)]
                yield place, repetition, table

    def of_columns(self, columns: Indices) -> Permutations:
        """Return the same for a model that reads only some columns."""
        position = np.full(self.X.shape[1], -1)
        position[columns] = np.arange(len(columns))
        groups = [own[own >= 0] for own in (position[group] for group in self.groups)]
        return replace(self, X=self.X[:, columns], groups=groups)


@dataclass(frozen=True, eq=False)
class Outputs:
    """Probabilities of classes, or predicted values as one column.

    Attributes
    ----------
    plain : ndarray of float, shape (n, k)
        For the rows as they are.
    permuted : ndarray of float, shape (groups, r, n, k)
        For each group and repetition.
    """

    plain: Floats
    permuted: Floats

    def mapped(self, function: Any) -> Outputs:
        """Apply a function of rows, from shape (m, k) to (m, q), to all outputs."""
        groups, repetitions, rows, width = self.permuted.shape
        mapped = np.asarray(function(self.permuted.reshape(-1, width)))
        permuted = mapped.reshape(groups, repetitions, rows, -1)
        return Outputs(np.asarray(function(self.plain)), permuted)


def permuted_outputs(model: Any, permutations: Permutations) -> Outputs:
    """Return the outputs of a fitted classifier or regressor under permutations of groups.

    Parameters
    ----------
    model : estimator
        Fitted: with ``predict_proba``, or a regressor.
    permutations : Permutations

    Returns
    -------
    Outputs
        Columns of a classifier's are in the order of its ``classes_``.
    """
    for kind, follow in _FOLLOWED:
        if isinstance(model, kind):
            return follow(model, permutations)
    return _predicted(model, permutations)


def _predicted(model: Any, permutations: Permutations) -> Outputs:
    """Let a model predict every permuted table."""
    plain = _output_of(model, permutations.X)
    shape = (len(permutations.groups), len(permutations.orders), *plain.shape)
    permuted = np.empty(shape)
    for place, repetition, table in permutations.tables():
        permuted[place, repetition] = _output_of(model, table)
    return Outputs(plain, permuted)


def _output_of(model: Any, X: NDArray[Any]) -> Floats:
    predict = getattr(model, "predict_proba", None) or model.predict
    return np.asarray(predict(X), dtype=np.float64).reshape(len(X), -1)


def _through_steps(pipeline: Pipeline, permutations: Permutations) -> Outputs:
    """Apply the steps that keep columns apart, then follow what remains."""
    for place, (_, step) in enumerate(pipeline.steps[:-1]):
        if isinstance(step, _BY_COLUMN):
            permutations = replace(permutations, X=step.transform(permutations.X))
        elif isinstance(step, WithoutColumns):
            columns = np.arange(permutations.X.shape[1])
            for first, last in step.ranges:
                columns = columns[(columns < first) | (columns >= last)]
            permutations = permutations.of_columns(columns)
        elif isinstance(step, SelectorMixin):
            permutations = permutations.of_columns(np.asarray(step.get_support(indices=True)))
        else:
            return _predicted(Pipeline(pipeline.steps[place:]), permutations)
    return permuted_outputs(pipeline.steps[-1][1], permutations)


def _voted(vote: VoteClassifier, permutations: Permutations) -> Outputs:
    members = []
    for member in vote.members_:
        own = permuted_outputs(member, permutations)
        members.append(own.mapped(lambda table, member=member: vote.by_class(member, table)))
    return _pooled(members, vote.pooled)


def _pooled(members: Sequence[Outputs], pool: Any) -> Outputs:
    """Combine members by a function from shape (members, m, k) to (m, k)."""
    shape = members[0].permuted.shape
    stacked = np.stack([own.permuted.reshape(-1, shape[-1]) for own in members])
    plain = np.asarray(pool(np.stack([own.plain for own in members])))
    return Outputs(plain, np.asarray(pool(stacked)).reshape(shape))


def _averaged(vote: VoteRegressor, permutations: Permutations) -> Outputs:
    members = [permuted_outputs(member, permutations) for member in vote.members_]
    return _pooled(members, lambda stacked: np.average(stacked, 0, vote.weights_))


def _stretched(model: CCCMatched, permutations: Permutations) -> Outputs:
    inner = permuted_outputs(model.estimator_, permutations)
    return inner.mapped(lambda values: model.slope_ * values + model.intercept_)


def _scaled_back(model: TransformedTargetRegressor, permutations: Permutations) -> Outputs:
    inner = permuted_outputs(model.regressor_, permutations)
    return inner.mapped(model.transformer_.inverse_transform)


def _kernel_classes(model: KernelClassifier, permutations: Permutations) -> Outputs:
    scores = _kernel_scores(model, permutations)
    return scores.mapped(lambda score: softmax(score, model.slope_))


def _kernel_values(model: KernelRegressor, permutations: Permutations) -> Outputs:
    scores = _kernel_scores(model, permutations)
    return scores.mapped(lambda score: score + model.mean_)


def _linear_classes(model: LogisticClassifier, permutations: Permutations) -> Outputs:
    scores = _linear_scores(model, permutations)
    return scores.mapped(lambda score: softmax(scores_of(score), 1.0))


def _linear_scores(model: Any, permutations: Permutations) -> Outputs:
    X = permutations.X
    weights = np.atleast_2d(model.coef_).T
    plain = np.asarray(X @ weights + model.intercept_, dtype=np.float64).reshape(len(X), -1)
    permuted = np.empty((len(permutations.groups), len(permutations.orders), *plain.shape))
    for place, columns in enumerate(permutations.groups):
        own = np.asarray(X[:, columns] @ weights[columns], dtype=np.float64)
        permuted[place] = plain - own + own[permutations.orders]
    return Outputs(plain, permuted)


def _kernel_scores(
    model: KernelClassifier | KernelRegressor, permutations: Permutations
) -> Outputs:
    landmarks, coefficients = model.landmarks_, model.coef_
    X = permutations.X.astype(landmarks.dtype, copy=False)
    weights = getattr(model, "weights_", None) or [1 / len(model.blocks_)] * len(model.blocks_)
    plain = np.tile(coefficients.sum(axis=0), (len(X), 1))  # the kernel's constant 1
    change = np.zeros((len(permutations.groups), len(permutations.orders), *plain.shape))
    first = 0
    for width, weight in zip(model.blocks_, weights, strict=True):
        block = slice(first, first + width)
        first += width
        if weight == 0:
            continue
        scale = model.gamma_ / (2 * width)
        square = _square_distances(X[:, block], landmarks[:, block])
        score = weight * (np.exp(-scale * square) @ coefficients)
        plain += score
        for place, group in enumerate(permutations.groups):
            own = group[(group >= block.start) & (group < block.stop)]
            if len(own):
                distances = _square_distances(X[:, own], landmarks[:, own])
                factor = np.exp(-scale * distances)
                rest = np.exp(-scale * np.maximum(square - distances, 0))
                for repetition, order in enumerate(permutations.orders):
                    permuted = weight * ((rest * factor[order]) @ coefficients)
                    change[place, repetition] += permuted - score
    return Outputs(plain, plain + change)


def _square_distances(X: NDArray[Any], Z: NDArray[Any]) -> Floats:
    """Return the squared distances between rows, shape (n, m), as the kernel computes them."""
    square = np.add.outer(np.einsum("ij,ij->i", X, X), np.einsum("ij,ij->i", Z, Z))
    square -= 2 * (X @ Z.T)
    return np.asarray(np.maximum(square, 0))


_FOLLOWED: tuple[tuple[type, Callable[[Any, Permutations], Outputs]], ...] = (
    (Pipeline, _through_steps),
    (VoteClassifier, _voted),
    (VoteRegressor, _averaged),
    (CCCMatched, _stretched),
    (TransformedTargetRegressor, _scaled_back),
    (KernelClassifier, _kernel_classes),
    (KernelRegressor, _kernel_values),
    (LogisticClassifier, _linear_classes),
    (Ridge, _linear_scores),
)
"""Models whose outputs are computed without predicting every permuted table."""
