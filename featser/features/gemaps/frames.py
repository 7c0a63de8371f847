"""Frames of 20 ms and of 60 ms, every 10 ms, and their spectra.

Frame ``t`` of either length begins at ``10 t`` ms; nothing is padded, so there are ``1 + (n −
length) // hop`` of them, and a few more of the short ones than of the long ones.
"""

from __future__ import annotations

from functools import lru_cache
from threading import local
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from featser.features.spectrum import Floats

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


def framed(samples: Floats, length: int) -> Floats:
    """Return the frames as a view, shape (frames, length)."""
    return sliding_window_view(samples, length)[::HOP]


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


class _Scratch(local):
    """Memory of a thread for large arrays that do not outlive a call.

    A page that the system hands out anew costs more than the arithmetic on it: fresh arrays for
    every utterance took a quarter of the time.
    """

    def __init__(self) -> None:
        self.parts: dict[str, NDArray[np.uint8]] = {}


_SCRATCH = _Scratch()
_SCRATCH_BYTES = 4_000_000


def scratch(name: str, shape: tuple[int, int], kind: Any) -> NDArray[Any]:
    """Return an array of any content, which the thread's next call with this name overwrites.

    Arrays above 4 MB (20 s of speech) are made anew, so that a long recording leaves nothing.
    """
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    if size > _SCRATCH_BYTES:
        return np.empty(shape, kind)
    part = _SCRATCH.parts.get(name)
    if part is None or len(part) < size:
        part = _SCRATCH.parts[name] = np.empty(size, np.uint8)
    return np.asarray(part[:size].view(kind).reshape(shape))


def transform(
    samples: Floats,
    length: int,
    window: Floats,
    n_fft: int,
    out: NDArray[np.complex64] | None = None,
) -> NDArray[np.complex64]:
    """Fourier transform of the weighted frames, shape (frames, 1 + n_fft / 2); ``out`` if given."""
    from scipy.fft import rfft

    frames = framed(samples, length)
    result = np.empty((len(frames), 1 + n_fft // 2), np.complex64) if out is None else out
    for first in range(0, len(frames), _BLOCK):
        part = slice(first, first + _BLOCK)
        result[part] = rfft(frames[part] * window, n_fft, axis=1)
    return result


def transformed_power(
    samples: Floats, length: int, window: Floats, n_fft: int, out: Floats | None = None
) -> Floats:
    """Squared magnitude of :func:`transform`, whose complex values are not kept."""
    from scipy.fft import rfft

    frames = framed(samples, length)
    result = np.empty((len(frames), 1 + n_fft // 2), np.float32) if out is None else out
    for first in range(0, len(frames), _BLOCK):
        part = slice(first, first + _BLOCK)
        spectrum = rfft(frames[part] * window, n_fft, axis=1)
        np.multiply(spectrum.real, spectrum.real, out=result[part])
        result[part] += spectrum.imag**2
    return result


def power_of(spectrum: NDArray[np.complex64], out: Floats | None = None) -> Floats:
    """Squared magnitude of a complex spectrum; ``out`` if given."""
    result = np.square(spectrum.real, out=out)
    result += np.square(spectrum.imag)
    return np.asarray(result)
