"""Contrasts within the utterance: its loud parts against its quiet ones, its thirds in turn.

They are differences between means, in the units of the contours: what the speaker, the microphone
and the room add to the level of every frame cancels. They are defined here.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featser.audio import Signal
from featser.features.extractor import Extractor
from featser.features.lowlevel.blocks import by_rows_of
from featser.features.lowlevel.contours import (
    LEVEL,
    SOUNDING_DB,
    TRACK_NAMES,
    TRACKS,
    band_levels,
    sounding,
    tracks_of,
)
from featser.features.lowlevel.frame_settings import DEFAULT, Floats
from featser.features.lowlevel.spectrum import spectrum_of

N_BANDS = 20
"""Bands of the log-mel spectrum: neighbours of the 40 by twos, means of their levels in dB."""

LOUDNESS = ("loud-quiet", "loud-medium")
TIME = ("start", "middle", "end")


class Contrasts(Extractor):
    """Differences between louder and quieter frames, and between thirds of the time.

    Of the part from the first frame that sounds to the last
    (``sounding``). Its frames are ranked by level: the mean of the
    loudest third, less the mean of the quietest and of the middle third, of 21 contours and 20
    log-mel bands. It is cut into three equal stretches: the mean of each, less the mean of all
    frames, of the 21 contours.
    """

    version: ClassVar[int] = 1
    in_blocks = True

    def __init__(self) -> None:
        self.name = "contrasts"
        self.rate = DEFAULT.rate
        self.cost_ms = 2.3
        self.units = ", ".join(dict.fromkeys(track.unit for track in TRACKS))
        self.description = "MFCC, level and spectral shape: loud less quiet frames, thirds of time"

    @property
    def params(self) -> dict[str, Any]:
        """Contours, bands, limit of what sounds, and frame settings."""
        return {
            "contours": list(TRACK_NAMES),
            "bands": N_BANDS,
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
        """Contrast and contour, such as ``contrasts.loud-quiet.mfcc_01``."""
        rows = (*TRACK_NAMES, *(f"logmel_{band:02}" for band in range(N_BANDS)))
        loudness = [f"{which}.{row}" for which in LOUDNESS for row in rows]
        time = [f"{which}.{row}" for which in TIME for row in TRACK_NAMES]
        return tuple(f"contrasts.{name}" for name in (*loudness, *time))

    def __call__(self, signal: Signal) -> Floats:
        """Compute the 145 values; all NaN where fewer than three frames are between the ends."""
        self._check_rate(signal)
        spectrum = spectrum_of(signal)
        tracks = tracks_of(signal)
        sounding_frames = np.flatnonzero(sounding(tracks))
        inside = slice(sounding_frames[0], sounding_frames[-1] + 1)
        tracks = tracks[:, inside]
        frames = tracks.shape[1]
        if frames < 3:
            return np.full(self.dimension, np.nan, np.float32)
        levels = band_levels(spectrum.mel_db)[:, inside]
        # Stable, so that frames of equal level are ranked alike everywhere.
        by_level = np.argsort(tracks[LEVEL], kind="stable")
        values = by_rows_of(lambda rows: _contrasts(rows, by_level), (tracks, levels))
        loudness, thirds = np.split(values, [len(LOUDNESS)], axis=1)
        return np.concatenate([loudness.T.ravel(), thirds[: len(TRACKS)].T.ravel()]).astype(
            np.float32
        )


def _contrasts(contours: Floats, by_level: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the contrasts of each contour, those of :data:`LOUDNESS` and then of :data:`TIME`."""
    rows = contours.astype(np.float64)
    quiet, medium, loud = (rows[:, part].mean(axis=1) for part in np.array_split(by_level, 3))
    overall = rows.mean(axis=1)
    thirds = [part.mean(axis=1) - overall for part in np.array_split(rows, len(TIME), axis=1)]
    return np.column_stack([loud - quiet, loud - medium, *thirds])
