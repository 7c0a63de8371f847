"""The window of frames, and the mel bands and pitch classes of their spectra, once per setting."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.errors import FeatureError
from featser.features.lowlevel.frame_settings import Floats, FrameSettings

N_MELS = 40
"""The number of mel bands."""


@lru_cache(maxsize=32)
def hann(length: int) -> NDArray[np.float64]:
    """Periodic Hann window, shape (length,), read-only."""
    window: NDArray[np.float64] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    window.setflags(write=False)
    return window


@lru_cache(maxsize=32)
def frequencies(settings: FrameSettings) -> Floats:
    """Frequency of each bin in Hz, shape (bins,), read-only."""
    return _frozen(np.fft.rfftfreq(settings.n_fft, 1 / settings.rate))


@lru_cache(maxsize=32)
def mel_filterbank(settings: FrameSettings, n_mels: int) -> Floats:
    """Triangular bands equally spaced on Slaney's mel scale, each of the same area.

    From 0 Hz to half the rate; the same as ``librosa.filters.mel(sr=rate, n_fft=n_fft,
    n_mels=n_mels)``. Source: Slaney, Auditory Toolbox, Interval Research 1998-010.

    Returns
    -------
    ndarray of float32, shape (n_mels, bins)
        Weights, read-only.

    Raises
    ------
    FeatureError
        If there are more bands than the FFT can resolve.
    """
    bins = np.fft.rfftfreq(settings.n_fft, 1 / settings.rate)
    top = _hz_to_mel(settings.rate / 2)
    edges = _mel_to_hz(np.linspace(0, top, n_mels + 2))
    ramps = edges[:, None] - bins
    widths = np.diff(edges)[:, None]
    rising, falling = -ramps[:-2] / widths[:-1], ramps[2:] / widths[1:]
    # Rounded to float32 before the scaling, as librosa does, so that the weights are equal.
    triangles = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    if not triangles.any(axis=1).all():
        raise FeatureError(f"{n_mels} mel bands: too many for an FFT of {settings.n_fft} points")
    return _frozen(triangles * (2 / (edges[2:] - edges[:-2]))[:, None])


@lru_cache(maxsize=32)
def chroma_filterbank(settings: FrameSettings) -> Floats:
    """Gaussian bumps that fold all octaves into the twelve pitch classes, C first, A4 = 440 Hz.

    The same as ``librosa.filters.chroma(sr=rate, n_fft=n_fft, tuning=0)``: around each class a
    bump as wide as a bin or a semitone, columns of unit length, octaves weighted by a Gaussian
    around 880 Hz with a deviation of two octaves. Source: Ellis, Chroma feature analysis and
    synthesis, 2007.

    Returns
    -------
    ndarray of float32, shape (12, bins)
        Weights, read-only.
    """
    classes = 12
    bins = np.linspace(0, settings.rate, settings.n_fft, endpoint=False)[1:]
    pitch = classes * np.log2(bins / (440.0 / 16))
    # 0 Hz has no pitch: it is put one and a half octaves below the first bin.
    pitch = np.concatenate(([pitch[0] - 1.5 * classes], pitch))
    width = np.concatenate((np.maximum(np.diff(pitch), 1.0), [1]))
    distance = pitch - np.arange(classes)[:, None]
    distance = np.remainder(distance + classes / 2 + 10 * classes, classes) - classes / 2
    weights = np.exp(-0.5 * (2 * distance / width) ** 2)
    weights /= np.sqrt(np.sum(weights**2, axis=0))
    weights *= np.exp(-0.5 * ((pitch / classes - 5.0) / 2) ** 2)
    return _frozen(np.roll(weights, -3, axis=0)[:, : settings.bins])


@lru_cache(maxsize=32)
def filterbanks(settings: FrameSettings) -> Floats:
    """Weights of the mel bands and, below them, of the pitch classes, shape (52, bins)."""
    return _frozen(np.vstack([mel_filterbank(settings, N_MELS), chroma_filterbank(settings)]))


def _hz_to_mel(hertz: float) -> float:
    """Slaney's scale: linear below 1 kHz (15 mel), logarithmic above."""
    if hertz < 1000:
        return hertz * 3 / 200
    return 15 + float(np.log(hertz / 1000)) * 27 / float(np.log(6.4))


def _mel_to_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (mels - 15)))


def _frozen(values: NDArray[Any]) -> Floats:
    """As contiguous float32 that no caller can change, since all callers share it."""
    values = np.ascontiguousarray(values, dtype=np.float32)
    values.setflags(write=False)
    return values
