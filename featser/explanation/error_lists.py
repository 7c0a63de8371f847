"""Which recordings are worth listening to: confident mistakes, least certain ones, label errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True)
class ErrorList:
    """A kind of list of recordings.

    Attributes
    ----------
    name : str
        In tables and as id in the page.
    title, meaning : str
        For readers; ``meaning`` is a sentence.
    rows : callable
        Called with probabilities, labels and predictions; returns all rows that the list could
        have, the first ones to listen to first.
    """

    name: str
    title: str
    meaning: str
    rows: Callable[[Floats, Codes, Codes], Codes]


def confident_mistakes(probabilities: Floats, labels: Codes, predictions: Codes) -> Codes:
    """Return the rows that are predicted wrongly, the most confident ones first.

    Parameters
    ----------
    probabilities : ndarray of float, shape (n, k)
    labels, predictions : ndarray of int, shape (n,)
        Classes from 0 to k − 1.

    Examples
    --------
    >>> p = np.array([[0.6, 0.4], [0.9, 0.1], [0.3, 0.7]])
    >>> confident_mistakes(p, np.array([1, 1, 1]), np.array([0, 0, 1])).tolist()
    [1, 0]
    """
    confidence = probabilities[np.arange(len(labels)), predictions]
    order = np.argsort(-confidence, kind="stable")
    return np.asarray(order[predictions[order] != labels[order]])


def least_certain(probabilities: Floats, labels: Codes, predictions: Codes) -> Codes:
    """Return all rows, those first whose two most probable classes are the closest.

    Examples
    --------
    >>> p = np.array([[0.6, 0.4], [0.9, 0.1], [0.49, 0.51]])
    >>> least_certain(p, np.array([0, 0, 1]), np.array([0, 0, 1])).tolist()
    [2, 0, 1]
    """
    del labels, predictions
    ordered = np.sort(probabilities, axis=1)
    return np.argsort(ordered[:, -1] - ordered[:, -2], kind="stable")


LISTS = (
    ErrorList(
        "mistakes",
        "Most confident mistakes",
        "The prediction differs from the label, and its probability is the highest.",
        confident_mistakes,
    ),
    ErrorList(
        "uncertain",
        "Least certain recordings",
        "The probabilities of the two most probable classes are almost equal, whether the "
        "prediction is right or not.",
        least_certain,
    ),
)
"""Lists that need nothing but the predictions; likely label errors are one more."""
