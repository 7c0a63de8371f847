"""Two blocks of features, projected on directions along which they vary together.

After a published system of two aligned streams, whose streams are a self-supervised model and
filterbanks, aligned inside a network. The idea of aligning before fusing is theirs; the linear
alignment, and handcrafted blocks in place of the streams, are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

Floats = NDArray[np.float64]


class AlignedBlocks(TransformerMixin, BaseEstimator):
    r"""Directions along which two blocks of features vary together, and the projections on them.

    The directions are the singular vectors of
    :math:`\tilde C_{aa}^{-1/2} C_{ab} \tilde C_{bb}^{-1/2}` with
    :math:`\tilde C = (1 - s) C + s \, \bar\lambda I`, where :math:`\bar\lambda` is the mean
    variance: canonical correlation at s = 0 (Hotelling 1936), partial least squares by one
    singular value decomposition at s = 1 (Sampson et al. 1989), shrunken between them. Labels are
    not used.

    Parameters
    ----------
    blocks : sequence of int
        How many features the first block has, and the second. Features after them do not change.
    n_components : int
        Directions; fewer where a block has fewer features, or there are fewer rows.
    shrinkage : float
        s, in [0, 1].
    alone : bool
        Whether the projections replace the features or are appended to them.

    Attributes
    ----------
    means_ : list of ndarray
        Of the features of each block.
    directions_ : list of ndarray, shape (d of the block, c)
        Scaled so that the rows that were fitted have deviation 1 along each.
    correlations_ : ndarray, shape (c,)
        Of both blocks along the directions, on the rows that were fitted.
    n_features_in_ : int

    Notes
    -----
    ``transform`` returns for each direction the projection of the first block, that of the second,
    and their product: 3·c values. A linear model can form their sum, but not their product.
    """

    def __init__(
        self,
        blocks: Sequence[int],
        n_components: int = 16,
        shrinkage: float = 1.0,
        alone: bool = False,
    ) -> None:
        self.blocks = blocks
        self.n_components = n_components
        self.shrinkage = shrinkage
        self.alone = alone

    def fit(self, X: ArrayLike, y: Any = None) -> AlignedBlocks:
        """Estimate the directions from X, shape (n, d), with features of comparable scale.

        Raises
        ------
        ValueError
            If the blocks are not two, do not fit into X, or the shrinkage is not in [0, 1].
        """
        values: NDArray[Any] = validate_data(self, X, ensure_min_samples=2)
        if len(self.blocks) != 2 or min(self.blocks) < 1 or sum(self.blocks) > values.shape[1]:
            raise ValueError(
                f"blocks must be two widths whose sum is at most n_features={values.shape[1]}, "
                f"not {list(self.blocks)}"
            )
        if not 0 <= self.shrinkage <= 1:
            raise ValueError(f"shrinkage is between 0 and 1, not {self.shrinkage}")
        parts = [part.astype(np.float64) for part in self._parts(values)]
        self.means_ = [part.mean(axis=0) for part in parts]
        centred = [part - mean for part, mean in zip(parts, self.means_, strict=True)]
        roots = [_inverse_root(part, self.shrinkage) for part in centred]
        shared = _times(roots[0], centred[0].T) @ _times(roots[1], centred[1].T).T / len(values)
        left, _, right = np.linalg.svd(shared, full_matrices=False)
        count = min(self.n_components, len(values) - 1, *map(int, self.blocks))
        turned = [_times(roots[0], left[:, :count]), _times(roots[1], right[:count].T)]
        self.directions_ = [
            turn / _deviation(part @ turn) for part, turn in zip(centred, turned, strict=True)
        ]
        first, second = self._components(values)
        self.correlations_ = np.asarray((first * second).mean(axis=0))
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.floating[Any]]:
        """Return X, shape (n, d), and the projections after it, or the projections: (n, 3·c)."""
        check_is_fitted(self, "directions_")
        values: NDArray[Any] = validate_data(self, X, reset=False)
        first, second = self._components(values)
        aligned = np.hstack([first, second, first * second])
        if values.dtype == np.float32:
            aligned = aligned.astype(np.float32)
        return aligned if self.alone else np.hstack([values, aligned])

    def _components(self, X: NDArray[Any]) -> list[Floats]:
        return [
            np.asarray((part.astype(np.float64) - mean) @ turn)
            for part, mean, turn in zip(self._parts(X), self.means_, self.directions_, strict=True)
        ]

    def _parts(self, X: NDArray[Any]) -> list[NDArray[Any]]:
        first, second = map(int, self.blocks)
        return [X[:, :first], X[:, first : first + second]]


def _inverse_root(X: Floats, shrinkage: float) -> Floats | None:
    """Return the inverse root of the shrunken covariance; None where that is a multiple of 1."""
    if shrinkage == 1:
        return None
    covariance = X.T @ X / len(X)
    mean = float(np.trace(covariance)) / len(covariance)
    shrunken = (1 - shrinkage) * covariance + shrinkage * mean * np.eye(len(covariance))
    value, vector = np.linalg.eigh(shrunken)
    # Directions in which nothing varies are left out.
    varies = value > 1e-10 * max(value[-1], 1e-300)
    return np.asarray((vector[:, varies] / np.sqrt(value[varies])) @ vector[:, varies].T)


def _times(root: Floats | None, right: Floats) -> Floats:
    return right if root is None else np.asarray(root @ right)


def _deviation(values: Floats) -> Floats:
    deviation = values.std(axis=0)
    return np.where(deviation > 1e-12, deviation, 1.0)
