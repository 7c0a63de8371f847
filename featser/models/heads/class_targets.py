"""What classifiers are fitted to: a share of each class for each row, hard or soft."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featser.evaluation.metrics.sums import uar_of

Floats = NDArray[np.float64]


def class_targets(
    encoded: NDArray[np.intp], n_classes: int, soft_labels: ArrayLike | None = None
) -> Floats:
    """Return the share of each class in each row's label.

    Parameters
    ----------
    encoded : ndarray of int, shape (n,)
        Classes from 0.
    n_classes : int
        k.
    soft_labels : array-like of float, shape (n, k), optional
        Shares of votes, none negative, with some for each row's class; rows are divided by their
        sums.

    Returns
    -------
    ndarray of float, shape (n, k)
        Rows sum to 1. Without soft labels, and with one vote for each row's class, they are
        indicators of the class.

    Raises
    ------
    ValueError
        If soft labels have another shape, are not finite, are negative, or give a row's class
        nothing.

    Examples
    --------
    >>> class_targets(np.array([0, 1]), 2, [[3, 1], [1, 1]]).tolist()
    [[0.75, 0.25], [0.5, 0.5]]
    """
    if soft_labels is None:
        return np.asarray(np.eye(n_classes)[encoded])
    shares = np.asarray(soft_labels, dtype=np.float64)
    if shares.shape != (len(encoded), n_classes):
        raise ValueError(
            f"soft labels have shape {shares.shape}: give a row for each of {len(encoded)} labels "
            f"and a column for each of {n_classes} classes"
        )
    if not np.isfinite(shares).all() or (shares < 0).any():
        raise ValueError("soft labels are shares of votes: give finite numbers, none negative")
    if not (shares[np.arange(len(encoded)), encoded] > 0).all():
        raise ValueError("soft labels give the class of a row no share: give it some")
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def balanced_targets(targets: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Scale shares so that all classes have the same sum, without changing the total.

    Parameters
    ----------
    targets : ndarray of float, shape (n, k)
        From :func:`class_targets`.
    weight : ndarray of float, shape (n,)
        Of the rows, 0 or more.

    Returns
    -------
    row_weight : ndarray of float, shape (n,)
        Of indicators it is :func:`~featser.models.heads.balance.balanced_weights`, bit by bit.
    balanced : ndarray of float, shape (n, k)
        The shares of the classes in each row's weight; rows sum to 1.

    Examples
    --------
    >>> targets = np.array([[1.0, 0], [1, 0], [0.5, 0.5]])
    >>> row_weight, balanced = balanced_targets(targets, np.ones(3))
    >>> (row_weight[:, None] * balanced).sum(axis=0).round(12).tolist()
    [1.5, 1.5]
    """
    n_classes = targets.shape[1]
    mass = weight[:, None] * targets
    # Added up row by row, as np.bincount adds up hard labels.
    column = np.tile(np.arange(n_classes), len(targets))
    sums = np.bincount(column, weights=mass.ravel(), minlength=n_classes)
    present = np.count_nonzero(sums)
    share = np.divide(weight.sum(), present * sums, out=np.zeros_like(sums), where=sums > 0)
    scaled = mass * share
    row_weight = scaled.sum(axis=1)
    total = row_weight[:, None]
    balanced = np.divide(scaled, total, out=targets.copy(), where=total > 0)
    return row_weight, balanced


def uar_of_targets(targets: Floats, predicted: NDArray[np.intp]) -> float:
    """Return the UAR against targets: each class is the truth of a row with its share.

    Parameters
    ----------
    targets : ndarray of float, shape (n, k)
        From :func:`class_targets`.
    predicted : ndarray of int, shape (n,)
        Classes from 0.

    Returns
    -------
    float
        Of indicators it is :func:`featser.evaluation.metrics.metrics.uar_of_codes`.

    Examples
    --------
    >>> uar_of_targets(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([0, 1])) # (1/1.5 + 1) / 2
    0.8333333333333333
    """
    chosen = np.eye(targets.shape[1])[predicted]
    return float(uar_of(targets.T @ chosen))
