"""The ratings of one label: which rater gave which recording which value.

They are stored as a list of ratings, not as a matrix of recordings and raters: in a crowd of
thousands, each rater rates a few recordings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from featser.errors import TaskError

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

UNNAMED = -1
"""The rater of a rating whose rater is not known, as in tables that count votes."""


def ratio(above: npt.ArrayLike, below: npt.ArrayLike) -> Array:
    """Divide, with NaN where the denominator is not above 0.

    Examples
    --------
    >>> ratio([1.0, 1.0], [2.0, 0.0]).tolist()
    [0.5, nan]
    """
    numerator, denominator = np.broadcast_arrays(np.asarray(above, float), np.asarray(below, float))
    result: Array = np.full(denominator.shape, np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result


@dataclass(frozen=True, eq=False)
class Ratings:
    """Ratings of one label.

    Parameters
    ----------
    item : ndarray of int, shape (n_ratings,)
        The rated recording, a row number.
    rater : ndarray of int, shape (n_ratings,)
        A position in ``raters``, or :data:`UNNAMED`.
    value : ndarray of float, shape (n_ratings,)
        A position in ``classes``; the number itself where there are no classes.
    n_items : int
        How many recordings there are, rated or not.
    raters : tuple of str
        Names of the raters.
    classes : tuple of str
        The classes, for an ordered label from low to high; empty for numbers.

    Examples
    --------
    >>> ratings = from_matrix([[1, 2, np.nan], [4, 4, 5]])
    >>> ratings.per_item.tolist(), ratings.raters
    ([2, 3], ('r1', 'r2', 'r3'))
    """

    item: Indices
    rater: Indices
    value: Array
    n_items: int
    raters: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.item) == len(self.rater) == len(self.value):
            raise TaskError(
                f"{len(self.item)} items, {len(self.rater)} raters and {len(self.value)} values: "
                f"give one of each for every rating"
            )

    @property
    def is_categorical(self) -> bool:
        """Whether ratings are classes."""
        return bool(self.classes)

    @property
    def is_named(self) -> bool:
        """Whether the rater of every rating is known."""
        return bool((self.rater != UNNAMED).all())

    @property
    def per_item(self) -> Indices:
        """How many ratings each recording has, shape (n_items,)."""
        return np.bincount(self.item, minlength=self.n_items).astype(np.intp)

    @property
    def counts(self) -> Array:
        """How many ratings of each recording name each class, shape (n_items, n_classes)."""
        k = len(self.classes)
        cell = self.item * k + self.value.astype(np.intp)
        return np.bincount(cell, minlength=self.n_items * k).reshape(self.n_items, k).astype(float)

    @property
    def shares(self) -> Array:
        """The distribution of each recording's votes; NaN where it has none."""
        counts = self.counts
        return ratio(counts, counts.sum(axis=1, keepdims=True))

    @property
    def matrix(self) -> Array:
        """Recordings by raters, NaN where a rater gave no rating.

        Raises
        ------
        TaskError
            If a rating has no rater, or a rater rated a recording twice.
        """
        if not self.is_named:
            raise TaskError("the raters are not named: add a column `rater`")
        cells = self.item * max(1, len(self.raters)) + self.rater
        if len(np.unique(cells)) < len(cells):
            raise TaskError("a rater rated a recording twice: keep one rating of each")
        matrix = np.full((self.n_items, len(self.raters)), np.nan)
        matrix[self.item, self.rater] = self.value
        return matrix

    def chosen(self, ratings: npt.NDArray[np.bool_]) -> Ratings:
        """Return some of the ratings, of the same recordings and raters."""
        return replace(
            self, item=self.item[ratings], rater=self.rater[ratings], value=self.value[ratings]
        )

    def of_items(self, items: Indices) -> Ratings:
        """Return the ratings of some recordings, which are numbered as they are given."""
        place = np.full(self.n_items, -1, dtype=np.intp)
        place[items] = np.arange(len(items))
        rated = self.chosen(place[self.item] >= 0)
        return replace(rated, item=place[rated.item], n_items=len(items))

    def as_numbers(self) -> Ratings:
        """Return the same ratings as numbers.

        Raises
        ------
        TaskError
            If a class is no number.
        """
        if not self.is_categorical:
            return self
        try:
            numbers = np.array([float(name) for name in self.classes])
        except ValueError as error:
            raise TaskError(
                f"the ratings are classes such as '{self.classes[0]}', not numbers: use majority "
                f"or dawid-skene"
            ) from error
        return replace(self, value=numbers[self.value.astype(np.intp)], classes=())

    def as_classes(self) -> Ratings:
        """Return the same ratings as classes; numbers from low to high, whole ones as ``3``."""
        if self.is_categorical:
            return self
        levels, codes = np.unique(self.value, return_inverse=True)
        return replace(self, value=codes.astype(float), classes=tuple(f"{v:g}" for v in levels))

    def in_order(self, classes: Sequence[str]) -> Ratings:
        """Return the same ratings with the classes in another order, perhaps more of them."""
        place = {name: position for position, name in enumerate(classes)}
        codes = np.array([place[name] for name in self.classes], dtype=float)
        return replace(self, value=codes[self.value.astype(np.intp)], classes=tuple(classes))


def from_matrix(
    matrix: npt.ArrayLike, raters: Sequence[str] = (), classes: Sequence[str] = ()
) -> Ratings:
    """Return the ratings of a matrix.

    Parameters
    ----------
    matrix : array-like of float, shape (n_items, n_raters)
        Numbers, or positions in ``classes``; NaN where a rater gave no rating.
    raters : sequence of str
        Names of the columns; ``r1``, ``r2``, … by default.
    classes : sequence of str
        The classes; empty for numbers.

    Examples
    --------
    >>> from_matrix([[0, 1], [1, 1]], classes=("angry", "sad")).counts.tolist()
    [[1.0, 1.0], [0.0, 2.0]]
    """
    values = np.asarray(matrix, dtype=float)
    names = tuple(raters) or tuple(f"r{column + 1}" for column in range(values.shape[1]))
    item, rater = np.nonzero(~np.isnan(values))
    return Ratings(item, rater, values[item, rater], len(values), names, tuple(classes))


def from_counts(counts: npt.ArrayLike, classes: Sequence[str]) -> Ratings:
    """Return the ratings of a table that counts votes, whose raters are not named.

    Parameters
    ----------
    counts : array-like of int, shape (n_items, n_classes)
        How many raters chose each class.
    classes : sequence of str
        The classes.

    Examples
    --------
    >>> from_counts([[2, 1]], ("angry", "sad")).value.tolist()
    [0.0, 0.0, 1.0]
    """
    votes = np.asarray(counts, dtype=np.intp)
    item, value = np.nonzero(votes)
    repeats = votes[item, value]
    items = np.repeat(item, repeats)
    rater = np.full(len(items), UNNAMED, dtype=np.intp)
    values = np.repeat(value, repeats).astype(float)
    return Ratings(items, rater, values, len(votes), (), tuple(classes))
