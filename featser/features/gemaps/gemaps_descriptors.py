"""The 25 descriptors of a signal, frame by frame, before smoothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featser.audio import Signal
from featser.features.gemaps import formants as lpc
from featser.features.gemaps import framing, harmonics, loudness, periods, pitch, tracking
from featser.features.gemaps import spectral_balance as spectral
from featser.features.gemaps.names import VOICE
from featser.features.lowlevel.frames import framed, scratch
from featser.features.lowlevel.spectrum import Floats

FRAME_RATE = framing.RATE / framing.HOP

_NEAR = 20

_FORMANTS = [VOICE.index(f"F{n}frequency") for n in (1, 2, 3)]
_WIDTHS = [VOICE.index(f"F{n}bandwidth") for n in (1, 2, 3)]
_LEVELS = [VOICE.index(f"F{n}amplitudeLogRelF0") for n in (1, 2, 3)]


@dataclass(frozen=True)
class Contours:
    """The descriptors of a signal.

    Attributes
    ----------
    spectral : ndarray, shape (short frames, 10)
        ``names.SPECTRAL``, of the 20 ms frames.
    voice : ndarray, shape (long frames, 15)
        ``names.VOICE``, of the 60 ms frames; formants of the 20 ms frame that begins with them.
    voiced : ndarray of bool, shape (long frames,)
        Where there is a fundamental frequency.
    energy : float
        Mean square of the 20 ms frames' samples, full scale 1.
    hertz : ndarray of float64, shape (long frames,)
        Fundamental frequency; 0 where unvoiced.
    magnitude : ndarray, shape (voiced frames, 513)
        Spectra of the voiced 60 ms frames.
    """

    spectral: Floats
    voice: Floats
    voiced: NDArray[np.bool_]
    energy: float
    hertz: NDArray[np.float64]
    magnitude: Floats


def contours_of(signal: Signal) -> Contours:
    """Return the signal's descriptors: computed once for all callers while the signal lives.

    Formants are those of voiced frames alone.
    """
    return signal.derived(
        Contours, lambda: contours(framing.as_pcm(signal.samples), unvoiced=False)
    )


def contours(samples: Floats, convention: str = lpc.REFERENCE, unvoiced: bool = True) -> Contours:
    """Compute the descriptors of a signal of 60 ms or more.

    Parameters
    ----------
    samples : ndarray, shape (n,)
        At 16 kHz, as :func:`~featser.features.gemaps.framing.as_pcm` gives them.
    convention : {"reference", "textbook"}
        How formants are found.
    unvoiced : bool
        Whether to find formants in unvoiced frames too; they are 0 there if not.
    """
    hertz, voice = _voice(samples)
    voiced = hertz > 0
    at = np.flatnonzero(voiced | unvoiced)
    shape = (framing.n_frames(samples, framing.SHORT), 1 + framing.SHORT_FFT // 2)
    spectrum = framing.transform(
        samples,
        framing.SHORT,
        framing.hamming(),
        framing.SHORT_FFT,
        scratch("short", shape, np.complex64),
    )
    taps = lpc.predictor(lpc.resampled(spectrum[at], convention))
    centre, width = lpc.formants(taps, convention)
    voice.values[at[:, None], _FORMANTS] = centre
    voice.values[at[:, None], _WIDTHS] = width
    _relate(voice, hertz)
    blocks = framed(samples, framing.SHORT, framing.HOP)
    energy = np.einsum("tk,tk->t", blocks, blocks).mean(dtype=np.float64) / framing.SHORT
    power = framing.power_of(spectrum, scratch("power", shape, np.float32))
    return Contours(_spectral(power), voice.values, voiced, float(energy), hertz, voice.magnitude)


def _spectral(power: Floats) -> Floats:
    bands = loudness.mel_power(power)
    columns = (
        loudness.loudness(bands),
        spectral.alpha_ratio(power),
        spectral.hammarberg_index(power),
        *spectral.slopes(power),
        spectral.spectral_flux(np.sqrt(power)),
    )
    return np.column_stack((*columns, loudness.mfcc(bands)))


@dataclass(frozen=True)
class _Voice:
    """The columns of the voice, and the magnitudes of its voiced 60 ms frames."""

    values: Floats
    magnitude: Floats


def _voice(samples: Floats) -> tuple[NDArray[np.float64], _Voice]:
    """Pitch, and what follows from it without the 20 ms frames.

    The spectra of unvoiced frames end with this function: large arrays that live together cost
    more in page faults than their arithmetic.
    """
    shape = (framing.n_frames(samples, framing.LONG), 1 + framing.LONG_FFT // 2)
    power = framing.transformed_power(
        samples,
        framing.LONG,
        framing.gauss(),
        framing.LONG_FFT,
        scratch("long", shape, np.float32),
    )
    # Parseval: the energy of the weighted frame from its spectrum.
    energy = 2 * power.sum(axis=1) - power[:, 0] - power[:, -1]
    magnitude = np.sqrt(power, out=power)
    sounding = np.sqrt(energy / (framing.LONG * framing.LONG_FFT)) > tracking.MIN_RMS
    # Silence decides nothing about the path unless sound is near.
    near = np.convolve(sounding, np.ones(2 * _NEAR + 1))[_NEAR:-_NEAR] > 0.5
    candidates = pitch.pitch_candidates(
        pitch.subharmonic_sums(magnitude, ~near, scratch("sums", shape, np.float32))
    )
    hertz = np.where(sounding, tracking.track(*candidates), 0.0)
    voiced = hertz > 0
    voiced_magnitude = magnitude[voiced]
    values = np.zeros((len(hertz), len(VOICE)), np.float32)
    values[:, 0] = tracking.semitones(hertz)
    values[:, 1], values[:, 2] = periods.jitter_and_shimmer(samples, hertz)
    values[voiced, 3] = harmonics.harmonics_to_noise(voiced_magnitude**2, hertz[voiced])
    return hertz, _Voice(values, voiced_magnitude)


def _relate(voice: _Voice, hertz: NDArray[np.float64]) -> None:
    """Fill in the levels of harmonics and formants."""
    at = np.flatnonzero(hertz > 0)
    centre = voice.values[at[:, None], _FORMANTS]
    first, second, levels = harmonics.harmonic_levels(voice.magnitude, hertz[at], centre)
    voice.values[at, 4], voice.values[at, 5] = first, second
    voice.values[:, _LEVELS] = harmonics.NO_LEVEL
    voice.values[at[:, None], _LEVELS] = levels
