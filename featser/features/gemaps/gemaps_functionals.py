"""From contours to the 88 values of an utterance.

Reference: F. Eyben et al., "The Geneva Minimalistic Acoustic Parameter Set", IEEE Trans.
Affective Computing 7(2), 2016, section 3.2, and the parameters of the published configuration.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.features.gemaps.gemaps_descriptors import FRAME_RATE, Contours
from featser.features.gemaps.names import VOICE
from featser.features.lowlevel.blocks import by_columns, row_groups
from featser.features.lowlevel.compiled import compiled
from featser.features.lowlevel.frame_settings import Floats
from featser.features.lowlevel.functionals import quantile_of_sorted

PERCENTILES = (20, 50, 80)
PEAK_THRESHOLD = 0.1
"""Of the contour's range: how far it must rise to a peak and fall from it."""

_MIN_FRAMES = 3

Doubles = NDArray[np.float64]


def smoothed(contour: Floats) -> Floats:
    """Average over three frames; beyond either end the last value goes on."""
    return by_columns(_smoothed, contour)


def _smoothed(contour: Floats) -> Floats:
    padded = np.concatenate((contour[:1], contour, contour[-1:]))
    return np.asarray((padded[:-2] + padded[1:-1] + padded[2:]) / np.float32(3))


def smoothed_where_present(contour: Floats) -> Floats:
    """Average over those of three frames that are not 0; 0 stays 0."""
    return by_columns(_smoothed_where_present, contour)


def _smoothed_where_present(contour: Floats) -> Floats:
    padded = np.concatenate((contour[:1], contour, contour[-1:]))
    present = padded != 0
    count = present[:-2].astype(np.float32) + present[1:-1] + present[2:]
    total = padded[:-2] + padded[1:-1] + padded[2:]
    return np.asarray(np.where(present[1:-1], total / np.maximum(count, 1), 0), np.float32)


def mean_and_variation(values: Floats, frames: int) -> tuple[Doubles, Doubles]:
    """Mean and coefficient of variation (deviation over mean) of each column's non-zero values.

    Parameters
    ----------
    values : ndarray, shape (n, columns)
        Descriptors, 0 where they are not defined.
    frames : int
        How many frames are of the kind described. If none is, all is NaN.

    Returns
    -------
    two ndarrays of float64, shape (columns,)
        The mean is 0 for a column of zeros (such as the jitter of a machine), and the variation
        NaN where the mean is 0.
    """
    parts = [
        _mean_and_variation(values[:, columns], frames)
        for columns in row_groups(values.shape[::-1])
    ]
    mean, variation = np.concatenate(parts, axis=1)
    return mean, variation


def _mean_and_variation(values: Floats, frames: int) -> tuple[Doubles, Doubles]:
    present = values != 0
    divisor = np.maximum(present.sum(axis=0), 1)
    mean = values.sum(axis=0, dtype=np.float64) / divisor
    apart = np.where(present, values - mean, 0.0)
    deviation = np.sqrt(np.einsum("tk,tk->k", apart, apart) / divisor)
    if frames == 0:
        mean[:] = np.nan
    defined = (mean != 0) & np.isfinite(mean)
    return mean, np.divide(deviation, mean, out=np.full(len(mean), np.nan), where=defined)


@compiled
def _turning_points(values: Any, least: float) -> Any:
    at = np.zeros(len(values), np.int64)
    peaks = np.zeros(len(values), np.bool_)
    n_points = 0
    for index in range(2, len(values) - 1):
        before, here, after = values[index - 1], values[index], values[index + 1]
        peak = here > before and here > after
        if not peak and not (here < before and here < after):
            continue
        change = here - values[at[n_points - 1]] if n_points > 0 else 0.0
        if n_points > 0 and peaks[n_points - 1] == peak:
            if (change > 0) == peak and change != 0:
                at[n_points - 1] = index
        elif n_points == 0 or abs(change) >= least:
            at[n_points] = index
            peaks[n_points] = peak
            n_points += 1
    return at[:n_points], peaks[:n_points]


