"""Which frames of a recording hold sound and which are silent.

A recording is cut into frames of 25 ms every 10 ms. The loud level is that of the tenth loudest
frame, which 100 ms of the recording reach, and the quiet level that of the tenth quietest; longer
silence and clicks do not move them. A frame is silent if its level is

- more than :data:`BELOW_LOUD_DB` (40 dB) under the loud level, or
- at most :data:`ABOVE_QUIET_DB` (6 dB) above the quiet level, as the noise of a room is, and more
  than :data:`SPEECH_RANGE_DB` (25 dB) under the loud level.

The level of a frame is that of its deviation from its mean, so that a DC offset is silence too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BELOW_LOUD_DB = 40.0
"""A vowel and the weakest fricatives of the same voice are 20 to 35 dB apart."""
ABOVE_QUIET_DB = 6.0
"""Levels of 25 ms of steady noise differ by 1 to 3 dB."""
SPEECH_RANGE_DB = 25.0
RANK = 10
"""Which of the loudest and of the quietest frames gives the loud and the quiet level."""
BLOCK_SECONDS = 0.005
FRAME_BLOCKS = 5
HOP_BLOCKS = 2
NO_POWER = 1e-13
"""Power of a frame, re full scale (−130 dB), up to which it is silent whatever the others are:
rounding errors of a constant."""


def frame_powers(samples: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Return the power of frames of 25 ms every 10 ms, re full scale, without their means.

    A signal shorter than a frame is one frame; samples after the last whole frame are in none.
    """
    length = max(1, round(BLOCK_SECONDS * rate))
    count = len(samples) // length
    if count < FRAME_BLOCKS:
        return np.array([samples.var(dtype=np.float64)])
    blocks = samples[: count * length].reshape(count, length)
    sums = blocks.sum(axis=1, dtype=np.float64)
    squares = np.einsum("ij,ij->i", blocks, blocks, dtype=np.float64)
    size = FRAME_BLOCKS * length
    mean = np.convolve(sums, np.ones(FRAME_BLOCKS), "valid")[::HOP_BLOCKS] / size
    square = np.convolve(squares, np.ones(FRAME_BLOCKS), "valid")[::HOP_BLOCKS] / size
    power: NDArray[np.float64] = np.maximum(square - mean**2, 0.0)
    return power


def active_frames(powers: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which frames are not silent, from :func:`frame_powers`."""
    rank = min(RANK, (len(powers) + 1) // 2)
    ordered = np.sort(powers)
    loud, quiet = ordered[-rank], ordered[rank - 1]
    room = min(quiet * _ratio(ABOVE_QUIET_DB), loud * _ratio(-SPEECH_RANGE_DB))
    threshold = max(loud * _ratio(-BELOW_LOUD_DB), room, NO_POWER)
    active: NDArray[np.bool_] = powers > threshold
    return active


def _ratio(decibels: float) -> float:
    return float(10 ** (decibels / 10))
