"""Weights of the members of a vote, estimated on out-of-fold predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.models.heads.balance import balanced_weights

Floats = NDArray[np.float64]

PULL = 0.1
"""Penalty on weights that differ from equal ones: nats per row for a difference of 1."""

_LEAST = 1e-6


def pool(predictions: Floats, weights: Floats) -> Floats:
    r"""Multiply probabilities, each to the power of its weight (a logarithmic opinion pool).

    .. math:: p_c \propto \prod_m p_{mc}^{\theta_m}

    Parameters
    ----------
    predictions : ndarray of float, shape (m, n, k)
        Probabilities of each member; those below 10⁻⁶ count as 10⁻⁶.
    weights : ndarray of float, shape (m,)
        θ, 0 or more; they need not sum to 1.

    Returns
    -------
    ndarray of float, shape (n, k)
        Rows sum to 1.
    """
    pooled = np.exp(_log_pool(_logarithms(predictions), weights))
    return np.asarray(pooled / pooled.sum(axis=1, keepdims=True))


def stack_probabilities(predictions: Floats, encoded: NDArray[np.intp]) -> tuple[Floats, float]:
    r"""Estimate the weight of each member's probabilities in their logarithmic pool.

    A logistic regression on logarithms of probabilities, with one coefficient per member for
    all classes, none negative (Ting & Witten 1999, "Issues in stacked generalization"). It
    minimises the mean log loss, with equal weights of all classes, plus
    :math:`0.1 \sum_m (\theta_m - \bar\theta)^2`, so that weights differ only where members
    differ clearly.

    Parameters
    ----------
    predictions : ndarray of float, shape (m, n, k)
        Predictions for rows that the members were not fitted on.
    encoded : ndarray of int, shape (n,)
        Their classes, from 0.

    Returns
    -------
    weights : ndarray of float, shape (m,)
        They sum to 1.
    slope : float
        Their sum before normalisation: above 1 where the pool is more confident than its members.
    """
    from scipy.optimize import minimize

    logarithms = _logarithms(predictions)
    weight = balanced_weights(encoded, np.ones(len(encoded)))
    rows = np.arange(len(encoded))
    members = len(predictions)
    true = logarithms[:, rows, encoded]

    def loss(theta: Floats) -> tuple[float, Floats]:
        log_pool = _log_pool(logarithms, theta)
        power = np.exp(log_pool)
        total = power.sum(axis=1)
        surprise = np.log(total) - log_pool[rows, encoded]
        expected = np.einsum("nk,mnk->mn", power / total[:, None], logarithms)
        apart = theta - theta.mean()
        slope = ((expected - true) * weight).sum(axis=1) / weight.sum()
        return (
            float(np.average(surprise, weights=weight) + PULL * (apart**2).sum()),
            np.asarray(slope + 2 * PULL * apart),
        )

    start = np.full(members, 1 / members)
    limits = [(0.0, 100.0 / members)] * members
    theta = np.asarray(minimize(loss, start, jac=True, bounds=limits, method="L-BFGS-B").x)
    if not theta.any():  # no member is better than chance
        return start, _LEAST
    return theta / theta.sum(), float(theta.sum())


def stack_values(predictions: Floats, target: Floats) -> Floats:
    r"""Estimate the weight of each member's predicted values in their mean.

    Least squares without negative weights, of standardised values, with the same penalty
    as in :func:`stack_probabilities`.

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


def _logarithms(predictions: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(predictions, _LEAST)))


def _log_pool(logarithms: Floats, weights: Floats) -> Floats:
    total = np.tensordot(weights, logarithms, axes=1)
    return np.asarray(total - total.max(axis=1, keepdims=True))
