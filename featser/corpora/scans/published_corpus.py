"""A folder beside the corpus as it was published: what is missing, what is more, and the counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import pandas as pd

from featser.corpora.card import Card
from featser.corpora.card_schema import fill
from featser.errors import counted

_EXAMPLES = 3
"""How many files that the published corpus lacks are named."""


def excluded_by(card: Card, name: str) -> str | None:
    """Return the pattern of the card's ``excluded`` that a recording's path fits."""
    inside = f"/{name}"
    return next((p for p in card.excluded if fnmatchcase(inside, f"*/{p}")), None)


def missing_of_design(
    card: Card,
    names: Sequence[str],
    groups_of_names: Sequence[Mapping[str, str]],
    notes: list[str],
) -> list[str]:
    """Return the recordings of the card's design that do not exist, sorted.

    Parameters
    ----------
    card : Card
        One with a grammar; without a design, nothing is missing.
    names : sequence of str
        Paths below the folder of the recordings that exist, without ending.
    groups_of_names : sequence of mapping
        The groups of the grammar in each name.
    notes : list of str
        Receives what the design does not have, and what the published corpus lacks as well.
    """
    if card.design is None:
        return []
    cells = _cells_of(card, groups_of_names)
    counts = Counter(_cell(card, groups) for groups in groups_of_names)
    missing = [fill(card.design.name, groups) for key, groups in cells.items() if key not in counts]
    missing = [name for name in missing if excluded_by(card, name) is None]
    outside = names_outside_design(card, names, groups_of_names)
    if outside:
        notes.append(
            f"{counted(len(outside), 'recording')} of the card's grammar but not of its design, "
            f"such as {outside[0]}: in the manifest"
        )
    missing_as_published = sorted(set(missing) & set(card.known_missing))
    if missing_as_published:
        listed, more = missing_as_published[:_EXAMPLES], len(missing_as_published) - _EXAMPLES
        notes.append(
            f"missing from the published corpus as well: {', '.join(listed)}"
            + (f" and {more} more" if more > 0 else "")
        )
    return sorted(missing)


def names_outside_design(
    card: Card, names: Sequence[str], groups_of_names: Sequence[Mapping[str, str]]
) -> list[str]:
    """Return the names that the card's design does not have; none without a design.

    Parameters
    ----------
    card : Card
        One with a grammar.
    names : sequence of str
        Paths without ending.
    groups_of_names : sequence of mapping
        The groups of the grammar in each name.
    """
    if card.design is None:
        return []
    cells = _cells_of(card, groups_of_names)
    pairs = zip(names, groups_of_names, strict=True)
    return [name for name, groups in pairs if _cell(card, groups) not in cells]


def _cells_of(
    card: Card, groups_of_names: Sequence[Mapping[str, str]]
) -> dict[tuple[str, ...], dict[str, str]]:
    assert card.design is not None
    return {_cell(card, groups): groups for groups in card.design.cells(groups_of_names)}


def _cell(card: Card, groups: Mapping[str, str]) -> tuple[str, ...]:
    assert card.design is not None
    ignore_case = card.grammar is not None and card.grammar.ignore_case
    values = (groups[key] for key in card.design.keys)
    return tuple(value.upper() if ignore_case else value for value in values)


def differences_from_published(
    card: Card, manifest: pd.DataFrame, expected_speakers: Mapping[str, int]
) -> list[str]:
    """Return notes where a manifest has other numbers of utterances and speakers than published.

    Parameters
    ----------
    card : Card
    manifest : DataFrame
    expected_speakers : mapping of str to int
        As :func:`expected_by_speaker` returns them.
    """
    notes = []
    utterances, speakers = len(manifest), manifest["speaker"].nunique()
    if card.expected.utterances not in (None, utterances):
        notes.append(
            f"{counted(utterances, 'utterance')}; the published corpus has "
            f"{card.expected.utterances}"
        )
    if card.expected.speakers not in (None, speakers):
        notes.append(
            f"{counted(speakers, 'speaker')}; the published corpus has {card.expected.speakers}"
        )
    return notes + _beyond_published(manifest["speaker"], expected_speakers)


def expected_by_speaker(card: Card, groups_of_names: Sequence[Mapping[str, str]]) -> dict[str, int]:
    """Count the recordings of each speaker in the card's design; empty where it cannot be known."""
    label = card.labels.get("speaker")
    if card.design is None or label is None or not set(label.groups) <= set(card.design.keys):
        return {}
    return dict(Counter(label.of(cell) for cell in card.design.cells(groups_of_names)))


def found_and_expected(
    table: pd.DataFrame, column: str, expected: Mapping[str, int]
) -> pd.DataFrame:
    """Count the rows of each value of a column beside the count of the published corpus.

    Examples
    --------
    >>> found_and_expected(pd.DataFrame({"emotion": ["sad", "sad"]}), "emotion", {"sad": 3})
             found  expected
    emotion
    sad          2         3
    """
    n_by_name = (
        Counter(str(value) for value in table[column].dropna()) if column in table else Counter()
    )
    names = sorted({*n_by_name, *expected})
    data: dict[str, Any] = {
        "found": [n_by_name[name] for name in names],
        "expected": [expected.get(name, pd.NA) for name in names],
    }
    return pd.DataFrame(data, index=pd.Index(names, name=column, dtype="str"), dtype="Int64")


def _beyond_published(speakers: pd.Series[str], expected: Mapping[str, int]) -> list[str]:
    """Say which speakers of an extended corpus the published one does not have."""
    counts = Counter(speaker for speaker in speakers.dropna() if speaker not in expected)
    if not expected or not counts:
        return []
    shown = ", ".join(
        f"{name} ({counted(counts[name], 'recording')})" for name in sorted(counts)[:3]
    )
    more = ", …" if len(counts) > 3 else ""
    return [
        f"{counted(len(counts), 'speaker')} beyond the published {len(expected)}, in the manifest: "
        f"{shown}{more}"
    ]
