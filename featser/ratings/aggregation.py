"""One label from the ratings of several raters."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from featser.errors import TaskError
from featser.ratings.dawid_skene import dawid_skene
from featser.ratings.methods import method_of
from featser.ratings.ratings import Array, Ratings
from featser.tasks import Kind

_TIE = 1e-9
"""Probabilities or counts that differ by less are equal."""


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
        A name of :data:`~featser.ratings.methods.METHODS`.
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
    row = method_of(method)
    module, name = row.function.split(":")
    compute = getattr(import_module(f"featser.ratings.{module}"), name)
    if kind == "ordinal" and method == "median":
        levels = _levels(ratings)
        return _names(lower_medians(levels), levels.classes)
    if row.takes == "numbers":
        return pd.Series(compute(ratings.as_numbers()), dtype="float64")
    classes = ratings.as_classes()
    return _names(compute(classes), classes.classes)


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
