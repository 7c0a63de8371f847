"""Frames of 20 ms and of 60 ms, every 10 ms, and their spectra.

Frame ``t`` of either length begins at ``10 t`` ms; nothing is padded, so there are ``1 + (n −
length) // hop`` of them, and a few more of the short ones than of the long ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.features.lowlevel.frame_settings import Floats
from featser.features.lowlevel.frames import framed

RATE = 16_000
HOP = 160
SHORT = 320
LONG = 960
SHORT_FFT = 512
LONG_FFT = 1024

# Standard deviation of the Gaussian window, as a fraction of half its length.
_SIGMA = 0.4

# Frames transformed at a time: their FFT stays in the second-level cache.
_BLOCK = 64


def as_pcm(samples: NDArray[Any]) -> Floats:
    """Return samples as 16-bit recordings hold them: times 32768, truncated, back in [−1, 1).

    Logarithms of near-silence depend on this step, and the reference implementation takes it.
    """
    whole = np.trunc(np.asarray(samples, np.float32) * np.float32(32768))
    return np.asarray(np.clip(whole, -32768, 32767) / np.float32(32768), np.float32)


@lru_cache(maxsize=2)
def hamming() -> Floats:
    """Symmetric Hamming window of the short frames."""
    return np.hamming(SHORT).astype(np.float32)


@lru_cache(maxsize=2)
def gauss() -> Floats:
    """Symmetric Gaussian window of the long frames, σ = 0.4 of half the length."""
    half = (LONG - 1) / 2
    weights = np.exp(-0.5 * ((np.arange(LONG) - half) / (_SIGMA * half)) ** 2)
    return np.asarray(weights, np.float32)


def n_frames(samples: Floats, length: int) -> int:
    """Return the number of frames of a length."""
    return len(framed(samples, length, HOP))


def _spectra(
    samples: Floats,
    length: int,
    window: Floats,
    n_fft: int,
    at: NDArray[np.int64] | None = None,
) -> Iterator[tuple[slice, NDArray[np.complex64]]]:
    """Yield the Fourier transforms of blocks of weighted frames, with the rows of each block."""
    from scipy.fft import rfft

    frames = framed(samples, length, HOP)
    if at is not None:
        frames = frames[at]
    for first in range(0, len(frames), _BLOCK):
        rows = slice(first, first + _BLOCK)
        yield rows, rfft(frames[rows] * window, n_fft, axis=1)


def transform(
    samples: Floats,
    length: int,
    window: Floats,
    n_fft: int,
    out: NDArray[np.complex64] | None = None,
) -> NDArray[np.complex64]:
    """Fourier transform of the weighted frames, shape (frames, 1 + n_fft / 2); ``out`` if given."""
    shape = n_frames(samples, length), 1 + n_fft // 2
    result = np.empty(shape, np.complex64) if out is None else out
    for rows, spectrum in _spectra(samples, length, window, n_fft):
        result[rows] = spectrum
    return result


def transformed_power(
    samples: Floats,
    length: int,
    window: Floats,
    n_fft: int,
    out: Floats | None = None,
    at: NDArray[np.int64] | None = None,
) -> Floats:
    """Squared magnitude of :func:`transform`, whose complex values are not stored.

    Only of the frames ``at``, if they are given.
    """
    shape = n_frames(samples, length) if at is None else len(at), 1 + n_fft // 2
    result = np.empty(shape, np.float32) if out is None else out
    for rows, spectrum in _spectra(samples, length, window, n_fft, at):
        np.multiply(spectrum.real, spectrum.real, out=result[rows])
        result[rows] += spectrum.imag**2
    return result


def power_of(spectrum: NDArray[np.complex64], out: Floats | None = None) -> Floats:
    """Squared magnitude of a complex spectrum; ``out`` if given."""
    result = np.square(spectrum.real, out=out)
    result += np.square(spectrum.imag)
    return np.asarray(result)
