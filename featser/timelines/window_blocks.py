"""A recording as blocks of windows, decoded once, in memory for a few blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from featser.audio import Signal, decode_blocks
from featser.timelines.window_plan import WindowPlan

BLOCK_S = 30.0
"""Seconds between the first windows of two blocks, about: below
:data:`~featser.audio.signal.LONG_S`, from which on no descriptors are shared."""
MARGIN_S = 0.5
"""What a block holds before its first and after its last window: frames at their edges need it."""
_ROUNDING = 1e-6

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WindowBlock:
    """A stretch of a recording with several windows.

    Attributes
    ----------
    samples : ndarray of float32, shape (n,)
        At ``rate``.
    rate : int
        The recording's own.
    first_s : float
        Where the samples begin in the recording.
    starts_s : ndarray, shape (windows,)
        Where the windows begin in the recording.
    own : slice
        The samples that are in no other block.
    note : str
        What decoding had to do.
    """

    samples: NDArray[np.float32]
    rate: int
    first_s: float
    starts_s: Doubles
    own: slice
    note: str = ""


def window_blocks(
    file: str | Path, plan: WindowPlan, channel: str = "mix"
) -> Iterator[WindowBlock]:
    """Decode a recording and cut it into blocks of windows.

    Parameters
    ----------
    file : str or Path
        The recording, or its URL.
    plan : WindowPlan
        Its windows.
    channel : str
        As :func:`featser.audio.decode_blocks` reads it.

    Yields
    ------
    WindowBlock
        In order. Together their own samples are the recording.

    Raises
    ------
    UnusableAudio
        As :func:`featser.audio.decode_blocks`, some of it after the last block.
    """
    step_s = max(1, round(BLOCK_S / plan.hop_s)) * plan.hop_s
    starts = np.arange(0, step_s - plan.hop_s / 2, plan.hop_s)
    # What follows the last window of a block, and so much that another block follows.
    beyond_s = plan.window_s + MARGIN_S
    held, own_s = _Held(), 0.0
    for decoded in decode_blocks(file, BLOCK_S, channel):
        held.add(decoded)
        while held.end_s >= own_s + step_s + beyond_s:
            block_starts = np.round(own_s + starts, 6)
            yield held.block(own_s, own_s + step_s, own_s + step_s + beyond_s, block_starts)
            own_s += step_s
            held.forget(own_s - MARGIN_S)
    if held.rate:
        every = plan.starts(held.end_s)
        yield held.block(own_s, held.end_s, held.end_s, every[every >= own_s - _ROUNDING])


class _Held:
    """The samples of a recording that are still needed."""

    def __init__(self) -> None:
        self.samples = np.empty(0, np.float32)
        self.first = 0
        self.rate = 0
        self.note = ""

    @property
    def end_s(self) -> float:
        """How far the recording has been decoded."""
        return (self.first + len(self.samples)) / self.rate if self.rate else 0.0

    def add(self, decoded: Signal) -> None:
        """Append what has been decoded."""
        self.rate, self.note = decoded.rate, decoded.note
        self.samples = np.concatenate([self.samples, decoded.samples])

    def forget(self, until_s: float) -> None:
        """Drop the samples before a moment."""
        first = max(0, self._at(until_s))
        self.samples, self.first = self.samples[first:].copy(), self.first + first

    def block(self, own_s: float, own_end_s: float, end_s: float, starts_s: Doubles) -> WindowBlock:
        """Return a block with the samples up to a moment."""
        first_s = max(0.0, own_s - MARGIN_S)
        first, last = self._at(first_s), self._at(end_s)
        own = slice(self._at(own_s) - first, self._at(own_end_s) - first)
        return WindowBlock(self.samples[first:last], self.rate, first_s, starts_s, own, self.note)

    def _at(self, seconds: float) -> int:
        return round(seconds * self.rate) - self.first
