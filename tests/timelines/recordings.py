"""Long recordings for tests, made of the synthetic voices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from featser.audio import decode

RATE = 16_000


def voiced(folder: Path, speaker: str, emotion: str, seconds: float) -> np.ndarray:
    """Speech of one voice and emotion, as long as asked for."""
    files = sorted(folder.glob(f"{speaker}-{emotion}-*.flac"))
    assert files
    samples = np.concatenate([decode(file).resampled(RATE).samples for file in files])
    return np.resize(samples, round(seconds * RATE))


def pause(seconds: float) -> np.ndarray:
    """A quiet room."""
    return np.random.default_rng(0).normal(0, 1e-4, round(seconds * RATE))


def write(path: Path, *parts: np.ndarray) -> Path:
    soundfile.write(path, np.concatenate(parts), RATE)
    return path
