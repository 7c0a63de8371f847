"""Packed frames that behave like speech: bands that move together, pauses, different lengths."""

from __future__ import annotations

import numpy as np

from featser.features.packed_frames import packed

WIDTH = 6


def made(rows: int = 24, most: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows of packed frames, shape (rows, most · WIDTH), and two classes that tilt the bands."""
    rng = np.random.default_rng(seed)
    y = np.arange(rows) % 2
    length = rng.integers(most // 2, most + 1, rows)
    bands = np.linspace(-1, 1, WIDTH) * (2.0 * y - 1)[:, None, None]
    level = rng.normal(0, 6, (rows, most, 1))
    frames = -40 + level + 3 * bands * rng.uniform(0.5, 1.5, (rows, most, 1))
    frames += rng.normal(0, 2, (rows, most, WIDTH))
    frames[:, 10:16] -= 60
    present = np.arange(most) < length[:, None]
    return packed(frames.astype(np.float32), present), y
