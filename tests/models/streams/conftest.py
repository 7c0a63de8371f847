"""Frames in which the band of a burst, at any moment, determines the class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from featser.tasks import Task

WIDTH = 6


@dataclass
class Bursts:
    X: np.ndarray
    labels: pd.DataFrame
    speaker: np.ndarray
    early: np.ndarray


def make_bursts(rows: int = 80, frames: int = 24, seed: int = 0) -> Bursts:
    """Utterances of 16 to 24 frames: emotion early, level late, arousal in the level of band 4."""
    rng = np.random.default_rng(seed)
    emotion, level = rng.integers(0, 3, rows), rng.integers(0, 3, rows)
    arousal = rng.uniform(-1, 1, rows)
    X = rng.normal(size=(rows, frames, WIDTH)).astype(np.float32)
    X[:, :, 4] += 2 * arousal[:, None]
    for row in range(rows):
        X[row, 2:6, emotion[row]] += 3
        X[row, 11:15, 3] += 2.5 * (level[row] - 1)
        X[row, rng.integers(16, frames + 1) :] = np.nan
    labels = pd.DataFrame(
        {
            "emotion": np.array(["angry", "happy", "sad"])[emotion],
            "level": np.array(["low", "middle", "high"])[level],
            "arousal": arousal,
        }
    )
    return Bursts(X.reshape(rows, -1), labels, np.arange(rows) // 10, emotion)


TASKS = [
    Task("arousal", "regression"),
    Task("emotion", classes=("angry", "happy", "sad"), role="primary"),
    Task("level", "ordinal", ("low", "middle", "high")),
]


@pytest.fixture(scope="session")
def bursts() -> Bursts:
    return make_bursts()
