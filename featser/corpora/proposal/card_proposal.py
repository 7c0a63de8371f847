"""A card as the names of a folder's recordings propose it, and as it is written."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from featser.corpora.card import list_cards
from featser.corpora.card_schema import RESERVED
from featser.corpora.label_columns import is_text_only
from featser.corpora.proposal.field_roles import is_emotion, meanings_of, roles_of
from featser.corpora.proposal.name_fields import (
    NameField,
    NameFields,
    literal,
    read_name_fields,
)
from featser.corpora.scans.file_listing import audio_below
from featser.errors import CardError, InputError, counted
from featser.io.location import is_remote, local_path
from featser.io.nested_files import archive_stem, is_archive

POSSIBLE = ("speaker", "split", "fold")
"""Columns of a manifest with a fixed meaning that names of recordings may give."""
_CARD = re.compile(r"[a-z][a-z0-9_-]*")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_COLUMN = re.compile(r"[a-z][a-z0-9_]*")
_HEAD = """\
# The card of {folder}, proposed from the names of {recordings}.
# Correct it where it is wrong: docs/cards.md explains the fields, and
# `featser corpora show {name}.yaml` prints how a name is read.
"""


@dataclass
class CardProposal:
    """What a card may say about a folder.

    Attributes
    ----------
    folder : str
        Where the recordings are.
    fields : NameFields
        The parts of their names.
    columns : dict of str to str
        The column that each varying field gives, by its place; empty for none.
    codes : dict of str to dict
        What the values of a column mean, by column and value.
    name, title, language : str
        Those of the corpus.
    primary : str
        The label to predict.
    """

    folder: str
    fields: NameFields
    columns: dict[str, str]
    codes: dict[str, dict[str, str]]
    name: str
    title: str
    language: str = ""
    primary: str = "emotion"

    @property
    def labels(self) -> list[str]:
        """The columns that may be the label to predict, in the order of the names."""
        given = [self.columns[one.place] for one in self.fields.varying]
        return [name for name in given if name and not is_text_only(name)]

    def field_of(self, column: str) -> NameField | None:
        """Return the field that gives a column."""
        return next((f for f in self.fields.varying if self.columns[f.place] == column), None)

    def rename(self, place: str, column: str) -> None:
        """Let a field give another column, or none.

        The field that gave the column before gets a plain name. The label to predict stays the
        same field.

        Raises
        ------
        InputError
            If the column cannot be given.
        """
        if column and not _COLUMN.fullmatch(column):
            raise InputError(f"'{column}' is no name of a column: use a-z, 0-9 and _")
        if column in RESERVED and column not in POSSIBLE:
            raise InputError(f"`{column}` has a fixed meaning in manifests: choose another name")
        owner = self.field_of(column) if column else None
        if owner is not None and owner.place != place:
            self.columns[owner.place] = self._unused()
        if column and self.columns[place] == self.primary:
            self.primary = column
        self.codes.pop(self.columns[place], None)
        self.columns[place] = column
        self.set_codes(column)

    def _unused(self) -> str:
        numbers = range(1, len(self.columns) + 2)
        names = (f"field{number}" for number in numbers)
        return next(name for name in names if name not in self.columns.values())

    def lead_by(self, column: str) -> None:
        """Let a column be the label to predict.

        Raises
        ------
        InputError
            If no field gives it.
        """
        if self.field_of(column) is None:
            given = ", ".join(filter(None, self.columns.values()))
            raise InputError(f"no field is the column '{column}': choose one of {given}")
        self.primary = column
        self.set_codes(column)

    def call(self, name: str) -> None:
        """Name the corpus.

        Raises
        ------
        InputError
            If it is no name of a card, or featser has a card of this name.
        """
        if not _CARD.fullmatch(name):
            raise InputError(f"'{name}' is no name of a card: use a-z, 0-9, - and _")
        if name in list_cards():
            raise InputError(f"'{name}' is a card of featser: choose another name")
        self.name = name

    def speak(self, language: str) -> None:
        """Set the language; ``-`` for none.

        Raises
        ------
        InputError
            If it is no code of a language.
        """
        if language != "-" and not _LANGUAGE.fullmatch(language):
            raise InputError(f"'{language}' is no code of a language: write one such as en or de")
        self.language = "" if language == "-" else language

    @property
    def has_bare_codes(self) -> bool:
        """Whether the values of the label are no words for emotions."""
        label = self.field_of(self.primary)
        return label is not None and not is_emotion(label)

    def set_codes(self, column: str) -> None:
        """Say what the values of a label mean, as far as they show it."""
        one = self.field_of(column)
        if one is None or column not in (self.primary, "gender", "split"):
            return
        self.codes[column] = meanings_of(one.texts, column if column != self.primary else "emotion")

    def notes(self) -> list[str]:
        """Return what a user should check."""
        notes = []
        others = self.fields.others
        if others:
            notes.append(
                f"{counted(len(others), 'recording')} of another structure, such as {others[0]}: "
                f"the card does not read them"
            )
        label = self.field_of(self.primary)
        if label is not None and not is_emotion(label):
            notes.append(
                f"no values are words for emotions: {label.place} ({_some(label)}) is proposed "
                f"as the label; correct `codes` in the card if they mean something else"
            )
        speaker = self.field_of("speaker")
        if speaker is not None and not speaker.is_folder:
            notes.append(
                f"{speaker.place} ({_some(speaker)}) is proposed as the speaker: check it, because "
                f"a figure on new speakers depends on it"
            )
        if speaker is None:
            notes.append(
                "no field is proposed as the speaker: without one, no figure holds for new speakers"
            )
        return notes

    def to_dict(self) -> dict[str, Any]:
        """Return the fields of the card.

        Raises
        ------
        CardError
            If no field gives the label to predict.
        """
        if self.field_of(self.primary) is None:
            varying = ", ".join(f"{one.place} ({_some(one)})" for one in self.fields.varying)
            raise CardError(
                f"{self.folder}: no field of the names is the label to predict; those that vary: "
                f"{varying or 'none'}"
            )
        uses_path = any(self._is_read(one) for one in self.fields.folders)
        example = self.fields.names[0]
        card: dict[str, Any] = {"name": self.name, "title": self.title}
        card |= {"language": self.language} if self.language else {}
        card["grammar"] = {
            **({"matches": "path"} if uses_path else {}),
            "pattern": self._pattern(uses_path),
            "example": example if uses_path else example.rpartition("/")[2],
        }
        card["labels"] = self._labels()
        card["primary"] = self.primary
        card["tasks"] = {
            name: {"kind": "classification", "classes": sorted(set(self.codes[name].values()))}
            for name in (self.primary, "gender")
            if name in self.codes
        }
        return card

    def to_yaml(self) -> str:
        """Return the card as text."""
        recordings = counted(len(self.fields.names), "recording")
        folder = Path(self.folder).name.encode("unicode_escape").decode("ascii")
        head = _HEAD.format(folder=folder, recordings=recordings, name=self.name)
        body = yaml.safe_dump(
            self.to_dict(), sort_keys=False, allow_unicode=True, width=100, default_flow_style=False
        )
        return head + body

    def _is_read(self, one: NameField) -> bool:
        return bool(one.place and one.varies and self.columns[one.place])

    def _pattern(self, uses_path: bool) -> str:
        expression = "".join(map(self._expression, self.fields.parts))
        if not uses_path:
            return expression
        folders = list(self.fields.folders)
        while folders and not folders[0].varies:
            folders.pop(0)
        return "(?:.*/)?" + "".join(f"{self._expression(one)}/" for one in folders) + expression

    def _expression(self, one: NameField) -> str:
        if not one.varies and one.place:
            return literal(one.texts[0])
        return (
            f"(?P<{self.columns[one.place]}>{one.expression})"
            if self._is_read(one)
            else (one.expression)
        )

    def _labels(self) -> dict[str, Any]:
        labels: dict[str, Any] = {}
        for one in self.fields.varying:
            column = self.columns[one.place]
            if column in self.codes:
                labels[column] = {"value": f"{{{column}}}", "codes": self.codes[column]}
            elif column:
                labels[column] = f"{{{column}}}"
        if self._repeats_numbers():
            labels["speaker"] = "{gender}{speaker}"
        return labels

    def _repeats_numbers(self) -> bool:
        """Whether a speaker's name occurs with both genders, so that it names two people."""
        speaker, gender = self.field_of("speaker"), self.field_of("gender")
        if speaker is None or gender is None:
            return False
        return len(set(zip(speaker.texts, gender.texts, strict=True))) > len(set(speaker.texts))


