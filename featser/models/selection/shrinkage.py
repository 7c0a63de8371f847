"""The group lasso over speakers: one row of weights for each feature, kept or dropped as a whole.

Beck and Teboulle, "A fast iterative shrinkage-thresholding algorithm", SIAM J. Imaging Sciences 2,
2009, section 4; restarted where the step turns against the direction (O'Donoghue and Candès,
"Adaptive restart for accelerated gradient schemes", 2015).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TrainingSet = tuple[Floats, Floats]
"""One speaker's features, shape (n, d), and targets, shape (n, k), both centred."""

_SETTLED = 1e-4
"""A step smaller than this share of the weights ends the search."""


def group_strength(training_sets: Sequence[TrainingSet]) -> Floats:
    """Return for each feature the smallest λ that keeps it out at the start, shape (d,).

    The norm of its row of all speakers' gradients at 0; above the greatest of them all is 0.
    """
    return _row_norms(np.stack([X.T @ Y / len(X) for X, Y in training_sets]))


def group_lasso(training_sets: Sequence[TrainingSet], penalty: float, n_steps: int = 200) -> Floats:
    """Minimise ``Σ_s ‖X_s W_s − Y_s‖² / 2 n_s + λ Σ_j ‖row j of [W_1 … W_S]‖₂``.

    Parameters
    ----------
    training_sets : sequence of (X_s, Y_s)
        Of S speakers, with d features and k targets.
    penalty : float
        λ, 0 or more.
    n_steps : int
        Maximum number of steps.

    Returns
    -------
    ndarray of float, shape (S, d, k)
        The weights; a feature's are all 0, or none of them is by penalty.
    """
    bound = max(_curvature(X) for X, _ in training_sets)
    weight = np.zeros(
        (len(training_sets), training_sets[0][0].shape[1], training_sets[0][1].shape[1])
    )
    if bound == 0:
        return weight
    ahead, pace = weight, 1.0
    for _ in range(n_steps):
        stepped = _shrunk(ahead - _gradient(training_sets, ahead) / bound, penalty / bound)
        change = stepped - weight
        if float(np.sum((ahead - stepped) * change)) > 0:
            pace, ahead = 1.0, weight
            stepped = _shrunk(ahead - _gradient(training_sets, ahead) / bound, penalty / bound)
            change = stepped - weight
        following = (1 + np.sqrt(1 + 4 * pace**2)) / 2
        ahead = stepped + (pace - 1) / following * change
        weight, pace = stepped, following
        if np.linalg.norm(change) <= _SETTLED * np.linalg.norm(weight):
            break
    return weight


def _gradient(training_sets: Sequence[TrainingSet], weight: Floats) -> Floats:
    return np.stack(
        [X.T @ (X @ own - Y) / len(X) for (X, Y), own in zip(training_sets, weight, strict=True)]
    )


def _curvature(X: Floats) -> float:
    """Return the largest eigenvalue of XᵀX / n, by the smaller of the two Gram matrices."""
    gram = X @ X.T if X.shape[0] <= X.shape[1] else X.T @ X
    return float(np.linalg.eigvalsh(gram)[-1]) / len(X)


def _row_norms(weight: Floats) -> Floats:
    return np.asarray(np.sqrt(np.square(weight).sum(axis=(0, 2))))


def _shrunk(weight: Floats, threshold: float) -> Floats:
    norms = _row_norms(weight)
    factor = np.where(norms > threshold, 1 - threshold / np.where(norms > 0, norms, 1.0), 0.0)
    return np.asarray(weight * factor[None, :, None])
