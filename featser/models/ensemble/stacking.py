"""Weights of the members of a vote, estimated on out-of-fold predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.models.heads.class_targets import balanced_targets

Floats = NDArray[np.float64]

PULL = 0.1
"""Penalty on weights of values that differ from equal ones: a share of the values' variance."""

_LEAST = 1e-6
_MOST_STEPS = 200
_TOLERANCE = 1e-4


def stack_probabilities(
    predictions: Floats, targets: Floats, weight: Floats | None = None
) -> Floats:
    r"""Estimate the weight of each member in the mean of their probabilities.

    The weights are those of a mixture with the largest likelihood, all classes weighing the same.
    Each step of the EM algorithm (Dempster, Laird & Rubin 1977) sets a member's weight to its mean
    share in the probability of the true class, of soft labels of each class with its share:

    .. math:: w_m \leftarrow \sum_i \omega_i \frac{w_m\, p_{m,i}}{\sum_j w_j\, p_{j,i}},
              \quad \sum_i \omega_i = 1

    One more utterance for each member, which the members predict equally well, prevents extreme
    weights where there are few utterances.

    Parameters
    ----------
    predictions : ndarray of float, shape (m, n, k)
        Predictions for rows that the members were not fitted on.
    targets : ndarray of float, shape (n, k)
        The share of each class in their truth
        (:func:`featser.models.heads.class_targets.class_targets`).
    weight : ndarray of float, shape (n,), optional
        Of the rows.

    Returns
    -------
    ndarray of float, shape (m,)
        They sum to 1.

    Examples
    --------
    >>> right, wrong = np.tile([[0.9, 0.1]], (98, 1)), np.tile([[0.2, 0.8]], (98, 1))
    >>> truth = np.tile([[1.0, 0.0]], (98, 1))
    >>> stack_probabilities(np.array([right, wrong]), truth).round(2).tolist()
    [0.99, 0.01]
    """
    members, rows, _ = predictions.shape
    equal = np.full(members, 1 / members)
    if not rows:
        return equal
    row_weight, balanced = balanced_targets(targets, np.ones(rows) if weight is None else weight)
    # A class with a share of a row's truth counts like a row of its own with that share.
    row, column = np.nonzero(targets)
    true = np.maximum(predictions[:, row, column], _LEAST)
    own = row_weight[row] * balanced[row, column]
    own_weight = own / own.sum() * rows
    weights = equal
    for _ in range(_MOST_STEPS):
        shares = weights[:, None] * true
        explained = (shares / shares.sum(axis=0)) @ own_weight + 1.0
        before, weights = weights, explained / explained.sum()
        if np.abs(weights - before).max() < _TOLERANCE:
            break
    return np.asarray(weights)


def stack_values(predictions: Floats, target: Floats) -> Floats:
    r"""Estimate the weight of each member's predicted values in their mean.

    Least squares without negative weights, of standardised values, with a penalty on the squared
    differences of weights, so that weights differ only where members differ clearly.

    Parameters
    ----------
    predictions : ndarray of float, shape (m, n)
        Predictions for rows that the members were not fitted on.
    target : ndarray of float, shape (n,)
        Their true values.

    Returns
    -------
    ndarray of float, shape (m,)
        They sum to 1.
    """
    from scipy.optimize import nnls

    members, rows = predictions.shape
    spread = float(target.std()) or 1.0
    inputs = (predictions.T - target.mean()) / spread
    apart = np.sqrt(PULL * rows) * (np.eye(members) - 1 / members)
    # A row with a large weight makes the weights sum to 1.
    heavy = np.full((1, members), 1e4 * np.sqrt(rows))
    right_side = np.concatenate([(target - target.mean()) / spread, np.zeros(members), heavy[:, 0]])
    theta: Any = nnls(np.vstack([inputs, apart, heavy]), right_side)[0]
    return np.asarray(theta / theta.sum())
