"""Calibration of pooled probabilities: one power, estimated on left-out utterances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featser.models.heads.softmax import fit_slope, softmax

Floats = NDArray[np.float64]

_ZERO = 1e-6
"""Probabilities below it count as 0, whose logarithm would decide the power alone."""


def fit_power(probabilities: Floats, targets: Floats, weight: Floats) -> tuple[float, float]:
    """Estimate the power that calibrates probabilities, by maximum likelihood.

    Parameters
    ----------
    probabilities : ndarray of float, shape (n, k)
        Predictions for utterances that the classifiers were not fitted on.
    targets : ndarray of float, shape (n, k)
        The share of each class in their truth
        (:func:`featser.models.heads.class_targets.class_targets`).
    weight : ndarray of float, shape (n,)
        Of the utterances.

    Returns
    -------
    power : float
        Above 1 where the probabilities are underconfident. It is that of one more utterance whose
        second most probable class is right, so that few utterances without an error do not make
        the classifier certain (compare the smoothed targets of :mod:`featser.models.heads.platt`).
    even_share : float
        Share of equal probabilities that is mixed in before: that of the utterances whose class
        had probability 0, as happens with neighbours. At least 10⁻⁶, at most 0.5.

    Examples
    --------
    >>> sure, right_at_random = np.tile([[0.9, 0.1]], (100, 1)), np.eye(2)[np.arange(100) % 2]
    >>> power, _ = fit_power(sure, right_at_random, np.ones(100))
    >>> power < 0.01
    True
    """
    impossible = (targets * (probabilities < _ZERO)).sum(axis=1)
    even_share = float(np.clip(np.average(impossible, weights=weight), _ZERO, 0.5))
    score = _logarithms(probabilities, even_share)
    second = np.argsort(score, axis=1)[:, -2]
    power = fit_slope(
        np.concatenate([score, score]),
        np.concatenate([targets, np.eye(targets.shape[1])[second]]),
        np.concatenate([weight, weight / len(weight)]),
    )
    return power, even_share


def raised(probabilities: Floats, power: float, even_share: float = _ZERO) -> Floats:
    r"""Raise probabilities to a power, without changing which class is first.

    .. math:: q_c = \frac{r_c^a}{\sum_j r_j^a}, \quad
              r_c = (1 - \epsilon)\, p_c + \frac{\epsilon}{k}

    Parameters
    ----------
    probabilities : ndarray of float, shape (n, k)
    power : float
        a, above 0.
    even_share : float
        ε, below 1.

    Returns
    -------
    ndarray of float, shape (n, k)
        Rows sum to 1.
    """
    return softmax(_logarithms(probabilities, even_share), power)


def _logarithms(probabilities: Floats, even_share: float) -> Floats:
    even = even_share / probabilities.shape[1]
    return np.asarray(np.log((1 - even_share) * probabilities + even))
