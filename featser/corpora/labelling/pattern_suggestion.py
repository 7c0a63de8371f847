"""A pattern to begin with, for recordings whose names no card and no layout describes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from featser.corpora.labelling.emotion_words import emotion_words_in
from featser.corpora.labelling.name_pattern import parse_pattern
from featser.errors import CardError

SAMPLE = 2000
"""A pattern is tried on so many names."""
_SEPARATORS = "_- ."


def suggested_pattern(files: Sequence[PurePath]) -> str:
    """Return a pattern that ``featser scan --pattern`` accepts for some recordings.

    Names are parted at a separator, and one of their parts is read as the emotion: the one with a
    word for an emotion, else the first one with letters in which the names differ, else the first
    one of any kind in which they differ. Which part it really is, the user must say.

    Parameters
    ----------
    files : sequence of PurePath
        One or more recordings, relative to their folder.

    Returns
    -------
    str
        The pattern that most names fit; none of them can be read by it in several ways.

    Examples
    --------
    >>> suggested_pattern([PurePath("s1/rec_sad_1.wav"), PurePath("s1/rec_joy_2.wav")])
    '{speaker}/*_{emotion}_*'
    >>> suggested_pattern([PurePath("s1/03-01-02.wav"), PurePath("s1/03-04-01.wav")])
    '{speaker}/*-{emotion}-*'
    """
    names = [_name(file) for file in files[:: -(-len(files) // SAMPLE)]]
    candidates = list(dict.fromkeys(_candidates(names)))
    return max(candidates, key=lambda pattern: _n_fitting(pattern, names))


def pattern_with_speaker(names: Sequence[str]) -> str:
    """Return a pattern for names in folders of classes that may begin with the speaker.

    Parameters
    ----------
    names : sequence of str
        Paths without ending, each in the folder of its class.

    Returns
    -------
    str
        Empty where the folders have different depths, or what comes before the first separator is
        the same in all names, or differs in all.

    Examples
    --------
    >>> pattern_with_speaker(["joy/03_a", "joy/03_b", "sad/08_a"])
    '{emotion}/{speaker}_*'
    >>> pattern_with_speaker(["joy/1", "sad/2"])
    ''
    """
    depths = {name.count("/") for name in names}
    stems = [name.rpartition("/")[2] for name in names]
    for separator in _SEPARATORS:
        if len(depths) == 1 and all(separator in stem for stem in stems):
            beginnings = {stem.partition(separator)[0] for stem in stems}
            if 1 < len(beginnings) < len(stems):
                return f"{'*/' * (depths.pop() - 1)}{{emotion}}/{{speaker}}{separator}*"
    return ""


def _name(file: PurePath) -> str:
    return unicodedata.normalize("NFC", file.with_suffix("").as_posix())


def _candidates(names: Sequence[str]) -> Iterator[str]:
    """Yield patterns for the names as deep as the first one, the more detailed ones first."""
    depth = names[0].count("/")
    folders = "/".join(["{speaker}", *["*"] * (depth - 1), ""]) if depth else ""
    stems = [name.rpartition("/")[2] for name in names if name.count("/") == depth]
    for separator in _SEPARATORS:
        for count in sorted({stem.count(separator) for stem in stems} - {0}, reverse=True):
            parts = [stem.split(separator) for stem in stems if stem.count(separator) == count]
            fields = ["*"] * (count + 1)
            fields[_place_of_emotion(parts)] = "{emotion}"
            yield folders + separator.join(fields)
    yield f"{folders}{{emotion}}"


def _place_of_emotion(parts: Sequence[Sequence[str]]) -> int:
    columns = [set(column) for column in zip(*parts, strict=True)]
    for place, texts in enumerate(columns):
        if all(emotion_words_in(text) for text in texts):
            return place
    for place, texts in enumerate(columns):
        if len(texts) > 1 and all(any(map(str.isalpha, text)) for text in texts):
            return place
    return next((place for place, texts in enumerate(columns) if len(texts) > 1), 0)


def _n_fitting(pattern: str, names: Sequence[str]) -> int:
    """Return how many names fit a pattern; -1 if one can be read in several ways."""
    parsed = parse_pattern(pattern)
    try:
        return sum(parsed.groups(name) is not None for name in names)
    except CardError:
        return -1
