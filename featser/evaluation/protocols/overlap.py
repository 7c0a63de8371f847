"""What training and test sets of folds share: speakers and recordings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featser.errors import counted
from featser.evaluation.protocols.folds import UNTESTED, Folds


@dataclass(frozen=True, eq=False)
class Overlap:
    """Speakers and recordings that are in the training set and in the test set of a fold.

    Attributes
    ----------
    speakers : tuple of str
        In the order of their names.
    recordings : tuple of str
        The identities of recordings, in their order.
    in_training : ndarray of bool, shape (n,)
        Rows whose recording is also in the training set of the fold that tests them.
    n_tested : int
        The number of rows that are tested.
    n_unnamed : int
        How many of them have no speaker.
    """

    speakers: tuple[str, ...]
    recordings: tuple[str, ...]
    in_training: NDArray[np.bool_]
    n_tested: int
    n_unnamed: int

    @property
    def phrases(self) -> list[str]:
        """What is shared or may be, as it stands beside a figure; empty where nothing is."""
        phrases = []
        if self.n_unnamed == self.n_tested:
            phrases.append("speakers are not named, so folds may share them")
        if self.speakers:
            phrases.append(f"folds share {counted(len(self.speakers), 'speaker')}")
        if self.recordings:
            are = "is" if len(self.recordings) == 1 else "are"
            n_recordings = counted(len(self.recordings), "recording")
            phrases.append(f"{n_recordings} {are} in training and test set")
        return phrases


def overlap_of(folds: Folds, speaker: NDArray[np.str_], audio: NDArray[np.str_]) -> Overlap:
    """Find what the training and test sets of folds share.

    Parameters
    ----------
    folds : Folds
    speaker : ndarray of str, shape (n,)
        Who speaks; empty where it is missing.
    audio : ndarray of str, shape (n,)
        The identity of each row's recording.

    Returns
    -------
    Overlap

    Examples
    --------
    >>> speaker, audio = np.array(["f1", "f1", "m1"]), np.array(["1", "2", "2"])
    >>> overlap_of(Folds(np.array([0, 1, 0])), speaker, audio).phrases
    ['folds share 1 speaker', '1 recording is in training and test set']
    """
    speakers: set[str] = set()
    in_training = np.zeros(len(audio), dtype=bool)
    for train, test in folds.splits():
        speakers |= {*speaker[train].tolist()} & {*speaker[test].tolist()} - {""}
        in_training[test] = np.isin(audio[test], audio[train])
    recordings = np.unique(audio[in_training]).tolist()
    tested = folds.test != UNTESTED
    return Overlap(
        tuple(sorted(speakers)),
        tuple(map(str, recordings)),
        in_training,
        n_tested=int(tested.sum()),
        n_unnamed=int((speaker[tested] == "").sum()),
    )
