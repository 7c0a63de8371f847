"""Folds inside a training part, for what is tuned there: calibration, weights of a vote."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featser.errors import ProtocolError
from featser.evaluation.copies import utterances_of, with_copies
from featser.evaluation.folds import Folds, Split, balanced
from featser.evaluation.units import as_text


def inner_folds(
    label: ArrayLike,
    speaker: ArrayLike | None,
    n_folds: int = 4,
    seed: int = 0,
    lineage: NDArray[np.intp] | None = None,
) -> list[Split]:
    """Make folds inside a training fold, by speaker, each of whose training parts has all classes.

    Parameters
    ----------
    label : array-like, shape (n,)
        Classes.
    speaker : array-like, shape (n,), optional
        Groups that stay together. Without them folds are made by utterance.
    n_folds : int
        How many to try for; fewer where groups are few.
    seed : int
        Of the shuffling.
    lineage : ndarray of int, shape (n, 1 + k), optional
        Which rows are augmented copies, and of what: see :func:`featser.evaluation.copies.lineage`.
        Copies are in no test part, and in a training part only with all they are made of.

    Returns
    -------
    list of (train, test)
        Row numbers. Where no division by speaker leaves every class in training (a class that one
        speaker alone recorded), the division is by utterance, since a calibration that has never
        seen a class would be wrong for it.
    """
    y = np.unique(np.asarray(label), return_inverse=True)[1]
    single = np.arange(len(y))
    groups = single if speaker is None else np.unique(as_text(speaker), return_inverse=True)[1]
    own = single if lineage is None else utterances_of(lineage)
    for units in (groups[own], own):
        for folds in range(min(n_folds, len(np.unique(units))), 1, -1):
            fold = balanced(y[own], units, folds, seed)
            if _all_classes_in_training(y[own], fold):
                splits = Folds(fold).splits()
                return list(splits if lineage is None else with_copies(splits, lineage))
    raise ProtocolError(
        f"{len(y)} labelled utterances are too few for inner folds: "
        f"every class needs two or more in the training part"
    )


def _all_classes_in_training(y: NDArray[np.intp], fold: NDArray[np.intp]) -> bool:
    classes = len(np.unique(y))
    return fold.max() > 0 and all(
        len(np.unique(y[fold != number])) == classes for number in range(fold.max() + 1)
    )
