"""Protocols that divide by speaker, by sentence, by both, or by neither."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featser.evaluation.protocols.folds import UNTESTED, Folds, balanced
from featser.evaluation.protocols.groups import joined
from featser.evaluation.protocols.request import Request

MAX_LEFT_OUT = 12
SPEAKER_GROUPS = 6
RANDOM_FOLDS = 5


def by_speaker(request: Request) -> Folds:
    """Leave one speaker out up to twelve, else divide them into six groups."""
    return Folds(_groups(request, "speaker", MAX_LEFT_OUT))


def one_speaker_out(request: Request) -> Folds:
    """Leave one speaker out, however many there are."""
    return Folds(_groups(request, "speaker", len(request.table)))


def by_sentence(request: Request) -> Folds:
    """Leave one sentence out up to twelve, else divide them into six groups."""
    return Folds(_groups(request, "sentence", MAX_LEFT_OUT))


def by_utterance(request: Request) -> Folds:
    """Assign recordings to five folds, regardless of the speaker."""
    recordings, number = np.unique(request.audio, return_inverse=True)
    request.refuse_one("recordings", recordings)
    folds = min(RANDOM_FOLDS, len(recordings))
    return Folds(balanced(request.strata, number, folds, request.seed))


def by_speaker_and_sentence(request: Request) -> Folds:
    """Test each group of speakers with each group of sentences; train on neither group.

    Both are divided into six groups at most, which gives 36 folds at most.
    """
    speaker = _groups(request, "speaker", SPEAKER_GROUPS)
    sentence = _groups(request, "sentence", SPEAKER_GROUPS)
    test = np.full(len(speaker), UNTESTED, dtype=np.intp)
    excluded: list[NDArray[np.bool_]] = []
    for group, text in np.unique(np.stack([speaker, sentence], axis=1), axis=0):
        near = (speaker == group) | (sentence == text)
        if near.all():  # no other speaker speaks another sentence
            continue
        tested = (speaker == group) & (sentence == text)
        test[tested] = len(excluded)
        excluded.append(near & ~tested)
    untested = int((test == UNTESTED).sum())
    notes = [
        f"{untested} of {len(test)} utterances are not tested under '{request.protocol}': "
        f"no other speaker speaks another sentence"
    ] * bool(untested)
    return Folds(test, np.array(excluded, dtype=bool).reshape(-1, len(test)), notes=tuple(notes))


def _groups(request: Request, name: str, most_left_out: int) -> NDArray[np.intp]:
    """Give speakers, or sentences, numbers: each its own where they are few, else its group's."""
    units = joined(request.column(name), request.audio)
    unit_names, number = np.unique(units, return_inverse=True)
    request.refuse_one(f"{name}s", unit_names, joined=True)
    if len(unit_names) <= most_left_out:
        return number.astype(np.intp)
    return balanced(request.strata, number, min(SPEAKER_GROUPS, len(unit_names)), request.seed)
