"""Folds: which rows each of them tests, and which it is trained on."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from featser.errors import ProtocolError
from featser.tasks import MAX_CLASSES

UNTESTED = -1
"""Stands for the fold of a row that no fold tests."""

_NUMBERS = ("floating", "mixed-integer-float")
"""What pandas calls values of which one is no whole number."""

Split = tuple[NDArray[np.intp], NDArray[np.intp]]


@dataclass(frozen=True, eq=False)
class Folds:
    """Which rows each fold tests, and which it is trained on.

    Parameters
    ----------
    test : ndarray of int, shape (n,)
        The fold in which each row is tested, from 0; :data:`UNTESTED` for rows that none tests.
    excluded : ndarray of bool, shape (k, n), optional
        Rows that a fold neither tests nor is trained on, such as those of a test speaker with
        another sentence. Without it a fold is trained on all rows that it does not test.
    names : tuple of str, length k
        What each fold tests, such as a corpus; may be empty.
    notes : tuple of str
        Remarks for readers of the figures.

    Raises
    ------
    ProtocolError
        If there is no fold, or one has no test rows or no training rows.
    """

    test: NDArray[np.intp]
    excluded: NDArray[np.bool_] | None = None
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
        """Return the training rows of a fold; all rows for a number below 0."""
        if number < 0:
            return np.arange(len(self.test))
        chosen = self.test != number
        return np.flatnonzero(chosen if self.excluded is None else chosen & ~self.excluded[number])

    def splits(self) -> Iterator[Split]:
        """Yield training and test row numbers of each fold, as scikit-learn does."""
        for number in range(self.count):
            yield self.train(number), self.tested(number)

    def _called(self, number: int) -> str:
        return f" ('{self.names[number]}')" if self.names else ""


def balanced(
    strata: NDArray[np.intp], units: NDArray[np.intp], n_folds: int, seed: int
) -> NDArray[np.intp]:
    """Assign whole units to folds, with the strata as balanced as possible.

    Parameters
    ----------
    strata, units : ndarray of int, shape (n,)
        What is balanced, and what is not divided.
    n_folds : int
        The largest number of folds; 2 or more.
    seed : int
        Seed of the shuffling.

    Returns
    -------
    ndarray of int, shape (n,)
        Fold numbers from 0, none of them empty.

    Examples
    --------
    >>> import numpy as np
    >>> strata, speakers = np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])
    >>> sorted(set(balanced(strata, speakers, 2, seed=0).tolist()))
    [0, 1]
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
    """Return what folds are balanced by: classes, or quintiles of numbers.

    Parameters
    ----------
    label : array-like, shape (n,)
        Labels. Whole numbers are classes while :data:`~featser.tasks.MAX_CLASSES` or fewer differ,
        as codes of classes and short rating scales do; any others are numbers.

    Returns
    -------
    ndarray of int, shape (n,)
        Numbers of strata, from 0. All missing labels, and empty ones, are one stratum.

    Examples
    --------
    >>> strata_of(["sad", "angry", None, "sad", float("nan")]).tolist()
    [0, 1, 2, 0, 2]
    >>> len(set(strata_of(range(1, 100)).tolist()))
    5
    """
    series = pd.Series(np.asarray(label))
    if not pd.api.types.is_numeric_dtype(series):
        series = series.mask(series.isna() | series.isin([""]), np.nan)
    kind = pd.api.types.infer_dtype(series, skipna=True)
    many = kind == "integer" and series.nunique() > MAX_CLASSES
    if many or kind in _NUMBERS:
        series = pd.qcut(series.astype(float), 5, labels=False, duplicates="drop")
    return np.asarray(pd.factorize(series, use_na_sentinel=False)[0], dtype=np.intp)


TRAINING_AND_TEST, TRAINING, TEST, NEITHER = "training and test", "training", "test", "neither"
"""What a row is for: see :func:`set_of_rows`."""
ROLE = "training or test"
"""The column that holds these values; no label has this name."""


def set_of_rows(folds: Folds) -> NDArray[np.str_]:
    """Return whether each row is in the training set of any fold, in a test set, or both.

    Examples
    --------
    >>> set_of_rows(Folds(np.array([0, UNTESTED]))).tolist()
    ['test', 'training']
    """
    trained = np.zeros(len(folds.test), dtype=bool)
    for train, _ in folds.splits():
        trained[train] = True
    tested = folds.test != UNTESTED
    return np.select(
        [trained & tested, trained, tested], [TRAINING_AND_TEST, TRAINING, TEST], NEITHER
    )


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
