"""Which recordings of a test speaker are enrolled, and which are scored.

A speaker's recordings are shuffled once. A draw enrols n consecutive ones of them (the order is
circular), and the draws begin at evenly spaced positions. So each draw is a random choice, and a
draw of fewer recordings is a subset of one of more. A draw takes at most half of a speaker's
recordings, so opposite draws are disjoint and every recording is scored in some draw. A run's
predictions take each recording from one draw, chosen at random: the figure of a run is that of a
random enrolment, on all recordings, each once.

Labels are not used.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featser.errors import FeatserError, ProtocolError, counted
from featser.evaluation.missing import as_text
from featser.evaluation.protocols.folds import UNTESTED, Folds

DRAWS = 5
RECORDINGS = 8
CURVE = (0, 1, 2, 4, 8, 16)
"""Recordings that are enrolled for an enrolment curve."""

NORMS = ("none", "transductive", "enrol")
"""How features may be made comparable across speakers."""

UNSCORED = -1
_MOST_NAMED = 6


def speaker_norm_of(text: str) -> str:
    """Return how speakers are normalised in its full form: ``none``, or such as ``enrol:8``.

    Parameters
    ----------
    text : str
        One of :data:`NORMS`; ``enrol`` may be followed by ``:N``, the recordings of each speaker.

    Raises
    ------
    FeatserError
        If it is none of these.
    """
    name, colon, number = text.partition(":")
    if name == "enrol":
        number = number if colon else str(RECORDINGS)
        if number.isdecimal() and int(number):
            return f"enrol:{int(number)}"
    elif text in NORMS:
        return text
    raise FeatserError(
        f"speaker normalisation '{text}': valid are none, transductive, and enrol or enrol:N "
        f"with N recordings of each speaker, 1 or more"
    )


def enrolled_recordings(speaker_norm: str) -> int:
    """Return how many recordings :func:`speaker_norm_of` enrols; 0 where it does not enrol."""
    return int(speaker_norm.removeprefix("enrol:")) if speaker_norm.startswith("enrol:") else 0


@dataclass(frozen=True, eq=False)
class Enrolment:
    """Which recordings are enrolled and scored in each draw.

    Attributes
    ----------
    recordings : int
        How many of each speaker were asked for.
    enrolled, scored : ndarray of bool, shape (k, n)
        Which rows each of the draws enrols, and which it scores.
    draw : ndarray of int, shape (n,)
        The draw that each row's prediction is taken from; :data:`UNSCORED` where there is none.
    fewer : list of str
        Speakers who have too few recordings for that many: half of theirs were enrolled.
    """

    recordings: int
    enrolled: NDArray[np.bool_]
    scored: NDArray[np.bool_]
    draw: NDArray[np.intp]
    fewer: list[str]


def draw_enrolment(
    speaker: NDArray[np.str_],
    sound: NDArray[np.str_],
    folds: Folds,
    recordings: int = RECORDINGS,
    seed: int = 0,
    draws: int = DRAWS,
) -> Enrolment:
    """Choose the recordings of each test speaker that are enrolled.

    Parameters
    ----------
    speaker : ndarray of str, shape (n,)
        Who speaks; not empty in any row that is tested.
    sound : ndarray of str, shape (n,)
        Equal for rows that hold the same sound: none is scored in a draw that enrols it.
    folds : Folds
        Rows that none of them tests are neither enrolled nor scored.
    recordings : int
        How many of each speaker, all of different sound; 0 for none. At most half of them.
    seed : int
        Seed of the choice, which does not depend on the other speakers.
    draws : int
        The number of draws: two or more.

    Raises
    ------
    ProtocolError
        If the speaker of a row that is tested is missing.
    """
    tested = folds.test != UNTESTED
    speaker = as_text(speaker)
    missing = int(np.count_nonzero(tested & (speaker == "")))
    if missing:
        raise ProtocolError(
            f"enrolment needs the speaker of every utterance that is tested; {missing} of "
            f"{int(tested.sum())} have none: fill in the manifest's column `speaker`"
        )
    enrolled = np.zeros((draws, len(speaker)), dtype=bool)
    fewer = []
    for name in np.unique(speaker[tested]).tolist():
        rows = np.flatnonzero(tested & (speaker == name))
        first = rows[np.sort(np.unique(sound[rows], return_index=True)[1])]
        order = np.random.default_rng([seed, zlib.crc32(name.encode())]).permutation(first)
        number = min(recordings, len(order) // 2)
        if number < recordings:
            fewer.append(name)
        for draw in range(draws):
            begin = draw * len(order) // draws
            enrolled[draw, np.roll(order, -begin)[:number]] = True
    scored = np.array([tested & ~np.isin(sound, sound[chosen]) for chosen in enrolled])
    return Enrolment(recordings, enrolled, scored, _by_lot(scored, seed), fewer)


def _by_lot(scored: NDArray[np.bool_], seed: int) -> NDArray[np.intp]:
    """Return for each row one of the draws that score it."""
    lots = np.random.default_rng(seed).random(scored.shape)
    chosen = np.where(scored, lots, -1).argmax(axis=0)
    return np.where(scored.any(axis=0), chosen, UNSCORED)


def enrolment_notes(enrolment: Enrolment, folds: Folds) -> list[str]:
    """Return remarks on an enrolment for readers of the figures."""
    notes = []
    if enrolment.fewer:
        named = ", ".join(enrolment.fewer[:_MOST_NAMED])
        more = ", …" if len(enrolment.fewer) > _MOST_NAMED else ""
        notes.append(
            f"half of the recordings of speakers with fewer than {2 * enrolment.recordings} "
            f"different recordings were enrolled, so that the other half is scored: {named}{more}"
        )
    lost = int(((folds.test != UNTESTED) & (enrolment.draw == UNSCORED)).sum())
    if lost:
        notes.append(
            f"{counted(lost, 'utterance')} with the same audio as recordings that every draw "
            f"enrols: not scored with {enrolment.recordings} enrolled recordings"
        )
    return notes


def refuse_training_speakers(protocol: str, speaker: NDArray[np.str_], folds: Folds) -> None:
    """Refuse enrolling speakers that are in the training set.

    Parameters
    ----------
    protocol : str
        How the folds were made, for the message.
    speaker : ndarray of str, shape (n,)
        Who speaks.
    folds : Folds
        Its folds.

    Raises
    ------
    ProtocolError
        If a fold tests a speaker that is in its training set.
    """
    names = as_text(speaker)
    for train, test in folds.splits():
        shared: Sequence[str] = sorted({*names[train].tolist()} & {*names[test].tolist()} - {""})
        if shared:
            raise ProtocolError(
                f"--speaker-norm enrol is for speakers that are not in the training set, but "
                f"under '{protocol}' test speakers are also in training "
                f"({', '.join(shared[:_MOST_NAMED])}{', …' if len(shared) > _MOST_NAMED else ''}): "
                f"use `--protocol speaker-independent`, or `--speaker-norm none`"
            )
