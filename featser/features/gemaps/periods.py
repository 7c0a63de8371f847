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
def _height(samples: Any, first: int, length: int) -> float:
    """Peak-to-peak amplitude of a stretch of samples."""
    low = samples[first]
    high = samples[first]
    for k in range(first, first + length):
        low = min(low, samples[k])
        high = max(high, samples[k])
    return np.float64(high) - np.float64(low)


@compiled
def _match(samples: Any, first: int, expected: float, search: float) -> Any:
    """Lag at which the signal is most like itself, and how like; lag 0 where it ends before."""
    shortest = int(expected * (1 - search)) - 1
    longest = int(expected * (1 + search)) + 2
    length = int(expected)
    if first < 0 or first + longest + length > len(samples):
        return 0.0, 0.0
    likeness = np.zeros(longest - shortest + 1)
    for n in range(len(likeness)):
        likeness[n] = _likeness(samples, first, shortest + n, length)
    best = 1 + np.argmax(likeness[1:-1])
    before, here, after = likeness[best - 1], likeness[best], likeness[best + 1]
    bend = before - 2 * here + after
    refined = bend < 0 and here >= before and here >= after
    offset = 0.5 * (before - after) / bend if refined else 0.0
    return shortest + best + offset, here


@compiled
def _measure(samples: Any, hertz: Any, hop: int, rate: float, search: float, least: float) -> Any:
    result = np.zeros((len(hertz), 2))
    last = 0.0
    start = 0.0
    for t in range(len(hertz)):
        if hertz[t] <= 0:
            last = 0.0
            continue
        expected = rate / hertz[t]
        end = (t + 1) * hop
        if t == 0 or hertz[t - 1] <= 0:
            start = max(end - 2 * expected, 0.0)
        total, change, decibels = 0.0, 0.0, 0.0
        periods, changes = 0, 0
        while start + 2 * expected <= end:
            first = int(start + 0.5)
            period, like = _match(samples, first, expected, search)
            if like < least:
                start += expected
                continue
            length = int(np.rint(period))
            one = _height(samples, first, length)
            other = _height(samples, first + length, length)
            decibels += abs(20 * np.log10(one / other)) if one > 0 and other > 0 else 0.0
            if last > 0:
                change += abs(period - last)
                changes += 1
            total += period
            periods += 1
            last = period
            start += period
        if periods > 0:
            result[t, 0] = change / changes / (total / periods) if changes > 0 else 0.0
            result[t, 1] = decibels / periods
        elif t > 0:
            result[t] = result[t - 1]
    return result


def jitter_and_shimmer(samples: Floats, hertz: NDArray[np.float64]) -> tuple[Floats, Floats]:
    """Local jitter and shimmer of the periods that end in each frame's 10 ms.

    From two periods before the end of the first voiced frame on, each period is as long as the
    lag, within 10 % of the pitch's, at which the signal is most like itself, refined by a
    parabola; a stretch less alike than 0.5 is passed over. A frame in which no period ends keeps
    the values of the frame before.

    Of synthetic voices of 100–260 Hz shimmer comes out within 1 %, jitter within 15 % up to 180 Hz
    and 40 % too low at 260 Hz, where one period's ringing fills the next.

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
        Mean absolute ratio of successive peak-to-peak amplitudes, in dB; 0 where unvoiced.
    """
    values = _measure(samples, hertz, HOP, float(RATE), SEARCH, MIN_CORRELATION)
    values = values.astype(np.float32)
    return values[:, 0], values[:, 1]
