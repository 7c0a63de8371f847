"""Resampling, and operations on all samples of long signals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from featser.io.disk_arrays import DiskWriter, slices

BLOCK_SAMPLES = 1 << 20

Samples = NDArray[np.float32]


def resample(samples: Samples, rate: int, new_rate: int) -> Samples:
    """Resample by soxr's HQ filter, with the bits of a resampling of the whole.

    Parameters
    ----------
    samples : ndarray of float32, shape (n,)
    rate, new_rate : int
        Samples per second, before and after.

    Returns
    -------
    ndarray of float32
        On the disk.

    Examples
    --------
    >>> len(resample(np.zeros(48_000, np.float32), 48_000, 16_000))
    16000
    """
    import soxr

    stream = soxr.ResampleStream(rate, new_rate, 1, dtype="float32", quality="HQ")
    with DiskWriter() as writer:
        for part in slices(len(samples), BLOCK_SAMPLES):
            writer.write(stream.resample_chunk(samples[part], last=part.stop == len(samples)))
        return writer.finished()


def scaled(samples: Samples, gain: float) -> Samples:
    """Return samples times a gain, on the disk."""
    with DiskWriter() as writer:
        for part in parts_of(samples):
            writer.write(part * np.float32(gain))
        return writer.finished()


def extremes(samples: Samples) -> tuple[float, float]:
    """Return the greatest and the least sample."""
    high, low = -np.inf, np.inf
    for part in parts_of(samples):
        high, low = max(high, float(part.max())), min(low, float(part.min()))
    return high, low


def parts_of(samples: Samples) -> Iterator[Samples]:
    """Yield the samples, a million at a time."""
    return (samples[part] for part in slices(len(samples), BLOCK_SAMPLES))
