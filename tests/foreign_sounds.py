"""Sounds that are no speech, for tests of what a model says about them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

RATE = 16_000


def chords(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """Play decaying chords of six harmonics, one after the other."""
    time = np.arange(int(seconds * RATE)) / RATE
    sound = np.zeros(len(time))
    beat = rng.uniform(0.4, 0.8)
    for number in range(int(seconds / beat) + 1):
        since = np.maximum(time - number * beat, 0)
        loud = (time >= number * beat) * np.exp(-2.5 * since) * np.minimum(1, since / 0.01)
        root = 110 * 2 ** (rng.integers(0, 24) / 12)
        for step in (0, rng.choice([3, 4]), 7, 12):
            for harmonic in range(1, 7):
                pitch = harmonic * root * 2 ** (step / 12)
                sound += loud * np.sin(2 * np.pi * pitch * since) / harmonic**1.5
    return 0.1 * sound / np.sqrt(np.mean(sound**2))


def foreign_sounds(seed: int = 0) -> dict[str, np.ndarray]:
    """Return a sound of each kind, 2.5 s at 16 kHz."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(2.5 * RATE)) / RATE
    return {
        "sine": 0.14 * np.sin(2 * np.pi * rng.uniform(100, 2000) * time),
        "noise": 0.1 * rng.standard_normal(len(time)),
        "music": chords(rng, 2.5),
        "silence": 1e-4 * rng.standard_normal(len(time)),
    }


def write_sound(path: Path, samples: np.ndarray) -> Path:
    """Write samples as a recording of 16 bits."""
    soundfile.write(path, samples, RATE, subtype="PCM_16")
    return path
