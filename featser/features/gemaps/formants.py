"""Formants of the 20 ms frames: roots of the linear prediction polynomial.

Reference: J. D. Markel and A. H. Gray, "Linear Prediction of Speech", 1976.

Two readings of the same prediction are offered. ``TEXTBOOK`` takes the poles of the all-pole
model. ``REFERENCE`` takes what the reference implementation gives out: it keeps the spectrum up to
3.4 kHz, sees the first 14 ms of the frame after 6 ms of silence, and solves the polynomial with
the sign of its coefficients inverted (observed with opensmile 2.6). Its values miss the formants
of a synthetic vowel by 2 % to 30 % (``reports/gemaps/truth.md``), yet they are what users of that
feature set compare with, so the extractor gives them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.features.gemaps.framing import RATE, SHORT, SHORT_FFT
from featser.features.lowlevel.compiled import compiled
from featser.features.lowlevel.frame_settings import Floats

LPC_RATE = 11_000
ORDER = 11
N_FORMANTS = 3
MIN_HZ = 50.0
MAX_HZ = 5450.0
_SAMPLES = SHORT * LPC_RATE // RATE

REFERENCE = "reference"
TEXTBOOK = "textbook"


@lru_cache(maxsize=2)
def _resampling(convention: str) -> Floats:
    """Rows: real and imaginary parts of the bins used; columns: samples at 11 kHz."""
    if convention == TEXTBOOK:
        bins, delay = 1 + int(LPC_RATE / 2 * SHORT_FFT / RATE), 0
    else:
        bins, delay = _SAMPLES // 2, (SHORT_FFT - SHORT) // 2
    time = np.arange(_SAMPLES) * RATE / LPC_RATE - delay
    phase = 2 * np.pi / SHORT_FFT * np.arange(bins)[:, None] * time
    scale = 2 / SHORT_FFT
    parts = np.stack([scale * np.cos(phase), -scale * np.sin(phase)], axis=1)
    if convention == TEXTBOOK:
        parts[0] /= 2
    return parts.reshape(2 * bins, _SAMPLES).astype(np.float32)


def resampled(spectrum: NDArray[np.complex64], convention: str = REFERENCE) -> Floats:
    """Bring frames to 11 kHz by the inverse transform of their lower spectrum.

    Parameters
    ----------
    spectrum : ndarray of complex64, shape (frames, 257)
        Fourier transform of the 20 ms frames.
    convention : {"reference", "textbook"}
        See the module.

    Returns
    -------
    ndarray, shape (frames, 220)
    """
    matrix = _resampling(convention)
    bins = len(matrix) // 2
    used = np.ascontiguousarray(spectrum[:, :bins]).view(np.float32)
    return np.asarray(used @ matrix)


@compiled
def _predict(samples: Any, order: int) -> Any:
    """Autocorrelation and Levinson's recursion; zeros for a silent frame."""
    frames, length = samples.shape
    result = np.zeros((frames, order))
    lags = np.zeros(order + 1)
    for t in range(frames):
        lags[:] = 0
        row = samples[t]
        for n in range(length - order):
            here = np.float64(row[n])
            for k in range(order + 1):
                lags[k] += here * row[n + k]
        for n in range(length - order, length):
            here = np.float64(row[n])
            for k in range(length - n):
                lags[k] += here * row[n + k]
        error = lags[0]
        if error <= 0:
            continue
        taps = result[t]
        for i in range(order):
            reflection = lags[i + 1]
            for k in range(i):
                reflection -= taps[k] * lags[i - k]
            reflection /= error
            for k in range(i // 2):
                low, high = taps[k], taps[i - 1 - k]
                taps[k] = low - reflection * high
                taps[i - 1 - k] = high - reflection * low
            if i % 2:
                taps[i // 2] -= reflection * taps[i // 2]
            taps[i] = reflection
            error *= 1 - reflection * reflection
            if error <= 0:
                break
    return result


def predictor(samples: Floats) -> NDArray[np.float64]:
    """Linear predictor of order 11 by the autocorrelation method.

    Parameters
    ----------
    samples : ndarray, shape (frames, 220)
        From :func:`resampled`.

    Returns
    -------
    ndarray of float64, shape (frames, 11)
        ``a`` of ``x[n] ≈ a[0] x[n−1] + … + a[10] x[n−11]``.
    """
    return np.asarray(_predict(samples, ORDER))


@compiled
def _roots(coefficients: Any, roots: Any) -> None:
    """All roots of a monic polynomial at once (Aberth–Ehrlich), into ``roots``."""
    degree = len(coefficients) - 1
    for n in range(degree):
        angle = 2 * np.pi * (n + 0.25) / degree
        roots[n] = 0.9 * complex(np.cos(angle), np.sin(angle))
    for _ in range(60):
        moved = 0.0
        for n in range(degree):
            root = roots[n]
            value = complex(coefficients[0], 0.0)
            rate = complex(0.0, 0.0)
            for k in range(1, degree + 1):
                rate = rate * root + value
                value = value * root + coefficients[k]
            if value == 0:
                continue
            repulsion = complex(0.0, 0.0)
            for m in range(degree):
                if m != n:
                    apart = root - roots[m]
                    size = apart.real * apart.real + apart.imag * apart.imag + 1e-300
                    repulsion += complex(apart.real / size, -apart.imag / size)
            step = value / (rate - value * repulsion)
            roots[n] = root - step
            moved = max(moved, abs(step.real) + abs(step.imag))
        if moved < 1e-6:
            break


@compiled
def _resonances(taps: Any, sign: float, rate: float, low: float, high: float, count: int) -> Any:
    frames, order = taps.shape
    hertz = np.zeros((frames, count))
    width = np.zeros((frames, count))
    polynomial = np.zeros(order + 1)
    roots = np.zeros(order, np.complex128)
    for t in range(frames):
        if not np.any(taps[t] != 0):
            continue
        polynomial[0] = 1
        for k in range(order):
            polynomial[k + 1] = sign * taps[t, k]
        _roots(polynomial, roots)
        n_resonances = 0
        for n in range(order):
            root = roots[n]
            if root.imag <= 1e-7:
                continue
            frequency = np.arctan2(root.imag, root.real) * rate / (2 * np.pi)
            if frequency < low or frequency > high:
                continue
            at = min(n_resonances, count)
            while at > 0 and hertz[t, at - 1] > frequency:
                if at < count:
                    hertz[t, at] = hertz[t, at - 1]
                    width[t, at] = width[t, at - 1]
                at -= 1
            if at < count:
                hertz[t, at] = frequency
                width[t, at] = -np.log(np.abs(root)) * rate / np.pi
                n_resonances = min(n_resonances + 1, count)
    return hertz, width


def formants(taps: NDArray[np.float64], convention: str = REFERENCE) -> tuple[Floats, Floats]:
    """Frequencies and bandwidths of the lowest three resonances, 50–5450 Hz.

    A pair of roots at radius ``r`` and angle ``φ`` resonates at ``φ · rate / 2π`` with the
    bandwidth ``−ln r · rate / π``.

    Parameters
    ----------
    taps : ndarray, shape (frames, 11)
        From :func:`predictor`.
    convention : {"reference", "textbook"}
        See the module.

    Returns
    -------
    two ndarrays, shape (frames, 3)
        In Hz, rising; 0 where there is none.
    """
    sign = 1.0 if convention == REFERENCE else -1.0
    hertz, width = _resonances(taps, sign, float(LPC_RATE), MIN_HZ, MAX_HZ, N_FORMANTS)
    return hertz.astype(np.float32), width.astype(np.float32)
