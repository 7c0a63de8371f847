"""The energy envelope of an utterance, and statistics of its course."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featser.audio import RATE
from featser.features.lowlevel.blocks import by_rows
from featser.features.lowlevel.frame_settings import Floats
from featser.features.lowlevel.functionals import regression_slope

Doubles = NDArray[np.float64]
Table = dict[str, float]

STEP = 80
"""Samples of one value of the envelope: 5 ms."""

ENVELOPE_RATE = RATE / STEP

SOUNDING_DB = 25.0
"""How far below the level that 5 % of the values exceed sound may lie."""

MIN_PAUSE = 0.05
BEATS_HZ = (2.0, 8.0)
BANDS_HZ = ((0.5, 2), (2, 4), (4, 6), (6, 8), (8, 12), (12, 16), (16, 24), (24, 40), (40, 80))

_FLOOR_DB = 80.0
_LEAST_HEIGHT = 0.25
_CENTROID_HZ = (0.5, 32.0)
_PARTS = 5

# Deviation of an envelope of 0 to 1 below which there is only rounding.
_CONSTANT = 1e-9
_SMOOTHING = 5


@dataclass(frozen=True)
class Envelope:
    """The envelope of a signal that is not silent.

    Attributes
    ----------
    rms : ndarray, shape (n,)
        Root mean square of each 5 ms, over the greatest of them.
    level : ndarray, shape (n,)
        The same in dB, −80 at least.
    sounding : ndarray of bool, shape (n,)
        At most 25 dB below the level that 5 % of the values exceed.
    first, last : int
        The first value that sounds, and the one after the last.
    """

    rms: Doubles
    level: Doubles
    sounding: NDArray[np.bool_]
    first: int
    last: int

    @property
    def sounding_seconds(self) -> float:
        """From the first sound to the last, pauses between them included."""
        return (self.last - self.first) / ENVELOPE_RATE

    @property
    def compressed(self) -> Doubles:
        """The cube root of the envelope: about how loud it is."""
        return np.cbrt(self.rms)


def envelope_of(samples: Floats) -> Envelope | None:
    """Return the envelope of a signal at 16 kHz; None if every sample is 0.

    What is left at the end, less than 5 ms, is not counted.
    """
    steps = samples[: len(samples) // STEP * STEP].reshape(-1, STEP)
    rms = by_rows(_root_mean_square, steps)
    if not rms.any():
        return None
    rms /= rms.max()
    level = 20 * np.log10(np.maximum(rms, 10 ** (-_FLOOR_DB / 20)))
    sounding = level >= np.quantile(level, 0.95) - SOUNDING_DB
    at = np.flatnonzero(sounding)
    return Envelope(rms, level, sounding, int(at[0]), int(at[-1]) + 1)


def _root_mean_square(steps: Floats) -> Doubles:
    values = steps.astype(np.float64)
    means: Doubles = np.sqrt(np.mean(values * values, axis=1))
    return means


def pauses(envelope: Envelope) -> Table:
    """Onset, length and pauses of the sound.

    ``onset`` is when sound begins and ``sounding_share`` how long it lasts, over the length of
    the recording; ``pause_rate`` (1/s), ``pause_share``, ``pause_mean`` and ``pause_max``, over
    the sounding seconds, are of gaps of 50 ms or more between first and last sound.
    """
    seconds = envelope.sounding_seconds
    inside = envelope.sounding[envelope.first : envelope.last]
    edges = np.flatnonzero(np.diff(inside))
    lengths = np.diff(edges)[::2] / ENVELOPE_RATE
    lengths = lengths[lengths >= MIN_PAUSE]
    total = len(envelope.rms)
    return {
        "sounding": seconds,
        "sounding_share": (envelope.last - envelope.first) / total,
        "onset": envelope.first / total,
        "pause_rate": len(lengths) / seconds,
        "pause_share": lengths.sum() / seconds,
        "pause_mean": lengths.mean() / seconds if len(lengths) else 0.0,
        "pause_max": lengths.max() / seconds if len(lengths) else 0.0,
    }


def beats(envelope: Envelope) -> Table:
    """Peaks of the 2–8 Hz band of the compressed envelope: about one for each syllable.

    The band is cut out of the Fourier transform of the whole envelope, its mean removed, a second
    or more of zeros behind it. A beat is a maximum above a quarter of the band's standard
    deviation where there is sound. ``beat_rate`` is in 1/s of the recording,
    ``beat_rate_sounding`` of sounding time; intervals in seconds: mean, deviation, variation
    (deviation over mean) and nPVI (mean difference of neighbours over their mean, in %);
    ``beat_prominence`` is the mean height of the peaks over the envelope's standard deviation;
    ``beat_share`` is the band's standard deviation over the envelope's. A constant envelope has
    no beats.
    """
    values = envelope.compressed
    count = len(values)
    deviation = float(values.std())
    if deviation < _CONSTANT:
        return {"beat_rate": 0.0, "beat_rate_sounding": 0.0}
    points = int(2 ** np.ceil(np.log2(count + ENVELOPE_RATE)))
    spectrum = np.fft.rfft(values - values.mean(), points)
    hertz = np.fft.rfftfreq(points, 1 / ENVELOPE_RATE)
    spectrum[(hertz < BEATS_HZ[0]) | (hertz > BEATS_HZ[1])] = 0
    band = np.fft.irfft(spectrum, points)[:count]
    inner = band[1:-1]
    peaks = (inner > band[:-2]) & (inner >= band[2:]) & (inner > _LEAST_HEIGHT * band.std())
    at = np.flatnonzero(peaks & envelope.sounding[1:-1]) + 1
    table = {
        "beat_rate": len(at) * ENVELOPE_RATE / count,
        "beat_rate_sounding": len(at) / envelope.sounding_seconds,
        "beat_share": band.std() / deviation,
    }
    if len(at):
        heights = band[at] / deviation
        table["beat_prominence"] = heights.mean()
        table["beat_prominence_deviation"] = heights.std()
    return table | _regularity(np.diff(at) / ENVELOPE_RATE)


def _regularity(intervals: Doubles) -> Table:
    if len(intervals) == 0:
        return {}
    mean, deviation = intervals.mean(), intervals.std()
    table = {
        "beat_interval": mean,
        "beat_deviation": deviation,
        "beat_variation": deviation / mean,
    }
    if len(intervals) > 1:
        sums = intervals[1:] + intervals[:-1]
        table["beat_npvi"] = 200 * float(np.mean(np.abs(np.diff(intervals)) / sums))
    return table


def movement(envelope: Envelope) -> Table:
    """Slopes of the level, averaged over 25 ms, where there is sound.

    ``attack_…`` of what rises and ``decay_…`` of what falls, positive, in dB/s: mean and 90 %
    quantile, 0 where nothing does; ``rising_share`` of the steps.
    """
    padded = np.pad(envelope.level, _SMOOTHING // 2, mode="edge")
    smooth = np.convolve(padded, np.full(_SMOOTHING, 1 / _SMOOTHING), "valid")
    steps = (np.diff(smooth) * ENVELOPE_RATE)[envelope.sounding[1:]]
    table = {"rising_share": float(np.mean(steps > 0)) if len(steps) else np.nan}
    for name, sizes in (("attack", steps[steps > 0]), ("decay", -steps[steps < 0])):
        table[f"{name}_mean"] = sizes.mean() if len(sizes) else 0.0
        table[f"{name}_p90"] = float(np.quantile(sizes, 0.9)) if len(sizes) else 0.0
    return table


def modulation(envelope: Envelope) -> Table:
    """Modulation spectrum of the compressed envelope between first and last sound.

    ``modulation_2-4`` and so on: the part of the power between 0.5 and 80 Hz that lies in the
    band, in dB, −60 at least; ``modulation_centroid``, the centre of gravity of 0.5–32 Hz, in Hz.
    The mean is removed and a Hann window laid over it. NaN for an envelope that is constant.
    """
    values = envelope.compressed[envelope.first : envelope.last]
    values = (values - values.mean()) * np.hanning(len(values))
    points = int(2 ** np.ceil(np.log2(max(len(values), 8 * ENVELOPE_RATE))))
    power = np.abs(np.fft.rfft(values, points)) ** 2
    hertz = np.fft.rfftfreq(points, 1 / ENVELOPE_RATE)
    shares = np.array([power[(hertz >= low) & (hertz < high)].sum() for low, high in BANDS_HZ])
    if shares.sum() < np.finfo(float).eps:
        return {}
    decibels = 10 * np.log10(shares / shares.sum() + 1e-6)
    names = (f"modulation_{low:g}-{high:g}" for low, high in BANDS_HZ)
    table: Table = dict(zip(names, decibels, strict=True))
    inside = (hertz >= _CENTROID_HZ[0]) & (hertz < _CENTROID_HZ[1])
    centroid = np.sum(power[inside] * hertz[inside]) / power[inside].sum()
    return table | {"modulation_centroid": centroid}


def distribution(envelope: Envelope) -> Table:
    """Quantiles of the level re its median, range, deviation and shape, from first to last sound.

    In dB; skewness and excess kurtosis are NaN where the level is constant.
    """
    level = envelope.level[envelope.first : envelope.last]
    names = ("p05", "p10", "q25", "q75", "p90", "p95")
    quantiles = np.quantile(level, (0.05, 0.1, 0.25, 0.75, 0.9, 0.95)) - np.median(level)
    table = {f"level_{name}": value for name, value in zip(names, quantiles, strict=True)}
    std = level.std()
    scaled = (level - level.mean()) / std if np.ptp(level) > 0 else np.full(1, np.nan)
    return table | {
        "level_range_90": quantiles[-1] - quantiles[0],
        "level_std": std,
        "level_skewness": np.mean(scaled**3),
        "level_kurtosis": np.mean(scaled**4) - 3,
    }


def course(envelope: Envelope) -> Table:
    """Where the energy lies in time, from first to last sound.

    ``energy_centroid`` and ``energy_spread``, centre of gravity of the energy and deviation about
    it, and ``energy_peak``, its maximum, 0 (first sound) to 1; ``level_part_1`` … ``5``, mean
    level in dB of each fifth re the mean of the five, NaN for an empty fifth; ``level_slope`` of
    the least-squares line in dB/s, NaN for one value.
    """
    level = envelope.level[envelope.first : envelope.last]
    energy = envelope.rms[envelope.first : envelope.last] ** 2
    energy /= energy.sum()
    time = np.linspace(0, 1, len(energy))
    centroid = float(np.sum(energy * time))
    table = {
        "energy_centroid": centroid,
        "energy_spread": float(np.sqrt(np.sum(energy * (time - centroid) ** 2))),
        "energy_peak": float(time[np.argmax(energy)]),
    }
    if len(level) < _PARTS:
        return table
    means = np.array([part.mean() for part in np.array_split(level, _PARTS)])
    table |= {f"level_part_{n}": value for n, value in enumerate(means - means.mean(), start=1)}
    seconds = (len(level) - 1) / ENVELOPE_RATE
    return table | {"level_slope": float(regression_slope(level, time - time.mean()) / seconds)}
