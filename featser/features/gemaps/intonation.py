"""The course of the fundamental frequency: statistics of one contour in semitones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featser.features.gemaps.framing import HOP, RATE
from featser.features.lowlevel.functionals import regression_slope

Doubles = NDArray[np.float64]
Table = dict[str, float]

MIN_FRAMES = 5
"""The least number of voiced frames that have a course."""

FRAME_RATE = RATE / HOP
POINTS = 64
N_LEGENDRE = 4
N_DCT = 7
_QUANTILES = {"p05": 0.05, "p10": 0.1, "q25": 0.25, "q75": 0.75, "p90": 0.9, "p95": 0.95}

NAMES = (
    *("median", *_QUANTILES, "range_90", "range_80", "range_50", "std", "skewness", "kurtosis"),
    *("slope", "slope_first", "slope_last", "mean_first", "mean_last"),
    *(f"legendre_{degree}" for degree in range(1, N_LEGENDRE + 1)),
    *(f"dct_{index}" for index in range(1, N_DCT + 1)),
    *("rise_rate", "fall_rate", "rise_mean", "fall_mean", "rise_max", "fall_max"),
    *("step_mean", "step_median", "step_rising", "time_of_max", "time_of_min"),
)


def intonation(semitones: Doubles, voiced: NDArray[np.bool_]) -> Table:
    """Describe the course of the fundamental frequency.

    All is relative to the utterance's median, but for the median. ``p05`` … ``p95`` are quantiles
    of the voiced frames, ``range_90`` and so on the distance of those that enclose so many per
    cent; ``slope`` is that of the least-squares line over time, ``slope_first`` and
    ``slope_last`` over the first and last third of the time from the first voiced frame to the
    last, ``mean_first`` and ``mean_last`` the means there.

    The rest is of the contour interpolated over unvoiced gaps at 64 points: ``legendre_1`` (half
    of the whole rise) to ``legendre_4``, coefficients of the Legendre series fitted on [−1, 1];
    ``dct_1`` to ``dct_7``, of the orthonormal DCT-II over its 64 points, divided by 8; rises and
    falls between its turning points (changes of a tenth of its range or more): number a second,
    mean and greatest size; and where it is highest and lowest, 0 to 1. ``step_…`` are changes
    between neighbouring voiced frames: mean and median absolute one a second, and the share that
    rises.

    After E. Grabe, G. Kochanski and J. Coleman, "Connecting intonation labels to mathematical
    descriptions of fundamental frequency", Lang. Speech 50(3), 2007 (polynomials); and
    A. Batliner et al., "The automatic recognition of emotions in speech", 2011 (statistics).

    Parameters
    ----------
    semitones : ndarray, shape (n,)
        Of the voiced frames.
    voiced : ndarray of bool, shape (frames,)
        Which frames they are, n of them.

    Returns
    -------
    dict of str to float
        :data:`NAMES` in any order, in semitones, seconds and ratios. All NaN for fewer than five
        voiced frames; a third with fewer than four has no slope, one without any no mean; a
        constant has no skewness and kurtosis.
    """
    if len(semitones) < MIN_FRAMES:
        return dict.fromkeys(NAMES, np.nan)
    time = np.flatnonzero(voiced) / FRAME_RATE
    median = float(np.median(semitones))
    values = semitones - median
    return (
        {"median": median}
        | _distribution(values)
        | _trend(values, time)
        | _course(values, time)
        | _steps(values, time)
    )


def _distribution(values: Doubles) -> Table:
    low5, low10, low25, high75, high90, high95 = np.quantile(values, list(_QUANTILES.values()))
    table = dict(zip(_QUANTILES, (low5, low10, low25, high75, high90, high95), strict=True))
    table |= {"range_90": high95 - low5, "range_80": high90 - low10, "range_50": high75 - low25}
    std = values.std()
    scaled = (values - values.mean()) / std if np.ptp(values) > 0 else np.full(1, np.nan)
    return table | {
        "std": std,
        "skewness": np.mean(scaled**3),
        "kurtosis": np.mean(scaled**4) - 3,
    }


def _trend(values: Doubles, time: Doubles) -> Table:
    third = (time[-1] - time[0]) / 3
    first, last = time < time[0] + third, time > time[-1] - third
    return {
        "slope": slope(values, time),
        "slope_first": slope(values[first], time[first]),
        "slope_last": slope(values[last], time[last]),
        "mean_first": values[first].mean() if first.any() else np.nan,
        "mean_last": values[last].mean() if last.any() else np.nan,
    }


def slope(values: Doubles, time: Doubles) -> float:
    """Slope of the least-squares line; NaN for fewer than four values."""
    if len(values) < MIN_FRAMES - 1:
        return np.nan
    return float(regression_slope(values, time - time.mean()))


def _course(values: Doubles, time: Doubles) -> Table:
    from numpy.polynomial import legendre
    from scipy.fft import dct

    from featser.features.gemaps.gemaps_functionals import turning_points

    seconds = time[-1] - time[0]
    course = np.interp(np.linspace(time[0], time[-1], POINTS), time, values)
    series = legendre.legfit(np.linspace(-1, 1, POINTS), course, N_LEGENDRE)
    cosines = dct(course, norm="ortho")[1 : N_DCT + 1] / np.sqrt(POINTS)
    table = {f"legendre_{degree}": series[degree] for degree in range(1, N_LEGENDRE + 1)}
    table |= {f"dct_{index}": value for index, value in enumerate(cosines, start=1)}
    at, _ = turning_points(course.astype(np.float32))
    moves = np.diff(course[np.concatenate(([0], at, [POINTS - 1]))])
    for name, sizes in (("rise", moves[moves > 0]), ("fall", -moves[moves < 0])):
        table[f"{name}_rate"] = len(sizes) / seconds
        table[f"{name}_mean"] = sizes.mean() if len(sizes) else 0.0
        table[f"{name}_max"] = sizes.max() if len(sizes) else 0.0
    table["time_of_max"] = np.argmax(course) / (POINTS - 1)
    table["time_of_min"] = np.argmin(course) / (POINTS - 1)
    return table


def _steps(values: Doubles, time: Doubles) -> Table:
    neighbours = np.diff(time) < 1.5 / FRAME_RATE
    steps = np.diff(values)[neighbours] * FRAME_RATE
    if len(steps) == 0:
        return dict.fromkeys(("step_mean", "step_median", "step_rising"), np.nan)
    size = np.abs(steps)
    return {
        "step_mean": size.mean(),
        "step_median": float(np.median(size)),
        "step_rising": float(np.mean(steps > 0)),
    }
