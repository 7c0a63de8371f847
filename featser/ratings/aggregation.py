"""One label from the ratings of several raters: the methods, one row each.

A new method is a function from :class:`~featser.ratings.ratings.Ratings` to one value for each
recording, and a row here; the option, its help, notes and the report read this table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from featser.errors import TaskError, unknown
from featser.ratings.dawid_skene import dawid_skene
from featser.ratings.evaluator_weighted import evaluator_weighted, means
from featser.ratings.ratings import Array, Ratings
from featser.tasks import Kind

_TIE = 1e-9
"""Probabilities or counts that differ by less are equal."""


@dataclass(frozen=True)
class Aggregation:
    """A method that makes one label of several ratings.

    Parameters
    ----------
    name : str
        On the command line.
    meaning : str
        What it gives, for help and the report.
    takes : {'classes', 'numbers'}
        What ratings it needs.
    compute : callable
        From ratings to one value for each recording, NaN where there is none: a position in
        ``classes``, or a number.
    """

    name: str
    meaning: str
    takes: Literal["classes", "numbers"]
    compute: Callable[[Ratings], Array]


def majority(ratings: Ratings) -> Array:
    """Return the class with most votes of each recording; NaN for ties and without ratings.

    Examples
    --------
    >>> from featser.ratings.ratings import from_matrix
    >>> majority(from_matrix([[0, 1, 1], [0, 1, np.nan]], classes=("angry", "sad"))).tolist()
    [1.0, nan]
    """
    return _largest(ratings.counts)


def most_probable(ratings: Ratings) -> Array:
    """Return the most probable class by :func:`~featser.ratings.dawid_skene.dawid_skene`."""
    return _largest(np.nan_to_num(dawid_skene(ratings).probabilities))


def medians(ratings: Ratings) -> Array:
    """Return the median rating of each recording; NaN without ratings.

    Of an even number of ratings it is the mean of the two in the middle.

    Examples
    --------
    >>> from featser.ratings.ratings import from_matrix
    >>> medians(from_matrix([[1, 2, 9], [1, 2, np.nan]])).tolist()
    [2.0, 1.5]
    """
    grouped = pd.Series(ratings.value).groupby(ratings.item).median()
    result = np.full(ratings.n_items, np.nan)
    result[grouped.index.to_numpy(np.intp)] = grouped.to_numpy(float)
    return result


def lower_medians(ratings: Ratings) -> Array:
    """Return the median level of each recording: of two in the middle the lower one.

    Examples
    --------
    >>> from featser.ratings.ratings import from_matrix
    >>> lower_medians(from_matrix([[0, 2, 2, 0]], classes=("low", "mid", "high"))).tolist()
    [0.0]
    """
    order = np.lexsort((ratings.value, ratings.item))
    counts = ratings.per_item
    first = np.cumsum(counts) - counts
    result = np.full(ratings.n_items, np.nan)
    rated = np.flatnonzero(counts)
    result[rated] = ratings.value[order][first[rated] + (counts[rated] - 1) // 2]
    return result


METHODS = (
    Aggregation(
        "majority",
        "the class with most votes; recordings with a tie have no label",
        "classes",
        majority,
    ),
    Aggregation(
        "dawid-skene",
        "the most probable class, with the raters' confusions estimated (Dawid and Skene 1979)",
        "classes",
        most_probable,
    ),
    Aggregation("mean", "the mean rating", "numbers", means),
    Aggregation(
        "median",
        "the median rating; of an ordinal label the lower of two levels in the middle",
        "numbers",
        medians,
    ),
    Aggregation(
        "ewe",
        "the evaluator weighted estimate (Grimm and Kroschel 2005): the mean with each rater "
        "weighted by the correlation with all raters' mean",
        "numbers",
        evaluator_weighted,
    ),
)


def method_names() -> tuple[str, ...]:
    """Return the names of all methods.

    Examples
    --------
    >>> method_names()
    ('majority', 'dawid-skene', 'mean', 'median', 'ewe')
    """
    return tuple(method.name for method in METHODS)


def method_of(name: str) -> Aggregation:
    """Return the method of a name.

    Raises
    ------
    TaskError
        If there is none.

    Examples
    --------
    >>> method_of("ewe").takes
    'numbers'
    """
    for method in METHODS:
        if method.name == name:
            return method
    raise TaskError(unknown("aggregation", name, method_names()))


def default_method(ratings: Ratings, kind: Kind | None = None) -> str:
    """Return the method for ratings of a kind where the user names none.

    Examples
    --------
    >>> from featser.ratings.ratings import from_matrix
    >>> default_method(from_matrix([[1, 2]])), default_method(from_matrix([[1, 2]]), "ordinal")
    ('mean', 'median')
    """
    if kind is None:
        kind = "classification" if ratings.is_categorical else "regression"
    return {"classification": "majority", "ordinal": "median", "regression": "mean"}[kind]


def aggregated(ratings: Ratings, method: str, kind: Kind | None = None) -> pd.Series[Any]:
    """Return one label for each recording.

    Parameters
    ----------
    ratings : Ratings
        The ratings.
    method : str
        A name of :data:`METHODS`.
    kind : str, optional
        The kind of the label; by default that of the method.

    Returns
    -------
    Series
        Text, or float; missing where a recording has no rating, or the method gives no label.

    Raises
    ------
    TaskError
        If the method does not exist, or does not suit the ratings.

    Examples
    --------
    >>> from featser.ratings.ratings import from_matrix
    >>> aggregated(from_matrix([[0, 1, 1]], classes=("angry", "sad")), "majority").tolist()
    ['sad']
    """
    row = method_of(name=method)
    if kind == "ordinal" and method == "median":
        levels = _levels(ratings)
        return _names(lower_medians(levels), levels.classes)
    if row.takes == "numbers":
        return pd.Series(row.compute(ratings.as_numbers()), dtype="float64")
    classes = ratings.as_classes()
    return _names(row.compute(classes), classes.classes)


def default_labels(ratings: Ratings) -> pd.Series[Any]:
    """Return one label for each recording by the default method.

    Examples
    --------
    >>> from featser.ratings.ratings import from_matrix
    >>> default_labels(from_matrix([[1, 2]])).tolist()
    [1.5]
    """
    return aggregated(ratings, default_method(ratings))


def _levels(ratings: Ratings) -> Ratings:
    """Return ratings as levels from low to high: by number, else in the order of the classes."""
    try:
        return ratings.as_numbers().as_classes()
    except TaskError:
        return ratings


def _names(codes: Array, classes: tuple[str, ...]) -> pd.Series[Any]:
    texts = [np.nan if np.isnan(code) else classes[int(code)] for code in codes]
    return pd.Series(texts, dtype="str")


def _largest(scores: Array) -> Array:
    """Return the position of the largest score of each row; NaN where it is no single one, or 0."""
    if not scores.shape[1]:
        return np.full(len(scores), np.nan)
    best = scores.max(axis=1)
    is_single = (scores >= best[:, None] - _TIE).sum(axis=1) == 1
    return np.where(is_single & (best > 0), scores.argmax(axis=1), np.nan)