def turning_points(contour: Floats) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Frames of the contour's peaks and valleys, in turns, and which of them are peaks.

    A peak is higher than both its neighbours, a valley lower. One that differs from the turning
    point before it by less than a tenth of the contour's range is passed over; of two peaks (or
    valleys) in a row the higher (lower) stays.
    """
    values = contour.astype(np.float64)
    points: tuple[NDArray[np.int64], NDArray[np.bool_]]
    points = _turning_points(values, PEAK_THRESHOLD * np.ptp(values))
    return points


def contour_statistics(contour: Floats) -> Doubles:
    """Mean, variation, percentiles and range, and slopes of a contour: ten values.

    Parameters
    ----------
    contour : ndarray, shape (frames,)
        Of the frames to be counted.

    Returns
    -------
    ndarray of float64, shape (10,)
        In the order of the names; all NaN for an empty contour; slopes in units a second.
    """
    if len(contour) == 0:
        return np.full(10, np.nan)
    values = contour.astype(np.float64)
    mean = values.mean()
    percentiles = _percentiles(values)
    variation = values.std() / mean if mean != 0 else np.nan
    spread = percentiles[2] - percentiles[0]
    return np.array([mean, variation, *percentiles, spread, *_slopes(contour)])


def _percentiles(values: Doubles) -> Doubles:
    ordered = np.sort(values)
    return np.array([quantile_of_sorted(ordered, percent / 100) for percent in PERCENTILES])


def _slopes(contour: Floats) -> tuple[float, float, float, float]:
    """Mean and deviation of the rises' slopes, and of the falls', in units a second.

    Rises and falls lead from one turning point to the next, the first from the contour's start,
    the last to its end. As in the reference implementation falls count positive except the last
    one to the end, whose sign stays; the deviation leaves out the part to the end but divides by
    all; and a contour without turning points has its mean slope in units a frame.
    """
    values = contour.astype(np.float64)
    at, peaks = turning_points(contour)
    if len(at) == 0:
        slope = (values[-1] - values[0]) / len(values)
        return (slope, 0.0, 0.0, 0.0) if slope > 0 else (0.0, 0.0, slope, 0.0)
    at = np.concatenate(([0], at, [len(values) - 1]))
    rising = np.concatenate((peaks, [not peaks[-1]]))
    steps = np.diff(values[at]) / np.diff(at) * FRAME_RATE
    steps[:-1] = np.abs(steps[:-1])
    return _slope_statistics(steps, rising) + _slope_statistics(steps, ~rising)


def _slope_statistics(steps: Doubles, chosen: NDArray[np.bool_]) -> tuple[float, float]:
    if not chosen.any():
        return 0.0, 0.0
    mean = steps[chosen].mean()
    apart = steps[:-1][chosen[:-1]] - mean
    return float(mean), float(np.sqrt(apart @ apart / chosen.sum()))


def _mean_and_deviation(values: Doubles) -> tuple[float, float]:
    return (float(values.mean()), float(values.std())) if len(values) else (0.0, 0.0)


def segment_lengths(voiced: NDArray[np.bool_]) -> tuple[Doubles, Doubles]:
    """Lengths in seconds of the voiced segments, and of the unvoiced.

    A single frame of the other kind does not end a segment, and one of two frames is not counted.
    A segment is as long as the time from its first frame to its last; the one at the end is a
    frame shorter.
    """
    lengths = np.diff(_edges(voiced))
    alone = np.repeat(lengths == 1, lengths)
    alone[[0, -1]] = False
    merged = voiced ^ alone
    edges = _edges(merged)
    lengths = np.diff(edges)
    counted = lengths >= _MIN_FRAMES
    seconds = lengths - 1.0
    seconds[-1] -= 1
    seconds /= FRAME_RATE
    of_voice = merged[edges[:-1]]
    return seconds[counted & of_voice], seconds[counted & ~of_voice]


def _edges(voiced: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Where segments begin, and the end."""
    return np.concatenate(([0], np.flatnonzero(np.diff(voiced)) + 1, [len(voiced)]))


def rhythm(loud: Floats, voiced: NDArray[np.bool_]) -> Doubles:
    """Loudness peaks and voiced segments a second, and lengths of (un)voiced segments.

    Parameters
    ----------
    loud : ndarray, shape (short frames,)
        Smoothed loudness.
    voiced : ndarray of bool, shape (long frames,)
        Where there is a fundamental frequency.

    Returns
    -------
    ndarray of float64, shape (6,)
        1/s, 1/s, and seconds; lengths are 0 where there is no such segment.
    """
    _, peaks = turning_points(loud)
    of_voice, of_silence = segment_lengths(voiced)
    seconds = max(len(voiced) - 1, 1) / FRAME_RATE
    return np.array(
        [
            peaks.sum() * FRAME_RATE / len(loud),
            len(of_voice) / seconds,
            *_mean_and_deviation(of_voice),
            *_mean_and_deviation(of_silence),
        ]
    )


def functionals(contours: Contours) -> Floats:
    """Compute the 88 values of an utterance.

    Parameters
    ----------
    contours : Contours
        Its descriptors.

    Returns
    -------
    ndarray of float32, shape (88,)
        In the order of ``names.FUNCTIONALS``; NaN where no frame has the value: without voice,
        all that is said of the voice.
    """
    spectral = smoothed(contours.spectral)
    voiced = contours.voiced[:, None]
    with_voice = np.where(voiced, contours.voice, 0)
    levels = [VOICE.index(f"F{n}amplitudeLogRelF0") for n in (1, 2, 3)]
    with_voice[:, levels] = contours.voice[:, levels]
    voice = smoothed_where_present(with_voice)
    during = contours.spectral[: len(voiced)]
    of_voice = smoothed_where_present(np.where(voiced, during, 0)[:, 1:])
    of_rest = smoothed_where_present(np.where(voiced, 0, during)[:, 1:6])
    pitch = voice[:, 0]
    count = int(contours.voiced.sum())
    everywhere = spectral[:, 5:].astype(np.float64)
    means = everywhere.mean(axis=0)
    spread = np.divide(
        everywhere.std(axis=0), means, out=np.full(len(means), np.nan), where=means != 0
    )
    level = 10 * np.log10(contours.energy) if contours.energy > 0 else np.nan
    return np.concatenate(
        (
            contour_statistics(pitch[pitch != 0]),
            contour_statistics(spectral[:, 0]),
            _in_turns(means, spread),
            _in_turns(*mean_and_variation(voice[:, 1:], count)),
            _in_turns(*mean_and_variation(of_voice, count)),
            mean_and_variation(of_rest, len(voiced) - count)[0],
            rhythm(spectral[:, 0], contours.voiced),
            [level],
        )
    ).astype(np.float32)


def _in_turns(means: Doubles, variations: Doubles) -> Doubles:
    return np.stack([means, variations], axis=1).ravel()
