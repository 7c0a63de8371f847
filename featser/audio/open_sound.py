"""An open recording, as libsndfile and PyAV offer it, and why it cannot be read."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

CHANGES = "its sampling rate or number of channels changes in between"
"""Why a stream is not read as one recording."""


class SoundError(Exception):
    """A recording that cannot be decoded; the message says why."""


class OpenSound(Protocol):
    """A recording that is read from the front to the back.

    Attributes
    ----------
    samplerate, channels : int
        In Hz, and how many.
    format, subtype : str
        Its container and its codec.
    n_frames : int or None
        How many samples each channel has; None where only decoding shows it.
    n_streams, number : int
        How many audio streams the file has, and which one this is.
    """

    samplerate: int
    channels: int
    format: str
    subtype: str
    n_frames: int | None
    n_streams: int
    number: int

    def truncation(self, head: bytes) -> str:
        """Return what the header says that the file does not hold; empty if it holds all."""

    def begin_at(self, frame: int) -> None:
        """Let the next frame that is read be this one, counted from the beginning."""

    def read_frames(self, count: int) -> NDArray[np.float32]:
        """Return so many frames, or as many as there are, shape (n_frames, n_channels)."""


def no_stream(number: int, n_streams: int) -> SoundError:
    """Return the error of an audio stream that does not exist."""
    return SoundError(
        f"there is no audio stream {number}: the recording has {n_streams}; choose another with "
        f"--channel, or with a column `stream` in the manifest"
    )
