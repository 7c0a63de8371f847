"""Which augmented copies to make of which utterances, and of what each is made.

A copy is a row of the store whose key begins with its source's: it cannot exist without one. Which
copies there are is decided by keys alone, never by folds: folds come later, and leave out of a
training part every copy that holds sound of the test part (``training_copies``).
Babble is therefore mixed of the utterances of a single other speaker where speakers are known: a
copy then rests on two speakers, and most folds by speaker test neither of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from featser.augmentation.spec import Augmentation, joined
from featser.corpora.utterances import Alteration, Place, Utterance, content_of

COLUMNS = ["key", "source", "donors", "augmentation", "index"]


@dataclass(frozen=True)
class Plan:
    """Copies to make.

    Attributes
    ----------
    utterances : list of Utterance
        What to compute, one for each different copy.
    table : DataFrame
        Columns ``key`` and ``source`` (the key of the utterance that is altered), ``donors`` (the
        keys of those that are mixed in, with spaces between), ``augmentation`` (its definition)
        and ``index`` (which copy of it).
    short : dict of str to int
        For each augmentation's definition, how many utterances have too few others to mix in.
    """

    utterances: list[Utterance]
    table: pd.DataFrame
    short: dict[str, int]


def no_copies() -> pd.DataFrame:
    """Return the table of no copies."""
    return pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})


@dataclass(frozen=True)
class Sound:
    """An utterance that copies may be made of, or with: its place, its key and its speaker."""

    place: Place
    key: str
    speaker: str


def plan_copies(
    sounds: Sequence[Sound],
    augmentations: Sequence[Augmentation],
    altered: Collection[str] | None = None,
) -> Plan:
    """Decide which copies to make.

    Parameters
    ----------
    sounds : sequence of Sound
        Utterances whose features could be computed; those with the same key count once.
    augmentations : sequence of Augmentation
        What to make of each of them; a copy that several ask for is made once.
    altered : collection of str, optional
        The keys of those that copies are made of; all by default. The others are only mixed in.

    Returns
    -------
    Plan
        The same for the same utterances in any order, and for an utterance the same whatever
        others there are, but for the donors of babble, few of which change as a corpus grows.
    """
    different = {sound.key: sound for sound in sounds}
    chosen = different if altered is None else set(altered)
    sources = [sound for key, sound in different.items() if key in chosen]
    talkers = _by_speaker(different.values())
    utterances, rows = [], []
    short: dict[str, int] = {}
    for augmentation in joined(augmentations):
        name = augmentation.definition
        for source in sources:
            for index in range(augmentation.copies):
                donors = list(_donors(source, augmentation, index, talkers))
                if len(donors) < augmentation.donors:
                    short[name] = short.get(name, 0) + 1
                    break
                copy = _copy(source, augmentation, index, donors)
                utterances.append(copy)
                keys = " ".join(donor.key for donor in donors)
                rows.append((copy.key, source.key, keys, name, index))
    return Plan(utterances, pd.DataFrame(rows, columns=COLUMNS), short)


def _copy(
    source: Sound, augmentation: Augmentation, index: int, donors: Sequence[Sound]
) -> Utterance:
    suffix = augmentation.key(index, [donor.key for donor in donors])
    file, start, end, channel = source.place
    alteration = Alteration(
        augmentation.spec,
        index,
        source.key,
        tuple(donor.place for donor in donors),
        tuple(content_of(donor.key) for donor in donors),
    )
    key, content = f"{source.key}+{suffix}", content_of(source.key)
    return Utterance(file, key, start, end, alteration, content, channel)


def _by_speaker(sounds: Iterable[Sound]) -> dict[str, list[Sound]]:
    """Put utterances together by speaker; those of unknown speakers all under ``""``."""
    by_speaker: dict[str, list[Sound]] = {}
    for sound in sounds:
        by_speaker.setdefault(sound.speaker, []).append(sound)
    return by_speaker


def _donors(
    source: Sound, augmentation: Augmentation, index: int, talkers: dict[str, list[Sound]]
) -> Iterator[Sound]:
    """Choose, by hashes of keys, other utterances: of one other speaker where speakers are known.

    Whichever comes first by its hash is chosen, so that new utterances displace few choices.
    """
    if not augmentation.donors:
        return
    seed = f"{source.key} {augmentation.definition} {index} "
    enough = [
        speaker
        for speaker, sounds in talkers.items()
        if speaker and speaker != source.speaker and len(sounds) >= augmentation.donors
    ]
    if source.speaker and enough:
        others = talkers[min(enough, key=lambda speaker: _hash(seed + speaker))]
    else:
        own = source.speaker
        others = [
            sound
            for speaker, sounds in talkers.items()
            if not speaker or speaker != own
            for sound in sounds
            if sound.key != source.key
        ]
    others = sorted(others, key=lambda sound: _hash(seed + sound.key))
    yield from others[: augmentation.donors]


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8).digest()
