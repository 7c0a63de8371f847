"""Platt scaling: a sigmoid that turns a classifier's score into a probability."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_LARGE = 30.0
"""Larger scores are scaled for the search, since its first step would overshoot."""


def fit_sigmoid(
    score: Floats, positive: NDArray[np.bool_], weight: Floats | None = None
) -> tuple[float, float]:
    """Fit the slope and intercept of the sigmoid that makes scores probabilities.

    Maximum likelihood with Platt's smoothed targets, ``(n₊ + 1) / (n₊ + 2)`` and
    ``1 / (n₋ + 2)``: Platt (1999), "Probabilistic outputs for support vector machines",
    sections 2.1 and 2.2.

    Parameters
    ----------
    score : ndarray of float, shape (n,)
        Scores on rows that the classifier was not fitted on.
    positive : ndarray of bool, shape (n,)
        Which rows are of the class.
    weight : ndarray of float, shape (n,), optional
        Of the rows; all count the same without.

    Returns
    -------
    slope, intercept : float
        The probability is ``1 / (1 + exp(−(slope · score + intercept)))``.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    weights = np.ones(len(score)) if weight is None else np.asarray(weight, dtype=np.float64)
    scale = max(1.0, float(np.abs(score).max()) / _LARGE)
    x = np.asarray(score, dtype=np.float64) / scale
    n_positive, n_negative = float(weights[positive].sum()), float(weights[~positive].sum())
    target = np.where(positive, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))

    def loss(parameters: Floats) -> tuple[float, Floats]:
        z = parameters[0] * x + parameters[1]
        miss = weights * (expit(z) - target)
        value = float(np.sum(weights * (np.logaddexp(0, z) - target * z)))
        return value, np.array([miss @ x, miss.sum()])

    start = np.array([0.0, np.log((n_positive + 1) / (n_negative + 1))])
    options = {"gtol": 1e-6, "ftol": 64 * np.finfo(float).eps}
    slope, intercept = minimize(loss, start, method="L-BFGS-B", jac=True, options=options).x
    return float(slope / scale), float(intercept)


def class_probabilities(scores: Floats, sigmoids: Floats) -> Floats:
    """Turn the scores of all classes into probabilities that sum to 1.

    Parameters
    ----------
    scores : ndarray of float, shape (n,) or (n, k)
        A score for each class, or for the second of two.
    sigmoids : ndarray of float, shape (k, 2)
        Slope and intercept for each score; a single row for two classes.

    Returns
    -------
    ndarray of float, shape (n, k)
        Each class against the rest, divided by the sum; equal shares where all are 0.
    """
    from scipy.special import expit

    columns = scores[:, None] if scores.ndim == 1 else scores
    probabilities: Floats = expit(columns * sigmoids[:, 0] + sigmoids[:, 1])
    if probabilities.shape[1] == 1:
        return np.hstack([1 - probabilities, probabilities])
    total = probabilities.sum(axis=1, keepdims=True)
    even = np.full_like(probabilities, 1 / probabilities.shape[1])
    return np.asarray(np.divide(probabilities, total, out=even, where=total > 0))
