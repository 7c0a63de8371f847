"""Noise floor, bandwidth and fingerprint of a recording from one pass over its spectrum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from featser.audio import Signal

WINDOW_SECONDS = 0.064
HOP_SECONDS = 0.016
BANDS = 16
BAND_EDGES_HZ = (150.0, 3400.0)
RANGE_DB = 50.0
"""Codecs change band levels further below the loudest than this, so levels are clipped here."""
STEPS_PER_DB = 5.0
RUMBLE_HZ = 50.0
"""Lower frequencies do not count for the noise floor: an offset that varies with the voice would
raise the level of pauses."""
FLOOR_DB = -100.0
"""The level of 16-bit quantisation noise, to which quieter frames are raised."""
_QUANTISATION = (2 / 65536) ** 2 / 12
_ABOVE_QUANTISATION = 10.0
_FRAMES_AT_ONCE = 32
"""Few enough frames that all intermediate arrays fit into the processor's cache."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Sketch:
    """Measurements of the spectrum of a recording.

    Attributes
    ----------
    bands : ndarray of uint8, shape (n_frames, 16)
        The fingerprint: levels of 16 bands, evenly wide on the mel scale from 150 to 3400 Hz,
        every 16 ms, in steps of 0.2 dB; 0 is 50 dB below the loudest or less. It does not depend
        on gain or on the sampling rate.
    floor : float
        The noise floor: the 10th percentile of the frames' levels above 50 Hz, in dB re full
        scale.
    bandwidth : float
        The highest frequency, in Hz, at which the mean spectrum lies 10 dB above what 16-bit
        quantisation alone would give.
    """

    bands: NDArray[np.uint8]
    floor: float
    bandwidth: float


def sketch(signal: Signal) -> Sketch:
    """Compute a recording's fingerprint, noise floor and bandwidth.

    Parameters
    ----------
    signal : Signal
        Decoded at its own rate.

    Returns
    -------
    Sketch
        All from one short-time spectrum: 64 ms Hann windows every 16 ms.
    """
    import scipy.fft

    window, size, cuts = _plan(signal.rate)
    audible = round(RUMBLE_HZ * size / signal.rate)
    samples = signal.samples - np.float32(signal.samples.mean())
    if len(samples) < len(window):
        samples = np.pad(samples, (0, len(window) - len(samples)))
    hop = HOP_SECONDS * signal.rate
    starts = (np.arange(int((len(samples) - len(window)) / hop) + 1) * hop).astype(np.int64)
    frames = np.lib.stride_tricks.sliding_window_view(samples, len(window))
    total = np.zeros(size // 2 + 1)
    levels, bands = [], []
    for first in range(0, len(starts), _FRAMES_AT_ONCE):
        chosen = frames[starts[first : first + _FRAMES_AT_ONCE]]
        spectrum = scipy.fft.rfft(chosen * window, size, axis=1).view(np.float32)
        np.square(spectrum, out=spectrum)
        power = spectrum[:, ::2] + spectrum[:, 1::2]
        total += power.sum(axis=0)
        levels.append(power[:, audible:].sum(axis=1))
        if power.shape[1] < cuts[-1]:  # a sampling rate below 6800 Hz has no more frequencies
            power = np.pad(power, ((0, 0), (0, cuts[-1] - power.shape[1])))
        bands.append(np.add.reduceat(power[:, : cuts[-1]], cuts[:-1], axis=1))
    energy = float(np.square(window, dtype=np.float64).sum())
    mean_square = 2 * np.concatenate(levels).astype(np.float64) / (size * energy)
    quiet = float(np.percentile(mean_square, 10))
    loud = np.flatnonzero(total / len(starts) > _ABOVE_QUANTISATION * _QUANTISATION * energy)
    return Sketch(
        _quantised(np.concatenate(bands)),
        max(FLOOR_DB, 10 * float(np.log10(quiet + 1e-30))),
        float(loud[-1] * signal.rate / size) if len(loud) else 0.0,
    )


def _quantised(power: Floats) -> NDArray[np.uint8]:
    level = 10 * np.log10(power + np.float32(1e-20))
    above = np.clip(level - level.max() + RANGE_DB, 0, RANGE_DB)
    steps: NDArray[np.uint8] = np.round(above * STEPS_PER_DB).astype(np.uint8)
    return steps


@lru_cache(maxsize=16)
def _plan(rate: int) -> tuple[Floats, int, NDArray[np.int64]]:
    """Window, transform length, and the bins at which bands begin, with the end of the last."""
    import scipy.fft

    length = round(WINDOW_SECONDS * rate)
    size = int(scipy.fft.next_fast_len(length, real=True))
    window = np.hanning(length + 1)[:-1].astype(np.float32)
    low, high = (2595 * np.log10(1 + edge / 700) for edge in BAND_EDGES_HZ)
    edges = 700 * (10 ** (np.linspace(low, high, BANDS + 1) / 2595) - 1)
    return window, size, np.round(edges * size / rate).astype(np.int64)
