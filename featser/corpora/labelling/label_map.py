"""Other names for columns and classes, as a user gives them: ``label=emotion``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from featser.errors import InputError, RecipeError, shortened, unknown
from featser.ratings.aggregation import default_labels
from featser.ratings.rating_columns import (
    ratings_column,
    read_ratings,
    with_renamed_classes,
)

Classes = Mapping[str, Mapping[str, str | None]]
"""Label → class → its other name, or None to remove the class."""


@dataclass(frozen=True)
class LabelMap:
    """Other names for columns, then for classes.

    Attributes
    ----------
    columns : dict of str to str
        Column → its other name.
    classes : dict of dict
        Label, by its other name if it has one → class → its other name; None removes the class.
    """

    columns: dict[str, str] = field(default_factory=dict)
    classes: dict[str, dict[str, str | None]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.columns or self.classes)


def named(columns: Mapping[str, str] | None, labels: Classes | None) -> LabelMap:
    """Return a map of copies of its fields; None is an empty one.

    Examples
    --------
    >>> named({"label": "emotion"}, None)
    LabelMap(columns={'label': 'emotion'}, classes={})
    """
    classes = {label: dict(names) for label, names in (labels or {}).items()}
    return LabelMap(dict(columns or {}), classes)


def parse_map(pairs: Sequence[str]) -> LabelMap:
    """Read ``COLUMN=NAME`` and ``LABEL.CLASS=NAME``; without a name, the class is removed.

    Raises
    ------
    InputError
        If a pair is neither, or something is renamed twice.

    Examples
    --------
    >>> parse_map(["label=emotion", "emotion.ang=angry", "emotion.other="])
    LabelMap(columns={'label': 'emotion'}, classes={'emotion': {'ang': 'angry', 'other': None}})
    """
    result = LabelMap()
    for pair in pairs:
        old, equals, new = (part.strip() for part in pair.partition("="))
        label, dot, name = old.partition(".")
        if not equals or not label or (dot and not name) or not (dot or new):
            raise InputError(
                f"'{shortened(pair)}': write COLUMN=NAME, such as label=emotion, or "
                f"LABEL.CLASS=NAME, such as emotion.ang=angry",
                "columns",
            )
        names: dict[str, str] | dict[str, str | None] = (
            result.classes.setdefault(label, {}) if dot else result.columns
        )
        if (name or label) in names:
            raise InputError(f"'{shortened(old)}' is renamed twice: remove one", "columns")
        names[name or label] = new or None  # type: ignore[assignment]  # a column has a name
    if len(set(result.columns.values())) < len(result.columns):
        raise InputError("two columns would have the same name: rename one of them", "columns")
    return result


def composed(first: Classes, second: Classes) -> dict[str, dict[str, str | None]]:
    """Return the names of classes that are given first, and then renamed again.

    Raises
    ------
    InputError
        If a name that was given first has another one now: that would also rename the classes
        that had it before.

    Examples
    --------
    >>> composed({"emotion": {"a": "b"}}, {"emotion": {"x": "y"}})
    {'emotion': {'a': 'b', 'x': 'y'}}
    """
    result = {label: dict(names) for label, names in first.items()}
    for label, names in second.items():
        earlier = result.setdefault(label, {})
        for old, new in earlier.items():
            if new is not None and new in names:
                raise InputError(
                    f"{label}.{new} is a name that {label}.{old} was given before: read the "
                    f"source again with --map {label}.{old}={names[new] or ''}",
                    "columns",
                )
        result[label] = {**earlier, **names}
    return result


def with_classes(table: pd.DataFrame, classes: Classes, where: str) -> pd.DataFrame:
    """Return a manifest with other names of classes.

    Parameters
    ----------
    table : DataFrame
        A manifest.
    classes : mapping
        Label → class → its other name; None removes the class.
    where : str
        What errors call the mapping.

    Raises
    ------
    RecipeError
        If the manifest has no such label or class.
    """
    table = table.copy() if classes else table
    for column, names in classes.items():
        if column not in table:
            raise RecipeError(f"{where}: {unknown('label', column, table.columns)}")
        held = sorted({*map(str, table[column].dropna().unique()), *_rated_classes(table, column)})
        for name in names:
            if name not in held:
                raise RecipeError(
                    f"{where}: {unknown(column, name, held)}: correct the class, or leave it out"
                )
        if ratings_column(column) in table:
            table = _with_rated_classes(table, column, names)
            continue
        renamed = [names.get(value, value) for value in table[column]]
        table[column] = pd.Series(renamed, table.index, dtype=table[column].dtype)
    return table


def _rated_classes(table: pd.DataFrame, label: str) -> tuple[str, ...]:
    return read_ratings(table, label).classes if ratings_column(label) in table else ()


def _with_rated_classes(
    table: pd.DataFrame, label: str, names: Mapping[str, str | None]
) -> pd.DataFrame:
    """Rename classes in the ratings; a label that the ratings give follows from them again."""
    ratings = read_ratings(table, label)
    is_given = table[label].equals(default_labels(ratings).set_axis(table.index))
    cells = with_renamed_classes(table, label, names)
    table = table.assign(**{ratings_column(label): cells})
    renamed = pd.Series([names.get(v, v) for v in table[label]], table.index, dtype="str")
    if is_given:
        renamed = default_labels(read_ratings(table, label)).set_axis(table.index)
    return table.assign(**{label: renamed})


def with_counts(counts: Mapping[str, int], names: Mapping[str, str | None]) -> dict[str, int]:
    """Return the counts of classes under their other names.

    Examples
    --------
    >>> with_counts({"calm": 2, "neutral": 1, "sad": 3}, {"calm": "neutral", "sad": None})
    {'neutral': 3}
    """
    result: dict[str, int] = {}
    for name, count in counts.items():
        if (other := names.get(name, name)) is not None:
            result[other] = result.get(other, 0) + count
    return result
