"""Loudness and MFCC: two readings of the 26-band mel spectrum of the 20 ms frames.

References: H. Hermansky, "Perceptual linear predictive analysis of speech", J. Acoust. Soc. Am.
87(4), 1990; F. Eyben et al., "The Geneva Minimalistic Acoustic Parameter Set", IEEE Trans.
Affective Computing 7(2), 2016.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.features.gemaps.framing import RATE, SHORT_FFT
from featser.features.lowlevel.compiled import compiled
from featser.features.lowlevel.frame_settings import Floats

N_BANDS = 26
LOW_HZ = 20.0
HIGH_HZ = 8000.0
N_MFCC = 4
LIFTER = 22
COMPRESSION = 0.33

_FALL_HZ = 4605.883
_FALL_POWER = 7

# Power below which a band is not audible.
_INAUDIBLE = 1e-9

# MFCC are those of 16-bit sample values; a band below 1 of their power counts as 1.
_FULL_SCALE = 32768.0


def _mel(hertz: Any) -> Any:
    return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)


@lru_cache(maxsize=1)
def _bands() -> tuple[NDArray[np.int64], Floats, Floats]:
    """For each bin the band whose flank rises over it (−1: none), and the two flanks' weights.

    Triangles on the mel scale whose flanks meet at the neighbours' centres, so a bin belongs to
    two bands at most, with weights that add to 1.
    """
    edges = np.linspace(_mel(LOW_HZ), _mel(HIGH_HZ), N_BANDS + 2)
    mel = _mel(np.arange(1 + SHORT_FFT // 2) * RATE / SHORT_FFT)
    segment = np.searchsorted(edges, mel, side="right") - 1
    inside = (segment >= 0) & (segment <= N_BANDS)
    # The first triangle starts at the second bin: 20 Hz rounds up to whole bins.
    inside[:2] = False
    segment = np.where(inside, segment, -1)
    at = np.clip(segment, 0, N_BANDS)
    rising = np.where(inside, (mel - edges[at]) / (edges[at + 1] - edges[at]), 0.0)
    falling = np.where(inside, 1.0 - rising, 0.0)
    return segment, rising.astype(np.float32), falling.astype(np.float32)


@compiled
def _sum_bands(power: Any, segment: Any, rising: Any, falling: Any, bands: int) -> Any:
    frames, bins = power.shape
    result = np.zeros((frames, bands), np.float32)
    for t in range(frames):
        for k in range(bins):
            band = segment[k]
            if band < 0:
                continue
            if band < bands:
                result[t, band] += rising[k] * power[t, k]
            if band > 0:
                result[t, band - 1] += falling[k] * power[t, k]
    return result


def mel_power(power: Floats) -> Floats:
    """Power in 26 triangular mel bands from 20 Hz to 8 kHz.

    Parameters
    ----------
    power : ndarray, shape (frames, 257)
        Squared magnitude of the 20 ms frames' spectrum, full scale 1.

    Returns
    -------
    ndarray, shape (frames, 26)
    """
    return np.asarray(_sum_bands(power, *_bands(), N_BANDS))


@lru_cache(maxsize=1)
def equal_loudness() -> Floats:
    """Weight of each band's power: the ear's sensitivity at its centre (Hermansky 1990).

    The published curve but for the fall above 5 kHz, which here follows the reference
    implementation's output: with the 7th power of frequency, from 4.6 kHz on.
    """
    edges = np.linspace(_mel(LOW_HZ), _mel(HIGH_HZ), N_BANDS + 2)
    hertz = 700.0 * np.expm1(edges[1:-1] / 1127.0)
    w2 = (2 * np.pi * hertz) ** 2
    curve = (w2 + 56.8e6) * w2**2 / ((w2 + 6.3e6) ** 2 * (w2 + 0.38e9))
    fall = 0.17 * (1 + (hertz / _FALL_HZ) ** _FALL_POWER)
    return np.asarray(curve / fall, np.float32)


def loudness(bands: Floats) -> Floats:
    """Loudness: the mean of the compressed, equal-loudness weighted mel bands.

    Parameters
    ----------
    bands : ndarray, shape (frames, 26)
        From :func:`mel_power`.

    Returns
    -------
    ndarray, shape (frames,)
        0.001 for silence, about 1 for speech, up to 5; no physical unit.
    """
    audible = np.maximum(bands, np.float32(_INAUDIBLE)) * equal_loudness()
    return np.asarray((audible ** np.float32(COMPRESSION)).mean(axis=1))


@lru_cache(maxsize=1)
def _cosines() -> Floats:
    order = np.arange(1, N_MFCC + 1)[:, None]
    band = np.arange(N_BANDS) + 0.5
    lifter = 1 + LIFTER / 2 * np.sin(np.pi * order / LIFTER)
    cosines = np.sqrt(2 / N_BANDS) * np.cos(np.pi * order * band / N_BANDS) * lifter
    return np.asarray(cosines.T, np.float32)


def mfcc(bands: Floats) -> Floats:
    """Mel-frequency cepstral coefficients 1 to 4, liftered with 22 as HTK does.

    Parameters
    ----------
    bands : ndarray, shape (frames, 26)
        From :func:`mel_power`.

    Returns
    -------
    ndarray, shape (frames, 4)
        0 for silence, about −60 to 60.
    """
    floored = np.maximum(bands * np.float32(_FULL_SCALE**2), np.float32(1))
    return np.asarray(np.log(floored) @ _cosines())
