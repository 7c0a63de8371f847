r"""A hidden Markov chain over the classes of a task: which class holds at each time.

The hidden state :math:`s_t` is the class at time :math:`t = 1 … T`. All classes are equally likely
at the beginning. From one time to the next the class changes with the probability :math:`c`, the
*cost of a transition*, to each of the other :math:`K - 1` classes alike:

.. math:: a_{ij} = 1 - c \text{ if } i = j, \quad c / (K - 1) \text{ otherwise.}

What is observed at :math:`t` enters by its likelihood :math:`b_t(s)` up to a factor that is the
same for all classes. A model gives :math:`p_t(s)`, the probability of the class given the sound;
by Bayes' rule the likelihood is :math:`b_t(s) ∝ p_t(s) / π_s` with the prior :math:`π_s` that the
model was fitted with. Where nothing was observed, all :math:`b_t(s)` are 1.

**Forward–backward.** With :math:`α_1(s) ∝ b_1(s)/K` and
:math:`α_t(s) ∝ b_t(s) \sum_i α_{t-1}(i) a_{is}`, both scaled to the sum 1 by :math:`z_t`, and
:math:`β_T(s) = 1`, :math:`β_t(s) = \sum_j a_{sj} b_{t+1}(j) β_{t+1}(j) / z_{t+1}`, the
probability of a class given all that is observed is :math:`γ_t(s) = α_t(s) β_t(s)`.

**Viterbi.** The path :math:`s_1 … s_T` of the greatest probability, by dynamic programming on
logarithms; of equally probable classes the first.

**Expectation–maximisation.** The expected number of changes given :math:`c` is
:math:`n(c) = \sum_{t ≥ 2} (1 - \sum_s α_{t-1}(s) (1 - c) b_t(s) β_t(s) / z_t)`, and
:math:`c ← n(c) / (T - 1)` never lowers the likelihood.

References
----------
L. R. Rabiner, "A tutorial on hidden Markov models and selected applications in speech recognition",
Proceedings of the IEEE 77(2), 1989.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.errors import InputError
from featser.features.lowlevel.compiled import compiled

Doubles = NDArray[np.float64]

LEAST = 1e-6
"""The least cost of a transition: with 0 a chain could never change."""
ITERATIONS = 200
TOLERANCE = 1e-4
"""Expectation–maximisation ends when the cost changes by a smaller share."""
START = 0.1


def posteriors(log_likelihood: Doubles, change: float) -> Doubles:
    """Return the probability of each class at each time given all that is observed.

    Parameters
    ----------
    log_likelihood : ndarray, shape (T, K)
        Up to a constant in each row; rows of zeros where nothing is observed.
    change : float
        The probability that the class changes from one time to the next.

    Returns
    -------
    ndarray, shape (T, K)
        Rows sum to 1.

    Examples
    --------
    >>> observed = np.log([[0.9, 0.1], [0.4, 0.6], [0.9, 0.1]])
    >>> posteriors(observed, 0.1).round(2).tolist()
    [[0.95, 0.05], [0.93, 0.07], [0.95, 0.05]]
    """
    result: Doubles = _forward_backward(_scaled(log_likelihood), _checked(change))[0]
    return result


def log_probability(log_likelihood: Doubles, change: float) -> float:
    """Return the logarithm of the probability of all that is observed, up to its constants."""
    scaled = _scaled(log_likelihood)
    constant = float(log_likelihood.max(axis=1).sum())
    return float(_forward_backward(scaled, _checked(change))[2]) + constant


def most_probable_path(log_likelihood: Doubles, change: float) -> NDArray[np.int64]:
    """Return the sequence of classes of the greatest probability, shape (T,).

    Parameters
    ----------
    log_likelihood, change
        As :func:`posteriors` takes them.

    Examples
    --------
    >>> observed = np.log([[0.9, 0.1], [0.4, 0.6], [0.9, 0.1]])
    >>> most_probable_path(observed, 0.1).tolist()
    [0, 0, 0]
    """
    n_classes = log_likelihood.shape[1]
    cost = _checked(change)
    stay, move = np.log1p(-cost), np.log(cost / max(1, n_classes - 1))
    path: NDArray[np.int64] = _viterbi(np.ascontiguousarray(log_likelihood), stay, move)
    return path


def estimated_change(log_likelihood: Doubles) -> float:
    """Estimate the cost of a transition by expectation–maximisation.

    Parameters
    ----------
    log_likelihood : ndarray, shape (T, K)
        As :func:`posteriors` takes it.

    Returns
    -------
    float
        :data:`START` for fewer than two times, which show nothing.
    """
    times, n_classes = log_likelihood.shape
    if times < 2:
        return START
    scaled = _scaled(log_likelihood)
    change = START
    for _ in range(ITERATIONS):
        expected = float(_forward_backward(scaled, change)[1]) / (times - 1)
        updated = min(max(expected, LEAST), (n_classes - 1) / n_classes)
        converged = abs(updated - change) < TOLERANCE * change
        change = updated
        if converged:
            break
    return change


def _checked(change: float) -> float:
    if not 0 < change < 1:
        raise InputError(f"a change of probability {change:g}: give more than 0 and less than 1")
    return float(change)


def _scaled(log_likelihood: Doubles) -> Doubles:
    """Return likelihoods whose greatest in each row is 1."""
    result: Doubles = np.exp(log_likelihood - log_likelihood.max(axis=1, keepdims=True))
    return np.ascontiguousarray(result)


@compiled
def _forward_backward(likelihood: Any, change: float) -> Any:
    """Return the posteriors, the expected number of changes, and the log-probability."""
    times, n_classes = likelihood.shape
    stay = 1.0 - change
    move = change / max(1, n_classes - 1)
    forward = np.empty((times, n_classes))
    scale = np.empty(times)
    for t in range(times):
        for s in range(n_classes):
            prior = 1.0 / n_classes
            if t > 0:
                prior = stay * forward[t - 1, s] + move * (1.0 - forward[t - 1, s])
            forward[t, s] = likelihood[t, s] * prior
        scale[t] = forward[t].sum()
        forward[t] /= scale[t]
    posterior = np.empty((times, n_classes))
    backward = np.ones(n_classes)
    n_changes = 0.0
    for t in range(times - 1, -1, -1):
        posterior[t] = forward[t] * backward
        posterior[t] /= posterior[t].sum()
        if t > 0:
            weighted = likelihood[t] * backward / scale[t]
            n_changes += 1.0 - stay * (forward[t - 1] * weighted).sum()
            backward = stay * weighted + move * (weighted.sum() - weighted)
    return posterior, n_changes, np.log(scale).sum()


@compiled
def _viterbi(log_likelihood: Any, stay: float, move: float) -> Any:
    times, n_classes = log_likelihood.shape
    before = np.zeros((times, n_classes), np.int64)
    score = log_likelihood[0].copy()
    for t in range(1, times):
        best = int(np.argmax(score))
        second = 1 if best == 0 and n_classes > 1 else 0
        for s in range(n_classes):
            if s != best and score[s] > score[second]:
                second = s
        updated = np.empty(n_classes)
        for s in range(n_classes):
            other = second if s == best else best
            if s == other or score[s] + stay >= score[other] + move:
                before[t, s], updated[s] = s, score[s] + stay
            else:
                before[t, s], updated[s] = other, score[other] + move
        score = updated + log_likelihood[t]
    path = np.empty(times, np.int64)
    path[-1] = int(np.argmax(score))
    for t in range(times - 1, 0, -1):
        path[t - 1] = before[t, path[t]]
    return path
