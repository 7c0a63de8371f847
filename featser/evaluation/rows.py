"""The features of many utterances, wherever they are: in memory, or read as they are needed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

BATCH = 1024
"""Rows in a batch: 4 MB of 1,000 values."""


class Rows(ABC):
    """A table of features that need not be in memory as a whole.

    What is fitted or evaluated by batches takes one of these where else an array stands. It is
    read in order, as often as is asked for.
    """

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """The number of utterances and that of features."""

    @abstractmethod
    def part(self, rows: NDArray[np.intp]) -> Rows:
        """Return some of the rows, in the order that is given, without reading them."""

    @abstractmethod
    def batches(self, size: int = BATCH) -> Iterator[NDArray[np.float32]]:
        """Yield all rows in order, ``size`` at a time; a batch may have fewer, but never none."""

    def __len__(self) -> int:
        return self.shape[0]


def rows_of(X: NDArray[np.float32] | Rows, rows: NDArray[np.intp]) -> NDArray[np.float32] | Rows:
    """Return some rows of an array as an array, of :class:`Rows` as such."""
    return X.part(rows) if isinstance(X, Rows) else X[rows]


class InMemory(Rows):
    """Rows that are in memory.

    Parameters
    ----------
    X : ndarray of float32, shape (n, d)
        Features.
    """

    def __init__(self, X: NDArray[np.float32]) -> None:
        self.X = X

    @property
    def shape(self) -> tuple[int, int]:
        """The number of utterances and that of features."""
        return self.X.shape[0], self.X.shape[1]

    def part(self, rows: NDArray[np.intp]) -> Rows:
        """Return some of the rows."""
        return InMemory(self.X[rows])

    def batches(self, size: int = BATCH) -> Iterator[NDArray[np.float32]]:
        """Yield all rows in order."""
        for first in range(0, len(self.X), size):
            yield self.X[first : first + size]


class Joined(Rows):
    """Rows of several tables, one table after the other.

    Parameters
    ----------
    parts : sequence of Rows
        Of the same features.
    """

    def __init__(self, parts: Sequence[Rows]) -> None:
        self.parts = parts

    @property
    def shape(self) -> tuple[int, int]:
        """The number of utterances and that of features."""
        return sum(len(part) for part in self.parts), self.parts[0].shape[1]

    def part(self, rows: NDArray[np.intp]) -> Rows:
        """Return some of the rows; those of the same table have to follow each other."""
        ends = np.cumsum([len(part) for part in self.parts])
        table = np.searchsorted(ends, rows, side="right")
        if (np.diff(table) < 0).any():
            raise ValueError("rows of an earlier table are asked for after those of a later one")
        starts = ends - [len(part) for part in self.parts]
        return Joined(
            [part.part(rows[table == at] - starts[at]) for at, part in enumerate(self.parts)]
        )

    def batches(self, size: int = BATCH) -> Iterator[NDArray[np.float32]]:
        """Yield all rows in order; a batch holds rows of one table."""
        for part in self.parts:
            yield from part.batches(size)
