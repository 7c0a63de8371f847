"""Decide whether two recordings are copies of the same take, also if one was processed.

Three steps, each slower and more reliable than the one before. A signature of 111 numbers finds
each recording's nearest neighbours among all. The band envelopes of neighbours are aligned, and
the envelopes and their changes from frame to frame are correlated. Pairs that are still similar
are decoded again, and their waveforms below 4 kHz are correlated: two takes of one sentence by one
actor may have similar envelopes but not similar waveforms, while codecs for speech and music
preserve the waveform.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from featser.audio import decode
from featser.audit.measure.sketch import BANDS, RANGE_DB, STEPS_PER_DB

NEIGHBOURS = 8
"""Of 2160 altered copies of 240 recordings among 3441 others, 8 neighbours detect 2157."""
LIKE_ENVELOPE = 0.85
"""Altered copies correlate by 0.9 and more (heavily clipped ones) or 0.98 (all others)."""
LIKE_CHANGES = 0.5
"""Changes of altered copies correlate by 0.6 and more (heavily clipped ones) or 0.87 (all others);
those of two takes with similar envelopes by 0.44 (median)."""
LIKE_WAVEFORM = 0.7
"""Most different takes stay below 0.5, sustained vowels of similar pitch reach 0.68; copies reach
0.84 and more, also with added noise."""
WAVEFORM_RATE = 8_000
_ACTIVE_DB = 30.0
_SLICES = 32
_COEFFICIENTS = 8
_EDGE = 0.01
_ROWS_AT_ONCE = 1024
_DISTANCES_AT_ONCE = 20_000_000

Floats = NDArray[np.float32]
Bands = NDArray[np.uint8]


def signature(bands: Bands) -> Floats:
    """Describe a fingerprint by numbers that barely change with gain, codec, rate and trimming.

    Parameters
    ----------
    bands : ndarray of uint8, shape (n_frames, 16)
        As in :class:`featser.audit.measure.sketch.Sketch`.

    Returns
    -------
    ndarray of float32, shape (111,)
        Computed between the first and last frame within 30 dB of the loudest: each band's mean
        level, its standard deviation and that of its change over 48 ms; and the lowest 8 × 8
        coefficients (but for the first, the mean) of the two-dimensional cosine transform of the
        whole, brought to one length.
    """
    import scipy.fft

    active = np.flatnonzero(bands.max(axis=1) > (RANGE_DB - _ACTIVE_DB) * STEPS_PER_DB)
    active_bands = (bands[active[0] : active[-1] + 1] if len(active) else bands).astype(np.float32)
    means = active_bands.mean(axis=0)
    spread = active_bands.std(axis=0)
    changes = np.diff(active_bands[::3], axis=0).std(axis=0) if len(active_bands) > 6 else spread
    shape = scipy.fft.dctn(_sliced(active_bands - active_bands.mean()), norm="ortho")[
        :_COEFFICIENTS, :_COEFFICIENTS
    ]
    numbers = np.concatenate([means - means.mean(), spread, changes, shape.ravel()[1:]])
    return np.asarray(numbers, dtype=np.float32)


def neighbours(signatures: Floats) -> NDArray[np.int64]:
    """Return pairs of rows of which one is among the 8 nearest neighbours of the other.

    Parameters
    ----------
    signatures : ndarray of float32, shape (n, d)
        Signatures; each column is scaled to unit variance.

    Returns
    -------
    ndarray of int, shape (n_pairs, 2)
        Each pair once, the smaller row number first.
    """
    count = len(signatures)
    if count < 2:
        return np.zeros((0, 2), dtype=np.int64)
    spread = signatures.std(axis=0)
    scaled = (signatures - signatures.mean(axis=0)) / np.where(spread > 0, spread, 1)
    squares = np.square(scaled).sum(axis=1)
    nearest = min(NEIGHBOURS, count - 1)
    at_once = min(_ROWS_AT_ONCE, max(1, _DISTANCES_AT_ONCE // count))
    pairs = []
    for first in range(0, count, at_once):
        rows = np.arange(first, min(first + at_once, count))
        distance = squares[None] - 2 * (scaled[rows] @ scaled.T)  # but for a constant in each row
        distance[np.arange(len(rows)), rows] = np.inf
        near = np.argpartition(distance, nearest - 1, axis=1)[:, :nearest]
        pairs.append(np.stack([np.repeat(rows, nearest), near.ravel()], axis=1))
    return np.unique(np.sort(np.concatenate(pairs), axis=1), axis=0)


def like_envelopes(one: Bands, other: Bands) -> bool:
    """Return whether two fingerprints correlate as those of copies of one take do.

    Their levels are to correlate, and so are the changes of the levels from frame to frame, where
    the fingerprints overlap at the shift that fits best: at least over half of the shorter one.

    Parameters
    ----------
    one, other : ndarray of uint8, shape (n_frames, 16)
        As in :class:`featser.audit.measure.sketch.Sketch`.
    """
    x, y = _overlap(_centred(one), _centred(other))
    if 2 * len(x) < min(len(one), len(other)):
        return False
    if _cosine(x - x.mean(axis=0), y - y.mean(axis=0)) <= LIKE_ENVELOPE:
        return False
    return _cosine(np.diff(x, axis=0), np.diff(y, axis=0)) > LIKE_CHANGES


def _overlap(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the parts that overlap at the shift that fits best."""
    import scipy.fft

    size = scipy.fft.next_fast_len(len(x) + len(y) - 1, real=True)
    cross = scipy.fft.rfft(x, size, axis=0) * scipy.fft.rfft(y, size, axis=0).conj()
    shift = int(scipy.fft.irfft(cross.sum(axis=1), size).argmax())
    shift -= size if shift >= len(x) else 0
    x, y = x[max(shift, 0) :], y[max(-shift, 0) :]
    length = min(len(x), len(y))
    return x[:length], y[:length]


