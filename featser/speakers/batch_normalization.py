"""Normalising within speakers where features are read in batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featser.evaluation.protocols.groups import speaker_names
from featser.evaluation.rows import BATCH, Rows
from featser.speakers.normalization import standardised_by


@dataclass(frozen=True, eq=False)
class SpeakerStatistics:
    """Each feature's mean and standard deviation within each speaker, undefined values left out.

    Attributes
    ----------
    names : ndarray of str, shape (s,)
        The speakers, sorted.
    mean, deviation : ndarray of float, shape (s, d)
    """

    names: NDArray[np.str_]
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    @classmethod
    def of(cls, X: Rows, speaker: ArrayLike) -> SpeakerStatistics:
        """Compute them in two passes over X, shape (n, d), whose speakers have shape (n,)."""
        names, number = np.unique(
            speaker_names(speaker, "normalising by speaker"), return_inverse=True
        )
        count = np.zeros((len(names), X.shape[1]))
        mean, squares = np.zeros_like(count), np.zeros_like(count)
        for who, values in _by_speaker(X, number):
            is_defined = np.isfinite(values)
            count[who] += is_defined.sum(axis=0)
            mean[who] += np.where(is_defined, values, 0).sum(axis=0)
        count = np.maximum(count, 1)
        mean /= count
        for who, values in _by_speaker(X, number):
            distance = np.where(np.isfinite(values), values - mean[who], 0)
            squares[who] += np.square(distance).sum(axis=0)
        return cls(names, mean, np.sqrt(squares / count))


class NormalisedRows(Rows):
    """Rows that are normalised within each speaker as they are read.

    The values are those of ``SpeakerNormalizer`` up to rounding, since sums are over batches.

    Parameters
    ----------
    X : Rows, shape (n, d)
        Features as they are stored.
    speaker : array-like, shape (n,)
        Who speaks; all of them are in the statistics.
    statistics : SpeakerStatistics
        Of the utterances, also where ``X`` holds their augmented copies.
    """

    def __init__(self, X: Rows, speaker: ArrayLike, statistics: SpeakerStatistics) -> None:
        self.X = X
        self.speaker = np.asarray(speaker)
        self.statistics = statistics

    @property
    def shape(self) -> tuple[int, int]:
        """The number of utterances and that of features."""
        return self.X.shape

    def part(self, rows: NDArray[np.intp]) -> Rows:
        """Return some of the rows, in the order that is given, without reading them."""
        return NormalisedRows(self.X.part(rows), self.speaker[rows], self.statistics)

    def batches(self, size: int = BATCH) -> Iterator[NDArray[np.float32]]:
        """Yield all rows in order, ``size`` at a time."""
        first = 0
        for batch in self.X.batches(size):
            who = np.searchsorted(self.statistics.names, self.speaker[first : first + len(batch)])
            first += len(batch)
            exact = batch.astype(np.float64)
            normalised = standardised_by(
                exact, self.statistics.mean[who], self.statistics.deviation[who]
            )
            yield normalised.astype(np.float32)


def _by_speaker(X: Rows, number: NDArray[np.intp]) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield, batch by batch, each speaker's rows."""
    first = 0
    for batch in X.batches():
        here = number[first : first + len(batch)]
        first += len(batch)
        for who in np.unique(here).tolist():
            yield who, batch[here == who].astype(np.float64)
