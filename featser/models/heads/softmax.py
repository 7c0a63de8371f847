"""Probabilities of several classes from scores: a softmax of one temperature."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_STEEPEST = 1e4


def softmax(score: Floats, slope: float) -> Floats:
    r"""Turn scores into probabilities, without changing which class is first.

    .. math:: p_c = \frac{\exp(a s_c)}{\sum_j \exp(a s_j)}

    Parameters
    ----------
    score : ndarray of float, shape (n, k)
        A score for each class.
    slope : float
        a, one over the temperature.

    Returns
    -------
    ndarray of float, shape (n, k)
        Rows sum to 1.
    """
    z = slope * (score - score.max(axis=1, keepdims=True))
    power = np.exp(z)
    return np.asarray(power / power.sum(axis=1, keepdims=True))


def fit_slope(score: Floats, targets: Floats, weight: Floats) -> float:
    """Fit the slope to scores on rows that the classifier was not fitted on.

    Maximum likelihood: temperature scaling (Guo et al. 2017, "On calibration of modern neural
    networks", section 4.2).

    Parameters
    ----------
    score : ndarray of float, shape (n, k)
        A score for each class.
    targets : ndarray of float, shape (n, k)
        The share of each class in the truth of each row
        (:func:`featser.models.heads.class_targets.class_targets`).
    weight : ndarray of float, shape (n,)
        Of the rows.

    Returns
    -------
    float
        Above 0; at most 10⁴, for scores that separate the classes without error.
    """
    from scipy.optimize import minimize_scalar

    def loss(logarithm: float) -> float:
        probability = softmax(score, float(np.exp(logarithm)))
        likelihood = (targets * np.log(np.maximum(probability, 1e-300))).sum(axis=1)
        return float(-np.sum(weight * likelihood))

    limits = (-np.log(_STEEPEST), np.log(_STEEPEST))
    return float(np.exp(minimize_scalar(loss, bounds=limits, method="bounded").x))
