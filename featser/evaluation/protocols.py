"""How recordings are divided into folds, so that no test recording was learnt from.

``speaker-independent`` is the default: no speaker is in training and test; one speaker is left
out at a time where there are twelve or fewer, else six groups of speakers, with classes as even
as whole speakers allow. The others ask more (sentences, corpora), follow a corpus's own split, or
ask less, which flatters: those are in :data:`OPTIMISTIC`, and featser marks them wherever it
shows them. Under each, recordings with the same content are never on both sides.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from featser.errors import ProtocolError, unknown
from featser.evaluation import division, given
from featser.evaluation.division import MAX_LEFT_OUT, RANDOM_FOLDS, SPEAKER_GROUPS
from featser.evaluation.folds import Folds, fold_table, strata_of
from featser.evaluation.inner import inner_folds
from featser.evaluation.request import Request, Sides
from featser.evaluation.units import as_text, independent_units, speaker_ids

__all__ = [
    "MAX_LEFT_OUT",
    "OPTIMISTIC",
    "PROTOCOLS",
    "RANDOM_FOLDS",
    "SPEAKER_GROUPS",
    "Folds",
    "Sides",
    "assign_folds",
    "fold_table",
    "independent_units",
    "inner_folds",
    "make_folds",
    "speaker_ids",
]

PROTOCOLS = {
    "speaker-independent": "no speaker in both training and test: leave one speaker out up to "
    "12 speakers, else 6 groups of speakers",
    "leave-one-speaker-out": "each speaker tested by a model of all others, however many there are",
    "speaker-and-sentence-independent": "neither speaker nor sentence in both training and test: "
    "up to 6 groups of each, every pair of groups a fold",
    "leave-one-corpus-out": "each corpus tested by a model of all others; classes that all share",
    "cross-corpus": "corpora tested by a model of other ones, as --train and --test name them; "
    "without them as leave-one-corpus-out",
    "fixed-split": "the manifest's column `split`: learnt from train and dev, tested on test",
    "sentence-independent": "no sentence in both training and test, as speakers are: OPTIMISTIC",
    "random": "5 folds whatever the speaker: OPTIMISTIC, since speakers are in both training "
    "and test; only to compare with papers that did so",
}

OPTIMISTIC = frozenset({"random", "sentence-independent"})
"""Protocols whose figures flatter, since speakers are in both training and test."""

ACROSS_CORPORA = frozenset({"cross-corpus", "leave-one-corpus-out"})
"""Protocols under which only classes that the corpora share are learnt and scored."""

_MAKERS: dict[str, Callable[[Request], Folds]] = {
    "speaker-independent": division.by_speaker,
    "leave-one-speaker-out": division.one_speaker_out,
    "speaker-and-sentence-independent": division.by_speaker_and_sentence,
    "leave-one-corpus-out": given.one_corpus_out,
    "cross-corpus": given.across_corpora,
    "fixed-split": given.fixed_split,
    "sentence-independent": division.by_sentence,
    "random": division.by_utterance,
}


def make_folds(
    protocol: str,
    table: pd.DataFrame,
    label: ArrayLike,
    audio: ArrayLike,
    seed: int = 0,
    sides: Sides | None = None,
) -> Folds:
    """Decide which rows each fold tests, and which it learns from.

    Parameters
    ----------
    protocol : str
        One of :data:`PROTOCOLS`.
    table : DataFrame, n rows
        A manifest; of its columns ``speaker``, ``sentence``, ``corpus`` and ``split`` those that
        the protocol needs, and ``file`` for messages.
    label : array-like, shape (n,)
        The primary task's labels, by which folds are balanced; numbers are cut at quintiles;
        missing ones count as a class.
    audio : array-like of str, shape (n,)
        The identity of each recording's content; equal ones are never on both sides, even where
        that joins two speakers.
    seed : int
        Of the shuffling.
    sides : Sides, optional
        The corpora of ``cross-corpus``, and what becomes of ``dev`` in a ``fixed-split``.

    Returns
    -------
    Folds
        With notes on what a reader must know of them.

    Raises
    ------
    ProtocolError
        If the protocol is unknown, or the data do not allow it: a column is absent or empty,
        there are too few groups, or the same sound is on both sides of a fixed split.

    Notes
    -----
    The limit of 12 speakers and the 6 groups are those of the ERTK benchmark, so that results
    can be set beside its published ones.
    """
    if protocol not in PROTOCOLS:
        raise ProtocolError(unknown("protocol", protocol, PROTOCOLS))
    request = Request(protocol, table, strata_of(label), as_text(audio), seed, sides or Sides())
    return _MAKERS[protocol](request)


def assign_folds(
    protocol: str,
    label: ArrayLike,
    speaker: ArrayLike,
    audio: ArrayLike,
    seed: int = 0,
) -> NDArray[np.intp]:
    """Give every utterance the fold in which it is tested, where speakers alone decide.

    Parameters
    ----------
    protocol : {'speaker-independent', 'leave-one-speaker-out', 'random'}
        How folds are made; :func:`make_folds` knows the others.
    label, audio, seed
        As in :func:`make_folds`.
    speaker : array-like of str, shape (n,)
        Who speaks. May be empty for ``random``.

    Returns
    -------
    ndarray of int, shape (n,)
        Fold numbers from 0; each fold learns from all other rows.

    Raises
    ------
    ProtocolError
        As :func:`make_folds`.
    """
    return make_folds(
        protocol, pd.DataFrame({"speaker": as_text(speaker)}), label, audio, seed
    ).test
