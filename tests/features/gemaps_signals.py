"""Signals whose pitch, perturbation, noise and formants are known, because they were made so."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

RATE = 16_000
Samples = NDArray[np.float32]


def pulses(
    hertz: float,
    seconds: float = 1.5,
    jitter: float = 0.0,
    shimmer_db: float = 0.0,
    chance: np.random.Generator | None = None,
) -> NDArray[np.float64]:
    """Band-limited pulses whose periods alternate by ``jitter`` and heights by ``shimmer_db``.

    So local jitter and local shimmer are exactly those. With ``chance`` the periods are drawn
    instead, uniformly, so that local jitter is ``jitter`` on average.
    """
    period = RATE / hertz
    count = int(seconds * hertz) - 2
    sign = np.where(np.arange(count) % 2, 0.5, -0.5)
    apart = sign if chance is None else chance.uniform(-1.5, 1.5, count)
    at = period + np.cumsum(period * (1 + jitter * apart))
    height = 10 ** (sign * shimmer_db / 20)
    samples = np.zeros(int(seconds * RATE))
    for place, size in zip(at, height, strict=True):
        near = np.arange(int(place) - 24, int(place) + 25)
        inside = (near >= 0) & (near < len(samples))
        near = near[inside]
        apart = near - place
        samples[near] += size * np.sinc(apart) * np.cos(np.pi * apart / 52) ** 2
    return samples


def vowel(
    source: NDArray[np.float64],
    formants: tuple[float, ...] = (600.0, 1500.0, 2500.0, 3500.0),
    bandwidths: tuple[float, ...] = (80.0, 100.0, 140.0, 200.0),
) -> Samples:
    """Pass a source through poles at known formants, and bring its peak to 0.7."""
    samples = lfilter([1.0], [1.0, -0.9], source)
    for centre, width in zip(formants, bandwidths, strict=True):
        radius = np.exp(-np.pi * width / RATE)
        angle = 2 * np.pi * centre / RATE
        samples = lfilter([1.0], [1.0, -2 * radius * np.cos(angle), radius**2], samples)
    return np.asarray(0.7 * samples / np.abs(samples).max(), np.float32)


def noisy(samples: Samples, snr_db: float, seed: int = 0) -> Samples:
    """Add white noise ``snr_db`` below the signal."""
    noise = np.random.default_rng(seed).standard_normal(len(samples))
    noise *= np.sqrt(np.mean(samples.astype(float) ** 2) / np.mean(noise**2)) * 10 ** (-snr_db / 20)
    mixed = samples + noise
    return np.asarray(mixed * min(1.0, 0.95 / np.abs(mixed).max()), np.float32)
