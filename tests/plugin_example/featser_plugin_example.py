"""An extractor in a package of its own: how far peaks stand out of the level."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featser.audio import Signal
from featser.errors import UnusableAudio
from featser.features import Extractor

FRAME = 400


class Crest(Extractor):
    """Crest factor (peak over root mean square) of frames of 25 ms: mean and spread."""

    name = "crest"
    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ("numpy", "soundfile", "soxr")
    cost_ms = 0.1
    units = "dB"
    description = "crest factor of frames"

    @property
    def params(self) -> dict[str, Any]:
        return {"frame": FRAME}

    @property
    def families(self) -> tuple[str, ...]:
        return ("crest factor",)

    @property
    def names(self) -> tuple[str, ...]:
        return ("crest.mean", "crest.std")

    def __call__(self, signal: Signal) -> NDArray[np.float32]:
        n_frames = len(signal.samples) // FRAME
        if n_frames == 0:
            raise UnusableAudio("signal", "too short for crest: 25 ms are needed")
        frames = signal.samples[: n_frames * FRAME].astype(np.float64).reshape(n_frames, FRAME)
        peak = np.abs(frames).max(axis=1)
        level = np.sqrt(np.square(frames).mean(axis=1))
        crest = 20 * np.log10(np.maximum(peak, 1e-9) / np.maximum(level, 1e-9))
        return np.array([crest.mean(), crest.std()], np.float32)
