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

from featser.io.disk_arrays import slices

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
_AT_A_TIME = 12_000
Powers = NDArray[np.float64]
NO_POWER = 1e-13
"""Power of a frame, re full scale (−130 dB), up to which it is silent whatever the others are:
rounding errors of a constant."""


def frame_powers(samples: NDArray[np.float32], rate: int) -> Powers:
    """Return the power of frames of 25 ms every 10 ms, re full scale, without their means.

    A signal shorter than a frame is one frame; samples after the last whole frame are in none.
    """
    length = block_length(rate)
    count = len(samples) // length
    if count < FRAME_BLOCKS:
        return np.array([samples.var(dtype=np.float64)])
    sums, squares = np.empty(count), np.empty(count)
    for part in slices(count, _AT_A_TIME):
        blocks = samples[part.start * length : part.stop * length]
        sums[part], squares[part] = block_sums(blocks, length)
    return powers_of_sums(sums, squares, length)


def block_length(rate: int) -> int:
    """Return the number of samples in a block of 5 ms."""
    return max(1, round(BLOCK_SECONDS * rate))


def block_sums(samples: NDArray[np.float32], length: int) -> tuple[Powers, Powers]:
    """Return the sums of the samples, and of their squares, of each whole block."""
    count = len(samples) // length
    blocks = samples[: count * length].reshape(count, length)
    sums = blocks.sum(axis=1, dtype=np.float64)
    return sums, np.einsum("ij,ij->i", blocks, blocks, dtype=np.float64)


def powers_of_sums(sums: Powers, squares: Powers, length: int) -> Powers:
    """Return :func:`frame_powers` from the :func:`block_sums` of five blocks or more."""
    size = FRAME_BLOCKS * length
    mean = np.convolve(sums, np.ones(FRAME_BLOCKS), "valid")[::HOP_BLOCKS] / size
    square = np.convolve(squares, np.ones(FRAME_BLOCKS), "valid")[::HOP_BLOCKS] / size
    power: Powers = np.maximum(square - mean**2, 0.0)
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