def waveform_likeness(
    one: tuple[str, float | None, float | None, str],
    other: tuple[str, float | None, float | None, str],
) -> float:
    """Correlate two recordings' waveforms below 4 kHz at the shift that fits best.

    Parameters
    ----------
    one, other : (file, start, end, channel)
        Recordings that can be decoded.

    Returns
    -------
    float
        In [0, 1]; 1 for the same waveform, also if it is louder, inverted or padded with silence.
    """
    import scipy.fft

    x, y = _waveform(*one), _waveform(*other)
    size = scipy.fft.next_fast_len(len(x) + len(y) - 1, real=True)
    cross = scipy.fft.rfft(x, size) * scipy.fft.rfft(y, size).conj()
    energy = float(np.sqrt(np.square(x).sum() * np.square(y).sum()))
    return min(1.0, float(np.abs(scipy.fft.irfft(cross, size)).max()) / energy) if energy else 0.0


@lru_cache(maxsize=64)
def _waveform(file: str, start: float | None, end: float | None, channel: str) -> Floats:
    samples = decode(file, start, end, channel).resampled(WAVEFORM_RATE).samples
    samples = samples - samples.mean()
    loud = np.flatnonzero(np.abs(samples) > _EDGE * np.abs(samples).max())
    trimmed: Floats = samples[loud[0] : loud[-1] + 1] if len(loud) else samples
    return trimmed


def _centred(bands: Bands) -> Floats:
    levels: Floats = bands.astype(np.float32)
    levels -= levels.mean(axis=0)
    return levels


def _cosine(x: Floats, y: Floats) -> float:
    energy = float(np.sqrt(np.square(x).sum() * np.square(y).sum()))
    return float((x * y).sum()) / energy if energy else 0.0


def _sliced(bands: Floats) -> Floats:
    """Average the frames in 32 equal time slices; frames on a border contribute to both."""
    sums = np.concatenate([np.zeros((1, BANDS), np.float32), np.cumsum(bands, axis=0)])
    borders = np.linspace(0, len(bands), _SLICES + 1)
    whole_frames = np.minimum(borders.astype(np.int64), len(bands) - 1)
    share = (borders - whole_frames)[:, None].astype(np.float32)
    at_borders = sums[whole_frames] * (1 - share) + sums[whole_frames + 1] * share
    return np.asarray(np.diff(at_borders, axis=0) * (_SLICES / len(bands)), dtype=np.float32)
