"""Test signals for augmentation, and measurements of the results."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featser.audio import Signal
from tests.features.gemaps_signals import RATE, pulses, vowel


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def words() -> Signal:
    """Half a second of vowel, a pause, a quieter and shorter vowel, a long silence."""
    first = vowel(pulses(120, 0.5)) * np.float32(0.3)
    second = vowel(pulses(180, 0.3)) * np.float32(0.1)
    gap, end = np.zeros(6400, np.float32), np.zeros(8000, np.float32)
    return Signal(np.concatenate((first, gap, second, end)), RATE)


def tone(hertz: float, seconds: float = 1.0, rate: int = RATE, height: float = 0.3) -> Signal:
    times = np.arange(round(seconds * rate)) / rate
    return Signal((height * np.sin(2 * np.pi * hertz * times)).astype(np.float32), rate)


def harmonics(hertz: float, seconds: float = 1.0, rate: int = RATE) -> Signal:
    times = np.arange(round(seconds * rate)) / rate
    parts = [np.sin(2 * np.pi * k * hertz * times) / k for k in range(1, 12)]
    return Signal((0.2 * np.sum(parts, axis=0)).astype(np.float32), rate)


def decibels(power: float) -> float:
    return float(10 * np.log10(power))


def pitch_of(signal: Signal) -> float:
    """Frequency of the lowest of the strong partials, by a parabola over a fine spectrum."""
    middle = signal.samples[len(signal.samples) // 5 : -len(signal.samples) // 5]
    points = 1 << 19
    level = np.log(np.abs(np.fft.rfft(middle * np.hanning(len(middle)), points)) + 1e-9)
    low = int(50 * points / signal.rate)
    strong = np.flatnonzero(level[low:] > level.max() - 2)[0] + low
    at = strong + int(np.argmax(level[strong : strong + int(30 * points / signal.rate)]))
    left, here, right = level[at - 1 : at + 2]
    return float((at + 0.5 * (left - right) / (left - 2 * here + right)) * signal.rate / points)


def median_pitch(signal: Signal) -> float:
    """Semitones re 1 Hz: median over the periodic frames, by autocorrelation."""
    frames = np.lib.stride_tricks.sliding_window_view(signal.samples, 1024)[::256]
    spectra = np.fft.rfft(frames * np.hanning(1024), 4096)
    lags = np.fft.irfft(np.abs(spectra) ** 2)[:, : RATE // 70]
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(1024), 4096)) ** 2)[: RATE // 70]
    alike = lags / window / (lags[:, :1] / window[0] + 1e-9)
    alike[:, : RATE // 450] = 0
    best = alike.argmax(axis=1)
    periodic = alike.max(axis=1) > 0.8
    return float(np.median(12 * np.log2(RATE / best[periodic])))


def loudness(signal: Signal) -> NDArray[np.float64]:
    """Amplitude of each 20 ms."""
    step = signal.rate // 50
    frames = signal.samples[: len(signal.samples) // step * step].reshape(-1, step)
    return np.sqrt(np.mean(frames.astype(float) ** 2, axis=1))


def active_level(samples: NDArray[np.float32], rate: int) -> float:
    """ITU-T P.56 method B in dB, sample by sample as the Recommendation words it."""
    decay, hangover = np.exp(-1 / (rate * 0.03)), int(np.ceil(0.2 * rate))
    thresholds = 2.0 ** np.arange(-15, 0)
    active, waited = np.zeros(15), np.full(15, hangover)
    once = twice = 0.0
    for sample in np.abs(samples.astype(float)):
        once = decay * once + (1 - decay) * sample
        twice = decay * twice + (1 - decay) * once
        loud = twice >= thresholds
        held = ~loud & (waited < hangover)
        waited[loud] = 0
        waited[held] += 1
        active += loud | held
    reached = active > 0
    levels = 10 * np.log10(np.sum(samples.astype(float) ** 2) / active[reached])
    margins = levels - 20 * np.log10(thresholds[reached])
    at = int(np.argmax(margins <= 15.9))
    share = (margins[at - 1] - 15.9) / (margins[at - 1] - margins[at])
    return float(levels[at - 1] + share * (levels[at] - levels[at - 1]))


def snr_of(before: Signal, after: Signal) -> float:
    noise = after.samples.astype(float) - before.samples
    return active_level(before.samples, before.rate) - decibels(np.mean(noise**2))


# Level
