r"""A local level: a number that wanders slowly and is observed with noise.

.. math:: x_t = x_{t-1} + u_t, \quad u_t ∼ N(0, q); \qquad y_t = x_t + e_t, \quad e_t ∼ N(0, r).

Before the first observation :math:`x_1 ∼ N(m, v)` with the mean :math:`m` of all observations and
:data:`SPREAD` times their variance as :math:`v`, so that it decides little.

**Kalman filter.** From :math:`(m_{t-1}, P_{t-1})` the prediction is :math:`P_t^- = P_{t-1} + q`;
with :math:`k = P_t^- / (P_t^- + r)` the observation makes of it
:math:`m_t = m_{t-1} + k (y_t - m_{t-1})`, :math:`P_t = (1 - k) P_t^-`. Where nothing is observed,
:math:`k = 0`.

**Rauch–Tung–Striebel smoother.** Backwards, with :math:`j = P_t / P_{t+1}^-`:
:math:`\bar m_t = m_t + j (\bar m_{t+1} - m_t)`,
:math:`\bar P_t = P_t + j^2 (\bar P_{t+1} - P_{t+1}^-)`.

**Expectation–maximisation.** :math:`q` becomes the mean of
:math:`(\bar m_t - \bar m_{t-1})^2 + \bar P_t + \bar P_{t-1} - 2 j_{t-1} \bar P_t`, and :math:`r`
the mean of :math:`(y_t - \bar m_t)^2 + \bar P_t` over what is observed.

References
----------
H. E. Rauch, F. Tung and C. T. Striebel, "Maximum likelihood estimates of linear dynamic systems",
AIAA Journal 3(8), 1965. R. H. Shumway and D. S. Stoffer, "An approach to time series smoothing and
forecasting using the EM algorithm", Journal of Time Series Analysis 3(4), 1982.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from featser.features.lowlevel.compiled import compiled

Doubles = NDArray[np.float64]

SPREAD = 100.0
ITERATIONS = 200
TOLERANCE = 1e-4
_LEAST_SHARE = 1e-8


class Variances(NamedTuple):
    """Of the steps and of the noise."""

    step: float
    noise: float


def smoothed_level(observed: Doubles, variances: Variances) -> Doubles:
    """Return the mean of the level at each time given all observations.

    Parameters
    ----------
    observed : ndarray, shape (T,)
        NaN where nothing is observed; one value at least is.
    variances : Variances
        Both above 0.

    Examples
    --------
    >>> smoothed_level(np.array([0.0, 1.0, 0.0]), Variances(0.1, 1.0)).round(2).tolist()
    [0.32, 0.35, 0.32]
    """
    return _smooth(observed, variances)[0]


def estimated_variances(observed: Doubles) -> Variances:
    """Estimate both variances by expectation–maximisation.

    Parameters
    ----------
    observed : ndarray, shape (T,)
        NaN where nothing is observed. Fewer than three different values show nothing: half of
        their variance is then noise.
    """
    present = observed[np.isfinite(observed)]
    total = float(present.var()) if len(present) else 0.0
    least = max(_LEAST_SHARE * total, np.finfo(np.float64).tiny ** 0.5)
    variances = Variances(max(total / 2, least), max(total / 2, least))
    if len(np.unique(present)) < 3:
        return variances
    for _ in range(ITERATIONS):
        _, step, noise = _smooth(observed, variances)
        updated = Variances(max(step, least), max(noise, least))
        converged = np.allclose(updated, variances, rtol=TOLERANCE, atol=0)
        variances = updated
        if converged:
            break
    return variances


def _smooth(observed: Doubles, variances: Variances) -> tuple[Doubles, float, float]:
    """Return the smoothed means, and the variances that they make most probable."""
    present = observed[np.isfinite(observed)]
    mean, spread = float(present.mean()), SPREAD * max(float(present.var()), variances.noise)
    smoothed: tuple[Doubles, float, float] = _rauch_tung_striebel(
        np.ascontiguousarray(observed, np.float64), mean, spread, variances.step, variances.noise
    )
    return smoothed


@compiled
def _rauch_tung_striebel(
    observed: Any, mean: float, spread: float, step: float, noise: float
) -> Any:
    times = len(observed)
    level, variance, predicted = np.empty(times), np.empty(times), np.empty(times)
    for t in range(times):
        predicted[t] = spread if t == 0 else variance[t - 1] + step
        before = mean if t == 0 else level[t - 1]
        gain = 0.0 if np.isnan(observed[t]) else predicted[t] / (predicted[t] + noise)
        level[t] = before + gain * (observed[t] - before) if gain > 0 else before
        variance[t] = (1.0 - gain) * predicted[t]
    steps = 0.0
    for t in range(times - 2, -1, -1):
        back = variance[t] / predicted[t + 1]
        level[t] += back * (level[t + 1] - level[t])
        variance[t] += back * back * (variance[t + 1] - predicted[t + 1])
        steps += (level[t + 1] - level[t]) ** 2
        steps += variance[t + 1] + variance[t] - 2.0 * back * variance[t + 1]
    errors, count = 0.0, 0
    for t in range(times):
        if not np.isnan(observed[t]):
            errors += (observed[t] - level[t]) ** 2 + variance[t]
            count += 1
    return level, steps / max(1, times - 1), errors / count
