"""Silence before, after and inside speech: how long it lasts, and the signal without its edges.

Which frames are silent is decided by :mod:`featser.audio.frame_levels`, from the first sample of a
recording that is not zero to the last. Where the noise of a room is less than 25 dB under the
voice, it cannot be distinguished from soft speech: nothing is measured and nothing is cut.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featser.audio.frame_levels import (
    BLOCK_SECONDS,
    FRAME_BLOCKS,
    HOP_BLOCKS,
    active_frames,
    frame_powers,
)
from featser.audio.in_blocks.resampling import parts_of
from featser.audio.in_blocks.sample_checks import MIN_SECONDS
from featser.audio.signal import Signal
from featser.errors import UnusableAudio


@dataclass(frozen=True)
class Silence:
    """How long a recording is silent, in seconds.

    Attributes
    ----------
    leading_s, trailing_s : float
        Before the first frame that is not silent, and after the last one.
    total_s : float
        Both, and 10 ms for each silent frame between.
    """

    leading_s: float
    trailing_s: float
    total_s: float


def measure_silence(signal: Signal) -> Silence:
    """Measure how long a recording is silent at its beginning, at its end, and in all.

    Parameters
    ----------
    signal : Signal
        At its own rate, as :func:`featser.audio.decode` returns it.

    Returns
    -------
    Silence
        All of a recording of zeros is leading silence.

    Examples
    --------
    >>> tone = np.cos(np.arange(16_000) / 5).astype(np.float32)
    >>> measure_silence(Signal(np.pad(tone, (8_000, 4_000)), 16_000))
    Silence(leading_s=0.5, trailing_s=0.25, total_s=0.75)
    """
    first, last, inside = _active_span(signal.samples, signal.rate)
    leading = first / signal.rate
    trailing = (len(signal.samples) - last) / signal.rate
    return Silence(leading, trailing, leading + trailing + inside / signal.rate)


def trim_silence(signal: Signal, file: str = "") -> Signal:
    """Return a signal without its leading and trailing silence.

    Parameters
    ----------
    signal : Signal
        At its own rate, as :func:`featser.audio.decode` returns it.
    file : str
        What an error names.

    Returns
    -------
    Signal
        The same samples between the first and the last frame that are not silent: however many
        zeros are put around a recording, what is left of it is the same.

    Raises
    ------
    UnusableAudio
        If all of it is silent, or less than 100 ms is not.

    Examples
    --------
    >>> tone = np.cos(np.arange(16_000) / 5).astype(np.float32)
    >>> trimmed = trim_silence(Signal(np.pad(tone, (8_000, 4_000)), 16_000))
    >>> np.array_equal(trimmed.samples, tone)
    True
    """
    first, last, _ = _active_span(signal.samples, signal.rate)
    if last == first:
        raise UnusableAudio(file, "silent: nothing is left without leading and trailing silence")
    if (last - first) < MIN_SECONDS * signal.rate:
        left = 1000 * (last - first) / signal.rate
        raise UnusableAudio(
            file,
            f"too short without leading and trailing silence: {left:.0f} ms, "
            f"{1000 * MIN_SECONDS:.0f} ms are needed",
        )
    if (first, last) == (0, len(signal.samples)):
        return signal
    samples = signal.samples[first:last]
    return Signal(samples, signal.rate, signal.gain, signal.remark, channel=signal.channel)


def _active_span(samples: NDArray[np.float32], rate: int) -> tuple[int, int, int]:
    """Return where sound begins and ends, and how many samples between are in silent frames."""
    begin, end = _span_without_zeros(samples)
    if begin == end:
        return len(samples), len(samples), 0
    powers = frame_powers(samples[begin:end], rate)
    active = np.flatnonzero(active_frames(powers))
    if not len(active):
        return len(samples), len(samples), 0
    block = max(1, round(BLOCK_SECONDS * rate))
    hop, size = HOP_BLOCKS * block, FRAME_BLOCKS * block
    first, last = int(active[0]), int(active[-1])
    silent_inside = last - first + 1 - len(active)
    until = end if last == len(powers) - 1 else begin + last * hop + size
    return begin + first * hop, until, silent_inside * hop


def _span_without_zeros(samples: NDArray[np.float32]) -> tuple[int, int]:
    """Return where the first sample is that is not zero, and the end of the last; 0, 0 if none."""
    begin, end, first = None, 0, 0
    for part in parts_of(samples):
        sounding = part != 0
        if sounding.any():
            begin = first + int(sounding.argmax()) if begin is None else begin
            end = first + len(part) - int(sounding[::-1].argmax())
        first += len(part)
    return begin or 0, end
