r"""What a fitted model gives for rows of which a group of columns is permuted.

Every output equals what the model predicts for the permuted table. Of a linear score, the group's
own term is permuted. The Gaussian kernel of a block is the product of a factor for the group,
which is permuted, and one for the rest:

.. math:: k_b(x^\pi, z) = \exp(-c \lVert x_r - z_r \rVert^2) \,
          \exp(-c \lVert x_{g,\pi} - z_g \rVert^2)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.explanation.altered_rows import (
    AlteredRows,
    Floats,
    Indices,
    KernelModel,
    Predict,
    kernel_blocks,
    outputs_of,
    square_distances,
)


@dataclass(frozen=True, eq=False)
class Permutations(AlteredRows):
    """Rows as they are, and with each group of columns permuted in each order.

    Attributes
    ----------
    X : ndarray, shape (n, d)
        Features as the model reads them.
    groups : sequence of ndarray of int
        Columns that are permuted together.
    orders : ndarray of int, shape (r, n)
        In each repetition the row whose values each row gets.

    Notes
    -----
    A model is asked for n · (1 + groups · r) rows: those as they are, then those of the first group
    in each order, and so on.
    """

    orders: Indices

    def predicted(self, predict: Predict) -> Floats:
        """Predict one permuted table after another."""
        outputs = [predict(self.X)]
        for columns in self.groups:
            for order in self.orders:
                table = self.X.copy()
                table[:, columns] = self.X[np.ix_(order, columns)]
                outputs.append(predict(table))
        return np.concatenate(outputs)

    def linear_scores(self, weights: NDArray[Any], intercept: Any) -> Floats:
        """Permute each group's own term."""
        plain = np.asarray(self.X @ weights + intercept, dtype=np.float64).reshape(len(self.X), -1)
        change = self._no_change(plain)
        for place, columns in enumerate(self.groups):
            own = np.asarray(self.X[:, columns] @ weights[columns], dtype=np.float64)
            change[place] = own[self.orders] - own
        return self._all_rows(plain, change)

    def kernel_scores(self, model: KernelModel) -> Floats:
        """Permute each group's own factor in the kernels of the blocks that have columns of it."""
        landmarks, coefficients = model.landmarks_, model.coef_
        X = self.X.astype(landmarks.dtype, copy=False)
        plain = np.tile(coefficients.sum(axis=0), (len(X), 1))  # the kernel's constant 1
        change = self._no_change(plain)
        for block in kernel_blocks(model):
            square = square_distances(X[:, block.columns], landmarks[:, block.columns])
            score = block.weight * (np.exp(-block.scale * square) @ coefficients)
            plain += score
            for place, group in enumerate(self.groups):
                own = block.part_of(group)
                if len(own):
                    distances = square_distances(X[:, own], landmarks[:, own])
                    factor = np.exp(-block.scale * distances)
                    rest = np.exp(-block.scale * np.maximum(square - distances, 0))
                    for repetition, order in enumerate(self.orders):
                        permuted = block.weight * ((rest * factor[order]) @ coefficients)
                        change[place, repetition] += permuted - score
        return self._all_rows(plain, change)

    def _no_change(self, plain: Floats) -> Floats:
        return np.zeros((len(self.groups), len(self.orders), *plain.shape))

    def _all_rows(self, plain: Floats, change: Floats) -> Floats:
        return np.concatenate([plain, (plain + change).reshape(-1, plain.shape[1])])


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
    outputs = outputs_of(model, permutations)
    n, width = len(permutations.X), outputs.shape[1]
    shape = (len(permutations.groups), len(permutations.orders), n, width)
    return Outputs(outputs[:n], outputs[n:].reshape(shape))
