"""Augmented copies of utterances: used for training with all their sources, never tested."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featser.errors import ProtocolError
from featser.evaluation.rows import Joined, Rows, rows_of

NONE = -1
AUXILIARY = -2
"""In the first column of a row's provenance: a row of the first auxiliary corpus; −3 stands for the
second one, and so on."""


@dataclass(frozen=True, eq=False)
class Copies:
    """Augmented copies of the rows of a table, and the rows that each of them contains audio of.

    Parameters
    ----------
    X : ndarray of float32, or Rows, shape (m, d)
        Their features.
    made_of : ndarray of int, shape (m, k)
        Row numbers of the table: the utterance that was altered, its *source*, then those that
        were mixed in, as babble is; filled up with −1.

    Raises
    ------
    ProtocolError
        If a copy has no source, or the two arrays differ in length.
    """

    X: NDArray[np.float32] | Rows
    made_of: NDArray[np.intp]

    def __post_init__(self) -> None:
        if len(self.X) != len(self.made_of):
            raise ProtocolError(f"{len(self.X)} copies have {len(self.made_of)} rows of sources")
        if self.made_of.shape[1] == 0 or (self.made_of[:, 0] < 0).any():
            raise ProtocolError(
                "an augmented copy has no source, so it cannot be assigned to a fold"
            )

    @property
    def source(self) -> NDArray[np.intp]:
        """The row of the utterance that each copy was altered from, shape (m,)."""
        return self.made_of[:, 0]

    def within(self, train: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the copies, as positions, that are made of rows in ``train`` alone."""
        return np.flatnonzero(np.isin(self.made_of, np.append(train, NONE)).all(axis=1))


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """What a model is fitted on: utterances, then augmented copies.

    Attributes
    ----------
    X : ndarray of float32, or Rows, shape (n, d)
    row : ndarray of int, shape (n,)
        The utterance whose labels and speaker each row has: its own, or its source's.
    provenance : ndarray of int, shape (n, 1 + k), or None
        From :func:`trace_provenance`; None where there are no copies.
    """

    X: NDArray[np.float32] | Rows
    row: NDArray[np.intp]
    provenance: NDArray[np.intp] | None = None


def training_set(
    X: NDArray[np.float32] | Rows,
    train: NDArray[np.intp],
    copies: Copies | None = None,
) -> TrainingSet:
    """Gather the training set of a fold.

    Parameters
    ----------
    X : ndarray of float32, or Rows, shape (n, d)
        The utterances' features.
    train : ndarray of int
        The rows of X that the fold is trained on.
    copies : Copies, optional
        Augmented copies of those rows, with features of the same type.

    Returns
    -------
    TrainingSet
        The rows of ``train`` and the copies that are made of them alone: no copy contains audio
        of rows that the fold tests or excludes.
    """
    if copies is None:
        return TrainingSet(rows_of(X, train), train)
    usable = copies.within(train)
    return TrainingSet(
        _joined(rows_of(X, train), rows_of(copies.X, usable)),
        np.concatenate([train, copies.source[usable]]),
        trace_provenance(train, copies.made_of[usable]),
    )


def _joined(
    first: NDArray[np.float32] | Rows, second: NDArray[np.float32] | Rows
) -> NDArray[np.float32] | Rows:
    if isinstance(first, Rows) and isinstance(second, Rows):
        return Joined([first, second])
    return np.concatenate([np.asarray(first), np.asarray(second)])


def trace_provenance(rows: NDArray[np.intp], made_of: NDArray[np.intp]) -> NDArray[np.intp]:
    """Describe utterances and copies together, for estimators that make folds of their own.

    Parameters
    ----------
    rows : ndarray of int, shape (n,)
        Row numbers of the utterances, which come first.
    made_of : ndarray of int, shape (m, k)
        What the copies, which come after them, are made of: see :class:`Copies`.

    Returns
    -------
    ndarray of int, shape (n + m, 1 + k)
        In the first column an utterance's own number, −1 for a copy, and :data:`AUXILIARY` and
        below for rows of auxiliary corpora (:mod:`featser.evaluation.auxiliary_rows`); in the
        others what a copy is made of, −1 for other rows.
    """
    result = np.full((len(rows) + len(made_of), 1 + made_of.shape[1]), NONE, dtype=np.intp)
    result[: len(rows), 0] = rows
    result[len(rows) :, 1:] = made_of
    return result


def utterances_of(provenance: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the positions of the rows that are utterances, not copies or auxiliary rows."""
    return np.flatnonzero(provenance[:, 0] >= 0)


def auxiliary_corpus(provenance: NDArray[np.intp] | None, n_rows: int) -> NDArray[np.intp]:
    """Return which auxiliary corpus each row belongs to, from 0 on; −1 for all other rows.

    Parameters
    ----------
    provenance : ndarray of int, shape (n, 1 + k), or None
        From :func:`trace_provenance`; None where all rows are utterances.
    n_rows : int
        n.

    Examples
    --------
    >>> auxiliary_corpus(np.array([[4, -1], [-1, 4], [-2, -1], [-3, -1]]), 4)
    array([-1, -1,  0,  1])
    """
    if provenance is None:
        return np.full(n_rows, NONE, dtype=np.intp)
    first = provenance[:, 0]
    return np.where(first <= AUXILIARY, AUXILIARY - first, NONE)


def with_copies(
    folds: Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]], provenance: NDArray[np.intp]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Add to each training set all auxiliary rows, and the copies without audio of its test set.

    Parameters
    ----------
    folds : iterator of (train, test)
        Made of the utterances alone: positions among :func:`utterances_of`.
    provenance : ndarray of int, shape (n + m, 1 + k)
        From :func:`trace_provenance`, or some rows of it.

    Yields
    ------
    train, test : ndarray of int
        Positions among the rows of ``provenance``; only utterances are in ``test``.
    """
    utterances = utterances_of(provenance)
    copies = np.flatnonzero(provenance[:, 0] < 0)
    for train, test in folds:
        tested = utterances[test]
        touched = np.isin(provenance[copies, 1:], provenance[tested, 0]).any(axis=1)
        yield np.concatenate([utterances[train], copies[~touched]]), tested
