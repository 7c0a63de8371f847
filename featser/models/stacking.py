"""Weights of a vote learnt from what its members say of speakers that they were not fitted on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.models.balance import balanced_weights

Floats = NDArray[np.float64]

PULL = 0.1
"""How strongly weights are drawn to equal ones: nats a row for weights that differ by 1."""

_LEAST = 1e-6


def pool(opinions: Floats, weights: Floats) -> Floats:
    r"""Multiply probabilities, each to the power of its weight (a logarithmic opinion pool).

    .. math:: p_c \propto \prod_m p_{mc}^{\theta_m}

    Parameters
    ----------
    opinions : ndarray of float, shape (m, n, k)
        Probabilities of each member; those below 10⁻⁶ count as 10⁻⁶.
    weights : ndarray of float, shape (m,)
        θ, 0 or more; they need not sum to 1.

    Returns
    -------
    ndarray of float, shape (n, k)
        Rows sum to 1.
    """
    told = np.exp(_log_pool(_logarithms(opinions), weights))
    return np.asarray(told / told.sum(axis=1, keepdims=True))


def stack_probabilities(opinions: Floats, encoded: NDArray[np.intp]) -> tuple[Floats, float]:
    r"""Learn what each member's probabilities weigh in their pool.

    A logistic regression on logarithms of probabilities, with one coefficient a member for all
    classes, none negative (Ting & Witten 1999, "Issues in stacked generalization"). It minimises
    the mean surprise, every class weighing the same, plus
    :math:`0.1 \sum_m (\theta_m - \bar\theta)^2`, so that members must differ clearly to
    weigh differently.

    Parameters
    ----------
    opinions : ndarray of float, shape (m, n, k)
        Of rows that the members were not fitted on.
    encoded : ndarray of int, shape (n,)
        Their classes, from 0.

    Returns
    -------
    weights : ndarray of float, shape (m,)
        They sum to 1.
    slope : float
        Their sum before: more than 1 where the pool is surer than its members.
    """
    from scipy.optimize import minimize

    logarithms = _logarithms(opinions)
    weight = balanced_weights(encoded, np.ones(len(encoded)))
    rows = np.arange(len(encoded))
    members = len(opinions)
    true = logarithms[:, rows, encoded]

    def loss(theta: Floats) -> tuple[float, Floats]:
        told = _log_pool(logarithms, theta)
        power = np.exp(told)
        total = power.sum(axis=1)
        surprise = np.log(total) - told[rows, encoded]
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
    if not theta.any():  # nobody knows anything
        return start, _LEAST
    return theta / theta.sum(), float(theta.sum())


def stack_values(opinions: Floats, target: Floats) -> Floats:
    r"""Learn what each member's predicted values weigh in their mean.

    Least squares without negative weights, of standardised values, with the same pull to equal
    ones as in :func:`stack_probabilities`.

    Parameters
    ----------
    opinions : ndarray of float, shape (m, n)
        Of rows that the members were not fitted on.
    target : ndarray of float, shape (n,)
        Their true values.

    Returns
    -------
    ndarray of float, shape (m,)
        They sum to 1.
    """
    from scipy.optimize import nnls

    members, rows = opinions.shape
    spread = float(target.std()) or 1.0
    inputs = (opinions.T - target.mean()) / spread
    apart = np.sqrt(PULL * rows) * (np.eye(members) - 1 / members)
    # They sum to 1 as nearly as a heavy row can have it.
    heavy = np.full((1, members), 1e4 * np.sqrt(rows))
    wanted = np.concatenate([(target - target.mean()) / spread, np.zeros(members), heavy[:, 0]])
    theta: Any = nnls(np.vstack([inputs, apart, heavy]), wanted)[0]
    return np.asarray(theta / theta.sum())


def _logarithms(opinions: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(opinions, _LEAST)))


def _log_pool(logarithms: Floats, weights: Floats) -> Floats:
    total = np.tensordot(weights, logarithms, axes=1)
    return np.asarray(total - total.max(axis=1, keepdims=True))
