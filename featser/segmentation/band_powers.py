"""The power of a recording in frequency bands, frame by frame, in memory for few samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from featser.audio.signal import Signal
from featser.segmentation.length_rules import HOP_S

WINDOW_S = 0.032
"""Hann windows of 32 ms, centred on the frames."""
N_BANDS = 16
LOWEST_HZ, HIGHEST_HZ = 80.0, 6000.0
"""Bands of equal width on the mel scale; those above half the sampling rate are left out."""
LEAST_POWER = 1e-10
"""Power, re full scale, below which nothing is measured: −100 dB, the rounding of 16 bits."""
GROUP = 500
"""So many frames are computed at a time, however long the blocks are that they come in: the values
do not depend on the blocks."""

Powers = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class BandPowers:
    """The power in each band of each frame.

    Parameters
    ----------
    values : ndarray of float32, shape (n_frames, n_bands)
        Mean power of the band's frequencies, re full scale.
    least : float
        The value that stands for :data:`LEAST_POWER` in one band.
    seconds : float
        The length of the recording.
    """

    values: Powers
    least: float
    seconds: float


def band_powers(blocks: Iterable[Signal]) -> BandPowers:
    """Measure the power of a recording in bands.

    Parameters
    ----------
    blocks : iterable of Signal
        The recording, in order, at one rate.

    Examples
    --------
    >>> tone = Signal(np.sin(np.arange(16_000) / 5).astype(np.float32), 16_000)
    >>> powers = band_powers([tone])
    >>> powers.values.shape, powers.seconds
    ((100, 16), 1.0)
    """
    groups: list[Powers] = []
    rate, count = 0, 0
    framer: _Framer | None = None
    for block in blocks:
        if framer is None:
            rate, framer = block.rate, _Framer(block.rate)
        count += len(block.samples)
        groups += [_powers(frames, rate) for frames in framer.add(block.samples)]
    if framer is None:
        return BandPowers(np.zeros((0, N_BANDS), np.float32), LEAST_POWER, 0.0)
    groups += [_powers(frames, rate) for frames in framer.end(count)]
    n_bins = round(WINDOW_S * rate) // 2 + 1
    return BandPowers(np.concatenate(groups), LEAST_POWER / n_bins, count / rate)


class _Framer:
    """Cuts samples that come in blocks of any length into groups of windows."""

    def __init__(self, rate: int) -> None:
        self._hop = HOP_S * rate
        self._size = round(WINDOW_S * rate)
        self._next = 0  # the first frame that was not returned
        self._begin = -self._size  # the place of the first sample in the buffer
        self._buffer = np.zeros(self._size, np.float32)

    def add(self, samples: NDArray[np.float32]) -> Iterator[Powers]:
        """Yield the groups of windows that are complete, shape (:data:`GROUP`, size)."""
        self._buffer = np.concatenate((self._buffer, samples))
        while self._first(self._next + GROUP) + self._size <= self._begin + len(self._buffer):
            yield self._windows(GROUP)

    def end(self, count: int) -> Iterator[Powers]:
        """Yield the windows that are left of so many samples, with zeros after them."""
        n_frames = max(1, int(count / self._hop + 1e-6))
        self._buffer = np.concatenate((self._buffer, np.zeros(2 * self._size, np.float32)))
        while self._next < n_frames:
            yield self._windows(min(GROUP, n_frames - self._next))

    def _first(self, frame: int) -> int:
        """Return the place of the first sample of a frame's window."""
        return round((frame + 0.5) * self._hop) - self._size // 2

    def _windows(self, count: int) -> Powers:
        frames = np.arange(self._next, self._next + count)
        firsts = np.rint((frames + 0.5) * self._hop).astype(np.intp) - self._size // 2
        windows = np.lib.stride_tricks.sliding_window_view(self._buffer, self._size)
        group: Powers = windows[firsts - self._begin]
        self._next += count
        gone = max(0, self._first(self._next) - self._begin)
        self._begin += gone
        self._buffer = self._buffer[gone:]
        return group


def _powers(frames: Powers, rate: int) -> Powers:
    from scipy.fft import rfft

    window, bands = _analysis(rate)
    spectrum = rfft(frames * window, axis=1)
    return np.asarray((spectrum.real**2 + spectrum.imag**2) @ bands, dtype=np.float32)


@lru_cache(maxsize=8)
def _analysis(rate: int) -> tuple[Powers, Powers]:
    """Return the window and, shape (n_bins, n_bands), what the bands take of each bin."""
    size = round(WINDOW_S * rate)
    window = np.hanning(size)
    edges = _hertz(np.linspace(_mel(LOWEST_HZ), _mel(HIGHEST_HZ), N_BANDS + 1))
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    band = np.digitize(frequencies, edges) - 1
    columns = [band == number for number in range(N_BANDS) if (band == number).any()]
    scale = 2 / (size * np.sum(window**2))
    weights = np.column_stack([column * scale / column.sum() for column in columns])
    return window.astype(np.float32), weights.astype(np.float32)


def _mel(hertz: float) -> float:
    return float(2595 * np.log10(1 + hertz / 700))


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(700 * (10 ** (mel / 2595) - 1))
