"""Folds inside a training set, for tuning: calibration and weights of a vote."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featser.errors import ProtocolError
from featser.evaluation.protocols.folds import Folds, Split, balanced
from featser.evaluation.protocols.groups import speaker_groups
from featser.evaluation.training_copies import utterances_of, with_copies

_SHUFFLES = 4
"""How many divisions into as many folds are tried for :func:`shared_folds`."""


def inner_folds(
    label: ArrayLike,
    speaker: ArrayLike | None,
    n_folds: int = 4,
    seed: int = 0,
    provenance: NDArray[np.intp] | None = None,
) -> list[Split]:
    """Make folds inside a training fold, by speaker, each of whose training sets has all classes.

    Parameters
    ----------
    label : array-like, shape (n,)
        Classes.
    speaker : array-like, shape (n,), optional
        Groups that stay together; a row whose group is missing stands alone. Without them folds
        are made by utterance.
    n_folds : int
        How many to try for; fewer where groups are few.
    seed : int
        Seed of the shuffling.
    provenance : ndarray of int, shape (n, 1 + k), optional
        Which rows are augmented copies, and of what: see ``trace_provenance``.
        Copies are in no test set, and in a training set only with all rows they are made of.

    Returns
    -------
    list of (train, test)
        Row numbers. Where no division by speaker leaves every class in training (a class that one
        speaker alone recorded), the division is by utterance, since a calibration without
        data of a class would be wrong for it.
    """
    y = np.unique(np.asarray(label), return_inverse=True)[1]
    groups = speaker_groups(speaker, len(y))
    own = np.arange(len(y)) if provenance is None else utterances_of(provenance)
    for units in (groups[own], own):
        for folds in range(min(n_folds, len(np.unique(units))), 1, -1):
            fold = balanced(y[own], units, folds, seed)
            if _all_classes_in_training(y[own], fold):
                splits = Folds(fold).splits()
                return list(splits if provenance is None else with_copies(splits, provenance))
    raise ProtocolError(
        f"{len(y)} labelled utterances are too few for inner folds: "
        f"every class needs two or more utterances in the training set"
    )


def _all_classes_in_training(y: NDArray[np.intp], fold: NDArray[np.intp]) -> bool:
    classes = len(np.unique(y))
    return fold.max() > 0 and all(
        len(np.unique(y[fold != number])) == classes for number in range(fold.max() + 1)
    )


def shared_folds(
    codes: Sequence[NDArray[np.intp]],
    speaker: ArrayLike | None,
    n_folds: int = 4,
    seed: int = 0,
    provenance: NDArray[np.intp] | None = None,
) -> list[Split]:
    """Make folds inside a training fold for several tasks at once, whose labels may be missing.

    Parameters
    ----------
    codes : sequence of ndarray of int, each of shape (n,)
        For each task its classes as numbers, −1 where the label is missing. Folds are balanced by
        the first, all classes of which are in every training set; of the others at least two.
    speaker, n_folds, seed, provenance
        As :func:`inner_folds` has them.

    Returns
    -------
    list of (train, test)
        Row numbers: every utterance is in one test set, labelled or not. Where no division by
        speaker keeps all tasks trainable, the division is by utterance.

    Raises
    ------
    ProtocolError
        If no division does.
    """
    single = np.arange(len(codes[0]))
    groups = speaker_groups(speaker, len(single))
    own = single if provenance is None else utterances_of(provenance)
    utterance_codes = [code[own] for code in codes]
    strata = np.unique(utterance_codes[0], return_inverse=True)[1]
    for units in (groups[own], own):
        for folds in range(min(n_folds, len(np.unique(units))), 1, -1):
            for shuffle in range(_SHUFFLES):
                fold = balanced(strata, units, folds, (seed + shuffle) % 2**32)
                if _all_learnable(utterance_codes, fold):
                    splits = Folds(fold).splits()
                    return list(splits if provenance is None else with_copies(splits, provenance))
    raise ProtocolError(
        f"{len(own)} utterances are too few for inner folds of {len(codes)} tasks: every "
        f"class of the primary task, and two classes of each other task, need two or more "
        f"utterances"
    )


def _all_learnable(codes: Sequence[NDArray[np.intp]], fold: NDArray[np.intp]) -> bool:
    return fold.max() > 0 and all(
        _learnable(code, fold != number, complete=position == 0)
        for number in range(fold.max() + 1)
        for position, code in enumerate(codes)
    )


def _learnable(code: NDArray[np.intp], train: NDArray[np.bool_], *, complete: bool) -> bool:
    """Return whether a training set has two classes, each with more than one utterance."""
    total = np.bincount(code[code >= 0])
    training_counts = np.bincount(code[train & (code >= 0)], minlength=len(total))
    enough = training_counts >= np.minimum(total, 2)
    present = training_counts > 0
    return int(np.count_nonzero(present)) > 1 and bool(
        enough[total > 0 if complete else present].all()
    )
