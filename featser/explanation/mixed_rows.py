"""Rows of which each group of columns comes from one of a few rows, and their outputs."""

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
    square_distances,
)

MOST_VALUES = 8_000_000
"""Values of a table that is held in memory at once."""


@dataclass(frozen=True, eq=False)
class MixedRows(AlteredRows):
    """Rows that are put together from the groups of other rows.

    Attributes
    ----------
    X : ndarray, shape (n, d)
        The rows that groups are taken from, as the model reads them.
    groups : sequence of ndarray of int
        Each column is in one group.
    sources : ndarray of int, shape (m, groups)
        For each row and group the row of X that it is taken from.
    """

    sources: Indices

    def predicted(self, predict: Predict) -> Floats:
        """Build and predict the rows, some at a time."""
        step = max(MOST_VALUES // max(self.X.shape[1], 1), 1)
        parts = [self.sources[first : first + step] for first in range(0, len(self.sources), step)]
        return np.concatenate([predict(self._built(part)) for part in parts])

    def _built(self, sources: Indices) -> NDArray[Any]:
        table = np.empty((len(sources), self.X.shape[1]), dtype=self.X.dtype)
        for rows, columns in zip(sources.T, self.groups, strict=True):
            table[:, columns] = self.X[np.ix_(rows, columns)]
        return table

    def linear_scores(self, weights: NDArray[Any], intercept: Any) -> Floats:
        """Add the terms of the groups."""
        scores: Floats = np.zeros((len(self.sources), weights.shape[1])) + intercept
        for rows, columns in zip(self.sources.T, self.groups, strict=True):
            own = np.asarray(self.X[:, columns] @ weights[columns], dtype=np.float64)
            scores += own[rows]
        return scores

    def kernel_scores(self, model: KernelModel) -> Floats:
        """Add the squared distances of the groups in each block, once for each combination."""
        landmarks, coefficients = model.landmarks_, model.coef_
        X = self.X.astype(landmarks.dtype, copy=False)
        scores = np.tile(coefficients.sum(axis=0), (len(self.sources), 1))  # the constant 1
        step = max(MOST_VALUES // len(landmarks), 1)
        for block in kernel_blocks(model):
            parts = [block.part_of(group) for group in self.groups]
            used = [place for place, own in enumerate(parts) if len(own)]
            distances = [square_distances(X[:, parts[n]], landmarks[:, parts[n]]) for n in used]
            combined, row_of = np.unique(self.sources[:, used], axis=0, return_inverse=True)
            own_scores = np.empty((len(combined), scores.shape[1]))
            for first in range(0, len(combined), step):
                of_groups = zip(combined[first : first + step].T, distances, strict=True)
                square = sum(own[rows] for rows, own in of_groups)
                own_scores[first : first + step] = np.exp(-block.scale * square) @ coefficients
            scores += block.weight * own_scores[row_of.reshape(-1)]
        return scores