def propose(folder: str | Path) -> CardProposal:
    """Propose a card for a folder by the names of its folders and recordings.

    Parameters
    ----------
    folder : str or Path
        A folder, or a zip or tar archive, of this machine.

    Returns
    -------
    CardProposal
        To be changed, and written.

    Raises
    ------
    CardError
        If it holds no recordings, or their names have no common structure.
    """
    if is_remote(folder):
        raise CardError(f"{folder}: a card is proposed for a folder of this machine: copy it first")
    place = local_path(folder)
    if not place.is_dir() and not is_archive(place):
        raise CardError(f"{place}: no such folder or archive: give the one with the recordings")
    paths = audio_below(place, lambda _: True)
    names = sorted({unicodedata.normalize("NFC", p.with_suffix("").as_posix()) for p in paths})
    if not names:
        raise CardError(f"{place}: holds no recordings: give the folder that holds them")
    fields = read_name_fields(names)
    called = (
        archive_stem(place) if is_archive(place) else place.absolute().name
    ).strip() or "recordings"
    proposal = CardProposal(
        str(place), fields, roles_of(fields.varying), {}, card_name(called), called
    )
    for column in list(proposal.columns.values()):
        proposal.set_codes(column)
    return proposal


def card_name(text: str) -> str:
    """Return the name of a card for a folder, which no card of featser has.

    Examples
    --------
    >>> card_name("My Corpus 2"), card_name("emodb")
    ('my-corpus-2', 'my-emodb')
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9_-]+", "-", plain).strip("-_")
    name = name if name[:1].isalpha() else f"corpus-{name}".strip("-")
    return f"my-{name}" if name in list_cards() else name


def _some(one: NameField) -> str:
    listed = [f"{value} {count}" for value, count in list(one.counts.items())[:8]]
    return ", ".join(listed) + (", …" if len(one.counts) > len(listed) else "")
