"""Softmax regression with an L2 penalty, solved in coordinates in which it is well conditioned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featser.models.shared_work import shared

Floats = NDArray[np.float64]

LARGEST = 4000
"""Eigenvectors are computed of at most as many rows or features: time grows with the cube."""

_CURVATURE = 0.25
"""Of the loss along a score: p (1 − p), which is at most this."""


@dataclass(frozen=True, eq=False)
class SoftmaxProblem:
    r"""Regressions of the same rows: all of them, or some of them for a left-out prediction.

    They minimise :math:`\sum_i w_i \sum_c q_{ic} \log(1/p_{ic}) + \frac{\lambda}{2} \lVert B
    \rVert^2`, with :math:`q_{ic}` the share of class c in the label of row i, and an intercept
    without a penalty. The penalty is the same in every direction, so that features
    can be replaced by their coordinates in any orthonormal basis that spans the rows. Along the
    eigenvectors of the scatter, each divided by the root of the loss's curvature there, few steps
    are needed, and with fewer rows than features each step takes less time.

    Attributes
    ----------
    inputs : ndarray of float, shape (n, r + 1)
        The rows' coordinates, and a constant.
    shrinkage : ndarray of float, shape (r + 1,)
        The penalty of each coordinate; 0 for the constant.
    scale : ndarray of float, shape (r,)
        What coordinates are multiplied by.
    rotation : tuple of ndarray
        Matrices whose product, shape (d, r), has the coordinates' orthonormal directions; empty
        where the coordinates are the features.
    mean : ndarray of float, shape (d,)
        Of the rows, which coordinates are relative to.
    """

    inputs: NDArray[np.floating]
    shrinkage: Floats
    scale: Floats
    rotation: tuple[NDArray[np.floating], ...]
    mean: NDArray[np.floating]

    @classmethod
    def of(cls, X: NDArray[np.floating], weight: float, penalty: float) -> SoftmaxProblem:
        """Prepare the rows of X, shape (n, d), of a mean weight, for a penalty λ above 0."""
        mean = X.mean(axis=0)
        coordinates, rotation = shared(_rotated, X - mean)
        curvature = _CURVATURE * weight
        power = np.einsum("ij,ij->j", coordinates, coordinates, dtype=np.float64)
        scale = 1 / np.sqrt(curvature * power + penalty)
        inputs = np.empty((len(X), len(scale) + 1), dtype=X.dtype)
        inputs[:, :-1] = coordinates * scale.astype(X.dtype)
        inputs[:, -1] = 1 / np.sqrt(curvature * len(X))
        return cls(inputs, np.append(penalty * scale**2, 0.0), scale, rotation, mean)

    def solve(
        self,
        rows: NDArray[np.intp],
        targets: Floats,
        weight: Floats,
        start: Floats | None = None,
        tolerance: float = 1e-6,
        max_iter: int = 500,
    ) -> tuple[Floats, int]:
        """Fit a regression to some of the rows.

        Parameters
        ----------
        rows : ndarray of int, shape (m,)
            Which.
        targets : ndarray of float, shape (m, classes)
            The share of each class in their labels; rows sum to 1. Two classes have one score,
            that of the second.
        weight : ndarray of float, shape (m,)
            Above 0.
        start : ndarray of float, shape (r + 1, k), optional
            Where to begin, such as the solution for all rows.
        tolerance : float
            The largest slope at the end, of the mean loss in these coordinates.
        max_iter : int
            At most as many steps.

        Returns
        -------
        solution : ndarray of float, shape (r + 1, k)
            Coefficients of the inputs for each score.
        n_steps : int
            How many steps it took.
        """
        from scipy.optimize import minimize

        inputs = self.inputs[rows]
        shape = inputs.shape[1], n_scores(targets.shape[1])
        total = weight.sum()
        shrinkage = self.shrinkage[:, None]

        def loss(flat: Floats) -> tuple[float, Floats]:
            solution = flat.reshape(shape)
            score = scores_of(inputs @ solution.astype(inputs.dtype))
            score -= score.max(axis=1, keepdims=True)
            power = np.exp(score)
            sums = power.sum(axis=1)
            surprise = np.log(sums) - (targets * score).sum(axis=1)
            excess = power / sums[:, None]
            excess -= targets
            excess *= weight[:, None]
            along = inputs.T @ excess[:, -shape[1] :].astype(inputs.dtype)
            shrunk = shrinkage * solution
            value = weight @ surprise + 0.5 * (shrunk * solution).sum()
            return float(value / total), np.asarray((along + shrunk) / total).ravel()

        first = np.zeros(shape) if start is None else start
        options = {"gtol": tolerance, "ftol": 0.0, "maxiter": max_iter}
        result = minimize(loss, first.ravel(), method="L-BFGS-B", jac=True, options=options)
        return np.asarray(result.x).reshape(shape), int(result.nit)

    def scores(self, rows: NDArray[np.intp], solution: Floats) -> Floats:
        """Return the scores of some rows by a solution, shape (m, classes)."""
        return scores_of(self.inputs[rows] @ solution.astype(self.inputs.dtype))

    def coefficients(self, solution: Floats) -> tuple[Floats, Floats]:
        """Return a solution's coefficients of the features, (k, d), and intercepts, (k,)."""
        coefficients = self.scale[:, None] * solution[:-1]
        for factor in reversed(self.rotation):
            coefficients = factor @ coefficients
        intercept = float(self.inputs[0, -1]) * solution[-1]
        return np.asarray(coefficients.T), np.asarray(intercept - self.mean @ coefficients)


def n_scores(n_classes: int) -> int:
    """Return how many scores are fitted: one for two classes, else one for each."""
    return 1 if n_classes == 2 else n_classes


def scores_of(fitted: NDArray[np.floating]) -> Floats:
    """Return a score for each class, shape (n, k); of two, the first one's is 0."""
    if fitted.shape[1] > 1:
        return fitted.astype(np.float64)
    return np.hstack([np.zeros((len(fitted), 1)), fitted])


def _rotated(
    centred: NDArray[np.floating],
) -> tuple[NDArray[np.floating], tuple[NDArray[np.floating], ...]]:
    """Return rows' coordinates along their principal axes, and the factors of the rotation."""
    n, d = centred.shape
    if min(n, d) > LARGEST:
        return centred, ()
    scatter = centred @ centred.T if n < d else centred.T @ centred
    power, vectors = np.linalg.eigh(scatter.astype(np.float64))
    spans = power > 10 * float(np.finfo(centred.dtype).eps) * power[-1]
    power, vectors = power[spans], vectors[:, spans]
    if n < d:
        return (vectors * np.sqrt(power)).astype(centred.dtype), (
            centred.T,
            vectors / np.sqrt(power),
        )
    return centred @ vectors.astype(centred.dtype), (vectors,)
