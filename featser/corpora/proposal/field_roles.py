"""Which column of a manifest each field of the names may be, by its values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from featser.corpora.labelling.emotion_words import are_classes, emotion_words_in
from featser.corpora.proposal.name_fields import Column, NameField

GENDERS: Mapping[str, str] = {
    "f": "female", "female": "female", "w": "female", "woman": "female",
    "m": "male", "male": "male", "man": "male",
}  # fmt: skip
SETS: Mapping[str, str] = {
    "train": "train", "training": "train", "test": "test", "testing": "test",
    "dev": "dev", "val": "dev", "valid": "dev", "validation": "dev",
}  # fmt: skip
MOST_CLASSES = 12
"""A field of codes with more values is not proposed as the label."""
MOST_TAKES = 10
"""A number at the end of names that counts higher may be the speaker."""
_SPEAKER = re.compile(r"(?:spe?a?k(?:e?r)?|actor|actress|subj(?:ect)?|talker|participant|person)")


def is_emotion(one: NameField) -> bool:
    """Whether the values of a field are words for emotions, in capital or small letters."""
    return are_classes({text.casefold() for text in one.texts})


def roles_of(fields: Sequence[NameField]) -> dict[str, str]:
    """Return the column that each varying field may be, by its place.

    Parameters
    ----------
    fields : sequence of NameField
        Those in which recordings differ.

    Returns
    -------
    dict of str to str
        ``emotion``, ``speaker``, ``gender``, ``split``, ``take``, or ``field1``, ``field2``, …;
        empty where a field repeats another one.

    Examples
    --------
    >>> from featser.corpora.proposal.name_fields import read_name_fields
    >>> names = ["f1_ang_1", "f1_sad_2", "m2_ang_1", "m2_sad_1"]
    >>> list(roles_of(read_name_fields(names).varying).values())
    ['speaker', 'emotion', 'take']
    """
    twins = _repeated(fields)
    roles = dict.fromkeys((place for places in twins.values() for place in places), "")
    open_fields = [one for one in fields if one.place not in roles]
    for role, values in (("gender", GENDERS), ("split", SETS)):
        _take(roles, open_fields, role, [one for one in open_fields if _are(one, values)])
    by_words = [one for one in open_fields if is_emotion(one)]
    _take(roles, open_fields, "emotion", by_words)
    by_twin = {twin.place: twin for twin in fields}
    named = [
        one
        for one in open_fields
        if any(map(_is_named_speaker, (one, *map(by_twin.__getitem__, twins[one.place]))))
    ]
    _take(roles, open_fields, "speaker", named)
    if "emotion" not in roles.values():
        codes = _coded_labels(open_fields, "speaker" in roles.values())
        _take(roles, open_fields, "emotion", codes)
    label = next((one for one in fields if roles.get(one.place) == "emotion"), None)
    if "speaker" not in roles.values() and label is not None:
        _take(roles, open_fields, "speaker", _speakers(open_fields, label))
    numbers = [one for one in open_fields if one.is_number and not one.is_folder]
    _take(roles, open_fields, "take", numbers[-1:])
    roles |= {one.place: f"field{n}" for n, one in enumerate(open_fields, 1)}
    return {one.place: roles[one.place] for one in fields}


def _take(
    roles: dict[str, str], fields: list[NameField], role: str, candidates: Sequence[NameField]
) -> None:
    if candidates:
        roles[candidates[0].place] = role
        fields.remove(candidates[0])


def _repeated(fields: Sequence[NameField]) -> dict[str, list[str]]:
    """Return the places of the fields that repeat another one, by that one's place.

    Of two such fields, words for emotions go first, and names of files before those of folders.
    """
    first: dict[str, NameField] = {}
    twins: dict[str, list[str]] = {}
    for one in sorted(fields, key=lambda one: (not is_emotion(one), one.is_folder)):
        twin = next((place for place in first if _agree(one.texts, first[place].texts)), None)
        if twin is None:
            first[one.place], twins[one.place] = one, []
        else:
            twins[twin].append(one.place)
    return twins


def _agree(first: Column, second: Column) -> bool:
    pairs = len(set(zip(first, second, strict=True)))
    return pairs == len(set(first)) == len(set(second))


def _are(one: NameField, values: Mapping[str, str]) -> bool:
    meanings = [values.get(text.casefold()) for text in set(one.texts)]
    return None not in meanings and len(set(meanings)) > 1


def _is_named_speaker(one: NameField) -> bool:
    return all(_SPEAKER.match(text.casefold()) for text in set(one.texts))


def _coded_labels(fields: Sequence[NameField], has_speaker: bool) -> list[NameField]:
    """Return the fields of codes that may be the label: letters before numbers, many values first.

    The first field is left to the speaker, if no other field is one.
    """
    possible = [one for one in fields if len(set(one.texts)) <= MOST_CLASSES]
    rest = [one for one in possible if has_speaker or one is not fields[0]]
    return sorted(rest or possible, key=lambda one: (one.is_number, -len(set(one.texts))))


def _speakers(fields: Sequence[NameField], label: NameField) -> list[NameField]:
    """Return the fields that may be the speaker: folders, names such as ``f1``, many values."""
    fields = [one for one in fields if _is_crossed(one, label) and not _is_take(one, fields)]

    def rank(one: NameField) -> tuple[bool, bool, int]:
        is_code = one.is_number or max(map(len, one.texts)) == 1
        return not one.is_folder, is_code, -len(set(one.texts))

    return sorted(fields, key=rank)


def _is_crossed(one: NameField, label: NameField) -> bool:
    """Whether most values of a field have several classes, and several recordings."""
    classes: dict[str, set[str]] = {}
    for text, value in zip(one.texts, label.texts, strict=True):
        classes.setdefault(text, set()).add(value)
    return sum(len(own) > 1 for own in classes.values()) > len(classes) / 2


def _is_take(one: NameField, fields: Sequence[NameField]) -> bool:
    """Whether a field counts up from 1 at the end of names, beside other fields."""
    if not one.is_number or one is not fields[-1] or len(set(one.texts)) > MOST_TAKES:
        return False
    return {int(text) for text in one.texts} == set(range(1, len(set(one.texts)) + 1))


def meanings_of(values: Iterable[str], role: str) -> dict[str, str]:
    """Return what the values of a field may mean, by value.

    Parameters
    ----------
    values : iterable of str
        The values.
    role : str
        The column that the field is.

    Returns
    -------
    dict of str to str
        Of genders and sets the usual words, of emotions the word in the value, else the value.

    Examples
    --------
    >>> meanings_of(["03_Angry", "05_Sad"], "emotion"), meanings_of(["F", "M"], "gender")
    ({'03_Angry': 'angry', '05_Sad': 'sad'}, {'F': 'female', 'M': 'male'})
    """
    listed = sorted(set(values))
    table = {"gender": GENDERS, "split": SETS}.get(role, {})
    words = {value: emotion_words_in(value) for value in listed}
    is_clear = role == "emotion" and all(len(own) <= 1 for own in words.values())
    return {
        value: table.get(value.casefold())
        or (words[value][0] if is_clear and words[value] else value)
        for value in listed
    }
