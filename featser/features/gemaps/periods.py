"""Jitter and shimmer of the voiced stretches, by matching each period with the next.

Reference: I. R. Titze and H. Liang, "Comparison of F0 extraction methods for high-precision voice
perturbation measurements", J. Speech Hear. Res. 36(6), 1993 (waveform matching).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.features.gemaps.compiled import compiled
from featser.features.gemaps.frames import HOP, RATE
from featser.features.spectrum import Floats

SEARCH = 0.1
MIN_CORRELATION = 0.5


@compiled
def _likeness(samples: Any, first: int, lag: int, length: int) -> float:
    """Correlation of a stretch of samples with that one ``lag`` later."""
    product = 0.0
    energy = 0.0
    later = 0.0
    for k in range(first, first + length):
        one = np.float64(samples[k])
        other = np.float64(samples[k + lag])
        product += one * other
        energy += one * one
        later += other * other
    return product / np.sqrt(energy * later) if energy * later > 0 else 0.0


@compiled
def _measure(samples: Any, hertz: Any, hop: int, rate: float, search: float, least: float) -> Any:
    frames = len(hertz)
    result = np.zeros((frames, 2))
    start = -1.0
    last_period = 0.0
    last_height = 0.0
    for t in range(frames):
        if hertz[t] <= 0:
            start = -1.0
            last_period = 0.0
            last_height = 0.0
            continue
        if start < 0:
            start = float(t * hop)
        expected = rate / hertz[t]
        shortest = int(expected * (1 - search))
        longest = int(expected * (1 + search)) + 1
        length = int(expected)
        likeness = np.zeros(longest - shortest + 3)
        total = 0.0
        periods = 0
        change = 0.0
        changes = 0
        decibels = 0.0
        while start + 2 * expected <= (t + 1) * hop:
            first = int(start + 0.5)
            if first + longest + 1 + length > len(samples):
                break
            best = 1
            for n in range(len(likeness)):
                likeness[n] = _likeness(samples, first, shortest - 1 + n, length)
                if 0 < n < len(likeness) - 1 and likeness[n] > likeness[best]:
                    best = n
            if likeness[best] < least:
                start += expected
                continue
            period = float(shortest - 1 + best)
            before, here, after = likeness[best - 1], likeness[best], likeness[best + 1]
            bend = before - 2 * here + after
            if bend < 0 and here >= before and here >= after:
                period += 0.5 * (before - after) / bend
            low = samples[first]
            high = samples[first]
            for k in range(first, first + int(period)):
                low = min(low, samples[k])
                high = max(high, samples[k])
            height = np.float64(high) - np.float64(low)
            if last_period > 0:
                change += abs(period - last_period)
                decibels += abs(20 * np.log10(height / last_height))
                changes += 1
            total += period
            periods += 1
            last_period = period
            last_height = height
            start += period
        if changes > 0:
            result[t, 0] = change / changes / (total / periods)
            result[t, 1] = decibels / changes
        elif periods == 0 and t > 0:
            result[t] = result[t - 1]
    return result


def jitter_and_shimmer(samples: Floats, hertz: NDArray[np.float64]) -> tuple[Floats, Floats]:
    """Local jitter and shimmer of the periods that end in each frame's 10 ms.

    From where voicing begins, each period is as long as the lag, within 10 % of the pitch's, at
    which the signal is most like itself, refined by a parabola; a stretch less alike than 0.5 is
    passed over. A frame in which no period ends keeps the values of the frame before.

    Parameters
    ----------
    samples : ndarray, shape (n,)
        The signal at 16 kHz.
    hertz : ndarray, shape (frames,)
        Fundamental frequency; 0 where unvoiced.

    Returns
    -------
    jitter : ndarray, shape (frames,)
        Mean absolute difference of successive periods over their mean length; 0 where unvoiced or
        before the second period.
    shimmer : ndarray, shape (frames,)
        Mean absolute ratio of successive peak-to-peak amplitudes, in dB; 0 likewise.
    """
    values = _measure(samples, hertz, HOP, float(RATE), SEARCH, MIN_CORRELATION)
    values = values.astype(np.float32)
    return values[:, 0], values[:, 1]
