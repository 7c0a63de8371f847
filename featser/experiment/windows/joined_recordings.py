"""Long recordings made of a speaker's utterances, to calibrate a model on their windows.

The utterances follow each other in random order, without the silence around them but for a pause of
0.2 to 0.6 s. The pause is the utterance's own trailing silence, so that it has the noise of its
room; where that is too short, it is quiet noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featser.audio import RATE, decode
from featser.audio.silence import measure_silence
from featser.corpora.utterances import Place
from featser.errors import UnusableAudio

PAUSE_S = (0.2, 0.6)
LEAST_ROOM_S = 0.15
"""Less trailing silence is not repeated to fill a pause."""
QUIET_DB = -80.0
"""The level of a pause without noise of its own."""


@dataclass(frozen=True, eq=False)
class JoinedRecording:
    """Utterances one after the other.

    Attributes
    ----------
    samples : ndarray of float32, shape (n,)
        At :data:`featser.audio.RATE`.
    rows : ndarray of int, shape (utterances,)
        Which utterances, in their order.
    spans : ndarray, shape (utterances, 2)
        Where they begin and end, in seconds.
    """

    samples: NDArray[np.float32]
    rows: NDArray[np.intp]
    spans: NDArray[np.float64]


def longest_shared(
    intervals: NDArray[np.float64], spans: NDArray[np.float64], rows: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return for each interval the utterance that it shares most time with.

    Parameters
    ----------
    intervals : ndarray, shape (n, 2)
        Beginnings and ends in seconds.
    spans : ndarray, shape (utterances, 2)
        Those of the utterances.
    rows : ndarray of int, shape (utterances,)
        Their numbers.

    Returns
    -------
    ndarray of int, shape (n,)
        The number of the utterance; −1 where the interval lies in a pause.

    Examples
    --------
    >>> spans, rows = np.array([[0.0, 1.2], [1.6, 3.0]]), np.array([7, 4])
    >>> longest_shared(np.array([[1.0, 1.5], [1.2, 1.6], [1.5, 2.0]]), spans, rows).tolist()
    [7, -1, 4]
    """
    shared = np.minimum(intervals[:, 1:], spans[:, 1]) - np.maximum(intervals[:, :1], spans[:, 0])
    best = shared.argmax(axis=1)
    return np.where(shared.max(axis=1) > 0, rows[best], -1).astype(np.intp)


def joined_recording(
    places: Sequence[Place], rows: NDArray[np.intp], random: np.random.Generator
) -> JoinedRecording | None:
    """Join some utterances of one speaker.

    Parameters
    ----------
    places : sequence of Place
        Where each utterance of a table is.
    rows : ndarray of int, shape (utterances,)
        Which of them.
    random : numpy Generator
        Decides their order and the pauses.

    Returns
    -------
    JoinedRecording or None
        Without those that cannot be read or are silent; None if none is left.
    """
    parts: list[NDArray[np.float32]] = []
    used: list[int] = []
    spans: list[tuple[float, float]] = []
    at = 0
    for row in random.permutation(rows).tolist():
        length = round(random.uniform(*PAUSE_S) * RATE)
        try:
            speech, room = _parted(places[row])
        except UnusableAudio:
            continue
        parts += [speech, _pause(room, length, random)]
        used.append(row)
        spans.append((at / RATE, (at + len(speech)) / RATE))
        at += len(speech) + length
    if not parts:
        return None
    return JoinedRecording(np.concatenate(parts), np.array(used, dtype=np.intp), np.array(spans))


def _parted(place: Place) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return an utterance without the silence around it, and the silence after it."""
    file, start, end, channel = place
    signal = decode(file, start, end, channel)
    silence = measure_silence(signal)
    first = round(silence.leading_s * RATE)
    samples = signal.resampled(RATE).samples
    last = len(samples) - round(silence.trailing_s * RATE)
    if last - first < RATE // 10:
        raise UnusableAudio(file, "silent")
    return samples[first:last], samples[last:]


def _pause(
    room: NDArray[np.float32], length: int, random: np.random.Generator
) -> NDArray[np.float32]:
    if len(room) >= LEAST_ROOM_S * RATE:
        there_and_back = np.concatenate([room, room[::-1]])  # without steps where it is repeated
        return np.resize(there_and_back, length).astype(np.float32)
    return random.normal(0, 10 ** (QUIET_DB / 20), length).astype(np.float32)
