"""The fields of recordings' names: what varies, in which place, between which separators."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from featser.corpora.labelling.emotion_words import are_classes
from featser.errors import CardError, shortened

SEPARATORS = "_-. "
MANY_VALUES = 30
"""A part of a name with more values is parted into its letters and its digits."""
_SHORT = 3
_ALL = re.compile(rf"[{re.escape(SEPARATORS)}]+")
_RUNS = re.compile(r"[0-9]+|[^\W\d_]+")
_ENOUGH = 0.9

Column = tuple[str, ...]


@dataclass(frozen=True)
class NameField:
    """A part of the path of a recording, or the literal text between two of them.

    Attributes
    ----------
    texts : tuple of str
        What each recording has there.
    place : str
        Where it stands, for people; empty for a separator.
    expression : str
        The regular expression of its text.
    is_folder : bool
        Whether it is the name of a folder.
    """

    texts: Column
    place: str
    expression: str
    is_folder: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """The recordings of each value, by value."""
        return dict(sorted(Counter(self.texts).items()))

    @property
    def varies(self) -> bool:
        """Whether recordings differ in it."""
        return len(set(self.texts)) > 1

    @property
    def is_number(self) -> bool:
        """Whether all its values are digits."""
        return all(text.isdecimal() for text in self.texts)


@dataclass(frozen=True)
class NameFields:
    """The names of a folder's recordings, part by part.

    Attributes
    ----------
    names : tuple of str
        Paths without endings that have the usual structure.
    folders : tuple of NameField
        The names of the folders, from the outermost on.
    parts : tuple of NameField
        The parts of the file's name, with the separators between them.
    others : tuple of str
        Paths of another structure.
    """

    names: Column
    folders: tuple[NameField, ...]
    parts: tuple[NameField, ...]
    others: Column = field(default=())

    @property
    def varying(self) -> list[NameField]:
        """The fields in which recordings differ, from the outermost folder on."""
        return [one for one in (*self.folders, *self.parts) if one.place and one.varies]


def read_name_fields(names: Sequence[str]) -> NameFields:
    """Part the names of recordings into fields.

    Parameters
    ----------
    names : sequence of str
        Paths below a folder, without endings, in composed form.

    Returns
    -------
    NameFields
        Names are parted at the separators that nearly all names have in the same order, and where
        letters and digits meet if a name has no separator.

    Raises
    ------
    CardError
        If the names have nothing in common.

    Examples
    --------
    >>> fields = read_name_fields(["f1_angry_1", "f2_sad_1", "f2_angry_2"])
    >>> [(one.place, one.counts) for one in fields.varying][:2]
    [('part 1 of the name', {'f1': 1, 'f2': 2}), ('part 2 of the name', {'angry': 2, 'sad': 1})]
    """
    depths = Counter(name.count("/") for name in names)
    depth = max(depths, key=lambda one: (depths[one], one))
    paths = [PurePosixPath(name) for name in names if name.count("/") == depth]
    splitter = _splitter([path.name for path in paths])
    shapes = Counter(_shape(splitter, path.name) for path in paths)
    shape, count = shapes.most_common(1)[0]
    if count < len(names) / 2:
        raise CardError(
            f"the names of the recordings have no common structure, such as "
            f"'{shortened(names[0])}' and '{shortened(names[-1])}': a card has one pattern for all"
        )
    fitting = [path for path in paths if _shape(splitter, path.name) == shape]
    folders = [
        NameField(column, f"folder {number}", "[^/]+", is_folder=True)
        for number, column in enumerate(zip(*(path.parts[:-1] for path in fitting), strict=True), 1)
    ]
    used = tuple(path.as_posix() for path in fitting)
    others = tuple(name for name in names if name not in set(used))
    parts = _parts([path.name for path in fitting], splitter, shape)
    return NameFields(used, tuple(folders), _numbered(parts), others)


def _splitter(names: Sequence[str]) -> re.Pattern[str]:
    """Return the separators at which nearly all names have the same structure."""
    ways = [_ALL, *(re.compile(rf"[{re.escape(one)}]+") for one in SEPARATORS)]

    def share(way: re.Pattern[str]) -> float:
        shape, count = Counter(_shape(way, name) for name in names).most_common(1)[0]
        return count / len(names) if shape else 0.0

    certain = [way for way in ways if share(way) >= _ENOUGH]
    return certain[0] if certain else max(ways, key=share)


def _shape(splitter: re.Pattern[str], name: str) -> Column:
    return tuple(splitter.findall(name))


def _parts(names: Sequence[str], splitter: re.Pattern[str], shape: Column) -> list[NameField]:
    rows = [splitter.split(name) for name in names]
    excluded = "".join(sorted(set("".join(shape)), reverse=True))
    parts: list[NameField] = []
    for number, column in enumerate(zip(*rows, strict=True)):
        if number:
            separator = shape[number - 1]
            parts.append(NameField((separator,) * len(names), "", literal(separator)))
        parts += _runs(column, f"[^/{re.escape(excluded)}]+", is_alone=not shape)
    return parts


def _runs(column: Column, expression: str, is_alone: bool) -> list[NameField]:
    """Part a column where letters and digits meet, if it holds more than one field."""
    if all(re.fullmatch("[0-9]+", text) for text in column):
        return [NameField(column, "?", "[0-9]+")]
    whole = [NameField(column, "?", expression if all(column) else expression[:-1] + "*")]
    rows = [_RUNS.findall(text) for text in column]
    kinds = {tuple(run.isdecimal() for run in row) for row in rows}
    covers = all("".join(row) == text for row, text in zip(rows, column, strict=True))
    if not covers or len(kinds) > 1 or not rows[0]:
        return whole
    columns = list(zip(*rows, strict=True))
    letters = [one for one in columns if not one[0].isdecimal()]
    is_several = len(set(column)) > MANY_VALUES and any(
        1 < len(set(one)) <= MANY_VALUES for one in letters
    )
    has_words = len(columns) > 1 and any(are_classes(one) for one in letters)
    if not (is_alone or is_several or has_words):
        return whole
    return [part for one in columns for part in _fixed(one)]


def _fixed(column: Column) -> list[NameField]:
    """Part letters of fixed positions where capitals end: ``Fa``, ``Fb``, ``Wa``."""
    lengths = {len(text) for text in column}
    width = _width(column)
    if column[0].isdecimal():
        return [NameField(column, "?", f"[0-9]{width}")]
    heads = tuple(re.match(r"[A-Z]*", text)[0] for text in column)  # type: ignore[index]
    tails = tuple(text[len(head) :] for head, text in zip(heads, column, strict=True))
    is_regular = len(set(map(len, heads))) == len(set(map(len, tails))) == 1
    is_short = max(lengths) <= _SHORT and heads[0] and tails[0].islower()
    is_one_code = len(set(heads)) == len(set(column))
    if not is_regular or not is_short or is_one_code or not all(map(str.islower, tails)):
        return [NameField(column, "?", rf"[^\W\d_]{width}")]
    return [NameField(one, "?", rf"[^\W\d_]{_width(one)}") for one in (heads, tails)]


def _width(column: Column) -> str:
    """Return how often a class of letters occurs in a regular expression of some texts."""
    lengths = {len(text) for text in column}
    if len(lengths) > 1:
        return "+"
    return "" if lengths == {1} else f"{{{lengths.pop()}}}"


def literal(text: str) -> str:
    """Return the regular expression of a text, legible."""
    return re.escape(text).replace("\\-", "-").replace("\\ ", " ")


def _numbered(parts: Sequence[NameField]) -> tuple[NameField, ...]:
    """Give fields their place in the name."""
    numbered, number = [], 0
    for one in parts:
        number += bool(one.place)
        place = f"part {number} of the name" if one.place else ""
        numbered.append(replace(one, place=place))
    return tuple(numbered)
