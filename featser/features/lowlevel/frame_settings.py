"""How a signal is cut into frames: rate, FFT, step and window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featser.audio import RATE
from featser.errors import FeatureError

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class FrameSettings:
    """How a signal is cut into frames.

    Parameters
    ----------
    rate : int
        Samples per second.
    n_fft : int
        Points of the FFT; even. The window stands in the middle of them, zeros around it.
    hop_length : int
        Samples from one frame to the next.
    win_length : int
        Samples under the periodic Hann window; even, at most ``n_fft``.

    Raises
    ------
    FeatureError
        If the numbers do not describe frames.
    """

    rate: int = RATE
    n_fft: int = 512
    hop_length: int = 160
    win_length: int = 400

    def __post_init__(self) -> None:
        for field in ("rate", "n_fft", "hop_length", "win_length"):
            value = getattr(self, field)
            if value < 1:
                raise FeatureError(f"frame setting {field}={value}: must be 1 or more")
        for field in ("n_fft", "win_length"):
            value = getattr(self, field)
            if value % 2:
                raise FeatureError(f"frame setting {field}={value}: must be even")
        if self.win_length > self.n_fft:
            raise FeatureError(
                f"frame setting win_length={self.win_length}: must not exceed n_fft={self.n_fft}"
            )

    @property
    def bins(self) -> int:
        """Number of frequencies, from 0 Hz to half the rate."""
        return 1 + self.n_fft // 2

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.rate / self.hop_length


DEFAULT = FrameSettings()
