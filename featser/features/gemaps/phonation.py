"""The voice in voiced frames beyond eGeMAPS: cepstral peak, harmonics one by one, tilt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featser.audio import Signal
from featser.features.gemaps.framing import HOP, LONG_FFT, RATE
from featser.features.lowlevel.blocks import contour_array, row_groups
from featser.features.lowlevel.frame_settings import Floats
from featser.features.lowlevel.functionals import regression_slope

N_HARMONICS = 20
TILT_HARMONICS = 8

CPP_HZ = (60.0, 400.0)
"""Fundamental frequencies between which the cepstral peak is sought."""

_BIN_HZ = RATE / LONG_FFT
_LEAST = 1e-7
_REACH = 3

# Of a harmonic: so that its peak, and the bin beside that, are in the spectrum.
_LAST_BIN = LONG_FFT // 2 - _REACH - 1


def cepstral_prominence(magnitude: Floats) -> Floats:
    """Cepstral peak prominence of frames, in dB.

    The cepstrum is the inverse Fourier transform of the spectrum in dB, times 2, so that its
    values are the amplitudes of the spectrum's ripples. The prominence is the highest value at
    quefrencies from 1/400 s to 1/60 s over the least-squares line through all values there.
    Source: J. Hillenbrand, R. A. Cleveland and R. L. Erickson, "Acoustic correlates of breathy
    vocal quality", J. Speech Hear. Res. 37(4), 1994.

    Parameters
    ----------
    magnitude : ndarray, shape (frames, 513)
        Of the 60 ms frames' spectrum.

    Returns
    -------
    ndarray, shape (frames,)
        0 or more; about 1 in noise, 3 in voiced speech (1.3 to 7.4 in nine frames of ten), 10 in a
        synthetic vowel.
    """
    from scipy.fft import irfft

    level = 20 * np.log10(np.maximum(magnitude, np.float32(_LEAST)))
    first, last = (int(RATE / hertz) for hertz in reversed(CPP_HZ))
    cepstrum = 2 * irfft(level, LONG_FFT, axis=1)[:, first : last + 1]
    time = (np.arange(cepstrum.shape[1]) - (cepstrum.shape[1] - 1) / 2).astype(np.float32)
    slope = regression_slope(cepstrum, time)
    line = cepstrum.mean(axis=1, keepdims=True) + slope[:, None] * time
    at = cepstrum.argmax(axis=1)[:, None]
    above = np.take_along_axis(cepstrum - line, at, axis=1)
    return np.asarray(above[:, 0], np.float32)


@dataclass(frozen=True)
class Harmonics:
    """The first 20 harmonics of voiced frames.

    Attributes
    ----------
    level : ndarray, shape (frames, 20)
        In dB, NaN where the harmonic lies beyond 7.9 kHz.
    deviation : ndarray, shape (frames, 20)
        How far the peak lies from the multiple of the fundamental, as a part of the fundamental;
        NaN likewise.
    """

    level: Floats
    deviation: Floats

    def parts(self) -> Iterator[Harmonics]:
        """Yield the harmonics of some frames at a time: of all if they are few."""
        for rows in row_groups(self.level.shape):
            yield Harmonics(self.level[rows], self.deviation[rows])


def harmonics_of(magnitude: Floats, hertz: NDArray[np.float64]) -> Harmonics:
    """Find the peaks of the spectrum at the multiples of the fundamental.

    The greatest of the bins within 30 % of the fundamental (one bin at least, three at most) to
    either side of the multiple, refined by the parabola through the levels beside it.

    Parameters
    ----------
    magnitude : ndarray, shape (frames, 513)
        Of the voiced 60 ms frames' spectrum.
    hertz : ndarray, shape (frames,)
        Their fundamental frequency.
    """
    spacing = hertz / _BIN_HZ
    expected = spacing[:, None] * np.arange(1, N_HARMONICS + 1)
    nearest = np.rint(expected).astype(np.int64)
    present = nearest <= _LAST_BIN
    nearest = np.minimum(nearest, _LAST_BIN)
    half = np.clip(0.3 * spacing, 1, _REACH).astype(np.int64)
    row = np.arange(len(hertz))[:, None]
    peak, highest = nearest, magnitude[row, nearest]
    for shift in (-1, 1, -2, 2, -3, 3):
        at = np.maximum(nearest + shift, 1)
        value = magnitude[row, at]
        higher = (value > highest) & (abs(shift) <= half)[:, None]
        peak, highest = np.where(higher, at, peak), np.where(higher, value, highest)
    before, here, after = (
        20 * np.log10(np.maximum(magnitude[row, peak + shift], _LEAST)) for shift in (-1, 0, 1)
    )
    bend = before - 2 * here + after
    offset = np.divide(before - after, 2 * bend, out=np.zeros_like(bend), where=bend < 0)
    offset = np.clip(offset, -0.5, 0.5)
    level = here - 0.25 * (before - after) * offset
    deviation = (peak + offset - expected) / spacing[:, None]
    return Harmonics(
        np.where(present, level, np.nan).astype(np.float32),
        np.where(present, deviation, np.nan).astype(np.float32),
    )


def voiced_harmonics(signal: Signal) -> Harmonics:
    """Return the harmonics of the signal's voiced frames, computed once while the signal lives.

    Parameters
    ----------
    signal : Signal
        At 16 kHz, 60 ms or more.

    Raises
    ------
    UnusableAudio
        As :func:`~featser.features.gemaps.gemaps_descriptors.contours_of`.
    """
    from featser.features.gemaps.gemaps_descriptors import contours_of, voiced_rows

    def harmonics() -> Harmonics:
        contours = contours_of(signal)
        if signal.window_of is not None:
            whole, first = signal.window_of
            if first % HOP == 0 and not whole.is_long:
                shared, voiced = voiced_harmonics(whole), contours_of(whole).voiced
                rows = voiced_rows(voiced, first // HOP, len(contours.voiced))
                return Harmonics(shared.level[rows], shared.deviation[rows])
        hertz = contours.hertz[contours.voiced]
        if not signal.is_long:
            return harmonics_of(contours.magnitude, hertz)
        shape = len(hertz), N_HARMONICS
        result = Harmonics(contour_array(shape), contour_array(shape))
        for rows, magnitude in contours.magnitudes():
            of_rows = harmonics_of(magnitude, hertz[rows])
            result.level[rows], result.deviation[rows] = of_rows.level, of_rows.deviation
        return result

    return signal.derived(Harmonics, harmonics)


def harmonic_tilt(level: Floats) -> Floats:
    """Slope of the least-squares line through the levels of the first 8 harmonics.

    Parameters
    ----------
    level : ndarray, shape (frames, 20)
        In dB; harmonics that are NaN are left out.

    Returns
    -------
    ndarray, shape (frames,)
        In dB per octave; falling spectra have negative ones.
    """
    values = level[:, :TILT_HARMONICS].astype(np.float64)
    present = np.isfinite(values)
    count = present.sum(axis=1, keepdims=True)
    octave = np.where(present, np.log2(np.arange(1, TILT_HARMONICS + 1)), 0.0)
    octave = np.where(present, octave - octave.sum(axis=1, keepdims=True) / count, 0.0)
    return np.asarray(regression_slope(np.where(present, values, 0.0), octave), np.float32)
