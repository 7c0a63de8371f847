"""The shape of a frame's spectrum: moments, entropy, irregularity, slopes and shares of bands."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from featser.features.lowlevel.filterbanks import frequencies
from featser.features.lowlevel.frame_settings import DEFAULT, Floats
from featser.features.lowlevel.spectrum import AMIN, Spectrum

SLOPES_HZ = (
    *((0, 500), (500, 1500), (1000, 2500), (1500, 3000), (2500, 5000), (4000, 8000)),
    *((0, 1000), (1000, 4000)),
)
SHARES_HZ = (
    *((0, 250), (250, 650), (650, 1000), (1000, 2000), (2000, 3000), (3000, 4000)),
    *((4000, 5500), (5500, 8000)),
)
ROLLS = (0.25, 0.5, 0.75, 0.9)

SHAPE = (
    *("centroid", "spread", "skewness", "kurtosis", "entropy", "magnitude_entropy"),
    *("irregularity", "irregularity_jensen", "crest", "decrease"),
    *(f"slope_{low}-{high}" for low, high in SLOPES_HZ),
    *(f"share_{low}-{high}" for low, high in SHARES_HZ),
    *(f"rolloff_{round(100 * part)}" for part in ROLLS),
    *("octave_slope", "flux", "likeness"),
)
"""Contours of the shape of the spectrum."""

_OFFSET_HZ = 50.0
_OCTAVES_FROM_HZ = 100.0
_LEAST_SHARE = 1e-6

Doubles = NDArray[np.float64]


def shape(spectrum: Spectrum, at: NDArray[np.int64]) -> Floats:
    """Compute the contours at chosen frames.

    With ``p`` a frame's power by bin, ``P`` the same over its sum, ``a`` the magnitude, ``A``
    the same over its sum, ``L`` the level in dB (−100 at least), ``f`` the frequency:

    - ``centroid``: log₂(m + 50 Hz) of the mean frequency ``m = Σ P f``; ``spread``, the
      deviation about it in kHz; ``skewness`` and ``kurtosis``, its third and fourth standardised
      moments;
    - ``entropy``: ``−Σ P ln P`` over the logarithm of the number of bins, 0 to 1, and
      ``magnitude_entropy``, of ``A``;
    - ``irregularity``: mean ``|L[k] − (L[k−1] + L[k] + L[k+1]) / 3|`` in dB (Krimphoff), and
      ``irregularity_jensen``: ``Σ (a[k] − a[k+1])² / Σ a[k]²``;
    - ``crest``: the greatest over the mean power, in dB;
    - ``decrease``: ``Σ (A[k] − A[0]) / k`` over bins k ≥ 1;
    - ``slope_…``: of the least-squares line through the levels of a band (limits in Hz
      included), in dB/kHz; ``octave_slope``, over log₂ f from 100 Hz on, in dB per octave;
    - ``share_…``: part of the power in a band, in dB, −60 at least;
    - ``rolloff_25`` …: log₂(f + 50 Hz) of the lowest bin below which, it included, lie 25 % … of
      the power;
    - ``flux``: Euclidean distance of ``A`` from that of the frame before; ``likeness``: cosine
      of the angle between the two; of the first frame they are those of the second.

    Parameters
    ----------
    spectrum : Spectrum
        The signal's spectrum, of two frames or more.
    at : ndarray of int, shape (n,)
        Which frames.

    Returns
    -------
    ndarray of float32, shape (37, n)
        In the order of :data:`SHAPE`. A frame without any power counts as one whose bins have
        −100 dB each.
    """
    power = np.maximum(spectrum.power[at], np.float32(AMIN)).astype(np.float64)
    before = np.maximum(spectrum.power[np.abs(at - 1)], np.float32(AMIN)).astype(np.float64)
    magnitude = np.sqrt(power)
    total = power.sum(axis=1, keepdims=True)
    share = power / total
    part = magnitude / magnitude.sum(axis=1, keepdims=True)
    level = 10 * np.log10(power)
    *slopes, octave_slope = (level @ _slope_weights()).T
    rows = (
        *_moments(share),
        _entropy(share),
        _entropy(part),
        *_roughness(magnitude, level, total[:, 0]),
        10 * np.log10(share.max(axis=1) * share.shape[1]),
        np.sum((part[:, 1:] - part[:, :1]) / np.arange(1, part.shape[1]), axis=1),
        *slopes,
        *_shares(share),
        *_rolls(share),
        octave_slope,
        *_change(part, np.sqrt(before)),
    )
    return np.array(rows, np.float32)


def _moments(share: Doubles) -> tuple[Doubles, ...]:
    kilohertz = frequencies(DEFAULT).astype(np.float64) / 1000
    mean = share @ kilohertz
    apart = kilohertz - mean[:, None]
    weighted = share * apart * apart
    variance = weighted.sum(axis=1)
    spread = np.sqrt(variance)
    weighted *= apart
    third = weighted.sum(axis=1)
    weighted *= apart
    fourth = weighted.sum(axis=1)
    return (
        np.log2(1000 * mean + _OFFSET_HZ),
        spread,
        third / (variance * spread),
        fourth / variance**2,
    )


def _entropy(share: Doubles) -> Doubles:
    return np.asarray(-np.sum(share * np.log(share), axis=1) / np.log(share.shape[1]))


def _roughness(magnitude: Doubles, level: Doubles, total: Doubles) -> tuple[Doubles, Doubles]:
    near = (level[:, :-2] + level[:, 1:-1] + level[:, 2:]) / 3
    krimphoff = np.mean(np.abs(level[:, 1:-1] - near), axis=1)
    steps = np.diff(magnitude, axis=1)
    return krimphoff, np.sum(steps * steps, axis=1) / total


@lru_cache(maxsize=1)
def _slope_weights() -> Doubles:
    """Columns that give the slopes of a level: of each band, and over octaves."""
    hertz = frequencies(DEFAULT).astype(np.float64)
    columns = []
    for low, high in SLOPES_HZ:
        inside = (hertz >= low) & (hertz <= high)
        apart = np.where(inside, (hertz - hertz[inside].mean()) / 1000, 0.0)
        columns.append(apart / np.sum(apart**2))
    inside = hertz >= _OCTAVES_FROM_HZ
    octaves = np.log2(np.maximum(hertz, _OCTAVES_FROM_HZ))
    apart = np.where(inside, octaves - octaves[inside].mean(), 0.0)
    columns.append(apart / np.sum(apart**2))
    return np.stack(columns, axis=1)


def _shares(share: Doubles) -> Doubles:
    hertz = frequencies(DEFAULT)
    # The bands touch, the first begins with the first bin, and the last ends with the last.
    first = np.searchsorted(hertz, [low for low, _ in SHARES_HZ])
    sums = np.add.reduceat(share, first, axis=1).T
    return np.asarray(10 * np.log10(np.maximum(sums, _LEAST_SHARE)))


def _rolls(share: Doubles) -> list[Doubles]:
    running = np.cumsum(share, axis=1)
    hertz = frequencies(DEFAULT).astype(np.float64)
    last = len(hertz) - 1
    bins = (np.minimum(np.sum(running < part, axis=1), last) for part in ROLLS)
    return [np.log2(hertz[at] + _OFFSET_HZ) for at in bins]


def _change(part: Doubles, before: Doubles) -> tuple[Doubles, Doubles]:
    earlier = before / before.sum(axis=1, keepdims=True)
    distance = np.sqrt(np.sum((part - earlier) ** 2, axis=1))
    lengths = np.sqrt(np.sum(part * part, axis=1) * np.sum(earlier * earlier, axis=1))
    return distance, np.sum(part * earlier, axis=1) / lengths
