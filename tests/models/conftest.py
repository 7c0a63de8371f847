"""Small data that behave like features of speech: classes, speakers, undefined values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from featser.tasks import Task


@dataclass
class Sample:
    X: np.ndarray
    labels: pd.DataFrame
    speaker: np.ndarray
    tasks: list[Task]


def make_sample(rows: int = 160, features: int = 20, seed: int = 0) -> Sample:
    rng = np.random.default_rng(seed)
    emotion = rng.choice(["angry", "happy", "sad"], rows, p=[0.5, 0.3, 0.2])
    arousal = rng.uniform(-1, 1, rows)
    X = rng.normal(size=(rows, features)).astype(np.float32)
    X[:, 0] += 2.5 * (emotion == "angry")
    X[:, 1] += 2.5 * (emotion == "sad")
    X[:, 2] += 3 * arousal
    X[rng.random(X.shape) < 0.02] = np.nan
    X[:, -1] = 7
    labels = pd.DataFrame(
        {"emotion": emotion, "arousal": arousal, "level": rng.choice(["low", "high"], rows)}
    )
    X[:, 3] += 2 * (labels["level"] == "high")
    labels.loc[rng.random(rows) < 0.2, "arousal"] = np.nan
    labels.loc[rng.random(rows) < 0.1, "level"] = None
    tasks = [
        Task("emotion", classes=("angry", "happy", "sad"), role="primary"),
        Task("arousal", "regression"),
        Task("level", "ordinal", ("low", "high")),
    ]
    return Sample(X, labels, np.repeat(np.arange(rows // 10), 10), tasks)


@pytest.fixture
def sample() -> Sample:
    return make_sample()
