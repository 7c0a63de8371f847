"""Temporal pyramid: what happens within a quarter, half and whole second, and where in frequency.

Statistics of the whole utterance lose what lasts a moment. Here windows of three lengths, each
half over the one before, are described one by one, and an utterance is the mean and the maximum
of what its windows are: a burst in one of them is a maximum. The same is done in frequency, where
octaves are merged by twos as windows are. After work on emotion recognition that merges
neighbouring windows of time and frequency from level to level; windows and statistics here are
featser's own choice.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from featser.audio import Signal
from featser.features.extractor import Extractor
from featser.features.lowlevel.blocks import by_rows, stacked
from featser.features.lowlevel.contours import SOUNDING_DB, TRACK_NAMES, sounding, tracks_of
from featser.features.lowlevel.filterbanks import N_MELS, frequencies, mel_filterbank
from featser.features.lowlevel.frame_settings import DEFAULT, Floats
from featser.features.lowlevel.functionals import QUANTILES, quantile_of_sorted
from featser.features.lowlevel.spectrum import decibels, spectrum_of

LENGTHS = (25, 50, 100)
"""Frames in a window of each level: 0.25, 0.5 and 1 s."""

EDGES = (125, 250, 500, 1000, 2000, 4000, 8000)
"""Limits of the octaves in Hz."""

MERGED = 2
"""Octaves in a band of the level above."""

STATISTICS = ("mean", "std", "slope", "p05", "p95")
"""Within a window: slope of the least-squares line, per second; quantiles."""

ACROSS = ("mean", "max")
"""Of a statistic, over the windows of a length."""


class Pyramid(Extractor):
    """Statistics within windows of 0.25, 0.5 and 1 s and of the whole, mean and maximum over them.

    Of the part from the first frame that sounds to the last
    (:func:`~featser.features.lowlevel.contours.sounding`). Contours: the 21 of
    ``TRACKS``; levels in dB of six octaves from 125 Hz to 8 kHz, of
    three pairs of octaves, and of all of it. Windows begin every half of their length, and one
    ends with the last frame; a part that is shorter than a window is that window.
    """

    version: ClassVar[int] = 1
    in_blocks = True

    def __init__(self) -> None:
        self.name = "pyramid"
        self.rate = DEFAULT.rate
        self.cost_ms = 3.0
        self.units = "those of MFCC, level, spectral shape (dB, Hz, decades), and these per s"
        self.description = "statistics within windows of 0.25 to 1 s, and their mean and maximum"

    @property
    def params(self) -> dict[str, Any]:
        """Contours, bands, windows, statistics, limit of what sounds, and frame settings."""
        return {
            "contours": list(TRACK_NAMES),
            "edges": list(EDGES),
            "merged": MERGED,
            "lengths": list(LENGTHS),
            "statistics": list(STATISTICS),
            "across": list(ACROSS),
            "sounding_db": SOUNDING_DB,
            "n_fft": DEFAULT.n_fft,
            "hop_length": DEFAULT.hop_length,
            "win_length": DEFAULT.win_length,
        }

    @property
    def families(self) -> tuple[str, ...]:
        """The kinds of descriptor."""
        return ("mfcc", "rms", "spectral", "zcr", "logmel")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Contour, window and statistics, such as ``pyramid.band_1000-2000Hz.0.25s.p95.max``."""
        contours = (*TRACK_NAMES, *(f"band_{low}-{high}Hz" for low, high in _limits()))
        windows = [f"{length / DEFAULT.frame_rate:g}s" for length in LENGTHS]
        within = [
            *(
                f"{window}.{one}.{over}"
                for window in windows
                for over in ACROSS
                for one in STATISTICS
            ),
            *(f"whole.{one}" for one in STATISTICS),
        ]
        return tuple(f"pyramid.{contour}.{what}" for contour in contours for what in within)

    def __call__(self, signal: Signal) -> Floats:
        """Compute the 1,085 values; slopes are NaN where a single frame sounds."""
        self._check_rate(signal)
        spectrum = spectrum_of(signal)
        tracks = tracks_of(signal)
        sounding_frames = np.flatnonzero(sounding(tracks))
        inside = slice(sounding_frames[0], sounding_frames[-1] + 1)
        levels = decibels(_bands() @ spectrum.mel_power[:, inside])
        return by_rows(pyramid, stacked([tracks[:, inside], levels])).ravel()


def pyramid(contours: Floats) -> Floats:
    """Statistics of contours within windows of all lengths.

    Parameters
    ----------
    contours : ndarray of float32, shape (d, frames)
        100 frames a second.

    Returns
    -------
    ndarray of float32, shape (d, 35)
        For each of :data:`LENGTHS` the mean of :data:`STATISTICS` over the windows, then their
        maximum; last, the statistics of all frames.
    """
    frames = contours.shape[1]
    levels = []
    for length in LENGTHS:
        values = statistics(windows_of(contours, min(length, frames)))
        levels += [values.mean(axis=1), values.max(axis=1)]
    levels.append(statistics(contours[:, None])[:, 0])
    return np.concatenate(levels, axis=1).astype(np.float32)


def windows_of(contours: Floats, length: int) -> Floats:
    """Windows that begin every half of their length, and one that ends with the last frame.

    Returns
    -------
    ndarray, shape (d, windows, length)
    """
    last = contours.shape[1] - length
    starts = np.arange(0, last + 1, max(1, length // 2))
    if starts[-1] != last:
        starts = np.append(starts, last)
    windows: Floats = sliding_window_view(contours, length, axis=1)[:, starts]
    return windows


def statistics(windows: Floats) -> NDArray[np.float64]:
    """Return :data:`STATISTICS` of each window, shape (d, windows, 5)."""
    values = windows.astype(np.float64)
    length = values.shape[2]
    mean = values.mean(axis=2)
    centred = values - mean[:, :, None]
    time = (np.arange(length) - (length - 1) / 2) / DEFAULT.frame_rate
    slope = np.full(mean.shape, np.nan) if length < 2 else centred @ (time / (time @ time))
    ordered = np.sort(windows, axis=2)
    low, high = (quantile_of_sorted(ordered, QUANTILES[name]) for name in STATISTICS[3:])
    return np.stack([mean, np.sqrt(np.mean(centred**2, axis=2)), slope, low, high], axis=2)


def _limits() -> list[tuple[int, int]]:
    """Limits of octaves, of pairs of octaves, and of all of it."""
    octaves = len(EDGES) - 1
    return [
        (EDGES[first], EDGES[first + wide])
        for wide in (1, MERGED, octaves)
        for first in range(0, octaves, wide)
    ]


@lru_cache(maxsize=1)
def _bands() -> Floats:
    """Which mel bands are in which of the ten, shape (10, 40); their power is averaged."""
    bank = mel_filterbank(DEFAULT, N_MELS)
    centres = bank @ frequencies(DEFAULT) / bank.sum(axis=1)
    low, high = np.array(_limits()).T
    member = (centres >= low[:, None]) & (centres < high[:, None])
    bands: Floats = (member / member.sum(axis=1, keepdims=True)).astype(np.float32)
    bands.setflags(write=False)
    return bands
