"""Scales on which the interval of a metric is symmetric: logit, Fisher's z, logarithm, identity.

A metric with a limited range varies less near the ends of the range, and its distribution is
skewed there. On the right scale it is nearly symmetric, so bounds are computed on the scale and
transformed back; they never leave the range.

References
----------
Fisher, "On the probable error of a coefficient of correlation deduced from a small sample",
Metron 1, 1921. Newcombe, "Logit confidence intervals and the inverse sinh transformation", The
American Statistician 55, 2001.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from featser.evaluation.metrics.pairs import Array


@dataclass(frozen=True)
class Scale:
    """A transform of a metric, its inverse, and the range of the metric.

    Parameters
    ----------
    name : str
        Its name.
    forward : callable
        From the metric to the scale.
    slope : callable
        The derivative of ``forward`` at the metric, which turns a standard error of the metric into
        one on the scale (the delta method).
    inverse : callable
        From the scale to the metric.
    low, high : float
        The range of the metric.

    Examples
    --------
    >>> round(float(LOGIT.inverse(LOGIT.forward(0.7))), 3)
    0.7
    """

    name: str
    forward: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    inverse: Callable[[Array], Array]
    low: float = -np.inf
    high: float = np.inf


def _identity(value: Array) -> Array:
    return value


def _expit(value: Array) -> Array:
    # By tanh, which does not overflow far from 0.
    return 0.5 + 0.5 * np.tanh(0.5 * value)


IDENTITY = Scale("identity", _identity, np.ones_like, _identity)
"""For differences, and for metrics without a better scale."""

SHARE = Scale("identity", _identity, np.ones_like, _identity, 0.0, 1.0)
"""The identity in [0, 1]."""

LOGIT = Scale("logit", lambda v: np.log(v / (1 - v)), lambda v: 1 / (v * (1 - v)), _expit, 0.0, 1.0)
"""For shares: recall, accuracy, F1."""

FISHER = Scale("Fisher's z", np.arctanh, lambda v: 1 / (1 - v * v), np.tanh, -1.0, 1.0)
"""For correlations and agreement in [-1, 1]."""

LOG = Scale("logarithm", np.log, lambda v: 1 / v, np.exp, 0.0, np.inf)
"""For errors and losses: 0 or more, without an upper limit."""
