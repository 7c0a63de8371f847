"""Normalising within speakers where features are read in batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featser.evaluation.rows import BATCH, Rows
from featser.models.normalise import standardised_by


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
        """Find them in two passes over X, shape (n, d), whose speakers have shape (n,)."""
        names, number = np.unique(np.asarray(speaker), return_inverse=True)
        count = np.zeros((len(names), X.shape[1]))
        mean, squares = np.zeros_like(count), np.zeros_like(count)
        for who, values in _by_speaker(X, number):
            known = np.isfinite(values)
            count[who] += known.sum(axis=0)
            mean[who] += np.where(known, values, 0).sum(axis=0)
        count = np.maximum(count, 1)
        mean /= count
        for who, values in _by_speaker(X, number):
            distance = np.where(np.isfinite(values), values - mean[who], 0)
            squares[who] += np.square(distance).sum(axis=0)
        return cls(names, mean, np.sqrt(squares / count))


class NormalisedRows(Rows):
    """Rows that are normalised within each speaker as they are read.

    As :class:`featser.models.normalise.SpeakerNormalizer` does it, to the last bits of a float32:
    sums are over batches here.

    Parameters
    ----------
    X : Rows, shape (n, d)
        Features as they are stored.
    speaker : array-like, shape (n,)
        Who speaks; all of them are known to the statistics.
    found : SpeakerStatistics
        Of the utterances, also where ``X`` is their augmented copies.
    """

    def __init__(self, X: Rows, speaker: ArrayLike, found: SpeakerStatistics) -> None:
        self.X = X
        self.speaker = np.asarray(speaker)
        self.found = found

    @property
    def shape(self) -> tuple[int, int]:
        """The number of utterances and that of features."""
        return self.X.shape

    def part(self, rows: NDArray[np.intp]) -> Rows:
        """Return some of the rows, in the order that is given, without reading them."""
        return NormalisedRows(self.X.part(rows), self.speaker[rows], self.found)

    def batches(self, size: int = BATCH) -> Iterator[NDArray[np.float32]]:
        """Yield all rows in order, ``size`` at a time."""
        first = 0
        for batch in self.X.batches(size):
            who = np.searchsorted(self.found.names, self.speaker[first : first + len(batch)])
            first += len(batch)
            exact = batch.astype(np.float64)
            found = standardised_by(exact, self.found.mean[who], self.found.deviation[who])
            yield found.astype(np.float32)


def _by_speaker(X: Rows, number: NDArray[np.intp]) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield, batch by batch, each speaker's rows."""
    first = 0
    for batch in X.batches():
        here = number[first : first + len(batch)]
        first += len(batch)
        for who in np.unique(here).tolist():
            yield who, batch[here == who].astype(np.float64)
