"""Pitch candidates of the 60 ms frames by subharmonic summation.

Reference: D. J. Hermes, "Measurement of pitch by subharmonic summation", J. Acoust. Soc. Am.
83(1), 1988: peaks of the magnitude spectrum are kept, smoothed, laid on a logarithmic frequency
axis, weighted by the ear's sensitivity, and added to themselves shifted by 1 to 15 harmonics.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.features.gemaps.framing import LONG_FFT, RATE
from featser.features.lowlevel.compiled import compiled
from featser.features.lowlevel.frame_settings import Floats

POINTS = 1 + LONG_FFT // 2
LOWEST_HZ = 25.0
OCTAVES = float(np.log2(RATE / 2 / LOWEST_HZ))
HARMONICS = 15
COMPRESSION = 0.85
CANDIDATES = 6
MIN_HZ = 55.0
MAX_HZ = 1000.0

# The weight's corner lies at 31.8 Hz: between its neighbours it rises by 3 an octave, in arctan.
_CORNER_HZ = 31.777

_REACH = 10


@lru_cache(maxsize=1)
def _axis() -> tuple[NDArray[np.int64], Floats]:
    """For each point of the logarithmic axis: the bin to its left, and four spline weights.

    The weights multiply the values of the two bins beside it and the second derivatives there;
    the ear's sensitivity is in them.
    """
    bins = LOWEST_HZ * 2 ** (np.arange(POINTS) / (POINTS - 1) * OCTAVES) / (RATE / LONG_FFT)
    left = np.minimum(bins.astype(np.int64), POINTS - 2)
    right_part = bins - left
    left_part = 1 - right_part
    cubic = [(part**3 - part) / 6 for part in (left_part, right_part)]
    octaves = np.arange(POINTS) * OCTAVES / POINTS + np.log2(LOWEST_HZ / _CORNER_HZ)
    ear = 0.5 + np.arctan(3 * octaves) / np.pi
    weights = np.stack([left_part, right_part, *cubic], axis=1) * ear[:, None]
    return left, weights.astype(np.float32)


@lru_cache(maxsize=1)
def _bending() -> Floats:
    """How far a spline's second derivative at one knot follows the data's at its neighbours.

    The inverse of the tridiagonal system (1, 4, 1) falls by 2 − √3 a knot; ten knots suffice for
    single precision, and a sum over them is faster than elimination, which has to wait for itself.
    """
    distance = np.arange(_REACH + 1)
    return np.asarray(6 * (np.sqrt(3) - 2) ** distance / np.sqrt(12), np.float32)


@lru_cache(maxsize=1)
def _shifts() -> tuple[NDArray[np.int64], Floats]:
    order = np.arange(1, HARMONICS + 1)
    shifts = np.floor(POINTS / OCTAVES * np.log2(order)).astype(np.int64)
    return shifts, (COMPRESSION ** (order - 1) / HARMONICS).astype(np.float32)


@compiled
def _add(target: Any, source: Any, factor: Any) -> None:
    # A loop of its own over whole arrays is one that the compiler turns into vector instructions.
    for i in range(len(target)):
        target[i] += factor * source[i]


@compiled
def _enhance(values: Any, peak: Any, peak_values: Any, smooth: Any) -> None:
    """Keep the peaks of a spectrum, two bins to either side of each, and smooth them.

    ``peak`` is 1 at peaks, with two zeros before the first bin and after the last: arithmetic
    instead of branches, which a spectrum's noise would make unpredictable.
    """
    inner = len(values) - 2
    before, here, after = values[:inner], values[1 : inner + 1], values[2:]
    flags = peak[3 : inner + 3]
    for k in range(inner):
        flags[k] = np.float32(here[k] > before[k]) * np.float32(here[k] > after[k])
    one, two, three, four, five = peak, peak[1:], peak[2:], peak[3:], peak[4:]
    for k in range(len(values)):
        near = one[k] + two[k] + three[k] + four[k] + five[k]
        peak_values[k] = values[k] * min(near, np.float32(1))
    smooth[:] = np.float32(0.5) * peak_values
    _add(smooth[1:], peak_values[: inner + 1], np.float32(0.25))
    _add(smooth[: inner + 1], peak_values[1:], np.float32(0.25))
    smooth[0] = peak_values[0]
    smooth[inner + 1] = peak_values[inner + 1]


@compiled
def _sums(
    magnitude: Any,
    silent: Any,
    left: Any,
    weights: Any,
    bending: Any,
    shifts: Any,
    compression: Any,
    result: Any,
) -> Any:
    frames, points = magnitude.shape
    result[:] = 0
    peak = np.zeros(points + 4, np.float32)
    peak_values = np.zeros(points, np.float32)
    smooth = np.zeros(points, np.float32)
    second = np.zeros(points, np.float32)
    reach = len(bending) - 1
    bend = np.zeros(points + 2 * reach, np.float32)
    on_axis = np.zeros(points, np.float32)
    for t in range(frames):
        if silent[t]:
            continue
        _enhance(magnitude[t], peak, peak_values, smooth)
        for k in range(1, points - 1):
            bend[reach + k] = smooth[k - 1] + smooth[k + 1] - smooth[k] - smooth[k]
        second[:] = 0
        for m in range(-reach, reach + 1):
            _add(second, bend[reach + m : reach + m + points], bending[abs(m)])
        for i in range(points):
            k = left[i]
            value = weights[i, 0] * smooth[k] + weights[i, 1] * smooth[k + 1]
            value += weights[i, 2] * second[k] + weights[i, 3] * second[k + 1]
            on_axis[i] = max(value, np.float32(0))
        for n in range(len(shifts)):
            _add(result[t, : points - shifts[n]], on_axis[shifts[n] :], compression[n])
    return result


def subharmonic_sums(
    magnitude: Floats, silent: NDArray[np.bool_], out: Floats | None = None
) -> Floats:
    """Sum of 15 compressed harmonics for each of 513 fundamental frequencies.

    Parameters
    ----------
    magnitude : ndarray, shape (frames, 513)
        Of the 60 ms frames' spectrum.
    silent : ndarray of bool, shape (frames,)
        Frames to leave out; their sums are 0.
    out : ndarray, shape (frames, 513), optional
        Where to write.

    Returns
    -------
    ndarray, shape (frames, 513)
        For the fundamentals 25 · 2^(i / 512 · log2(320)) Hz; 0 or more.
    """
    result = np.empty_like(magnitude) if out is None else out
    return np.asarray(_sums(magnitude, silent, *_axis(), _bending(), *_shifts(), result))


@compiled
def _peaks(
    sums: Any, means: Any, count: int, lowest: float, octaves: float, low: float, high: float
) -> Any:
    frames, points = sums.shape
    hertz = np.zeros((frames, count))
    voicing = np.zeros((frames, count))
    where = np.zeros(count, np.int64)
    top = np.zeros(points, np.bool_)
    for t in range(frames):
        values = sums[t]
        mean = np.float64(means[t])
        if mean == 0:
            continue
        inner = points - 2
        before, here, after = values[:inner], values[1 : inner + 1], values[2:]
        for i in range(inner):
            top[i] = (here[i] > before[i]) & (here[i] >= after[i])
        n_peaks = 0
        for i in range(1, points - 1):
            if not top[i - 1]:
                continue
            if n_peaks == count and values[i] <= values[where[count - 1]]:
                continue
            at = min(n_peaks, count - 1)
            while at > 0 and values[where[at - 1]] < values[i]:
                where[at] = where[at - 1]
                at -= 1
            where[at] = i
            n_peaks = min(n_peaks + 1, count)
        n_valid = 0
        best = 0
        for n in range(n_peaks):
            i = where[n]
            before = np.float64(values[i - 1])
            peak = np.float64(values[i])
            after = np.float64(values[i + 1])
            offset = 0.5 * (before - after) / (before - 2 * peak + after)
            frequency = lowest * 2.0 ** ((i + offset) / (points - 1) * octaves)
            if frequency < low or frequency > high:
                continue
            score = peak - 0.25 * (before - after) * offset
            hertz[t, n_valid] = frequency
            voicing[t, n_valid] = max(1 - mean / score, 0.0)
            if voicing[t, n_valid] > voicing[t, best]:
                best = n_valid
            n_valid += 1
        if best > 0:
            hertz[t, 0], hertz[t, best] = hertz[t, best], hertz[t, 0]
            voicing[t, 0], voicing[t, best] = voicing[t, best], voicing[t, 0]
    return hertz, voicing


def pitch_candidates(sums: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequency and voicing probability of each frame's six highest sums, 55–1000 Hz.

    Parameters
    ----------
    sums : ndarray, shape (frames, 513)
        From :func:`subharmonic_sums`.

    Returns
    -------
    hertz : ndarray, shape (frames, 6)
        Refined by a parabola through the peak; the first is the most probable; 0 for none.
    voicing : ndarray, shape (frames, 6)
        One minus the mean sum over the peak's, 0 to 1.
    """
    return _peaks(sums, sums.mean(axis=1), CANDIDATES, LOWEST_HZ, OCTAVES, MIN_HZ, MAX_HZ)  # type: ignore[no-any-return]
