"""Likely label errors: recordings whose label out-of-fold predictions contradict.

As in confident learning, each class has thresholds of its own, which are means of out-of-fold
probabilities, so that a class that the model recognises badly does not fill the list. A label is
likely wrong if both hold:

1. another class is the most probable one, and
2. the probability of the label is at most 0.45 of the mean probability that its class has among
   recordings with *other* labels. So the recording is less like its class than a recording of
   another class usually is.

Confident learning itself asks that the probability of the other class exceeds the mean that this
class has among its own recordings. On RAVDESS with planted errors its lists are half wrong: models
are often sure of a wrong class while the label remains the second most probable, and rarely give
the label next to nothing (``reports/label-noise/``).

References
----------
Northcutt, Jiang and Chuang, "Confident learning: estimating uncertainty in dataset labels", Journal
of Artificial Intelligence Research 70, 2021.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featser.errors import TaskError

SHARE_OF_BACKGROUND = 0.45
"""Of the mean probability of a class among recordings with other labels: chosen on RAVDESS with
planted errors, such that four of five listed labels are wrong."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LabelErrors:
    """How well each label agrees with the out-of-fold probabilities.

    Attributes
    ----------
    proposed : ndarray of int, shape (n,)
        The most probable class other than the label.
    label_probability, proposed_probability : ndarray of float, shape (n,)
        0 to 1.
    support : ndarray of float, shape (n,)
        The probability of the label in units of its class's ``background``; labels with little
        support are doubtful.
    is_likely : ndarray of bool, shape (n,)
        Which labels are likely wrong.
    background : ndarray of float, shape (k,)
        Of each class, its mean probability among recordings with other labels; NaN where there are
        none.
    """

    proposed: NDArray[np.intp]
    label_probability: Floats
    proposed_probability: Floats
    support: Floats
    is_likely: NDArray[np.bool_]
    background: Floats

    @property
    def ranked(self) -> NDArray[np.intp]:
        """The rows with likely errors, the least supported label first."""
        rows = np.flatnonzero(self.is_likely)
        return rows[np.argsort(self.support[rows], kind="stable")]


def find_label_errors(probabilities: ArrayLike, labels: ArrayLike) -> LabelErrors:
    """Find the labels that out-of-fold probabilities contradict.

    Parameters
    ----------
    probabilities : array-like of float, shape (n, k)
        Of each class, from models that were not fitted on the row.
    labels : array-like of int, shape (n,)
        The class that each row is labelled with, from 0 to k − 1.

    Returns
    -------
    LabelErrors

    Raises
    ------
    TaskError
        If there are fewer than two classes, a label is no class, or a probability is no number.

    Examples
    --------
    >>> errors = find_label_errors(
    ...     [[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.1, 0.9], [0.97, 0.03]], [0, 0, 1, 1, 1]
    ... )
    >>> errors.ranked.tolist(), errors.proposed[errors.ranked].tolist()
    ([4], [0])
    >>> errors.background.round(2).tolist()
    [0.42, 0.2]
    """
    table = np.asarray(probabilities, dtype=np.float64)
    given = np.asarray(labels, dtype=np.intp)
    _refuse_unsuited(table, given)
    n, k = table.shape
    rows = np.arange(n)
    is_label = given[:, None] == np.arange(k)
    others = (~is_label).sum(axis=0)
    sums = np.where(is_label, 0.0, table).sum(axis=0)
    background = np.divide(sums, others, out=np.full(k, np.nan), where=others > 0)
    without_label = np.where(is_label, -np.inf, table)
    proposed = without_label.argmax(axis=1)
    own, other = table[rows, given], table[rows, proposed]
    # Without recordings of other classes, or where all have probability 0, nothing contradicts.
    reference = background[given]
    support = np.divide(own, reference, out=np.full(n, np.inf), where=reference > 0)
    is_likely = (other > own) & (support <= SHARE_OF_BACKGROUND)
    return LabelErrors(proposed, own, other, support, is_likely, background)


def _refuse_unsuited(table: Floats, given: NDArray[np.intp]) -> None:
    if table.ndim != 2 or table.shape[1] < 2 or len(table) != len(given):
        raise TaskError(
            f"probabilities of shape {table.shape} for {given.shape[0]} labels: give a row for "
            f"each label and a column for each of two or more classes"
        )
    if not np.isfinite(table).all():
        raise TaskError("a probability is not a number: predict all rows first")
    if len(given) and not (given.min() >= 0 and given.max() < table.shape[1]):
        raise TaskError(f"a label is no class: valid are 0 to {table.shape[1] - 1}")
