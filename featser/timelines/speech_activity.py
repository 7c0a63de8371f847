"""Which moments of a recording are loud enough to hold speech.

The level of 10 ms is that of their deviation from their mean. The *loud* level is exceeded by one
in a hundred of them and the *quiet* level by 95 in a hundred. A moment is active if its level is
within :data:`~featser.audio.frame_levels.BELOW_LOUD_DB` of the loud one, and not within
:data:`~featser.audio.frame_levels.ABOVE_QUIET_DB` of the quiet one where the two are far apart, as
:mod:`featser.audio.frame_levels` has it for single utterances. Noises as loud as speech are active
too: only a detector of voices can leave them out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featser.audio.frame_levels import (
    ABOVE_QUIET_DB,
    BELOW_LOUD_DB,
    NO_POWER,
    SPEECH_RANGE_DB,
)

STEP_S = 0.01
LOUD, QUIET = 0.99, 0.05
LEAST_SHARE = 0.1
"""The share of a window that must be active, so that it is predicted."""

Doubles = NDArray[np.float64]


def powers_of(samples: NDArray[np.float32], rate: int) -> Doubles:
    """Return the power of each 10 ms, without its mean; a rest at the end is one of them.

    Examples
    --------
    >>> powers_of(np.tile(np.float32([0.5, -0.5]), 80), 8_000).tolist()
    [0.25, 0.25]
    """
    count = max(1, round(len(samples) / rate / STEP_S))
    edges = np.minimum(np.round(np.arange(count) * STEP_S * rate).astype(np.int64), len(samples))
    values = samples.astype(np.float64)
    sizes = np.diff(np.append(edges, len(samples)))
    mean = np.add.reduceat(values, edges) / sizes
    power: Doubles = np.add.reduceat(np.square(values), edges) / sizes - mean**2
    return np.maximum(power, 0.0)


def is_active(powers: Doubles) -> NDArray[np.bool_]:
    """Return which 10 ms of a recording are active, from :func:`powers_of`."""
    loud, quiet = np.quantile(powers, [LOUD, QUIET], method="nearest")
    room = min(quiet * 10 ** (ABOVE_QUIET_DB / 10), loud * 10 ** (-SPEECH_RANGE_DB / 10))
    threshold = max(loud * 10 ** (-BELOW_LOUD_DB / 10), room, NO_POWER)
    active: NDArray[np.bool_] = powers > threshold
    return active


def active_shares(active: NDArray[np.bool_], intervals: Doubles) -> Doubles:
    """Return which share of intervals, in seconds, is active.

    Examples
    --------
    >>> active_shares(np.array([True] * 50 + [False] * 50), np.array([[0.0, 1.0], [0.4, 0.6]]))
    array([0.5, 0.5])
    """
    sums = np.append(0, np.cumsum(active))
    at = np.clip(np.round(intervals / STEP_S).astype(np.int64), 0, len(active))
    lengths = np.maximum(at[:, 1] - at[:, 0], 1)
    shares: Doubles = (sums[at[:, 1]] - sums[at[:, 0]]) / lengths
    return shares
