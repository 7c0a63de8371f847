"""What a page draws of a recording: waveform, spectrogram, pitch and loudness over time.

Pitch and loudness are those of the extractor ``gemaps``, the spectrogram that of the descriptors,
all with frames every 10 ms at 16 kHz. A long recording has fewer columns than frames: a column has
the greatest level of its frames, the median of their pitch and the mean of their loudness.
"""

from __future__ import annotations

import base64
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.audio import RATE, Signal, read_audio
from featser.features.gemaps.framing import LONG
from featser.features.gemaps.gemaps_descriptors import contours_of
from featser.features.gemaps.names import SPECTRAL
from featser.features.lowlevel.frame_settings import DEFAULT
from featser.features.lowlevel.spectrum import Spectrum

MOST_COLUMNS = 900
BANDS = 128
"""Rows of the spectrogram, from 0 Hz to 8 kHz."""
RANGE_DB = 80.0
LOUDNESS = SPECTRAL.index("Loudness")

Doubles = NDArray[np.float64]


def sound_view(file: str | Path, channel: str = "mix") -> dict[str, Any]:
    """Describe the sound of a recording.

    Parameters
    ----------
    file : str or Path
        The recording.
    channel : str
        The channel to read.

    Returns
    -------
    dict
        ``seconds``; ``waveform``, the least and greatest sample of each column, −1 to 1;
        ``spectrogram``: ``columns``, ``rows``, ``highest_hz``, ``range_db`` and ``levels``, bytes
        in base64, column by column from low to high frequencies, 255 for the greatest level and 0
        for ``range_db`` below; ``pitch_hz``, None where there is no voice; and ``loudness``, in
        the unit of the descriptor.

    Raises
    ------
    UnusableAudio
        If the recording cannot be decoded.
    """
    signal = read_audio(file, RATE, channel=channel)
    samples = signal.samples
    hop = DEFAULT.hop_length
    n_columns = min(MOST_COLUMNS, max(1, len(samples) // hop))
    pitch, loudness = _voice(signal, n_columns)
    return {
        "seconds": len(samples) / RATE,
        "waveform": _extremes(samples, n_columns).round(4).tolist(),
        "spectrogram": {
            "columns": n_columns,
            "rows": BANDS,
            "highest_hz": RATE / 2,
            "range_db": RANGE_DB,
            "levels": base64.b64encode(_levels(samples, n_columns).tobytes()).decode(),
        },
        "pitch_hz": pitch,
        "loudness": loudness,
    }


def _edges(count: int, n_columns: int) -> NDArray[np.int64]:
    return (np.arange(n_columns + 1) * count) // n_columns


def _extremes(samples: NDArray[np.float32], n_columns: int) -> NDArray[np.float32]:
    at = _edges(len(samples), n_columns)[:-1]
    return np.stack([np.minimum.reduceat(samples, at), np.maximum.reduceat(samples, at)])


def _levels(samples: NDArray[np.float32], n_columns: int) -> NDArray[np.uint8]:
    """Return the greatest level of each column in each band, shape (columns, bands)."""
    power = Spectrum(samples).power
    columns = np.maximum.reduceat(power, _edges(len(power), n_columns)[:-1], axis=0)
    power = columns[:, : 2 * BANDS].reshape(-1, BANDS, 2).max(axis=2)
    levels = 10 * np.log10(np.maximum(power, 1e-10))
    levels = np.maximum(levels - levels.max(), -RANGE_DB)
    result: NDArray[np.uint8] = np.round(255 * (1 + levels / RANGE_DB)).astype(np.uint8)
    return result


def _voice(signal: Signal, n_columns: int) -> tuple[list[float | None], list[float | None]]:
    """Return pitch and loudness of each column."""
    if len(signal.samples) < LONG:
        return [None] * n_columns, [None] * n_columns
    contours = contours_of(signal)
    hertz = np.where(contours.voiced, contours.hertz, np.nan)
    loudness = np.asarray(contours.spectral[:, LOUDNESS], np.float64)
    return _by_column(hertz, n_columns, np.median), _by_column(loudness, n_columns, np.mean)


def _by_column(values: Doubles, n_columns: int, statistic: Any) -> list[float | None]:
    edges = _edges(len(values), n_columns)
    result: list[float | None] = []
    for first, last in pairwise(edges.tolist()):
        column = values[first : max(last, first + 1)]
        column = column[np.isfinite(column)]
        result.append(round(float(statistic(column)), 3) if len(column) else None)
    return result
