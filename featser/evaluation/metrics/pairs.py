"""Pairs of truth and prediction, checked before anything is computed from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from featser.errors import TaskError, unknown
from featser.evaluation.missing import is_missing

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


def class_pairs(
    true: npt.ArrayLike, pred: npt.ArrayLike, classes: Sequence[str]
) -> tuple[Indices, Indices]:
    """Return truth and prediction as indices into ``classes``, checked.

    Parameters
    ----------
    true, pred : array-like of str, shape (n,)
        True and predicted classes.
    classes : sequence of str, length K
        All classes.

    Returns
    -------
    tuple of ndarray of int, shape (n,)
        Truth and prediction, each in 0 … K - 1.

    Raises
    ------
    TaskError
        If the lengths differ, nothing is given, a value is missing, or one is not a class.
    """
    if len(set(classes)) != len(classes):
        raise TaskError(f"classes occur twice in {list(classes)}: name each class once")
    truth, guess = _codes(true, classes, "true"), _codes(pred, classes, "predicted")
    _check_lengths(len(truth), len(guess))
    return truth, guess


def number_pairs(true: npt.ArrayLike, pred: npt.ArrayLike) -> tuple[Array, Array]:
    """Return truth and prediction as float64, checked.

    Parameters
    ----------
    true, pred : array-like of float, shape (n,)
        True and predicted numbers.

    Returns
    -------
    tuple of ndarray of float, shape (n,)
        Truth and prediction, all finite.

    Raises
    ------
    TaskError
        If the lengths differ, nothing is given, or a value is missing or infinite.
    """
    truth, guess = _numbers(true, "true"), _numbers(pred, "predicted")
    _check_lengths(len(truth), len(guess))
    return truth, guess


def _codes(values: npt.ArrayLike, classes: Sequence[str], what: str) -> Indices:
    labels = np.asarray(values, dtype=object)
    _check_vector(labels, what)
    index = {name: i for i, name in enumerate(classes)}
    codes = np.fromiter((index.get(label, -1) for label in labels), np.int64, len(labels))
    strangers = np.flatnonzero(codes < 0)
    if len(strangers):
        _refuse_missing(np.array([is_missing(label) for label in labels]), what)
        label = labels[strangers[0]]
        text = unknown(f"{what} class", label, classes)
        if not isinstance(label, str) and str(label) in index:
            text += f"; classes are text, and this is {type(label).__name__}: convert with str"
        raise TaskError(f"row {strangers[0]}: {text}")
    return codes


def _numbers(values: npt.ArrayLike, what: str) -> Array:
    given: Any = np.asarray(values)
    _check_vector(given, what)
    if given.dtype == object:
        given = np.array([np.nan if is_missing(value) else value for value in given])
    try:
        numbers: Array = given.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise TaskError(f"{what} values must be numbers: {error}") from None
    _refuse_missing(np.isnan(numbers), what)
    infinite = np.flatnonzero(np.isinf(numbers))
    if len(infinite):
        raise TaskError(
            f"{len(infinite)} {what} values are infinite (first: row {infinite[0]}); "
            "a metric needs finite numbers"
        )
    return numbers


def _refuse_missing(missing: npt.NDArray[np.bool_], what: str) -> None:
    rows = np.flatnonzero(missing)
    if len(rows):
        raise TaskError(
            f"{len(rows)} of {len(missing)} {what} values are missing (first: row {rows[0]}); "
            "a metric needs both values of every pair: leave out the rows without a label"
        )


def _check_vector(values: npt.NDArray[Any], what: str) -> None:
    if values.ndim != 1:
        raise TaskError(f"{what} values must be one column, got an array of shape {values.shape}")
    if not len(values):
        raise TaskError(f"no {what} values: there is nothing to score")


def _check_lengths(n_true: int, n_pred: int) -> None:
    if n_true != n_pred:
        raise TaskError(f"{n_true} true values but {n_pred} predicted: give one for each row")
