"""Predictions for training rows by a classifier that was fitted without their speakers.

A fitted classifier that has them offers them as ``left_out_probabilities_``, shape (n, k), NaN in
rows without one, such as augmented copies. Probabilities of several classifiers are then pooled
and calibrated without fitting any of them again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from featser.evaluation.protocols.folding import inner_folds
from featser.evaluation.training_copies import utterances_of

Floats = NDArray[np.float64]
Folds = list[tuple[NDArray[np.intp], NDArray[np.intp]]]


def left_out_probabilities(fitted: Any) -> Floats | None:
    """Return the left-out probabilities that a fitted classifier offers.

    Parameters
    ----------
    fitted : classifier
        A pipeline offers those of its last step, unless a step before it, such as a selection of
        features, was fitted to the classes of the rows that are left out.

    Returns
    -------
    ndarray of float, shape (n, k), or None
        A row for each training row, NaN where it was not predicted; None where there are none.
    """
    if isinstance(fitted, Pipeline):
        uses_classes = any(
            get_tags(step).target_tags.required for _, step in fitted.steps[:-1] if step is not None
        )
        return None if uses_classes else left_out_probabilities(fitted[-1])
    offered: Floats | None = getattr(fitted, "left_out_probabilities_", None)
    return offered


def left_out_folds(
    encoded: NDArray[np.intp],
    speaker: ArrayLike | None,
    n_folds: int,
    random_state: int,
    provenance: NDArray[np.intp] | None,
) -> Folds:
    """Return inner folds in which utterances are left out; every training set has all classes.

    Parameters
    ----------
    encoded : ndarray of int, shape (n,)
        Classes from 0.
    speaker, n_folds, random_state, provenance
        As :func:`~featser.evaluation.protocols.folding.inner_folds` has them.

    Returns
    -------
    list of (train, test)
        Row numbers. The utterance of a class that has no other is in all training sets and in no
        test set. Folds without more training rows than classes, to which some classifiers cannot
        be fitted, are left out. Empty where no fold is left.
    """
    own = np.arange(len(encoded)) if provenance is None else utterances_of(provenance)
    count = np.bincount(encoded[own], minlength=int(encoded.max()) + 1)
    is_single = count[encoded] < 2
    if is_single[own].all():
        return []
    strata = np.where(is_single, np.argmax(count), encoded)
    singles = own[is_single[own]]
    folds = inner_folds(strata, speaker, n_folds, random_state, provenance)
    usable = [
        (np.union1d(train, singles), test[~is_single[test]])
        for train, test in folds
        if not is_single[test].all()
    ]
    n_classes = np.count_nonzero(count)
    return [(train, test) for train, test in usable if len(train) > n_classes]


def in_rows(rows: NDArray[np.intp], probabilities: Floats, n_rows: int) -> Floats:
    """Return probabilities, shape (m, k), in a table of all rows, (n_rows, k), NaN elsewhere."""
    table = np.full((n_rows, probabilities.shape[1]), np.nan)
    table[rows] = probabilities
    return table
