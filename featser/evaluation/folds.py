"""Folds: which rows each of them tests, and which it learns from."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from featser.errors import ProtocolError

UNTESTED = -1
"""Stands for the fold of a row that no fold tests."""

Split = tuple[NDArray[np.intp], NDArray[np.intp]]


@dataclass(frozen=True, eq=False)
class Folds:
    """Which rows each fold tests, and which it learns from.

    Parameters
    ----------
    test : ndarray of int, shape (n,)
        The fold in which each row is tested, from 0; :data:`UNTESTED` for rows that none tests.
    barred : ndarray of bool, shape (k, n), optional
        Rows that a fold neither tests nor learns from, such as those of a test speaker with
        another sentence. Without it a fold learns from all that it does not test.
    names : tuple of str, length k
        What each fold tests, such as a corpus; empty where there is nothing to say.
    notes : tuple of str
        What a reader of the figures must know of these folds.

    Raises
    ------
    ProtocolError
        If there is no fold, or one tests nothing or has nothing to learn from.
    """

    test: NDArray[np.intp]
    barred: NDArray[np.bool_] | None = None
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if not self.count:
            raise ProtocolError(f"none of {len(self.test)} utterances would be tested")
        for number, (train, test) in enumerate(self.splits()):
            if not len(test) or not len(train):
                lacking = "train with" if len(test) else "test"
                raise ProtocolError(f"fold {number}{self._called(number)} has nothing to {lacking}")

    @classmethod
    def of(cls, folds: Folds | NDArray[np.intp]) -> Folds:
        """Return folds as they are, or those that a fold number for each row stands for."""
        return folds if isinstance(folds, Folds) else cls(folds)

    @property
    def count(self) -> int:
        """The number of folds."""
        return int(self.test.max(initial=UNTESTED)) + 1

    def tested(self, number: int) -> NDArray[np.intp]:
        """Return the rows that a fold tests."""
        return np.flatnonzero(self.test == number)

    def train(self, number: int) -> NDArray[np.intp]:
        """Return the rows that a fold learns from; all rows for a number below 0."""
        if number < 0:
            return np.arange(len(self.test))
        chosen = self.test != number
        return np.flatnonzero(chosen if self.barred is None else chosen & ~self.barred[number])

    def splits(self) -> Iterator[Split]:
        """Yield the row numbers of training and test for each fold, as scikit-learn does."""
        for number in range(self.count):
            yield self.train(number), self.tested(number)

    def _called(self, number: int) -> str:
        return f" ('{self.names[number]}')" if self.names else ""


def balanced(
    strata: NDArray[np.intp], units: NDArray[np.intp], n_folds: int, seed: int
) -> NDArray[np.intp]:
    """Deal whole units out to folds, with the strata as even as that allows.

    Parameters
    ----------
    strata, units : ndarray of int, shape (n,)
        What is to be even, and what stays whole.
    n_folds : int
        At most so many; 2 or more.
    seed : int
        Of the shuffling.

    Returns
    -------
    ndarray of int, shape (n,)
        Fold numbers from 0, none of them empty.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    fold = np.empty(len(strata), dtype=np.intp)
    counts = np.bincount(strata)
    # Classes with fewer members than folds cannot be balanced: they share one stratum.
    strata = np.where(counts[strata] < n_folds, len(counts), strata)
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        for number, (_, test) in enumerate(splitter.split(strata, strata, units)):
            fold[test] = number
    return np.unique(fold, return_inverse=True)[1].astype(np.intp)


def strata_of(label: ArrayLike) -> NDArray[np.intp]:
    """Return what folds are balanced by: classes, or quintiles of numbers; missing is a class."""
    series = pd.Series(np.asarray(label))
    if pd.api.types.is_float_dtype(series):
        series = pd.qcut(series, 5, labels=False, duplicates="drop")
    return np.asarray(pd.factorize(series, use_na_sentinel=False)[0], dtype=np.intp)


def fold_table(
    folds: Folds | Sequence[int] | NDArray[np.intp], manifest: pd.DataFrame
) -> pd.DataFrame:
    """Return which utterance is tested in which fold; those that none tests are left out.

    Columns ``fold``, ``file``, and as far as the manifest has them ``start``, ``end``,
    ``speaker``, ``corpus``, ``sentence``.
    """
    fold = folds.test if isinstance(folds, Folds) else np.asarray(folds)
    columns = ("file", "start", "end", "speaker", "corpus", "sentence")
    tested = np.flatnonzero(fold != UNTESTED)
    table = manifest[[name for name in columns if name in manifest]].iloc[tested].copy()
    table.insert(0, "fold", fold[tested])
    return table
