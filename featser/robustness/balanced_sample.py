"""A sample of utterances that is the same on every machine and balanced over speakers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def balanced_order(
    keys: Sequence[str],
    speaker: NDArray[np.str_],
    classes: Sequence[str],
    random_state: int,
) -> NDArray[np.intp]:
    """Order utterances such that every beginning of the order is balanced.

    In each round every speaker gives one utterance, of the class that has been taken least often
    from the speaker; speakers without further utterances give none. Chance is a hash of the key:
    the order does not depend on that of the rows, and a longer sample contains a shorter one.

    Parameters
    ----------
    keys : sequence of str, n of them
        The identity of each utterance.
    speaker : ndarray of str, shape (n,)
        Empty where it is not known; such utterances count as those of one speaker.
    classes : sequence of str, n of them
        The class of each; all equal for dimensions.
    random_state : int
        Random seed.

    Returns
    -------
    ndarray of int, shape (n,)

    Examples
    --------
    >>> who, what = np.array(["anna"] * 4 + ["ben"] * 2), ["angry", "sad"] * 3
    >>> first = balanced_order([f"key {row}" for row in range(6)], who, what, 0)[:4]
    >>> sorted(zip(who[first].tolist(), [what[row] for row in first]))
    [('anna', 'angry'), ('anna', 'sad'), ('ben', 'angry'), ('ben', 'sad')]
    """
    chance = [_hash(f"{random_state} {key}") for key in keys]
    places: list[tuple[int, bytes, int]] = []
    for name in np.unique(speaker):
        rows = sorted(np.flatnonzero(speaker == name).tolist(), key=lambda row: chance[row])
        places += _rounds(rows, classes, chance, f"{random_state} {name} ")
    return np.array([row for *_, row in sorted(places)], dtype=np.intp)


def _rounds(
    rows: Sequence[int], classes: Sequence[str], chance: Sequence[bytes], seed: str
) -> list[tuple[int, bytes, int]]:
    """Return the round of each utterance of a speaker, what orders it there, and its row."""
    counts: dict[str, int] = {}
    turns = []
    for row in rows:
        turn = counts[classes[row]] = counts.get(classes[row], 0) + 1
        turns.append((turn, _hash(seed + classes[row]), row))
    return [(place, chance[row], row) for place, (*_, row) in enumerate(sorted(turns))]


def _hash(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=8).digest()
