"""How loud a recording is over its time, and the outline of its waveform."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from featser.audio import decode_blocks
from featser.timelines.speech_activity import is_active, powers_of

BLOCK_S = 60.0

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SoundOutline:
    """What is needed of the sound of a recording after it has been decoded.

    Attributes
    ----------
    duration_s : float
        How long it is.
    active : ndarray of bool, shape (10 ms,)
        Which moments are loud enough to hold speech.
    envelope : ndarray of float32, shape (2, 10 ms)
        The least and the greatest sample of each 10 ms.
    note : str
        What decoding had to do.
    """

    duration_s: float
    active: NDArray[np.bool_]
    envelope: NDArray[np.float32]
    note: str


class OutlineBuilder:
    """Collects the outline of a recording block by block.

    Examples
    --------
    >>> builder = OutlineBuilder()
    >>> builder.add(np.zeros(8_000, np.float32), 16_000)
    >>> builder.outline().duration_s
    0.5
    """

    def __init__(self) -> None:
        self._powers: list[Doubles] = []
        self._extremes: list[NDArray[np.float32]] = []
        self._count, self._rate, self._note = 0, 1, ""

    def add(self, samples: NDArray[np.float32], rate: int, note: str = "") -> None:
        """Add the samples that follow."""
        self._rate, self._note = rate, note
        self._count += len(samples)
        if len(samples):
            self._powers.append(powers_of(samples, rate))
            self._extremes.append(_extremes(samples, len(self._powers[-1])))

    def outline(self) -> SoundOutline:
        """Return the outline of what was added, which is something."""
        return SoundOutline(
            self._count / self._rate,
            is_active(np.concatenate(self._powers)),
            np.concatenate(self._extremes, axis=1),
            self._note,
        )


def sound_outline(file: str | Path, channel: str = "mix") -> SoundOutline:
    """Decode a recording for its outline alone.

    Raises
    ------
    UnusableAudio
        If it cannot be decoded.
    """
    builder = OutlineBuilder()
    for block in decode_blocks(file, BLOCK_S, channel):
        builder.add(block.samples, block.rate, block.note)
    return builder.outline()


def _extremes(samples: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return the least and the greatest sample of so many equal stretches, shape (2, count)."""
    edges = (np.arange(count) * len(samples)) // count
    return np.stack(
        [np.minimum.reduceat(samples, edges), np.maximum.reduceat(samples, edges)]
    ).astype(np.float32)
