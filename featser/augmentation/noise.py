"""Noise added to speech at a given signal-to-noise ratio.

White noise has equal power at all frequencies; pink noise loses 3 dB for each octave, from 20 Hz
up (nothing below, where it would only take up power that nobody hears). Both are Gaussian. The
ratio is that of the active speech level (:mod:`~featser.augmentation.level`) to the
noise's mean power, and is reached exactly by each copy, not on average.
"""

from __future__ import annotations

import numpy as np

from featser.audio import Signal
from featser.augmentation.level import noise_gain
from featser.augmentation.result import Floats, altered

COLOURS = ("white", "pink")
LOWEST_PINK = 20.0


def add_noise(signal: Signal, snr: float, colour: str, rng: np.random.Generator) -> Signal:
    """Add Gaussian noise.

    Parameters
    ----------
    signal : Signal
        Speech.
    snr : float
        Active speech level over noise power, in dB.
    colour : str
        ``"white"`` or ``"pink"``.
    rng : numpy.random.Generator
        Where the noise comes from.

    Returns
    -------
    Signal
        As long as the input; the input itself where that is digital silence.
    """
    length = len(signal.samples)
    if colour == "white":
        noise = rng.standard_normal(length, np.float32)
    else:
        noise = _pink(length, signal.rate, rng)
    noise *= noise_gain(signal.samples, signal.rate, noise, snr)
    noise += signal.samples
    return altered(signal, noise)


def _pink(length: int, rate: int, rng: np.random.Generator) -> Floats:
    """Gaussian noise with a power density of 1/f, made from its spectrum."""
    from scipy.fft import irfft, next_fast_len

    points = next_fast_len(length, real=True)
    frequencies = np.fft.rfftfreq(points, 1 / rate).astype(np.float32)
    audible = frequencies >= LOWEST_PINK
    spectrum = rng.standard_normal(2 * len(frequencies), np.float32).view(np.complex64)
    spectrum[~audible] = 0
    spectrum[audible] /= np.sqrt(frequencies[audible])
    noise: Floats = irfft(spectrum, points)[:length]
    return noise
