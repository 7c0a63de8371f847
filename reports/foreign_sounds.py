"""Sounds that a model of speech should not answer for: no speech, and damaged recordings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

RATE = 16_000
SECONDS = 2.5
SHORT_SECONDS = 0.2


def chords(rng: np.random.Generator, seconds: float = SECONDS) -> np.ndarray:
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


def no_speech(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return a sound of each kind that is no speech, at 16 kHz."""
    time = np.arange(int(SECONDS * RATE)) / RATE
    white = rng.standard_normal(len(time))
    spectrum = np.fft.rfft(rng.standard_normal(len(time)))
    pink = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 1), len(time))
    return {
        "sine": 0.14 * np.sin(2 * np.pi * rng.uniform(100, 2000) * time),
        "white noise": 0.1 * white,
        "pink noise": 0.1 * pink / pink.std(),
        "music (synthetic chords)": chords(rng),
        "silence (noise at -80 dB)": 1e-4 * white,
    }


def damaged(samples: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return altered copies of a recording, by kind; the first is 0.2 s of it.

    Parameters
    ----------
    samples : ndarray of float, shape (n,)
        At 16 kHz.
    rng : Generator
        Of the noise.
    """
    middle = len(samples) // 2
    power = np.sqrt(np.mean(samples**2))
    return {
        "0.2 s of a recording": samples[middle : middle + int(SHORT_SECONDS * RATE)],
        "recording at -40 dB": 0.01 * samples,
        "recording, clipped": np.clip(20 * samples, -1, 1),
        "recording in white noise, 5 dB": samples
        + 10 ** (-5 / 20) * power * rng.standard_normal(len(samples)),
    }


def write_sounds(
    folder: Path, recordings: Sequence[np.ndarray], seed: int
) -> dict[str, list[Path]]:
    """Write sounds that are no speech, and damaged copies, one of each kind for each recording.

    Parameters
    ----------
    folder : Path
        Is made.
    recordings : sequence of ndarray
        Samples at 16 kHz.
    seed : int
        Random seed of all sounds.

    Returns
    -------
    dict of str to list of Path
        By kind.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    files: dict[str, list[Path]] = {}
    for number, samples in enumerate(recordings):
        for kind, sound in (no_speech(rng) | damaged(samples, rng)).items():
            name = "".join(letter if letter.isalnum() else "-" for letter in kind)
            files.setdefault(kind, []).append(folder / f"{name}-{number}.wav")
            soundfile.write(files[kind][-1], np.clip(sound, -1, 1), RATE, subtype="PCM_16")
    return files
