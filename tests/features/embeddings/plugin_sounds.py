"""Recordings for the extractors that take a file of the user's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile


def write_sounds(folder: Path, count: int) -> list[Path]:
    """Write half a second of noise each, all different."""
    rng = np.random.default_rng(0)
    files = [folder / f"{index}.flac" for index in range(count)]
    for file in files:
        soundfile.write(file, rng.uniform(-0.2, 0.2, 8000), 16_000)
    return files
