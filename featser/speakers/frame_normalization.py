"""Normalising by speaker where some features are packed frames, and copies as their speaker's."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featser.evaluation.protocols.groups import speaker_names
from featser.features.packed_frames import ColumnRange
from featser.speakers.normalization import standardised


def normalised_by_speaker(
    X: NDArray[np.float32], speaker: ArrayLike, frames: ColumnRange | None = None
) -> NDArray[np.float32]:
    """Normalise each speaker's features by that speaker's own rows.

    Parameters
    ----------
    X : ndarray of float32, shape (n, d)
        Features.
    speaker : array-like, shape (n,)
        Who speaks.
    frames : ColumnRange, optional
        Packed frames: of each descriptor the mean over all of the speaker's frames becomes 0
        (cepstral mean normalisation, before the cosine transform); its spread is not changed,
        since it measures how much the voice moves. All other features as
        :class:`~featser.speakers.normalization.SpeakerNormalizer` makes them.

    Returns
    -------
    ndarray of float32, shape (n, d)

    Raises
    ------
    TaskError
        If some rows have a speaker and others do not.
    """
    who = speaker_names(speaker, "normalising by speaker")
    result = np.empty_like(X)
    for name in np.unique(who):
        rows = who == name
        result[rows] = _normalised(X[rows], X[rows], frames)
    return result


def normalise_copies(
    copies: NDArray[np.float32],
    source: NDArray[np.intp],
    X: NDArray[np.float32],
    speaker: ArrayLike,
    frames: ColumnRange | None = None,
) -> NDArray[np.float32]:
    """Normalise augmented copies as their speaker's own recordings are.

    Parameters
    ----------
    copies : ndarray of float32, shape (m, d)
        The copies' features.
    source : ndarray of int, shape (m,)
        The row of ``X`` that each is a copy of.
    X : ndarray of float32, shape (n, d)
        The features of the utterances, not yet normalised.
    speaker : array-like, shape (n,)
        Who speaks in them.
    frames : ColumnRange, optional
        As :func:`normalised_by_speaker` has it.

    Returns
    -------
    ndarray of float32, shape (m, d)
        By the mean and standard deviation of the recordings alone: the effect of the augmentation
        is preserved.
    """
    who = np.asarray(speaker)
    result = copies.copy()
    for name in np.unique(who[source]):
        rows = np.flatnonzero(who[source] == name)
        result[rows] = _normalised(copies[rows], X[who == name], frames)
    return result


def _normalised(
    values: NDArray[np.float32], own: NDArray[np.float32], frames: ColumnRange | None
) -> NDArray[np.float64]:
    """Normalise rows, shape (m, d), by a speaker's own, shape (n, d)."""
    if frames is None:
        return standardised(values, own)
    normalised = np.empty(values.shape)
    rest = np.r_[: frames.first, frames.last : values.shape[1]]
    normalised[:, rest] = standardised(values[:, rest], own[:, rest])
    mean = np.nanmean(frames.of(own).reshape(-1, frames.width), axis=0, dtype=np.float64)
    centred = frames.of(values).reshape(len(values), -1, frames.width) - mean
    normalised[:, frames.first : frames.last] = centred.reshape(len(values), -1)
    return normalised
