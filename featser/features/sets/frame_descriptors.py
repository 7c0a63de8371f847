"""Frame descriptors as they are, for models that read them in time: packed frames."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from featser.audio import RATE, Signal
from featser.features.extractor import Extractor
from featser.features.lowlevel.descriptors import logmel
from featser.features.lowlevel.filterbanks import N_MELS
from featser.features.lowlevel.frame_settings import DEFAULT, Floats
from featser.features.lowlevel.spectrum import spectrum_of

STEP = 2
MOST = 400


class Frames(Extractor):
    """Log-mel bands in dB of 25 ms frames every 20 ms, frame by frame, for up to 8 s.

    The bands are those of ``logmel``, of every second frame. Where that gives more than 400 frames,
    only every third, fourth, … is taken, so that a longer recording is covered as a whole, with
    fewer frames. Frames beyond its end are NaN: utterances of any length make one matrix, and who
    reads it knows where each ends (:func:`featser.features.packed_frames.unpacked`).
    """

    version: ClassVar[int] = 1
    in_blocks = True
    frame_width = N_MELS

    def __init__(self) -> None:
        self.name = "frames"
        self.rate = RATE
        self.cost_ms = 0.9
        self.units = "dB"
        self.description = "log-mel bands of every frame, for encoders and networks"

    @property
    def params(self) -> dict[str, Any]:
        """The frames, and how many of them."""
        return {
            "bands": N_MELS,
            "step": STEP,
            "most": MOST,
            "n_fft": DEFAULT.n_fft,
            "hop_length": DEFAULT.hop_length,
            "win_length": DEFAULT.win_length,
        }

    @property
    def families(self) -> tuple[str, ...]:
        """Of the descriptors: ``logmel``."""
        return ("logmel",)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Frame and band, such as ``frame_012.logmel_07``."""
        return tuple(
            f"frame_{frame:03d}.logmel_{band:02d}"
            for frame in range(MOST)
            for band in range(N_MELS)
        )

    def __call__(self, signal: Signal) -> Floats:
        """Compute the frames, and fill up with NaN."""
        self._check_rate(signal)
        bands = logmel(spectrum_of(signal))
        step = max(STEP, -(-bands.shape[1] // MOST))
        frames = bands[:, ::step].T
        packed = np.full((MOST, N_MELS), np.nan, dtype=np.float32)
        packed[: len(frames)] = frames
        return packed.ravel()
