"""Harmonics of the voiced 60 ms frames: harmonics-to-noise ratio, and levels of harmonics.

References: P. Boersma, "Accurate short-term analysis of the fundamental frequency and the
harmonics-to-noise ratio of a sampled sound", IFA Proc. 17, 1993; H. M. Hanson, "Glottal
characteristics of female speakers", J. Acoust. Soc. Am. 101(1), 1997.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.features.gemaps.framing import LONG_FFT, RATE
from featser.features.lowlevel.compiled import compiled
from featser.features.lowlevel.frame_settings import Floats

BIN_HZ = RATE / LONG_FFT
MAX_HARMONICS = 100

NO_LEVEL = -201.0
"""Relative level of a formant where there is no voice to relate it to, in dB."""

# Between these, a share of 1e-10 of the energy is harmonic, or all but that.
_LIMIT = 1e-10
_NEAR = 0.2


@compiled
def _nearest_peak(values: Any, at: int) -> int:
    """Index of the local maximum nearest to an index, the higher of two; −1 for none."""
    last = len(values) - 2
    for distance in range(last + 1):
        for index in (at + distance, at - distance):
            if index < 1 or index > last:
                continue
            if values[index] > values[index - 1] and values[index] >= values[index + 1]:
                return index
    return -1


@compiled
def _harmonic_share(autocorrelation: Any, lag: Any) -> Any:
    share = np.zeros(len(lag))
    for t in range(len(lag)):
        peak = _nearest_peak(autocorrelation[t], lag[t])
        if peak > 0 and autocorrelation[t, 0] > 0:
            share[t] = autocorrelation[t, peak] / autocorrelation[t, 0]
    return share


def harmonics_to_noise(power: Floats, hertz: NDArray[np.float64]) -> Floats:
    """Harmonics-to-noise ratio from the autocorrelation at one period.

    The part of the energy that the peak nearest to one period explains, over the rest.

    Parameters
    ----------
    power : ndarray, shape (frames, 513)
        Squared magnitude of the 60 ms frames' spectrum.
    hertz : ndarray, shape (frames,)
        Fundamental frequency; every frame voiced.

    Returns
    -------
    ndarray, shape (frames,)
        In dB, −100 to 100, about 0 to 20 in speech. The window is not divided out, so that even
        a perfect tone of 100 Hz stays below 11 dB.
    """
    from scipy.fft import irfft

    autocorrelation = irfft(power, LONG_FFT, axis=1)[:, : LONG_FFT // 2]
    lag = (RATE / hertz).astype(np.int64)
    share = np.clip(_harmonic_share(autocorrelation, lag), _LIMIT, 1 - _LIMIT)
    return np.asarray(10 * np.log10(share / (1 - share)), np.float32)


@compiled
def _refined(values: Any, peak: int) -> float:
    before = np.float64(values[peak - 1])
    here = np.float64(values[peak])
    after = np.float64(values[peak + 1])
    bend = before - 2 * here + after
    return here - 0.125 * (before - after) ** 2 / bend if bend < 0 else here


@compiled
def _levels(
    magnitude: Any, hertz: Any, formants: Any, bin_hz: float, most: int, near: float, none: float
) -> Any:
    frames, count = formants.shape
    result = np.full((frames, 2 + count), none)
    harmonics = np.zeros(most)
    for t in range(frames):
        values = magnitude[t]
        present = min(most, int((len(values) - 1) * bin_hz / hertz[t]))
        for n in range(present):
            peak = _nearest_peak(values, int(np.rint((n + 1) * hertz[t] / bin_hz)))
            if peak < 0:
                present = 0
                break
            harmonics[n] = values[peak] if n == 0 else _refined(values, peak)
        if present < 3 or harmonics[0] <= 0:
            result[t, 0] = 0
            result[t, 1] = 0
            continue
        for j in range(count):
            best = 0.0
            for n in range(present):
                if abs((n + 1) * hertz[t] - formants[t, j]) <= near * formants[t, j]:
                    best = max(best, harmonics[n])
            if best == 0:
                nearest = int(np.rint(formants[t, j] / hertz[t])) - 1
                best = harmonics[min(max(nearest, 0), present - 1)]
            result[t, 2 + j] = 20 * np.log10(best / harmonics[0])
        result[t, 0] = 20 * np.log10(harmonics[1] / harmonics[2])
        result[t, 1] = 20 * np.log10(harmonics[1] / harmonics[0]) - result[t, 1 + count]
    return result


def harmonic_levels(
    magnitude: Floats, hertz: NDArray[np.float64], formants: Floats
) -> tuple[Floats, Floats, Floats]:
    """H1–H2, H1–A3 and the levels of the formants over the fundamental's.

    A harmonic is the peak nearest to a multiple of the fundamental; ``A`` of a formant is the
    strongest harmonic within 20 % of its frequency. The names count from the fundamental as 0, as
    the reference implementation does: its H1 is the first overtone, twice the fundamental.

    Parameters
    ----------
    magnitude : ndarray, shape (frames, 513)
        Of the 60 ms frames' spectrum.
    hertz : ndarray, shape (frames,)
        Fundamental frequency; every frame voiced.
    formants : ndarray, shape (frames, 3)
        Formant frequencies in Hz.

    Returns
    -------
    h1_h2, h1_a3 : ndarray, shape (frames,)
        In dB.
    levels : ndarray, shape (frames, 3)
        In dB; −201 where the frame holds no harmonics.
    """
    values = _levels(magnitude, hertz, formants, BIN_HZ, MAX_HARMONICS, _NEAR, NO_LEVEL)
    values = values.astype(np.float32)
    return values[:, 0], values[:, 1], values[:, 2:]
